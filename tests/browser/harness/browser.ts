// Starts the browser for a test file and opens pages whose errors fail the test.
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { inject } from 'vitest';
import type { Lab } from './lab.ts';
import { LAB_PAGE } from './vite.lab.config.ts';

/** Nothing but the page under test may use the network or the disk. */
const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-sync',
  '--metrics-recording-only',
  '--no-first-run',
];

export interface LaunchOptions {
  /** `software` = WebGPU on the CPU (SwiftShader), which headless Chromium hides by default. */
  readonly webgpu?: 'software';
  /** `drawn` = a camera that shows a moving test picture; pages still need the permission. */
  readonly camera?: 'drawn';
}

export function launch(options: LaunchOptions = {}): Promise<Browser> {
  const args = [...QUIET];
  // Chromium's sandbox refuses to run as root, which containers do.
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  if (options.webgpu === 'software') args.push('--enable-unsafe-webgpu');
  if (options.camera === 'drawn') args.push('--use-fake-device-for-media-stream');
  return chromium.launch({ executablePath: inject('browserPath'), args });
}

export interface OpenPage {
  readonly page: Page;
  /** Uncaught errors and console errors so far. */
  readonly problems: readonly string[];
}

/** Opens an address of the built site (relative to its root) and listens for errors. */
export async function openPage(browser: Browser | BrowserContext, path = ''): Promise<OpenPage> {
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  await page.goto(new URL(path, inject('siteUrl')).href);
  return { page, problems };
}

/** A page with the lab loaded: `page.evaluate(() => lab.…)`. */
export async function openLab(browser: Browser | BrowserContext): Promise<OpenPage> {
  const opened = await openPage(browser, LAB_PAGE);
  await opened.page.waitForFunction(() => 'lab' in globalThis);
  return opened;
}

declare global {
  /** Only in the lab's page. */
  var lab: Lab;
}
