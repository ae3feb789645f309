// Firefox by WebDriver BiDi and Chromium by its own protocol, both by Puppeteer, which is installed on the first use.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../document.ts';
import { findBrowser } from '../find-browser.ts';
import { installApart, requireApart } from '../install-apart.ts';
import { type Browser, CALL_MS, type Driver, pageScript } from './driver.ts';

/** The part of Puppeteer that is used here: its types are installed as late as itself. */
interface Puppeteer {
  launch(options: {
    readonly browser: 'chrome' | 'firefox';
    readonly executablePath: string;
    readonly headless: true;
    readonly args: readonly string[];
    readonly protocolTimeout: number;
    readonly defaultViewport: { readonly width: number; readonly height: number };
  }): Promise<{
    version(): Promise<string>;
    newPage(): Promise<{
      goto(address: string): Promise<unknown>;
      evaluate(script: string): Promise<unknown>;
      screenshot(): Promise<Uint8Array>;
    }>;
    close(): Promise<void>;
  }>;
}

const FIREFOX = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
];

export const chromium: Browser = {
  name: 'chromium',
  hint: 'Install Chromium, or name one by CHROME_PATH.',
  start: async () => launch('chrome', findBrowser()),
};

export const firefox: Browser = {
  name: 'firefox',
  hint: 'Install Firefox (Debian: firefox-esr), or name one by FIREFOX_PATH.',
  start: async () => {
    const named = process.env.FIREFOX_PATH;
    return launch('firefox', named ?? FIREFOX.find((path) => existsSync(path)) ?? null);
  },
};

async function launch(
  browser: 'chrome' | 'firefox',
  executablePath: string | null,
): Promise<Driver | null> {
  if (!executablePath) return null;
  const folder = join(ROOT, '.cache/browsers');
  installApart(import.meta.dirname, folder);
  const { default: puppeteer } = requireApart<{ readonly default: Puppeteer }>(
    folder,
    'puppeteer-core',
  );
  // Chromium's sandbox refuses to run as root, which containers do.
  const args = browser === 'chrome' && process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const running = await puppeteer.launch({
    browser,
    executablePath,
    headless: true,
    args,
    protocolTimeout: CALL_MS,
    defaultViewport: { width: 1280, height: 900 },
  });
  const page = await running.newPage();
  return {
    name: await running.version(),
    open: async (address) => void (await page.goto(address)),
    evaluate: async (run, ...args) =>
      (await page.evaluate(`${pageScript(run)}(...${JSON.stringify(args)})`)) as never,
    screenshot: () => page.screenshot(),
    close: () => running.close(),
  };
}
