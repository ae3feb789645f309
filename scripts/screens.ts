// npm run screens [-- --out DIR] [--languages en,zh] [--only NAME…]: pictures of every screen, light and dark, phone and desktop,
// to be looked at. Builds the page and gives it a collection of drawn scenes, as the browser tests do.
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { engineReady, SCREENS, STARTS } from '../tests/browser/harness/tour.ts';
import { ROOT } from './document.ts';
import { serveDrawn } from './drawn-server.ts';
import { ensureBrowser } from './find-browser.ts';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(ROOT, '.cache/screens') },
    languages: { type: 'string', default: 'en' },
    only: { type: 'string', multiple: true, default: [] },
  },
});
const out = resolve(values.out);

const WIDTHS = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 900 },
} as const;
const THEMES = ['light', 'dark'] as const;
const LOCALES: Readonly<Record<string, string>> = { en: 'en-GB', zh: 'zh-CN' };

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const server = await serveDrawn(join(ROOT, '.cache/screens-site'), true);
const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const browser = await chromium.launch({ executablePath: ensureBrowser(), args });
try {
  for (const language of values.languages.split(',')) {
    const locale = LOCALES[language];
    if (!locale) throw new Error(`--languages: "${language}" is none of ${Object.keys(LOCALES)}.`);
    for (const [width, viewport] of Object.entries(WIDTHS)) {
      await walk(browser, server.address, { locale, viewport }, `${language}-${width}`);
    }
  }
} finally {
  await browser.close();
  await server.close();
}

type Look = Pick<NonNullable<Parameters<Browser['newContext']>[0]>, 'locale' | 'viewport'>;

async function walk(on: Browser, address: string, look: Look, name: string): Promise<void> {
  for (const start of STARTS) {
    const context = await on.newContext({ ...look, reducedMotion: 'reduce' });
    const page = await open(context);
    await start.show(page);
    await page.goto(address);
    await page.locator(start.until).waitFor({ state: 'attached' });
    await shoot(page, start.name, name);
    await context.close();
  }
  const context = await on.newContext({ ...look, reducedMotion: 'reduce' });
  const page = await open(context);
  await page.goto(address);
  await engineReady(page);
  for (const screen of SCREENS) {
    await screen.show(page);
    await shoot(page, screen.name, name);
  }
  await context.close();
}

async function open(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  page.on('pageerror', (error) => process.stderr.write(`${error}\n`));
  return page;
}

async function shoot(page: Page, screen: string, look: string): Promise<void> {
  if (values.only.length > 0 && !values.only.includes(screen)) return;
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    // Pictures that are decoded late, and colours on their way.
    await page.waitForTimeout(400);
    await page.screenshot({
      path: join(out, `${screen}-${look}-${theme}.png`),
      // A dialog covers the window; what lies below it would be drawn beside it.
      fullPage: (await page.locator('dialog[open]').count()) === 0,
    });
  }
  process.stderr.write(`${screen}, ${look}\n`);
}
