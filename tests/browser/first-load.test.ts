// The first visit as it is felt: what scripts come before the models, and whether anything jumps while it loads.
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { FIRST_LOAD } from '../../scripts/bundle/report.ts';
import { launch } from './harness/browser.ts';
import { DRAWN_SITE, scenePng } from './harness/drawn-site.ts';
import { engineReady } from './harness/tour.ts';
import { recognise, upload } from './harness/visitor.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const address = () => new URL(`${DRAWN_SITE}/`, inject('siteUrl')).href;

test('what the browser fetches until the models come is within the budget of the bundle report', async () => {
  const context = await browser.newContext();
  const scripts: Promise<number>[] = [];
  const names: string[] = [];
  let weights = false;
  context.on('request', (request) => {
    weights ||= request.url().endsWith('.safetensors');
  });
  context.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (weights || !/\.m?js$/.test(pathname)) return;
    names.push(pathname.split('/').at(-1) ?? '');
    scripts.push(response.body().then((body) => gzipSync(body, { level: 9 }).length));
  });
  const page = await context.newPage();
  await page.goto(address());
  await engineReady(page);
  const sizes = await Promise.all(scripts);
  expect(sizes.length).toBeGreaterThanOrEqual(3);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(FIRST_LOAD);
  const heavy = /^((hnswlib|matcher|libheif|world-map|read-facts)-|trainer-[\w-]{8}\.js$)/;
  expect(names.filter((name) => heavy.test(name))).toEqual([]);
  await context.close();
});

/** Largest burst of layout shifts, as web.dev defines the Cumulative Layout Shift: 0.1 counts as good. */
const GOOD_SHIFT = 0.1;

test.each([
  { width: 390, height: 844 },
  { width: 1280, height: 900 },
])(
  'nothing jumps while the page loads and gives its first verdict: $width px',
  async (viewport) => {
    const context = await browser.newContext({ viewport });
    const page = await context.newPage();
    await page.addInitScript(() => {
      const state = globalThis as unknown as { shift: number };
      state.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as unknown as {
          value: number;
          hadRecentInput: boolean;
        }[]) {
          if (!entry.hadRecentInput) state.shift += entry.value;
        }
      }).observe({ type: 'layout-shift', buffered: true });
    });
    const shift = () => page.evaluate(() => (globalThis as unknown as { shift: number }).shift);
    await page.goto(address());
    await engineReady(page);
    expect(await shift()).toBeLessThan(GOOD_SHIFT);
    await recognise(page, [upload('scene.png', await scenePng(0, 7))]);
    expect(await shift()).toBeLessThan(GOOD_SHIFT);
    await context.close();
  },
);
