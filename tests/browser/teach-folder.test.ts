// A folder of photos learned as a visitor does it: planned, paused, cut off by a reload, gone on with, recognized.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { drawScene } from '../../src/imaging/drawn.ts';
import { violations } from './harness/accessibility.ts';
import { launch } from './harness/browser.ts';
import { DRAWN_SITE, png, scenePng } from './harness/drawn-site.ts';
import { openReady, READY_MS, recognise, upload } from './harness/visitor.ts';

/** Scenes that the site's collection lacks, by the folder that holds their views. */
const FOLDERS: Readonly<Record<string, number>> = {
  Gate_of_Winds: 23,
  'Hall of Rain': 37,
  Old_Tower: 31,
};
const VIEWS = [1, 2, 3, 4];

let browser: Browser;
let context: BrowserContext;
let folder: string;

/** The same picture with every value a little higher: other bytes, the same look. */
async function brighter(scene: number, view: number): Promise<Buffer> {
  const drawing = drawScene(scene, view);
  return png({ ...drawing, data: drawing.data.map((level) => Math.min(255, level + 2)) });
}

async function put(path: string, content: Uint8Array | string): Promise<void> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

beforeAll(async () => {
  browser = await launch();
  const root = await mkdtemp(join(tmpdir(), 'cairn-folder-'));
  folder = join(root, 'places');
  for (const [name, scene] of Object.entries(FOLDERS)) {
    for (const view of VIEWS) await put(`${name}/${view}.png`, await scenePng(scene, view));
  }
  // Deeper folders belong to the first level; of what is not simply a photo there is one of each kind.
  await put('Hall of Rain/more/copy.png', await scenePng(37, 1));
  await put('Old_Tower/again.png', await brighter(31, 2));
  await put('Old_Tower/wrong.png', await brighter(23, 1));
  await put('Old_Tower/broken.png', (await scenePng(31, 5)).subarray(0, 2000));
  await put('Gate_of_Winds/about.txt', 'no photo');
  await put('Gate_of_Winds/.hidden', 'hidden');
  await put('Gate_of_Winds/scan.tif', 'a picture that browsers cannot read');
  await put('Notes/list.txt', 'no photo here at all');
  await put('loose.png', await scenePng(23, 8));
});
afterAll(async () => {
  await browser?.close();
  if (folder) await rm(dirname(folder), { recursive: true, force: true });
});
beforeEach(async () => {
  context = await browser.newContext({ locale: 'en-GB' });
});
afterEach(() => context.close());

const at = (page: Page, state: string) =>
  page
    .locator(`[data-testid=build][data-at=${state}]`)
    .waitFor({ state: 'attached', timeout: READY_MS });

async function openTeach() {
  const opened = await openReady(context, `${DRAWN_SITE}/`);
  await opened.page.getByTestId('nav-teach').click();
  return opened;
}

const settled = async (page: Page) =>
  Number(/\d+/.exec((await page.getByTestId('build-tally').textContent()) ?? '')?.[0]);

async function noViolations(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await violations(page)).toEqual([]);
  }
}

const counts = (page: Page) =>
  page.getByTestId('taught-landmark').evaluateAll((all) =>
    Object.fromEntries(
      all.map((one) => {
        const name = one.querySelector('.taught__name')?.textContent ?? '';
        return [name, Number((one as HTMLElement).dataset.photos)];
      }),
    ),
  );

async function named(page: Page, scene: number): Promise<string> {
  await page.getByTestId('nav-recognize').click();
  const [item] = await recognise(page, [upload('asked.png', await scenePng(scene, 9))]);
  await page.getByTestId('clear-all').click();
  return item!.text;
}

describe('a folder', () => {
  test('is planned, learned with pause and resume, and its landmarks are recognized', async () => {
    const { page, problems } = await openTeach();
    await page.getByTestId('build-folder').setInputFiles(folder);
    await at(page, 'planned');
    await expect
      .poll(() => page.getByTestId('plan-sum').textContent())
      .toBe('3 landmarks, 16 photos');
    const aside = await page.getByTestId('build-aside').textContent();
    for (const told of [
      '1 picture in formats',
      '1 photo beside',
      '2 files',
      '1 hidden file',
      'Notes',
    ]) {
      expect(aside).toContain(told);
    }
    const names = page.getByTestId('plan-name');
    expect(
      await names.evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value)),
    ).toEqual(['Gate of Winds', 'Hall of Rain', 'Old Tower']);
    // A name that is known says that photos are added there.
    await names.nth(0).fill('Drawn scene 3');
    await page.getByText('Cairn knows drawn scene 3', { exact: false }).waitFor();
    await names.nth(0).fill('');
    await page.getByTestId('build-start').click();
    await expect
      .poll(() => page.getByTestId('plan-problem').getAttribute('data-problem'))
      .toBe('no-name');
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('build-name-0');
    await page.keyboard.type('Gate of Winds');
    await noViolations(page);

    await page.getByTestId('build-start').click();
    await at(page, 'running');
    await expect.poll(() => settled(page), { timeout: READY_MS }).toBeGreaterThanOrEqual(2);
    await page.getByTestId('build-pause').click();
    await at(page, 'paused');
    const paused = await settled(page);
    expect(paused).toBeLessThan(16);
    await expect
      .poll(() => page.getByTestId('build-recent').locator('img').count())
      .toBeGreaterThanOrEqual(1);
    await noViolations(page);
    // What is described until now is in use, and recognition goes on meanwhile.
    expect(await named(page, 23)).toContain('Gate of Winds');
    await page.getByTestId('nav-teach').click();
    expect(await settled(page)).toBe(paused);
    await page.getByTestId('build-resume').click();
    await at(page, 'over');
    await expect
      .poll(() => page.getByTestId('live-region').textContent())
      .toContain('The folder is done. 12 photos learned.');
    const others = page.getByTestId('build-other');
    expect(
      await others.evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.at).sort()),
    ).toEqual(['duplicate', 'failed']);
    expect(await counts(page)).toEqual({ 'Gate of Winds': 4, 'Hall of Rain': 4, 'Old Tower': 4 });

    // Of two that look alike, the one in two landmarks comes first.
    const pairs = page.getByTestId('alike-pair');
    expect(
      await pairs.evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.conflict)),
    ).toEqual(['true', 'false']);
    await expect.poll(() => pairs.locator('img').count()).toBe(4);
    await noViolations(page);
    await pairs.nth(1).getByTestId('alike-keep').check();
    await page.getByTestId('alike-apply').click();
    await expect.poll(() => pairs.count()).toBe(0);
    expect((await counts(page))['Old Tower']).toBe(5);
    for (const [name, scene] of Object.entries(FOLDERS)) {
      expect(await named(page, scene)).toContain(name.replaceAll('_', ' '));
    }

    // The same folder again has nothing new: what was left out looks alike as before.
    await page.getByTestId('nav-teach').click();
    await page.getByTestId('build-dismiss').click();
    await page.getByTestId('build-folder').setInputFiles(folder);
    await page.getByText('You have taught Gate of Winds', { exact: false }).waitFor();
    await page.getByTestId('build-start').click();
    await at(page, 'over');
    await expect.poll(() => page.getByTestId('build-run').getAttribute('data-taught')).toBe('0');
    expect(problems).toEqual([]);
  });

  test('goes on after a reload when it is chosen again, by keyboard and in Chinese', async () => {
    const { page, problems } = await openTeach();
    await page.getByTestId('build-folder').setInputFiles(folder);
    await at(page, 'planned');
    await page.getByTestId('plan-include').nth(1).focus();
    await page.keyboard.press('Space');
    await page.getByTestId('build-start').focus();
    await page.keyboard.press('Enter');
    await at(page, 'running');
    // The pressed button has gone: the panel's title has the focus, one step before the controls.
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('build-title');
    await expect.poll(() => settled(page), { timeout: READY_MS }).toBeGreaterThanOrEqual(3);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await at(page, 'paused');
    const before = await settled(page);
    // Cut off in the middle of the next photos, which are not written yet.
    await page.keyboard.press('Enter');
    await expect.poll(() => settled(page), { timeout: READY_MS }).toBeGreaterThan(before);
    await page.reload();
    await page
      .locator('[data-testid=engine-status][data-state=ready]')
      .waitFor({ state: 'attached', timeout: READY_MS });
    await at(page, 'interrupted');
    const told = await page.getByTestId('build-interrupted').textContent();
    expect(told).toContain(`${before} of 11 photos`);
    expect(told).toContain('Choose the folder again');
    const learned = await counts(page);
    expect(Object.values(learned).reduce((sum, n) => sum + n, 0)).toBeGreaterThanOrEqual(1);

    // Another folder is told from the one that is meant.
    await page.getByTestId('build-folder').setInputFiles(join(folder, 'Notes'));
    await expect
      .poll(() => page.getByTestId('build-problem').getAttribute('data-problem'))
      .toBe('other-folder');
    await page.getByTestId('language-switch').click();
    await page.getByRole('heading', { name: '整个文件夹' }).waitFor();
    await noViolations(page);
    const chooser = page.waitForEvent('filechooser');
    await page.getByTestId('build-folder').focus();
    await page.keyboard.press('Space');
    await (await chooser).setFiles(folder);
    await at(page, 'over');
    await expect
      .poll(() => page.getByTestId('build-aside').first().textContent())
      .toContain('已学会 8 张照片');
    expect(await counts(page)).toEqual({ 'Gate of Winds': 4, 'Old Tower': 4 });
    // A choice that is not made yet waits for the next visit, too.
    await page.reload();
    await at(page, 'over');
    await page.getByTestId('alike-pair').first().getByTestId('alike-leave').focus();
    await page.keyboard.press('ArrowDown');
    expect(
      await page.getByTestId('alike-pair').first().getByTestId('alike-instead').isChecked(),
    ).toBe(true);
    await page.getByTestId('alike-apply').focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => counts(page)).toEqual({ 'Gate of Winds': 3, 'Old Tower': 5 });
    await expect.poll(() => page.getByTestId('alike-pair').count()).toBe(0);
    await page.reload();
    await page
      .locator('[data-testid=engine-status][data-state=ready]')
      .waitFor({ state: 'attached', timeout: READY_MS });
    await at(page, 'idle');
    expect(problems).toEqual([]);
  });

  test('is learned by one tab at a time', async () => {
    const { page } = await openTeach();
    await page.getByTestId('build-folder').setInputFiles(folder);
    await page.getByTestId('build-start').click();
    await at(page, 'running');
    // A pause keeps it: the other tab must not go on with what this one holds.
    await page.getByTestId('build-pause').click();
    await at(page, 'paused');
    const other = await openTeach();
    await at(other.page, 'elsewhere');
    await page.getByTestId('build-stop').click();
    await at(page, 'over');
    await page.getByTestId('build-dismiss').click();
    await at(page, 'idle');
    await other.page.getByRole('button', { name: 'Look again' }).click();
    await at(other.page, 'idle');
    expect(other.problems).toEqual([]);
  });
});

describe('a folder that was dropped', () => {
  /** As Chromium gives one: entries to walk, and a handle that can be kept. */
  async function drop(page: Page): Promise<void> {
    const photos = await Promise.all(VIEWS.map(async (view) => [...(await scenePng(23, view))]));
    await page.evaluate(async (all) => {
      const origin = await navigator.storage.getDirectory();
      const handle = await origin.getDirectoryHandle('Gate_of_Winds', { create: true });
      const files: File[] = [];
      for (const [i, bytes] of all.entries()) {
        const file = await handle.getFileHandle(`${i}.png`, { create: true });
        const out = await file.createWritable();
        await out.write(Uint8Array.from(bytes));
        await out.close();
        files.push(await file.getFile());
      }
      const entries = files.map((file) => ({
        isDirectory: false,
        fullPath: `/Gate_of_Winds/${file.name}`,
        file: (give: (file: File) => void) => give(file),
      }));
      const root = {
        isDirectory: true,
        fullPath: '/Gate_of_Winds',
        createReader: () => ({
          readEntries: (give: (batch: unknown[]) => void) => give(entries.splice(0, 100)),
        }),
      };
      const item = {
        kind: 'file',
        webkitGetAsEntry: () => root,
        getAsFileSystemHandle: async () => handle,
        getAsFile: () => null,
      };
      const event = new Event('drop', { bubbles: true, cancelable: true });
      Object.defineProperty(event, 'dataTransfer', { value: { types: ['Files'], items: [item] } });
      document.body.dispatchEvent(event);
    }, photos);
  }

  test('is read again after a reload without being chosen, where the browser keeps its handle', async () => {
    const { page, problems } = await openTeach();
    await drop(page);
    await at(page, 'planned');
    await page.getByTestId('build-start').click();
    await at(page, 'running');
    await page.getByTestId('build-pause').click();
    await at(page, 'paused');
    await page.reload();
    await at(page, 'interrupted');
    await page.getByTestId('build-again').click();
    await at(page, 'over');
    expect(await counts(page)).toEqual({ 'Gate of Winds': 4 });
    expect(problems).toEqual([]);
  });
});

describe('the storage that a folder needs', () => {
  test('is compared with what is left, and small copies can be done without', async () => {
    const { page } = await openTeach();
    await page.evaluate(() => {
      navigator.storage.estimate = async () => ({ usage: 0, quota: 100_000 });
    });
    await page.getByTestId('build-folder').setInputFiles(join(folder, 'Old_Tower'));
    await at(page, 'planned');
    await expect
      .poll(() => page.getByTestId('plan-problem').getAttribute('data-problem'))
      .toBe('no-room');
    await expect
      .poll(() => page.getByTestId('build-start').getAttribute('aria-disabled'))
      .toBe('true');
    await noViolations(page);
    await page.getByTestId('build-copies').uncheck();
    await expect.poll(() => page.getByTestId('plan-problem').count()).toBe(0);
    await page.getByTestId('build-start').click();
    await at(page, 'over');
    await expect.poll(() => page.locator('[data-testid=taught-photo] img').count()).toBe(0);
  });
});
