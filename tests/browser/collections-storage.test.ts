// What becomes of collections when the browser's storage loses, damages or refuses something.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { violations } from './harness/accessibility.ts';
import { launch } from './harness/browser.ts';
import { DRAWN_SITE, scenePng } from './harness/drawn-site.ts';
import {
  card,
  DRAWN,
  deleteCard,
  harm,
  importFile,
  installByAddress,
  job,
  keysIn,
  knownName,
  openCollections,
  reload,
  saidOf,
  townName,
  townsUrl,
} from './harness/keeper-visitor.ts';
import {
  makeTowns,
  serveCollection,
  type TestCollection,
  TOWNS,
  TOWNS_NAME,
} from './harness/towns.ts';
import { openReady, READY_MS, upload } from './harness/visitor.ts';

let browser: Browser;
let context: BrowserContext;
let towns: TestCollection;
beforeAll(async () => {
  browser = await launch();
  towns = await makeTowns();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  context = await browser.newContext({ locale: 'en-GB' });
});
afterEach(() => context.close());

describe('a collection from a file', () => {
  test('tells what is lost of it, leaves the rest at work, and is mended by its file', async () => {
    const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
    await openCollections(page);
    await importFile(page, towns.container);
    await job(page, 'done');
    expect(await harm(page, towns.shards[1]!.sha256, 'lose')).toBe(true);
    expect(await harm(page, towns.shards[2]!.sha256, 'damage')).toBe(true);
    await reload(page);
    await openCollections(page);
    const damage = card(page, TOWNS_NAME, 'failed').getByTestId('collection-damage');
    await expect.poll(() => damage.textContent()).toContain('Town 31');
    const said = (await damage.textContent()) ?? '';
    for (const text of [
      towns.shards[1]!.file,
      towns.shards[2]!.file,
      'Town 32',
      'Import its file',
    ]) {
      expect(said).toContain(text);
    }
    expect(said).not.toContain(towns.shards[0]!.file);
    expect(said).not.toContain('Town 30');
    await expect
      .poll(() => page.locator('[data-testid=notice][data-id=collection-unavailable]').count())
      .toBe(1);
    expect(await violations(page)).toEqual([]);
    expect(await saidOf(page, 0)).toContain(knownName(0));
    await openCollections(page);
    await importFile(page, towns.container);
    expect(await job(page, 'done')).toContain('was here already');
    await card(page, TOWNS_NAME, 'open').waitFor();
    await page
      .locator('[data-testid=notice][data-id=collection-unavailable]')
      .waitFor({ state: 'detached' });
    expect(await saidOf(page, TOWNS[1]!)).toContain(townName(TOWNS[1]!));
    expect(problems).toEqual([]);
  });
});

describe('a collection from an address', () => {
  test('is fetched again where storage has lost or damaged it, models likewise', async () => {
    const asked: string[] = [];
    await serveCollection(context, 'towns', towns);
    const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
    await openCollections(page);
    await installByAddress(page, './collections/towns/');
    await page.getByTestId('question-accept').click();
    await job(page, 'done');
    expect(await harm(page, towns.shards[0]!.sha256, 'lose')).toBe(true);
    expect(await harm(page, towns.shards[1]!.sha256, 'damage')).toBe(true);
    const registry = await page.evaluate(async () => (await fetch('models/registry.json')).json());
    const { encoders, ensembles, defaultEncoder } = registry;
    const member = ensembles?.find((one: { id: string }) => one.id === defaultEncoder)?.members[0];
    const id = member?.encoder ?? defaultEncoder;
    const { weights } = encoders.find((one: { id: string }) => one.id === id);
    expect(await harm(page, weights.sha256, 'damage')).toBe(true);
    page.on('request', (request) => asked.push(request.url().split('/').at(-1)!));
    await reload(page);
    await openCollections(page);
    await card(page, TOWNS_NAME, 'open').waitFor({ timeout: READY_MS });
    const binary = asked.filter((file) => /\.(bin|safetensors)$/.test(file));
    expect(new Set(binary)).toEqual(
      new Set([towns.shards[0]!.file, towns.shards[1]!.file, weights.file]),
    );
    for (const town of TOWNS) expect(await saidOf(page, town)).toContain(townName(town));
    expect(problems).toEqual([]);
  });
});

describe('what was taught', () => {
  test('is listed, and its damage costs nothing else', async () => {
    const { page, problems } = await openReady(context, `${DRAWN_SITE}/#/teach`);
    await page.getByTestId('teach-name').fill('Gate of Winds');
    const views = [1, 2].map(async (n) => upload(`view-${n}.png`, await scenePng(23, n)));
    await page.getByTestId('teach-files').setInputFiles(await Promise.all(views));
    await page.getByTestId('teach-start').click();
    await page.locator('[data-testid=lesson][data-state=over]').waitFor({ timeout: READY_MS });
    await openCollections(page);
    const taught = card(page, 'My landmarks', 'open');
    await expect.poll(() => taught.textContent()).toContain('1 landmark from 2 photos');
    await expect.poll(() => taught.getByTestId('collection-delete').count()).toBe(0);
    const used = () => page.locator('[data-testid=storage-part][data-part=taught]').count();
    await expect.poll(used).toBe(1);

    const files = await keysIn(page, 'files');
    const registry = await page.evaluate(async () => (await fetch('models/registry.json')).text());
    const site = await page.evaluate(async () =>
      (await fetch('collections/default/collection.json')).text(),
    );
    const own = files.filter((sha256) => !registry.includes(sha256) && !site.includes(sha256));
    expect(own).toHaveLength(1);
    expect(await harm(page, own[0]!, 'damage')).toBe(true);
    await reload(page);
    const damage = card(page, 'My landmarks', 'failed').getByTestId('collection-damage');
    await expect.poll(() => damage.textContent()).toContain('Gate of Winds');
    expect(await violations(page)).toEqual([]);
    expect(await saidOf(page, 0)).toContain(knownName(0));
    await openCollections(page);
    await deleteCard(page, 'My landmarks');
    expect(problems).toEqual([]);
  });
});

describe('without room', () => {
  /** What the page may store, its models and all. */
  const QUOTA = 60_000_000;

  /** Until the service worker keeps the page's own files: it would give room back, or take it, in the middle. */
  async function shellKept(page: Page): Promise<void> {
    await page.waitForFunction(
      async () => {
        for (const name of await caches.keys()) {
          const kept = await (await caches.open(name)).keys();
          if (kept.some(({ url }) => url.endsWith('.cairn/complete'))) return true;
        }
        return false;
      },
      null,
      { timeout: READY_MS },
    );
  }

  /** Puts values until no more goes in, or removes them. */
  function fill(page: Page, full: boolean): Promise<void> {
    return page.evaluate(async (put) => {
      const db = await new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open('cairn');
        request.onsuccess = () => resolve(request.result);
      });
      const write = (work: (values: IDBObjectStore) => void) =>
        new Promise<boolean>((resolve) => {
          const tx = db.transaction('values', 'readwrite');
          tx.oncomplete = () => resolve(true);
          tx.onabort = () => resolve(false);
          work(tx.objectStore('values'));
        });
      if (!put) await write((values) => values.delete(IDBKeyRange.bound('filler/', 'filler0')));
      for (let size = 2 ** 22; put && size >= 2 ** 10; size /= 4) {
        const bytes = crypto.getRandomValues(new Uint8Array(Math.min(size, 65_536)));
        const value = Array.from({ length: Math.max(1, size / 65_536) }, () => bytes.slice());
        while (await write((values) => values.put(value, `filler/${crypto.randomUUID()}`)));
      }
      db.close();
    }, full);
  }

  test('an import and a lesson say so, and nothing that was there is lost', async () => {
    // Before the page: it asks for the quota once, and reckons on with it for a while.
    const blank = await context.newPage();
    const protocol = await context.newCDPSession(blank);
    const { origin } = new URL(inject('siteUrl'));
    await protocol.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: QUOTA });
    const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
    await shellKept(page);
    await openCollections(page);
    await importFile(page, towns.container);
    await job(page, 'done');
    await fill(page, true);
    const more = await makeTowns('more towns', [33, 34]);
    await importFile(page, more.container);
    const said = await job(page, 'failed');
    expect(said).toContain('no room left');
    expect(said).toContain('nothing has changed');
    const room = page.getByTestId('make-room');
    await expect.poll(() => room.textContent()).toContain(DRAWN);
    expect(await violations(page)).toEqual([]);
    const files = await keysIn(page, 'files');
    for (const { sha256 } of more.shards) expect(files).not.toContain(sha256);

    await page.getByTestId('nav-teach').click();
    await page.getByTestId('teach-name').fill('Gate of Winds');
    const views = [1, 2].map(async (n) => upload(`view-${n}.png`, await scenePng(23, n)));
    await page.getByTestId('teach-files').setInputFiles(await Promise.all(views));
    await page.getByTestId('teach-start').click();
    await page.locator('[data-testid=lesson][data-state=over]').waitFor({ timeout: READY_MS });
    await expect.poll(() => page.getByTestId('lesson').textContent()).toContain('no room left');
    await expect.poll(() => page.getByTestId('taught-landmark').count()).toBe(0);
    expect(await saidOf(page, 0)).toContain(knownName(0));

    await reload(page);
    expect(await saidOf(page, TOWNS[0]!)).toContain(townName(TOWNS[0]!));
    // Deleting needs no room, and makes some.
    await openCollections(page);
    await deleteCard(page, TOWNS_NAME);
    await fill(page, false);
    await importFile(page, more.container);
    expect(await job(page, 'done')).toContain('more towns was added');
    expect(problems).toEqual([]);
  });

  test('a matcher that finds none costs photos their proof, and nothing else', async () => {
    const WEIGHTS = '**/models/loftr-lite0.safetensors';
    await context.route(WEIGHTS, (route) => route.abort());
    const blank = await context.newPage();
    const protocol = await context.newCDPSession(blank);
    const { origin } = new URL(inject('siteUrl'));
    await protocol.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: QUOTA });
    const { page } = await openReady(context, `${DRAWN_SITE}/`);
    await shellKept(page);
    await fill(page, true);
    await context.unroute(WEIGHTS);
    await reload(page);
    expect(await saidOf(page, 0)).toContain(knownName(0));
    await page.locator('[data-testid=notice][data-id=matcher-unavailable]').waitFor();
  });

  test('what is needed and what is left are told before anything is stored', async () => {
    const asked: string[] = [];
    await serveCollection(context, 'towns', towns, (file) => {
      asked.push(file);
      return false;
    });
    const { page } = await openReady(context, `${DRAWN_SITE}/`);
    await page.evaluate(() => {
      navigator.storage.estimate = async () => ({ usage: 50_000_000, quota: 50_001_000 });
    });
    await openCollections(page);
    await importFile(page, towns.container);
    expect(await job(page, 'failed')).toMatch(/It needs \d+ kB, and 1 kB are left/);
    await expect.poll(() => page.getByTestId('make-room').textContent()).toContain(DRAWN);
    await installByAddress(page, townsUrl());
    const question = page.getByTestId('collection-question');
    await expect.poll(() => question.textContent()).toContain('There is not enough room');
    await expect.poll(() => page.getByTestId('question-accept').isDisabled()).toBe(true);
    expect(await violations(page)).toEqual([]);
    await page.getByTestId('question-cancel').click();
    expect(asked).toEqual(['collection.json']);
  });
});
