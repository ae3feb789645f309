// Parts of the page that are fetched late and do not come: said in sight, and the rest goes on.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launch } from './harness/browser.ts';
import { DRAWN_SITE, scenePng } from './harness/drawn-site.ts';
import { openReady, recognise, upload } from './harness/visitor.ts';
import { LAB_OUT } from './harness/vite.lab.config.ts';

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

test('a place that does not come says so, and comes when it is asked for again', async () => {
  await context.route('**/teach-place-*.js', (route) => route.abort());
  const { page } = await openReady(context, `${DRAWN_SITE}/`);
  await page.getByTestId('nav-teach').click();
  const failed = page.getByTestId('place-failed');
  await expect.poll(() => failed.textContent()).toContain('could not be fetched');
  await page.getByTestId('nav-recognize').click();
  const [item] = await recognise(page, [upload('scene.png', await scenePng(0, 7))]);
  expect(item?.kind).toBe('landmark');
  await context.unroute('**/teach-place-*.js');
  await page.getByTestId('nav-teach').click();
  await page.getByTestId('teach-form').waitFor();
});

test('a place that does not come can be had by loading the page anew', async () => {
  // The place is tried again whenever it is visited, so it stays away until the page itself is asked for.
  let away = true;
  await context.route('**/teach-place-*.js', (route) => (away ? route.abort() : route.fallback()));
  const { page } = await openReady(context, `${DRAWN_SITE}/`);
  await page.getByTestId('nav-teach').click();
  page.on('request', (request) => {
    if (request.isNavigationRequest()) away = false;
  });
  await page
    .getByTestId('place-failed')
    .getByRole('button', { name: 'Load the page anew' })
    .click();
  await page.getByTestId('teach-form').waitFor();
});

test('a language that does not come leaves the page in the one that it has', async () => {
  await context.route('**/zh-*.js', (route) => route.abort());
  const { page } = await openReady(context, `${DRAWN_SITE}/`);
  await page.getByTestId('language-switch').click();
  await page.getByTestId('failure').waitFor();
  await expect.poll(() => page.getByTestId('failure').textContent()).toContain('other language');
  await expect.poll(() => page.evaluate(() => document.documentElement.lang)).toBe('en');
});

test('a page whose language does not come starts in the other', async () => {
  await context.route('**/en-*.js', (route) => route.abort());
  const { page } = await openReady(context, `${DRAWN_SITE}/`);
  await expect.poll(() => page.evaluate(() => document.documentElement.lang)).toBe('zh-Hans');
});

test('no part of a worker imports the script that the worker was started by', async () => {
  const folder = join(LAB_OUT, DRAWN_SITE, 'assets');
  const scripts = (await readdir(folder)).filter((name) => name.endsWith('.js'));
  const texts = await Promise.all(scripts.map((name) => readFile(join(folder, name), 'utf8')));
  const all = texts.join('\n');
  const started = [...all.matchAll(/new Worker\([^;]*?([\w-]+\.js)/g)].map(
    ([, name]) => name ?? '',
  );
  expect(started.length).toBeGreaterThanOrEqual(5);
  const imported = started.filter((name) => all.match(`(from|import) ?["']\\./${name}`));
  expect(imported).toEqual([]);
});
