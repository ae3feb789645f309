// The history of recognitions in the page, and results as files: kept, found, deleted, switched off, saved, shared.
import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import type { Browser, BrowserContext, Download, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { violations } from './harness/accessibility.ts';
import { launch } from './harness/browser.ts';
import { DRAWN_SITE, otherPng, sceneLabel, scenePng } from './harness/drawn-site.ts';
import { DRAWN, knownName, reload } from './harness/keeper-visitor.ts';
import { fixture, openReady, recognise, upload } from './harness/visitor.ts';

let browser: Browser;
let context: BrowserContext;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  context = await browser.newContext({
    locale: 'en-GB',
    timezoneId: 'UTC',
    acceptDownloads: true,
  });
});
afterEach(() => context.close());

const scene = async (n: number) => upload(`scene-${n}.png`, await scenePng(n, 7));
const other = async (seed: number) => upload(`other-${seed}.png`, await otherPng(seed));
const entries = (page: Page) => page.getByTestId('history-entry');

/** Folds the history out, once it has so many entries. */
async function openHistory(page: Page, count: number): Promise<void> {
  await page.locator(`[data-testid=history-tally][data-count="${count}"]`).waitFor();
  await page.getByTestId('history-fold').click();
  await page.getByTestId('history-switch').waitFor();
}

/** Puts values into the page's store; a thumbnail that says so becomes a picture. */
function seed(page: Page, values: readonly [key: string, value: unknown][]): Promise<void> {
  return page.evaluate(async (given) => {
    const db = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('cairn');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const canvas = new OffscreenCanvas(64, 48);
    canvas.getContext('2d')!.fillRect(0, 0, 64, 48);
    const thumbnail = await canvas.convertToBlob({ type: 'image/webp' });
    const tx = db.transaction('values', 'readwrite');
    for (const [key, value] of given) {
      const whole = value as { thumbnail?: unknown };
      if (whole.thumbnail === 'make one') whole.thumbnail = thumbnail;
      tx.objectStore('values').put(value, key);
    }
    await new Promise((resolve, reject) => {
      tx.oncomplete = resolve;
      tx.onerror = () => reject(tx.error);
    });
    db.close();
  }, values);
}

/** An entry as it lies in the store, of a landmark that no collection has. */
function stored(time: string, some: Record<string, unknown> = {}) {
  return {
    version: 1,
    time,
    result: {
      photo: 'IMG_0042.jpg',
      kind: 'landmark',
      label: 'gone_tower',
      confidence: 0.93,
      candidates: [{ label: 'gone_tower', similarity: 0.8, votes: 2, inliers: null }],
      kindProbabilities: { landmark: 0.93, unlisted: 0.05, 'not-landmark': 0.02 },
      timings: { decode: 3, encode: 40 },
      backend: 'wasm',
    },
    landmarks: [
      {
        label: 'gone_tower',
        title: { en: 'Gone Tower', zh: '消失的塔' },
        country: 'FR',
        lat: 48,
        lon: 2,
        wikidata: null,
      },
    ],
    collections: ['deleted since'],
    country: null,
    thumbnail: 'make one',
    ...some,
  };
}

async function caught(page: Page, press: () => Promise<void>): Promise<[Download, Buffer]> {
  const [download] = await Promise.all([page.waitForEvent('download'), press()]);
  return [download, await readFile(await download.path())];
}

describe('the history', () => {
  test('outlives the page, opens, is deleted with a way back, and switched off', async () => {
    const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
    await recognise(page, [await scene(0), await other(3), await fixture('corrupt.png')]);
    // What failed has no verdict to keep.
    await openHistory(page, 2);
    await reload(page);
    await openHistory(page, 2);
    await expect.poll(() => entries(page).first().textContent()).toContain('other-3.png');
    const known = entries(page).nth(1);
    await expect.poll(() => known.getAttribute('data-label')).toBe(sceneLabel(0));
    const small = known.locator('img').first();
    await expect
      .poll(() => small.evaluate((img: HTMLImageElement) => [img.naturalWidth, img.naturalHeight]))
      .toSatisfy((sides: number[]) => Math.max(...sides) <= 256 && Math.min(...sides) > 50);

    await known.locator('summary').click();
    const opened = known.getByTestId('history-open');
    await expect.poll(() => opened.textContent()).toContain(DRAWN);
    await expect
      .poll(() => opened.getByTestId('candidate').first().textContent())
      .toContain(knownName(0));
    await expect.poll(() => opened.textContent()).toContain('The photo itself is not kept');
    expect(await violations(page)).toEqual([]);
    await page.getByTestId('theme-switch').click();
    await page.getByTestId('theme-switch').click();
    await expect.poll(() => page.locator('html').getAttribute('data-theme')).toBe('dark');
    expect(await violations(page)).toEqual([]);

    await known.getByTestId('history-delete').click();
    await expect.poll(() => entries(page).count()).toBe(1);
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('history-undo');
    await page.keyboard.press('Enter');
    await expect.poll(() => entries(page).count()).toBe(2);

    await page.getByTestId('history-switch').click();
    await page.getByTestId('history-ask').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByTestId('history-keep').last().click();
    await expect.poll(() => entries(page).count()).toBe(2);
    await recognise(page, [await scene(1)]);
    await reload(page);
    await openHistory(page, 2);
    await expect
      .poll(() => page.getByTestId('history-switch').getAttribute('aria-checked'))
      .toBe('false');

    const asked = page.getByTestId('history-ask');
    await page.getByTestId('history-clear').click();
    await asked.waitFor();
    await page.keyboard.press('Escape');
    await asked.waitFor({ state: 'detached' });
    await expect.poll(() => entries(page).count()).toBe(2);
    await page.getByTestId('history-clear').click();
    await page.getByTestId('history-confirm').click();
    await page.locator('[data-testid=history-tally][data-count="0"]').waitFor();
    await reload(page);
    await openHistory(page, 0);
    await expect.poll(() => entries(page).count()).toBe(0);
    expect(problems).toEqual([]);
  });

  test('is found in both languages, whatever became of the collection, and past what is damaged', async () => {
    const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
    const time = (n: number) => new Date(2026, 0, 1, 12, n).toISOString();
    await seed(page, [
      ...Array.from({ length: 40 }, (_, n): [string, unknown] => [
        `history/${time(n)}-aa`,
        stored(time(n), {
          result: {
            ...stored('').result,
            photo: `DSC_${100 + n}.jpg`,
            kind: 'unlisted',
            label: null,
          },
        }),
      ]),
      [`history/${time(50)}-aa`, stored(time(50))],
      [`history/${time(51)}-aa`, { ...stored(time(51)), version: 7 }],
      [`history/${time(52)}-aa`, { version: 1, time: 'yesterday' }],
      [`history/${time(53)}-aa`, 'no entry at all'],
    ]);
    await reload(page);
    await openHistory(page, 41);
    expect(
      await page
        .getByTestId('history-note')
        .evaluateAll((all) => all.map((e) => (e as HTMLElement).dataset.id)),
    ).toEqual(['damaged', 'newer']);
    await expect.poll(() => entries(page).count()).toBe(30);
    await page.getByTestId('history-more').click();
    await expect.poll(() => entries(page).count()).toBe(41);

    const search = page.getByTestId('history-search');
    for (const words of ['gone tower', '消失的塔', 'IMG_0042', 'france']) {
      await search.fill(words);
      await page.locator('[data-testid=history-found][data-count="1"]').waitFor();
      await expect.poll(() => entries(page).first().textContent()).toContain('Gone Tower');
    }
    await search.fill('nowhere');
    await page.locator('[data-testid=history-found][data-count="0"]').waitFor();
    await page.getByTestId('history-reset').click();
    await expect.poll(() => entries(page).count()).toBe(30);
    await page.getByTestId('history-kind').selectOption('landmark');
    await expect.poll(() => entries(page).count()).toBe(1);
    await page.getByTestId('history-day').fill('2026-01-02');
    await page.locator('[data-testid=history-found][data-count="0"]').waitFor();
    await page.getByTestId('history-day').fill('2026-01-01');
    await page.locator('[data-testid=history-found][data-count="1"]').waitFor();

    await page.getByTestId('language-switch').click();
    await expect.poll(() => entries(page).first().textContent()).toContain('消失的塔');
    await entries(page).first().locator('summary').click();
    const opened = page.getByTestId('history-open');
    await expect.poll(() => opened.textContent()).toContain('deleted since');
    await expect.poll(() => opened.textContent()).toContain('Gone Tower');
    await page.getByTestId('nav-collections').click();
    await page.locator('[data-testid=storage-part][data-part=history]').waitFor();
    expect(problems).toEqual([]);
  });

  test('is the same in two tabs', async () => {
    const { page } = await openReady(context, `${DRAWN_SITE}/`);
    const { page: second, problems } = await openReady(context, `${DRAWN_SITE}/`);
    await openHistory(second, 0);
    await recognise(page, [await scene(2)]);
    await expect.poll(() => entries(second).count()).toBe(1);
    await entries(second).getByTestId('history-delete').click();
    await page.locator('[data-testid=history-tally][data-count="0"]').waitFor();
    await second.getByTestId('history-switch').click();
    await page.getByTestId('history-fold').click();
    await expect
      .poll(() => page.getByTestId('history-switch').getAttribute('aria-checked'))
      .toBe('false');
    expect(problems).toEqual([]);
  });

  test('lasts as long as the page where nothing can be stored, and says so', async () => {
    await context.addInitScript(() => {
      Object.defineProperty(globalThis, 'indexedDB', { value: undefined });
    });
    const { page } = await openReady(context, `${DRAWN_SITE}/`);
    await recognise(page, [await scene(0)]);
    await openHistory(page, 1);
    const note = page.locator('[data-testid=history-note][data-id=fleeting]');
    await expect.poll(() => note.count()).toBe(1);
    await reload(page);
    await openHistory(page, 0);
    await expect.poll(() => entries(page).count()).toBe(0);
  });
});

describe('a result', () => {
  test('is saved as JSON, as a picture, and with all others as a table and as lines', async () => {
    const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
    const turned = await fixture('orientation-6.jpg');
    const photos = [await scene(0), turned, await fixture('corrupt.png')];
    await recognise(page, photos);
    const card = page.getByTestId('photo-item').first();
    const more = card.getByTestId('save-result');

    await more.focus();
    await page.keyboard.press('Enter');
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await expect.poll(() => card.getByTestId('save-result-json').count()).toBe(0);
    await more.click();
    const [json, text] = await caught(page, () => card.getByTestId('save-result-json').click());
    expect(json.suggestedFilename()).toBe('scene-0-cairn.json');
    const result = JSON.parse(text.toString());
    expect(Object.keys(result)).toEqual([
      'photo',
      'kind',
      'label',
      'confidence',
      'candidates',
      'kindProbabilities',
      'timings',
      'backend',
    ]);
    expect(result).toMatchObject({ photo: 'scene-0.png', label: sceneLabel(0) });

    await more.click();
    const [named, picture] = await caught(page, () =>
      card.getByTestId('save-result-picture').click(),
    );
    expect(named.suggestedFilename()).toBe('scene-0-cairn.jpg');
    const original = await sharp(photos[0]!.buffer).metadata();
    const saved = await sharp(picture).metadata();
    expect(saved).toMatchObject({ format: 'jpeg', width: Math.max(480, original.width!) });
    expect(saved.height).toBeGreaterThan(original.height! + 40);
    expect(saved.height).toBeLessThanOrEqual(2048);

    // The photo is upright in it, and its metadata gone.
    const second = page.getByTestId('photo-item').nth(1);
    await second.getByTestId('save-result').click();
    const [, upright] = await caught(page, () => second.getByTestId('save-result-picture').click());
    const { exif, orientation } = await sharp(upright).metadata();
    expect([exif, orientation]).toEqual([undefined, undefined]);
    await expectShows(upright, (await fixture('orientation-1.jpg')).buffer);

    await page.getByTestId('save-all').click();
    const [table, csv] = await caught(page, () => page.getByTestId('save-all-csv').click());
    expect(table.suggestedFilename()).toBe('cairn-results.csv');
    const rows: Record<string, string>[] = parse(csv, { bom: true, columns: true });
    expect(rows.map(({ photo }) => photo)).toEqual(photos.map(({ name }) => name));
    expect(rows[0]).toMatchObject({ label: sceneLabel(0), error: '' });
    expect(rows[2]).toMatchObject({ kind: '', error: 'photo-corrupt' });
    await page.getByTestId('save-all').click();
    const [, lines] = await caught(page, () => page.getByTestId('save-all-jsonl').click());
    const read = lines
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(read[0]).toEqual(result);
    expect(read[2]).toMatchObject({ photo: 'corrupt.png', error: { code: 'photo-corrupt' } });
    expect(problems).toEqual([]);
  });

  test('is shared with its picture where the browser can, which is hidden where not', async () => {
    const plain = await openReady(context, `${DRAWN_SITE}/`);
    await context.addInitScript(() => {
      const given: unknown[] = [];
      Object.assign(globalThis, { given });
      Object.defineProperty(navigator, 'canShare', { value: () => true });
      Object.defineProperty(navigator, 'share', {
        value: async ({ text, files }: ShareData) => {
          given.push({ text, files: files?.map(({ name, type }) => `${name} ${type}`) });
        },
      });
    });
    await recognise(plain.page, [await scene(0)]);
    const can = await plain.page.evaluate(() => typeof navigator.share === 'function');
    await expect.poll(() => plain.page.getByTestId('share-result').count()).toBe(can ? 1 : 0);

    const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
    await recognise(page, [await scene(0)]);
    await page.getByTestId('share-result').click();
    const given = () =>
      page.evaluate(
        () => (globalThis as unknown as { given: { text: string; files: string[] }[] }).given,
      );
    await expect.poll(async () => (await given()).length).toBe(1);
    const [shared] = await given();
    expect(shared!.files).toEqual(['scene-0-cairn.jpg image/jpeg']);
    expect(shared!.text).toContain(knownName(0));
    expect(problems).toEqual([]);
  });
});

/** Whether a saved picture shows the photo, unturned: colours at some places of both. */
async function expectShows(picture: Buffer, photo: Buffer): Promise<void> {
  const { width, height } = await sharp(photo).metadata();
  const raw = async (source: Buffer) =>
    sharp(source).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const [drawn, wanted] = await Promise.all([raw(picture), raw(photo)]);
  const left = Math.round((drawn.info.width - width!) / 2);
  expect(left).toBeGreaterThanOrEqual(0);
  for (const [x, y] of [
    [0.1, 0.1],
    [0.9, 0.1],
    [0.5, 0.5],
    [0.1, 0.9],
    [0.9, 0.9],
  ] as const) {
    const [px, py] = [Math.floor(x * width!), Math.floor(y * height!)];
    for (let channel = 0; channel < 3; channel++) {
      const one = drawn.data[3 * (py * drawn.info.width + left + px) + channel]!;
      const two = wanted.data[3 * (py * wanted.info.width + px) + channel]!;
      expect(Math.abs(one - two)).toBeLessThan(48);
    }
  }
}
