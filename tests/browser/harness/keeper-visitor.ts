// What a visitor does in the place Collections, and what happens to the browser's storage meanwhile.
import type { Page } from 'playwright-core';
import { expect, inject } from 'vitest';
import { DRAWN_SITE, sceneLabel, scenePng } from './drawn-site.ts';
import { READY_MS, recognise, upload } from './visitor.ts';

/** A view that no collection has. */
const NEW_VIEW = 7;
/** The name of the site's own collection. */
export const DRAWN = 'drawn scenes';

export const siteFile = (path: string) => new URL(`${DRAWN_SITE}/${path}`, inject('siteUrl')).href;
export const townsUrl = () => siteFile('collections/towns/collection.json');

/** As the site's own collection calls a scene. */
export const knownName = (scene: number) => sceneLabel(scene).replaceAll('_', ' ');
/** As the collection of towns calls a scene. */
export const townName = (scene: number) => `Town ${scene}`;

export function cairnFile(buffer: Buffer) {
  return { name: 'towns.cairn', mimeType: 'application/octet-stream', buffer };
}

export function card(page: Page, name: string, state?: string) {
  const at = state === undefined ? '' : `[data-state=${state}]`;
  return page.locator(`[data-testid=collection][data-name="${name}"]${at}`);
}

export async function openCollections(page: Page): Promise<void> {
  await page.getByTestId('nav-collections').click();
}

/** Waits for the job under way to end so. @returns what it says */
export async function job(page: Page, state: string): Promise<string> {
  const view = page.locator(`[data-testid=collection-job][data-state=${state}]`);
  await view.waitFor({ timeout: READY_MS });
  return (await view.textContent()) ?? '';
}

export async function importFile(page: Page, buffer: Buffer): Promise<void> {
  await page.getByTestId('collection-import').setInputFiles([cairnFile(buffer)]);
}

export async function installByAddress(page: Page, address: string): Promise<void> {
  await page.getByTestId('collection-address').fill(address);
  await page.getByTestId('collection-look').click();
  await page
    .locator('[data-testid=collection-question][data-state=offer]')
    .waitFor({ timeout: READY_MS });
}

/** What the page says of a new view of a scene: its verdict, and the landmarks that come closest. */
export async function saidOf(page: Page, scene: number): Promise<string> {
  await page.getByTestId('nav-recognize').click();
  await page.getByTestId('file-input').waitFor({ state: 'attached' });
  const clear = page.getByTestId('clear-all');
  if (await clear.count()) await clear.click();
  const photo = upload(`scene-${scene}.png`, await scenePng(scene, NEW_VIEW));
  const [item] = await recognise(page, [photo]);
  expect(item!.state).toBe('done');
  return item!.text;
}

export async function reload(page: Page): Promise<void> {
  await page.reload();
  await page
    .locator('[data-testid=engine-status][data-state=ready]')
    .waitFor({ state: 'attached', timeout: READY_MS });
}

export async function deleteCard(page: Page, name: string): Promise<void> {
  await card(page, name).getByTestId('collection-delete').click();
  await page.getByTestId('confirm-delete').click();
  await card(page, name).waitFor({ state: 'detached', timeout: READY_MS });
}

/** Turns a byte of a stored file, or takes it away. @returns whether it was there */
export function harm(page: Page, sha256: string, how: 'damage' | 'lose'): Promise<boolean> {
  return page.evaluate(
    async ([key, what]) => {
      const done = <T>(request: IDBRequest<T>) =>
        new Promise<T>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      const db = await done(indexedDB.open('cairn'));
      const files = db.transaction('files', 'readwrite').objectStore('files');
      const bytes = (await done(files.get(key))) as Uint8Array | undefined;
      if (bytes && what === 'damage') {
        bytes[bytes.length >> 1]! ^= 1;
        await done(files.put(bytes, key));
      } else if (bytes) await done(files.delete(key));
      db.close();
      return bytes !== undefined;
    },
    [sha256, how] as const,
  );
}

/** Keys of a store of the database. */
export function keysIn(page: Page, store: string): Promise<string[]> {
  return page.evaluate(async (name) => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const db = await done(indexedDB.open('cairn'));
    const keys = await done(db.transaction(name).objectStore(name).getAllKeys());
    db.close();
    return keys.map(String);
  }, store);
}
