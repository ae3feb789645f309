// The page as a visitor meets it: photos dropped on the built site, verdicts, errors, landmarks.
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { VERIFICATION } from '../../src/rerank/presets.ts';
import { launch, openPage } from './harness/browser.ts';
import {
  DRAWN_SITE,
  otherPng,
  SCENES,
  sceneLabel,
  scenePng,
  VERIFIED,
} from './harness/drawn-site.ts';
import { fixture, openReady, READY_MS, recognise, upload } from './harness/visitor.ts';

let browser: Browser;
let context: BrowserContext;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  context = await browser.newContext({ locale: 'en-GB' });
});
afterEach(() => context.close());

describe('a collection of drawn scenes', () => {
  test('names scenes from views it has not seen, refuses other pictures, and asks nobody else', async () => {
    const asked: string[] = [];
    context.on('request', (request) => asked.push(request.url()));
    const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
    const scenes = await Promise.all(
      SCENES.map(async (scene) => upload(`scene-${scene}-new.png`, await scenePng(scene, 7))),
    );
    const others = await Promise.all(
      [1, 2, 3, 4, 5].map(async (seed) => upload(`other-${seed}-.png`, await otherPng(seed))),
    );
    const items = await recognise(page, [...scenes, ...others]);
    const named = items.slice(0, SCENES.length);
    const right = named.filter((item, scene) => item.label === sceneLabel(scene));
    expect(right.length).toBeGreaterThanOrEqual(8);
    const refused = items.slice(SCENES.length).filter((item) => item.kind !== 'landmark');
    expect(refused.length).toBeGreaterThanOrEqual(4);
    expect(problems).toEqual([]);
    const site = new URL(inject('siteUrl')).origin;
    const elsewhere = asked.filter((url) => !url.startsWith(site) && !url.startsWith('blob:'));
    expect(elsewhere).toEqual([]);
  });

  test('shows which points agree with a reference, where the collection keeps any', async () => {
    const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
    const asked = [VERIFIED[0]!, SCENES.at(-1)!];
    const photos = await Promise.all(
      asked.map(async (scene) => upload(`scene-${scene}.png`, await scenePng(scene, 7))),
    );
    await recognise(page, photos);
    const cards = page.getByTestId('photo-item');
    for (const at of [0, 1]) await cards.nth(at).getByTestId('why').locator('summary').click();
    const drawing = cards.nth(0).getByTestId('matched-points');
    const said = await drawing.getAttribute('aria-label');
    expect(said).toMatch(/from \d+ of its points/);
    const inliers = Number(/from (\d+)/.exec(said ?? '')?.[1]);
    expect(inliers).toBeGreaterThan(VERIFICATION.floor);
    await expect.poll(() => drawing.locator('line').count()).toBe(Math.min(60, inliers));
    await expect.poll(() => cards.nth(1).getByTestId('matched-points').count()).toBe(0);
    expect(problems).toEqual([]);
  });

  test('bad files get their reason and the queue goes on', async () => {
    const { page } = await openReady(context, `${DRAWN_SITE}/`);
    const cases = {
      'empty.jpg': 'photo-empty',
      'text.jpg': 'photo-unsupported',
      'truncated.jpg': 'photo-truncated',
      'drawing.svg': 'photo-unsupported',
      'claims-400-megapixels.jpg': 'photo-too-large',
      'corrupt.png': 'photo-corrupt',
    };
    const bad = await Promise.all(Object.keys(cases).map(fixture));
    const odd = await Promise.all(
      [
        'one-pixel.png',
        'wide.png',
        'cmyk.jpg',
        'depth-16.png',
        'animated.gif',
        'animated.webp',
      ].map(fixture),
    );
    const items = await recognise(page, [...bad, ...odd]);
    expect(items.slice(0, bad.length).map((item) => item.error)).toEqual(Object.values(cases));
    for (const item of items.slice(bad.length)) expect(item.state).toBe('done');
  });

  test('all eight EXIF orientations of a photo get one verdict', async () => {
    const { page } = await openReady(context, `${DRAWN_SITE}/`);
    const turned = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7, 8].map((o) => fixture(`orientation-${o}.jpg`)),
    );
    const items = await recognise(page, turned);
    expect(new Set(items.map(({ kind, label }) => `${kind} ${label}`)).size).toBe(1);
    expect(items[0]!.state).toBe('done');
  });

  test('HNSW is live for the collection, and diagnostics say what runs', async () => {
    const { page } = await openReady(context, `${DRAWN_SITE}/`);
    await page.getByTestId('nav-about').click();
    const panel = page.getByTestId('diagnostics');
    // The rows are there before what the workers answer.
    await expect.poll(() => panel.textContent(), { timeout: READY_MS }).toContain('drawn scenes');
    expect((await panel.textContent())?.toLowerCase()).toContain('wasm');
  });

  test('a second visit takes models and collection from storage', async () => {
    const { page } = await openReady(context, `${DRAWN_SITE}/`);
    // The matcher comes in the background, after the page is ready.
    const preparing = page.getByTestId('engine-preparing');
    await preparing.waitFor({ state: 'attached', timeout: READY_MS });
    await preparing.waitFor({ state: 'detached', timeout: READY_MS });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.reload();
    await page
      .locator('[data-testid=engine-status][data-state=ready]')
      .waitFor({ state: 'attached', timeout: READY_MS });
    expect(asked.filter((url) => /\.(safetensors|bin)$/.test(url))).toEqual([]);
  });
});

describe('a damaged collection', () => {
  test('one flipped byte in a shard is refused with its reason', async () => {
    await context.route('**/collections/default/*.bin', async (route) => {
      const body = await (await route.fetch()).body();
      body[Math.floor(body.length / 2)]! ^= 1;
      await route.fulfill({ body, contentType: 'application/octet-stream' });
    });
    const { page } = await openPage(context, `${DRAWN_SITE}/`);
    const status = page.getByTestId('engine-status');
    await page
      .locator('[data-testid=engine-status][data-state=failed]')
      .waitFor({ timeout: READY_MS });
    await expect.poll(() => status.textContent()).toMatch(/damaged|changed|check|match/i);
    // Mended at the source: trying again works without a reload.
    await context.unrouteAll();
    await page.getByTestId('engine-retry').click();
    await page
      .locator('[data-testid=engine-status][data-state=ready]')
      .waitFor({ state: 'attached', timeout: READY_MS });
  });
});

describe('the default collection', () => {
  test('is listed, and can be searched in both languages', async () => {
    const { page, problems } = await openReady(context, '');
    await page.getByTestId('nav-collections').click();
    await page.getByTestId('nav-landmarks').click();
    const items = page.getByTestId('landmark-item');
    await items.first().waitFor();
    await expect.poll(() => items.count()).toBeGreaterThanOrEqual(190);
    for (const text of ['eiffel', '埃菲尔', 'Tour'.toLowerCase()]) {
      await page.getByTestId('landmark-search').fill(text);
      if (text !== 'tour') {
        await expect
          .poll(() => items.evaluateAll((e) => e.map((x) => (x as HTMLElement).dataset.label)))
          .toEqual(['eiffel_tower']);
      }
    }
    expect(problems).toEqual([]);
  });
});

describe('on any screen', () => {
  /** By how far a place is wider than the window, and its links further right. */
  const tooWide = () => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const links = [...document.querySelectorAll('.nav__link')];
    const ends = links.map((link) => link.getBoundingClientRect().right);
    return Math.max(scrollWidth, ...ends) - clientWidth;
  };

  test.each(['en-GB', 'zh-CN'])('nothing lies beyond the right edge: %s', async (locale) => {
    const own = await browser.newContext({ locale });
    const { page } = await openPage(own, `${DRAWN_SITE}/`);
    await page.getByTestId('nav-teach').waitFor();
    for (const place of ['', 'teach', 'collections', 'landmarks', 'about']) {
      await page.goto(new URL(`${DRAWN_SITE}/#/${place}`, inject('siteUrl')).href);
      await page.locator('h1').waitFor();
      for (const width of [320, 360, 390, 412, 449, 640, 660, 700, 721, 768, 1024]) {
        await page.setViewportSize({ width, height: 700 });
        expect([place, width, Math.max(0, await page.evaluate(tooWide))]).toEqual([
          place,
          width,
          0,
        ]);
      }
    }
    await own.close();
  });
});
