// Isolation, sub-paths and missing files: on our own server, and on a plain static host without headers.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { launch } from './harness/browser.ts';
import { type PlainServer, servePlainly } from './harness/plain-server.ts';
import { LAB_OUT, LAB_PAGE } from './harness/vite.lab.config.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

/** Counts how often a page is loaded. */
function countLoads(page: Page): { loads: number } {
  const count = { loads: 0 };
  page.on('domcontentloaded', () => count.loads++);
  return count;
}

const labReady = (page: Page) => page.waitForFunction(() => 'lab' in globalThis);

describe('the preview server', () => {
  test('sends the headers of isolation with the page', async () => {
    const { headers } = await fetch(inject('siteUrl'));
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
  });

  test.each(['assets/nothing.wasm', 'models/nothing.safetensors', 'collections/none.json', 'no'])(
    'answers 404, not the page, for %s',
    async (path) => {
      expect((await fetch(new URL(path, inject('siteUrl')))).status).toBe(404);
    },
  );
});

describe('a plain host, under a sub-path', () => {
  let host: PlainServer;
  beforeAll(async () => {
    host = await servePlainly(LAB_OUT, '/some/where/');
  });
  afterAll(() => host?.close());

  test('becomes isolated by one reload, stays so, and runs WASM on threads', async () => {
    const page = await browser.newPage();
    const count = countLoads(page);
    await page.goto(host.url + LAB_PAGE);
    await labReady(page);
    expect(await page.evaluate(() => lab.isolated())).toBe(false);
    // The page goes away under the call.
    await page.evaluate(() => lab.ensureIsolation()).catch(() => {});
    await page.waitForFunction(() => 'lab' in globalThis && lab.isolated());
    expect(await page.evaluate(() => lab.ensureIsolation())).toBe('isolated');
    expect(count.loads).toBe(2);
    const { backend } = await page.evaluate(() => lab.encoder('test-models/right/', 'wasm').open());
    const cores = await page.evaluate(() => navigator.hardwareConcurrency);
    expect(backend.threads).toBe(Math.min(cores, 4));
    expect(backend.selfTest).toBeGreaterThan(0.999);
    await page.reload();
    await labReady(page);
    expect(await page.evaluate(() => lab.isolated())).toBe(true);
    await page.close();
  });

  test('where the service worker does not help, it is tried once and never loops', async () => {
    const context = await browser.newContext({ serviceWorkers: 'block' });
    const page = await context.newPage();
    const count = countLoads(page);
    await page.goto(host.url + LAB_PAGE);
    await labReady(page);
    // A browser that takes the worker but is not isolated by it, as after a reload that passes it by.
    await page.evaluate(() => sessionStorage.setItem('cairn-isolation-reloaded', '1'));
    expect(await page.evaluate(() => lab.ensureIsolation())).toBe('unavailable');
    await page.waitForTimeout(500);
    expect(count.loads).toBe(1);
    const { backend } = await page.evaluate(() => lab.encoder('test-models/right/', 'wasm').open());
    expect(backend.threads).toBe(1);
    expect(backend.reason).toMatch(/not cross-origin isolated/);
    await context.close();
  });

  test('all that the page asks for is below the sub-path', async () => {
    const page = await browser.newPage();
    await page.goto(host.url);
    await page.waitForLoadState('networkidle');
    const outside = host.notFound.filter((path) => !path.startsWith('/some/where/'));
    expect(outside.filter((path) => path !== '/favicon.ico')).toEqual([]);
    await page.close();
  });
});
