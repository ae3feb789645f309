// Every screen as axe sees it (WCAG 2.2 AA among its rules), in both languages and themes.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { violations } from './harness/accessibility.ts';
import { launch } from './harness/browser.ts';
import { DRAWN_SITE } from './harness/drawn-site.ts';
import { engineReady, SCREENS, STARTS } from './harness/tour.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

async function check(page: Page, screen: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect(await violations(page), `${screen}, ${colorScheme}`).toEqual([]);
  }
}

describe.each(['en-GB', 'zh-CN'])('axe finds nothing: %s', (locale) => {
  const open = async (): Promise<{ context: BrowserContext; page: Page; address: string }> => {
    const context = await browser.newContext({ locale, reducedMotion: 'reduce' });
    const address = new URL(`${DRAWN_SITE}/`, inject('siteUrl')).href;
    return { context, page: await context.newPage(), address };
  };

  test('on the whole walk', async () => {
    const { context, page, address } = await open();
    await page.goto(address);
    await engineReady(page);
    for (const { name, show } of SCREENS) {
      await show(page);
      await check(page, name);
    }
    await context.close();
  });

  test.each(STARTS)('at a start that goes otherwise: $name', async ({ name, show, until }) => {
    const { context, page, address } = await open();
    await show(page);
    await page.goto(address);
    await page.locator(until).waitFor({ state: 'attached' });
    await check(page, name);
    await context.close();
  });
});
