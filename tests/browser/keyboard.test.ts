// Recognizing without a mouse, and without motion for those who asked for none.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launch } from './harness/browser.ts';
import { DRAWN_SITE, scenePng } from './harness/drawn-site.ts';
import { openReady, READY_MS, recognise, upload } from './harness/visitor.ts';

let browser: Browser;
let context: BrowserContext;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce' });
});
afterEach(() => context.close());

/** Stops on the way of Tab through the page. */
const MOST_STOPS = 80;

/** What has the focus, by the test id of itself or of what it lies in. */
const focused = (page: Page) =>
  page.evaluate(
    () => document.activeElement?.closest<HTMLElement>('[data-testid]')?.dataset.testid ?? null,
  );

async function tabTo(page: Page, id: string): Promise<void> {
  for (let i = 0; i < MOST_STOPS; i++) {
    if ((await focused(page)) === id) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never reaches ${id}`);
}

test('a photo is given, understood, saved, found again and deleted by keyboard alone', async () => {
  const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
  await page.keyboard.press('Tab');
  await expect.poll(() => page.evaluate(() => document.activeElement?.className)).toBe('skip');

  const chooser = page.waitForEvent('filechooser');
  await tabTo(page, 'file-input');
  await page.keyboard.press('Space');
  await (await chooser).setFiles(upload('scene.png', await scenePng(0, 7)));
  await page.locator('[data-testid=photo-item][data-state=done]').waitFor({ timeout: READY_MS });
  const live = page.getByTestId('live-region');
  await expect.poll(() => live.textContent()).toContain('drawn scene 0');

  await tabTo(page, 'save-result');
  await page.keyboard.press('Enter');
  const saved = page.waitForEvent('download');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  expect((await saved).suggestedFilename()).toMatch(/^scene.*\.jpg$/);

  await tabTo(page, 'why');
  await page.keyboard.press('Enter');
  await page.getByTestId('matched-points').waitFor();

  await tabTo(page, 'history-fold');
  await page.keyboard.press('Enter');
  await tabTo(page, 'history-search');
  await page.keyboard.type('scene 0');
  await expect.poll(() => page.getByTestId('history-entry').count()).toBe(1);
  await tabTo(page, 'history-delete');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.getByTestId('history-entry').count()).toBe(0);
  await tabTo(page, 'history-undo');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.getByTestId('history-entry').count()).toBe(1);
  expect(problems).toEqual([]);
});

test('nothing moves for those who asked for no motion', async () => {
  const { page } = await openReady(context, `${DRAWN_SITE}/`);
  const moving = () =>
    page.evaluate(() =>
      document
        .getAnimations()
        // Ends of a jump without way between are not seen.
        .filter(({ effect }) => Number(effect?.getComputedTiming().duration ?? 0) > 1)
        .map(({ effect }) => (effect as KeyframeEffect).target?.className ?? ''),
    );
  expect(await moving()).toEqual([]);
  await recognise(page, [upload('scene.png', await scenePng(0, 7))]);
  expect(await moving()).toEqual([]);
  await page.getByTestId('map-world').check();
  expect(await moving()).toEqual([]);
});
