// What a visitor does on the page, for browser tests: open it, give it photos, read the verdicts.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { type OpenPage, openPage } from './browser.ts';

const FIXTURES = resolve(import.meta.dirname, '../../fixtures/photos');
/** Loading compiles a network, and a machine under test may be busy. */
export const READY_MS = 120_000;

export interface Upload {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

export const upload = (name: string, buffer: Buffer): Upload => ({
  name,
  mimeType: 'image/png',
  buffer,
});
export const fixture = async (name: string): Promise<Upload> => ({
  name,
  mimeType: 'image/jpeg',
  buffer: await readFile(resolve(FIXTURES, name)),
});

/** Opens the page and waits until models and collection are ready. */
export async function openReady(context: BrowserContext, path: string): Promise<OpenPage> {
  const opened = await openPage(context, path);
  await opened.page
    .locator('[data-testid=engine-status][data-state=ready]')
    .waitFor({ state: 'attached', timeout: READY_MS });
  return opened;
}

export interface Item {
  readonly state: string | null;
  readonly kind: string | null;
  readonly label: string | null;
  readonly error: string | null;
  readonly text: string;
}

/** Gives photos to the page's file input and waits until every one is done or failed. */
export async function recognise(page: Page, files: readonly Upload[]): Promise<Item[]> {
  const items = page.getByTestId('photo-item');
  await page.getByTestId('file-input').setInputFiles([...files]);
  await page.waitForFunction(
    (count) => {
      const all = [...document.querySelectorAll<HTMLElement>('[data-testid=photo-item]')];
      const over = all.filter((e) => ['done', 'failed'].includes(e.dataset.state ?? ''));
      return all.length === count && over.length === count;
    },
    files.length,
    { timeout: READY_MS },
  );
  const found = await items.evaluateAll((elements) =>
    elements.map((e) => {
      const { state = null, kind = null, label = null, error = null } = (e as HTMLElement).dataset;
      return { state, kind, label, error, text: e.textContent ?? '' };
    }),
  );
  // The page may list the newest first: put them in the order of the files by their names.
  return files.map((file) => {
    const item = found.find(({ text }) => text.includes(file.name));
    if (!item) throw new Error(`${file.name} is not on the page`);
    return item;
  });
}

/** Waits until fine-tuning stands so: `running`, `paused`, `over`, `failed`. */
export function tuningAt(page: Page, state: string): Promise<void> {
  return page
    .locator(`[data-testid=tuning][data-at=${state}]`)
    .waitFor({ state: 'attached', timeout: READY_MS });
}
