// What is not there, or is something else: files that do not come or come as a web page, and parts of the browser that are
// switched off. The page says what happened, and what can go on goes on.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launch, openPage } from './harness/browser.ts';
import { DRAWN_SITE, sceneLabel, scenePng, VERIFIED } from './harness/drawn-site.ts';
import {
  openReady,
  READY_MS,
  recognise,
  tuningAt,
  type Upload,
  upload,
} from './harness/visitor.ts';
import { beforeWorker, WITHOUT_SERVICE_WORKER, WORKERS } from './harness/worker-prelude.ts';

const SITE = `${DRAWN_SITE}/`;
const SCENE = VERIFIED[0]!;

let browser: Browser;
let context: BrowserContext;
let photo: Upload;
beforeAll(async () => {
  browser = await launch();
  photo = upload('scene.png', await scenePng(SCENE, 7));
});
afterAll(() => browser?.close());
beforeEach(async () => {
  context = await browser.newContext({ locale: 'en-GB' });
  await context.addInitScript(WITHOUT_SERVICE_WORKER);
});
afterEach(() => context.close());

const status = (page: Page, state: string) =>
  page
    .locator(`[data-testid=engine-status][data-state=${state}]`)
    .waitFor({ state: 'attached', timeout: READY_MS });

const notices = (page: Page) =>
  page
    .getByTestId('notice')
    .evaluateAll((all) => all.map((each) => (each as HTMLElement).dataset.id));

async function expectVerdict(page: Page): Promise<void> {
  const [item] = await recognise(page, [photo]);
  expect(item).toMatchObject({ state: 'done', label: sceneLabel(SCENE) });
}

const PAGE = '<!doctype html><title>Sign in</title><p>Welcome to the hotel.</p>';

describe('a web page in the place of a file', () => {
  test.each([
    ['registry', '**/models/registry.json'],
    ['weights', '**/models/*lite*.safetensors'],
    ['decision', '**/models/*decision*'],
    ['collection.json', '**/collections/default/collection.json'],
    ['shard', '**/collections/default/*.bin'],
  ])('%s: the page says so, and goes on from there when it is tried again', async (_, files) => {
    let asked = 0;
    await context.route(files, (route) => {
      asked += 1;
      return route.fulfill({ status: 200, contentType: 'text/html', body: PAGE });
    });
    const { page } = await openPage(context, SITE);
    await status(page, 'failed');
    expect(asked).toBeGreaterThan(0);
    const said = (await page.getByTestId('engine-status').textContent()) ?? '';
    expect(said).toMatch(/could not start/);
    expect(said).toMatch(/[Tt]ry again|address/);
    await context.unroute(files);
    await page.getByTestId('engine-retry').click();
    await status(page, 'ready');
  });
});

describe('a worker whose file is not there', () => {
  const scripts = (kind: string) => new RegExp(`/assets/${kind}-[\\w-]{8}\\.js$`);
  const missing = (kind: string) =>
    context.route(scripts(kind), async (route) => {
      if ('origin' in (await route.request().allHeaders())) return route.fallback();
      return route.fulfill({ status: 404, body: '' });
    });

  test.each(['encoder', 'index'])('%s: the page says so, and starts once it is', async (kind) => {
    await missing(kind);
    const { page } = await openPage(context, SITE);
    await status(page, 'failed');
    await context.unroute(scripts(kind));
    await page.getByTestId('engine-retry').click();
    await status(page, 'ready');
    await expectVerdict(page);
  });

  test('matcher: verdicts lack a proof, and the page says so', async () => {
    await missing('matcher');
    const { page } = await openReady(context, SITE);
    await expectVerdict(page);
    expect(await notices(page)).toContain('matcher-unavailable');
  });

  test('trainer: tuning says so, and starts once it is', async () => {
    await missing('trainer');
    const { page } = await openReady(context, SITE);
    await page.getByTestId('nav-teach').click();
    await page.getByTestId('teach-name').fill('Gate of Winds');
    const own = await Promise.all(
      [1, 2].map(async (view) => upload(`own-${view}.png`, await scenePng(23, view))),
    );
    await page.getByTestId('teach-files').setInputFiles(own);
    await page.getByTestId('teach-start').click();
    await page.locator('[data-testid=lesson][data-state=over]').waitFor({ timeout: READY_MS });
    await page.getByTestId('tuning-start').click();
    await page.getByTestId('tuning-failed').waitFor({ timeout: READY_MS });
    await context.unroute(scripts('trainer'));
    await page.getByTestId('tuning-start').click();
    await tuningAt(page, 'running');
  });
});

describe('a browser without', () => {
  /** In the page and in all of its workers. */
  async function without(code: string): Promise<void> {
    await context.addInitScript(code);
    await beforeWorker(context, WORKERS, code);
  }

  test('IndexedDB: everything works, for as long as the page is open', async () => {
    await without("Object.defineProperty(globalThis, 'indexedDB', { value: undefined });");
    const { page, problems } = await openReady(context, SITE);
    expect(await notices(page)).toContain('storage-unavailable');
    await expectVerdict(page);
    expect(problems).toEqual([]);
  });

  test('OffscreenCanvas: photos are read another way', async () => {
    await without('delete globalThis.OffscreenCanvas;');
    const { page, problems } = await openReady(context, SITE);
    await expectVerdict(page);
    expect(problems).toEqual([]);
  });

  test('OffscreenCanvas and WebCodecs: the photo is not called damaged', async () => {
    await without('delete globalThis.OffscreenCanvas; delete globalThis.VideoFrame;');
    const { page } = await openReady(context, SITE);
    const [item] = await recognise(page, [photo]);
    expect(item).toMatchObject({ state: 'failed', error: 'backend-unavailable' });
  });

  test('SharedArrayBuffer, as on a page that is not isolated: one thread', async () => {
    await context.route(/\/drawn-site\/$/, async (route) => {
      const response = await route.fetch();
      const { 'cross-origin-opener-policy': _, ...headers } = response.headers();
      await route.fulfill({ response, headers });
    });
    const { page, problems } = await openReady(context, SITE);
    expect(await page.evaluate(() => [crossOriginIsolated, 'SharedArrayBuffer' in self])).toEqual([
      false,
      false,
    ]);
    expect(await notices(page)).toContain('no-isolation');
    await expectVerdict(page);
    expect(problems).toEqual([]);
  });

  test('Web Locks, BroadcastChannel and a storage estimate: it works as a single tab', async () => {
    await without(`
      delete globalThis.BroadcastChannel;
      const { prototype } = globalThis.Navigator ?? globalThis.WorkerNavigator;
      delete prototype.locks;
      delete prototype.storage;`);
    const { page, problems } = await openReady(context, SITE);
    await expectVerdict(page);
    await page.getByTestId('nav-teach').click();
    await page.getByTestId('teach-name').fill('Gate of Winds');
    await page.getByTestId('teach-files').setInputFiles([photo]);
    await page.getByTestId('teach-start').click();
    await page.getByTestId('taught-landmark').waitFor({ timeout: READY_MS });
    expect(problems).toEqual([]);
  });
});
