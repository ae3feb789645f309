// Collections as a visitor keeps them: in and out, on and off, by file and by address, in two tabs.
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { violations } from './harness/accessibility.ts';
import { launch, openPage } from './harness/browser.ts';
import { DRAWN_SITE, scenePng } from './harness/drawn-site.ts';
import {
  card,
  DRAWN,
  deleteCard,
  importFile,
  installByAddress,
  job,
  keysIn,
  knownName,
  openCollections,
  reload,
  saidOf,
  siteFile,
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
import { openReady, READY_MS, recognise, upload } from './harness/visitor.ts';

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
  test('is searched with the others, goes out and in again, on and off, and leaves no trace when deleted', async () => {
    const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
    const [town] = TOWNS;
    expect(await saidOf(page, town!)).not.toContain(townName(town!));
    await openCollections(page);
    await card(page, DRAWN, 'open').waitFor();

    for (const broken of [towns.container.subarray(0, -512), Buffer.from('no collection')]) {
      await importFile(page, broken);
      expect(await job(page, 'failed')).toContain('nothing has changed');
      await page.getByTestId('job-dismiss').click();
      await expect.poll(() => page.getByTestId('collection').count()).toBe(1);
    }
    const files = await keysIn(page, 'files');
    for (const { sha256 } of towns.shards) expect(files).not.toContain(sha256);

    const graphs = async () =>
      (await keysIn(page, 'values')).filter((key) => key.startsWith('hnsw/'));
    await expect.poll(async () => (await graphs()).length).toBe(1);
    const before = await graphs();
    await importFile(page, towns.container);
    expect(await job(page, 'done')).toContain('towns was added');
    await expect.poll(async () => (await graphs()).length).toBe(1 + towns.shards.length);
    await expect.poll(() => page.getByTestId('live-region').textContent()).toContain('was added');
    await card(page, TOWNS_NAME, 'open').waitFor();
    await expect
      .poll(() => card(page, TOWNS_NAME).textContent())
      .toContain('3 landmarks from 12 photos');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page)).toEqual([]);
    }
    expect(await saidOf(page, town!)).toContain(townName(town!));

    await openCollections(page);
    const download = page.waitForEvent('download');
    await card(page, TOWNS_NAME).getByTestId('collection-export').click();
    const saved = await download;
    expect(saved.suggestedFilename()).toBe('towns.cairn');
    expect(readFileSync(await saved.path()).equals(towns.container)).toBe(true);

    // By keyboard.
    await card(page, TOWNS_NAME).getByTestId('collection-switch').focus();
    await page.keyboard.press('Space');
    await card(page, TOWNS_NAME, 'off').waitFor();
    expect(await saidOf(page, town!)).not.toContain(townName(town!));
    await reload(page);
    await openCollections(page);
    await card(page, TOWNS_NAME, 'off').waitFor();
    await card(page, TOWNS_NAME).getByTestId('collection-switch').click();
    await card(page, TOWNS_NAME, 'open').waitFor();
    expect(await saidOf(page, town!)).toContain(townName(town!));

    await openCollections(page);
    // Escape asks no further, and gives the focus back.
    await card(page, TOWNS_NAME).getByTestId('collection-delete').click();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
    expect(await focused()).toBe('collection-delete');
    await deleteCard(page, TOWNS_NAME);
    const left = await keysIn(page, 'files');
    for (const { sha256 } of towns.shards) expect(left).not.toContain(sha256);
    await expect.poll(graphs).toEqual(before);
    expect(await saidOf(page, town!)).not.toContain(townName(town!));
    expect(problems).toEqual([]);
  });

  test('is refused when another model made it, and when it is what a page taught', async () => {
    const { page } = await openReady(context, `${DRAWN_SITE}/`);
    await openCollections(page);
    // Dropped on the page.
    const { container } = await makeTowns('elsewhere', [30], 'another-model');
    const dropped = await page.evaluateHandle(
      (bytes) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(bytes)], 'elsewhere.cairn'));
        return transfer;
      },
      [...container],
    );
    await page.dispatchEvent('body', 'drop', { dataTransfer: dropped });
    expect(await job(page, 'failed')).toContain('another recognition model');
    await importFile(page, (await makeTowns('My landmarks', [30])).container);
    await expect.poll(() => job(page, 'failed')).toContain('under Teach');
    await expect.poll(() => page.getByTestId('collection').count()).toBe(1);
  });
});

describe('a collection from an address', () => {
  test('is asked about before anything is fetched, installed, and offered on by a link', async () => {
    const asked: string[] = [];
    await serveCollection(context, 'towns', towns, (file) => {
      asked.push(file);
      return false;
    });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const link = `${DRAWN_SITE}/#/collections?${new URLSearchParams({ add: townsUrl() })}`;
    const { page, problems } = await openReady(context, link);
    const question = page.getByTestId('collection-question');
    await expect.poll(() => question.getAttribute('data-state')).toBe('link');
    await expect.poll(() => question.textContent()).toContain(townsUrl());
    expect(await violations(page)).toEqual([]);
    expect(asked).toEqual([]);
    await page.getByTestId('question-accept').click();
    await page.locator('[data-testid=collection-question][data-state=offer]').waitFor();
    await expect.poll(() => question.textContent()).toContain('3 landmarks from 12 photos');
    expect(await violations(page)).toEqual([]);
    expect(asked).toEqual(['collection.json']);
    await page.getByTestId('question-accept').click();
    expect(await job(page, 'done')).toContain('towns was added');
    await card(page, TOWNS_NAME, 'open').waitFor();
    await card(page, TOWNS_NAME).getByRole('button', { name: 'Copy link' }).click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(new URL(copied).hash).toBe(new URL(link, siteFile('')).hash);
    // It does not ask again.
    expect(new URL(page.url()).hash).toBe('#/collections');
    expect(await saidOf(page, TOWNS[0]!)).toContain(townName(TOWNS[0]!));
    expect(problems).toEqual([]);
  });

  test('is refused with the remedy where the page may not ask', async () => {
    const { page } = await openReady(
      context,
      `${DRAWN_SITE}/#/collections?add=https://a.example/x/`,
    );
    await expect
      .poll(() => page.getByTestId('link-refused').textContent())
      .toContain('CAIRN_CONNECT="https://a.example"');
    await page.getByTestId('collection-address').fill('b.example/towns');
    await page.getByTestId('collection-look').click();
    const hint = page.getByTestId('collection-address-hint');
    await expect
      .poll(() => hint.textContent())
      .toContain('not allowed to contact https://b.example');
    await expect.poll(() => page.getByTestId('collection-question').count()).toBe(0);
  });

  test('goes on after a reload where its download was cut, and can be discarded', async () => {
    let hold = true;
    const asked: string[] = [];
    await serveCollection(context, 'towns', towns, (file) => {
      asked.push(file);
      return hold && file === towns.shards[1]!.file;
    });
    const { page } = await openReady(context, `${DRAWN_SITE}/`);
    await openCollections(page);
    await installByAddress(page, townsUrl());
    await page.getByTestId('question-accept').click();
    await job(page, 'running');
    await expect.poll(() => asked).toContain(towns.shards[1]!.file);
    await expect.poll(() => card(page, TOWNS_NAME).count()).toBe(0);
    hold = false;
    asked.length = 0;
    await reload(page);
    expect(await job(page, 'done')).toContain('towns was added');
    expect(asked).not.toContain(towns.shards[0]!.file);
    await card(page, TOWNS_NAME, 'open').waitFor();
    await expect.poll(() => page.getByTestId('unfinished').count()).toBe(0);
    // The same, given up.
    await deleteCard(page, TOWNS_NAME);
    hold = true;
    await installByAddress(page, townsUrl());
    await page.getByTestId('question-accept').click();
    await job(page, 'running');
    asked.length = 0;
    await expect.poll(() => asked).toContain(towns.shards[1]!.file);
    await page.getByTestId('job-stop').click();
    expect(await job(page, 'failed')).toContain('gone on with');
    await expect
      .poll(() => page.getByTestId('unfinished').textContent())
      .toMatch(/towns: \d+ \/ \d+ kB/);
    expect(await violations(page)).toEqual([]);
    await page.getByTestId('unfinished-discard').click();
    await page.getByTestId('unfinished').waitFor({ state: 'detached' });
    const files = await keysIn(page, 'files');
    for (const { sha256 } of towns.shards) expect(files).not.toContain(sha256);
  });
});

describe('the default collection', () => {
  test('can be taken away, stays away, and is fetched again', async () => {
    const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
    await openCollections(page);
    await deleteCard(page, DRAWN);
    await reload(page);
    await expect.poll(() => page.getByTestId('collection').count()).toBe(0);
    expect(await saidOf(page, 0)).not.toContain(knownName(0));
    await openCollections(page);
    expect(await violations(page)).toEqual([]);
    await page.getByTestId('default-fetch').click();
    await card(page, DRAWN, 'open').waitFor({ timeout: READY_MS });
    expect(await saidOf(page, 0)).toContain(knownName(0));
    expect(problems).toEqual([]);
  });
});

describe('two tabs', () => {
  test('follow each other between recognitions, without an error in either', async () => {
    const first = await openReady(context, `${DRAWN_SITE}/`);
    const second = await openReady(context, `${DRAWN_SITE}/`);
    await openCollections(first.page);
    await importFile(first.page, towns.container);
    await job(first.page, 'done');
    await openCollections(second.page);
    await card(second.page, TOWNS_NAME, 'open').waitFor({ timeout: READY_MS });
    expect(await saidOf(second.page, TOWNS[0]!)).toContain(townName(TOWNS[0]!));
    // Deleted while the other one is at work.
    const photos = await Promise.all(
      [...TOWNS, ...TOWNS].map(async (town, i) => upload(`busy-${i}.png`, await scenePng(town, 5))),
    );
    await second.page.getByTestId('clear-all').click();
    const working = recognise(second.page, photos);
    await deleteCard(first.page, TOWNS_NAME);
    for (const { state } of await working) expect(state).toBe('done');
    await openCollections(second.page);
    await card(second.page, TOWNS_NAME).waitFor({ state: 'detached', timeout: READY_MS });
    expect(await saidOf(second.page, TOWNS[0]!)).not.toContain(townName(TOWNS[0]!));
    expect([...first.problems, ...second.problems]).toEqual([]);
    // A page that is opened now finds what is stored.
    const third = await openPage(context, `${DRAWN_SITE}/#/collections`);
    await card(third.page, DRAWN, 'open').waitFor({ timeout: READY_MS });
    await expect.poll(() => third.page.getByTestId('collection').count()).toBe(1);
  });
});
