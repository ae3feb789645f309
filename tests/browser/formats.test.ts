// Formats and colours on the page: HEIC by libheif, refusals that name the file, wide gamuts as in Node, the camera.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { subjects } from '../../src/app/i18n/en-photo-errors.ts';
import { createNodeEncoder } from '../../src/inference/node-encoder.ts';
import { launch, openLab, openPage } from './harness/browser.ts';
import { DRAWN_SITE } from './harness/drawn-site.ts';
import { openReady, READY_MS, recognise, type Upload, upload } from './harness/visitor.ts';
import { ROOT } from './harness/vite.lab.config.ts';

const PHOTOS = resolve(ROOT, 'tests/fixtures/photos');
const file = async (name: string, as = name): Promise<Upload> => ({
  ...upload(as, await readFile(resolve(PHOTOS, name))),
  // As systems that know no such type state it.
  mimeType: '',
});
/** What hosts may send with every answer; the page's own policy is in its HTML. */
const STRICT = "script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'self'";

let browser: Browser;
let context: BrowserContext;
beforeAll(async () => {
  browser = await launch({ camera: 'drawn' });
});
afterAll(() => browser?.close());
beforeEach(async () => {
  context = await browser.newContext({ locale: 'en-GB' });
  // What it fetches for pages cannot be watched or answered here.
  await context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'serviceWorker'));
});
afterEach(() => context.close());

/** Addresses of libheif's files that are asked for from now on. */
function askedForLibheif(): string[] {
  const asked: string[] = [];
  context.on('request', (request) => {
    if (/libheif/.test(request.url())) asked.push(request.url());
  });
  return asked;
}

const shownSize = (page: Page, selector: string) =>
  page.waitForFunction((wanted) => {
    const image = document.querySelector<HTMLImageElement>(wanted);
    return image?.complete && image.naturalWidth > 0
      ? ([image.naturalWidth, image.naturalHeight] as const)
      : null;
  }, selector);

describe('HEIC', () => {
  test('is read and shown under a policy that allows no code from strings', async () => {
    const asked = askedForLibheif();
    await context.route('**/*', async (route) => {
      const response = await route.fetch();
      const headers = { ...response.headers(), 'content-security-policy': STRICT };
      await route.fulfill({ response, headers });
    });
    const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
    await recognise(page, [await file('orientation-6.jpg')]);
    expect(asked).toEqual([]);
    await page.getByTestId('remove-photo').click();
    const [item] = await recognise(page, [await file('orientation-6.heic', 'IMG_1.HEIC')]);
    expect(item).toMatchObject({ state: 'done' });
    const size = await shownSize(page, '[data-testid=photo-item] img');
    expect(await size.jsonValue()).toEqual([160, 120]);
    // One script, one WASM, each by the worker that recognizes and by the one that makes the copy.
    expect(new Set(asked).size).toBe(2);
    // Chromium says of the <img> that it cannot show a HEIC nothing on the console.
    expect(problems).toEqual([]);
  });

  test('says what to do where its reader cannot be fetched, and goes on when it can', async () => {
    await context.route(/libheif/, (route) => route.abort());
    const { page } = await openReady(context, `${DRAWN_SITE}/`);
    const [item] = await recognise(page, [await file('picture.heic')]);
    expect(item).toMatchObject({ state: 'failed', error: 'download-failed' });
    expect(item?.text).toContain(subjects['heic-reader'].what);
    // Half of it arrives, and then the rest: a script is evaluated once only.
    await context.unroute(/libheif/);
    let aborted = 0;
    await context.route(/libheif.*\.wasm/, (route) => {
      aborted++;
      return route.abort();
    });
    await page.getByTestId('again-photo').click();
    await expect.poll(() => aborted).toBeGreaterThan(0);
    await page.locator('[data-testid=photo-item][data-state=failed]').waitFor();
    await context.unroute(/libheif.*\.wasm/);
    await page.getByTestId('again-photo').click();
    await page.locator('[data-testid=photo-item][data-state=done]').waitFor();
  });

  test('can be taught, with a picture of it', async () => {
    const { page, problems } = await openReady(context, `${DRAWN_SITE}/#teach`);
    await page.getByTestId('teach-files').setInputFiles(await file('display-p3.heic'));
    const size = await shownSize(page, '[data-testid=staged-photo] img');
    expect(await size.jsonValue()).toEqual([160, 120]);
    await page.getByTestId('teach-name').fill('Drawn lighthouse');
    await page.getByTestId('teach-start').click();
    await page.getByTestId('taught-landmark').waitFor({ timeout: READY_MS });
    expect(problems).toEqual([]);
  });
});

describe('other files', () => {
  test('are refused with their own reasons', async () => {
    const { page } = await openReady(context, `${DRAWN_SITE}/`);
    const bytes = (name: string, content: string) => upload(name, Buffer.from(content, 'latin1'));
    const items = await recognise(page, [
      await file('drawing.svg'),
      bytes('scan.tif', 'II*\0\x08\0\0\0'),
      bytes('IMG_2.CR3', '\0\0\0\x18ftypcrx \0\0\0\x01crx isom'),
      bytes('flyer.pdf', '%PDF-1.7\n'),
      bytes('design.jpg', '8BPS\0\x01'),
      bytes('new.jxl', '\xff\x0a\0\0'),
      bytes('clip.mov', '\0\0\0\x14ftypqt  \0\0\0\0qt  '),
      await file('run-length.bmp'),
    ]);
    const kinds = [
      'svg',
      'tiff',
      'raw',
      'pdf',
      'photoshop',
      'jpegxl',
      'video',
      'rare-bmp',
    ] as const;
    for (const [i, kind] of kinds.entries()) {
      expect(items[i]).toMatchObject({ state: 'failed', error: 'photo-unsupported' });
      expect(items[i]!.text).toContain(subjects[kind].what);
      expect(items[i]!.text).toContain(subjects[kind].remedy);
    }
  });
});

const SHIPPED = existsSync(resolve(ROOT, 'models/registry.json'));
if (!SHIPPED) console.log('models/registry.json is absent: embeddings are not compared.');

describe.skipIf(!SHIPPED)('colours', () => {
  /** Of the picture in sRGB. */
  const ORIGINAL = 'orientation-1.jpg';
  const CASES = [
    'display-p3.jpg',
    'adobe-rgb.jpg',
    'display-p3.heic',
    'depth-10.heic',
    'display-p3-16.png',
    'cmyk.jpg',
    'grey.jpg',
    'grey-16.png',
    'bits-24.bmp',
  ];
  test('of every kind give the same embedding in the page as in Node', async () => {
    const names = [ORIGINAL, ...CASES];
    const { page } = await openLab(context);
    const seen = await page.evaluate(async (all) => {
      const encoder = lab.encoder('models/', 'wasm');
      const embeddings = [];
      for (const name of all) {
        embeddings.push((await encoder.encodeFile(`tests/fixtures/photos/${name}`)).embedding);
      }
      encoder.release();
      return embeddings;
    }, names);
    const node = createNodeEncoder({ models: resolve(ROOT, 'models'), backend: 'wasm' });
    const own = [];
    for (const name of names) {
      const bytes = await readFile(resolve(PHOTOS, name));
      own.push((await node.encode(bytes)).embedding);
    }
    await node.dispose();
    const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a).reduce((sum, x, i) => sum + x * b[i]!, 0);
    const toOriginal = new Map(names.map((name, i) => [name, cosine(seen[i]!, seen[0]!)]));
    for (const [i, name] of names.entries()) {
      const nodeAndPage = cosine(own[i]!, seen[i]!);
      const shown = [nodeAndPage, toOriginal.get(name)!].map((x) => x.toFixed(5));
      console.log(`${name}: Node and page ${shown[0]}, page and original ${shown[1]}`);
      expect(nodeAndPage, name).toBeGreaterThanOrEqual(0.999);
    }
    // A drawing of 160 × 120 is enlarged, and every compression of it then shows.
    for (const name of ['display-p3.jpg', 'adobe-rgb.jpg']) {
      expect(toOriginal.get(name), name).toBeGreaterThan(0.975);
    }
    expect(toOriginal.get('display-p3.heic')).toBeGreaterThan(0.94);
  });
});

describe('the camera of a computer', () => {
  test('takes a photo by keyboard into the list, and is off afterwards', async () => {
    await context.grantPermissions(['camera']);
    const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
    await page.getByTestId('camera-input-open').click();
    const dialog = page.getByTestId('camera-dialog');
    await page.locator('[data-testid=camera-dialog][data-state=live]').waitFor();
    const stream = await dialog.locator('video').evaluateHandle((video) => {
      return (video as HTMLVideoElement).srcObject as MediaStream;
    });
    const states = () => stream.evaluate((one) => one.getTracks().map((t) => t.readyState));
    expect(await states()).toEqual(['live']);
    await page.keyboard.press('Enter');
    const item = page.locator('[data-testid=photo-item][data-state=done]');
    await item.waitFor({ timeout: READY_MS });
    await expect
      .poll(() => item.textContent())
      .toMatch(/Camera \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\.jpg/);
    expect(await dialog.count()).toBe(0);
    expect(await states()).toEqual(['ended']);
    expect(problems).toEqual([]);
  });

  test('is stopped by Escape, and asks for nothing before it is wanted', async () => {
    await context.grantPermissions(['camera']);
    const { page } = await openPage(context, `${DRAWN_SITE}/#teach`);
    await page.evaluate(() => {
      const { mediaDevices } = navigator;
      const ask = mediaDevices.getUserMedia.bind(mediaDevices);
      const asked: MediaStream[] = [];
      Object.assign(globalThis, { asked });
      mediaDevices.getUserMedia = async (wishes) => {
        const stream = await ask(wishes);
        asked.push(stream);
        return stream;
      };
    });
    const states = () =>
      page.evaluate(() =>
        (globalThis as unknown as { asked: MediaStream[] }).asked.flatMap((stream) =>
          stream.getTracks().map((track) => track.readyState),
        ),
      );
    const open = page.getByTestId('teach-camera-open');
    await open.waitFor();
    expect(await states()).toEqual([]);
    await open.click();
    await page.locator('[data-testid=camera-dialog][data-state=live]').waitFor();
    await page.keyboard.press('Escape');
    await page.getByTestId('camera-dialog').waitFor({ state: 'detached' });
    expect(await states()).toEqual(['ended']);
    expect(await open.evaluate((button) => button === document.activeElement)).toBe(true);
  });

  test('says so where it is refused, and tries again', async () => {
    const { page } = await openPage(context, `${DRAWN_SITE}/`);
    await page.getByTestId('camera-input-open').click();
    await page.locator('[data-testid=camera-dialog][data-state=refused]').waitFor();
    await context.grantPermissions(['camera']);
    await page.getByTestId('camera-again').click();
    await page.locator('[data-testid=camera-dialog][data-state=live]').waitFor();
  });

  test('is not offered where there is none', async () => {
    const without = await launch();
    const { page } = await openPage(without, `${DRAWN_SITE}/`);
    await page.getByTestId('file-input').waitFor({ state: 'attached' });
    await page.waitForTimeout(500);
    await expect.poll(() => page.getByTestId('camera-input-open').count()).toBe(0);
    await without.close();
  });
});
