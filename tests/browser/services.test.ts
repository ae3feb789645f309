// A collection that is searched elsewhere: asked for its description, agreed to, searched beside the others, left out
// when it fails, and never asked again once it is taken away. The service is `cairn serve`'s own, behind the site.
import { type Browser, type BrowserContext, type Page, request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { loadFiles } from '../../src/cli/build-collection.ts';
import { openModel } from '../../src/cli/models.ts';
import { type Service, startService } from '../../src/cli/serve/service.ts';
import { collectionRows } from '../../src/retrieval/collection.ts';
import { describeCollection } from '../../src/retrieval/description.ts';
import { IndexService } from '../../src/retrieval/index-service.ts';
import { MemoryStore } from '../../src/retrieval/memory-store.ts';
import { type CollectionRow, writeCollection } from '../../src/retrieval/writer.ts';
import { violations } from './harness/accessibility.ts';
import { launch } from './harness/browser.ts';
import { DRAWN_SITE, scenePng } from './harness/drawn-site.ts';
import { openReady, recognise, upload } from './harness/visitor.ts';

/** A scene that the site's collection lacks. */
const SCENE = 23;
const TITLE = 'Gate of Winds';

let browser: Browser;
let context: BrowserContext;
let service: Service;
let index: IndexService;
beforeAll(async () => {
  browser = await launch();
  const { encoder, info, reranker } = await openModel();
  const rows: CollectionRow[] = [];
  for (const view of [0, 1, 2, 3]) {
    const { embedding } = await encoder.encode(await scenePng(SCENE, view));
    rows.push({ embedding, label: 0, bankSimilarity: reranker.bank.similarity(embedding, 5) });
  }
  const { id, weightsSha256, dim } = info;
  const files = writeCollection(
    {
      name: 'elsewhere',
      encoder: { id, weightsSha256 },
      bank: { sha256: reranker.bankSha256 },
      dimension: dim,
      licence: 'CC0-1.0',
      attribution: '',
      labels: [
        {
          label: 'gate_of_winds',
          title: { en: TITLE, zh: '风之门' },
          country: 'FR',
          lat: 45,
          lon: 5,
          wikidata: null,
        },
      ],
    },
    rows,
  );
  index = new IndexService({ store: new MemoryStore(), graphs: 'lazy' });
  const collection = await index.open({ kind: 'loaded', loaded: await loadFiles(files) });
  const description = describeCollection(collection, collectionRows(collection));
  service = await startService({
    search: index,
    describe: async () => description,
    close: async () => index.close(),
  });
});
afterAll(async () => {
  await browser?.close();
  await service?.close();
  index?.close();
});

/** Paths that the service was asked, in order. */
let asked: string[] = [];
let fails = false;
beforeEach(async () => {
  asked = [];
  fails = false;
  context = await browser.newContext({ locale: 'en-GB' });
  const client = await request.newContext();
  await context.route('**/service/v1/**', async (route) => {
    const path = new URL(route.request().url()).pathname.replace(/.*\/service\//, '');
    asked.push(path);
    if (fails) return route.abort();
    const answer = await client.fetch(service.address + path, {
      method: route.request().method(),
      headers: { 'Content-Type': 'application/json' },
      data: route.request().postDataBuffer() ?? undefined,
    } as Parameters<typeof client.fetch>[1]);
    await route.fulfill({ response: answer });
  });
});
afterEach(() => context.close());

const address = () => new URL(`${DRAWN_SITE}/service/`, inject('siteUrl')).href;

async function look(page: Page, at: string): Promise<void> {
  await page.getByTestId('nav-collections').click();
  await page.getByTestId('service-address').fill(at);
  await page.getByTestId('service-look').click();
}

async function recogniseGate(page: Page, view: number) {
  await page.getByTestId('nav-recognize').click();
  const [item] = await recognise(page, [upload(`gate-${view}.png`, await scenePng(SCENE, view))]);
  await page.getByTestId('clear-all').click();
  return item!;
}

test('it is searched once it is agreed to, and gets nothing before or after', async () => {
  const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
  expect(await recogniseGate(page, 6)).not.toMatchObject({ label: 'gate_of_winds' });

  await look(page, address());
  const question = page.getByTestId('service-question');
  await question.waitFor();
  await expect.poll(() => question.textContent()).toMatch(/elsewhere with 1 landmark/);
  expect(await violations(page)).toEqual([]);
  // Its description and nothing else: a photo now is no affair of the service.
  expect(asked).toEqual(['v1/collection']);
  await page.keyboard.press('Escape');
  await question.waitFor({ state: 'detached' });
  await recogniseGate(page, 6);
  expect(asked).toEqual(['v1/collection']);

  await look(page, address());
  await page.getByTestId('service-agree').click();
  await page.locator('[data-testid=service][data-state=open]').waitFor();
  expect(await violations(page)).toEqual([]);
  // The page's promise is no longer that nothing leaves the device.
  await page.getByTestId('nav-recognize').click();
  await expect
    .poll(() => page.locator('.drop__lead').textContent())
    .toContain(new URL(address()).host);
  expect(await recogniseGate(page, 6)).toMatchObject({ kind: 'landmark', label: 'gate_of_winds' });
  expect(asked.filter((path) => path === 'v1/search').length).toBeGreaterThan(0);

  // What was agreed to lasts beyond the page.
  await page.reload();
  await page
    .locator('[data-testid=engine-status][data-state=ready]')
    .waitFor({ state: 'attached', timeout: 120_000 });
  await page.getByTestId('nav-collections').click();
  await page.locator('[data-testid=service][data-state=open]').waitFor();
  expect(await recogniseGate(page, 7)).toMatchObject({ label: 'gate_of_winds' });

  await page.getByTestId('nav-collections').click();
  await page.getByTestId('service-remove').click();
  await page.getByTestId('service').waitFor({ state: 'detached' });
  const before = asked.length;
  expect(await recogniseGate(page, 7)).not.toMatchObject({ label: 'gate_of_winds' });
  expect(asked).toHaveLength(before);
  expect(problems).toEqual([]);
});

test('one that fails is left out, and the page says so', async () => {
  const { page } = await openReady(context, `${DRAWN_SITE}/`);
  await look(page, address());
  await page.getByTestId('service-agree').click();
  await page.locator('[data-testid=service][data-state=open]').waitFor();
  fails = true;
  await page.getByTestId('nav-recognize').click();
  const [item] = await recognise(page, [upload('scene.png', await scenePng(3, 8))]);
  expect(item).toMatchObject({ kind: 'landmark', label: 'drawn_scene_3' });
  await page.locator('[data-testid=notice][data-id=service-unavailable]').waitFor();
});

test('another origin than the page may contact is refused before anything is sent', async () => {
  const { page } = await openReady(context, `${DRAWN_SITE}/`);
  await look(page, 'https://elsewhere.example/');
  await expect
    .poll(() => page.getByTestId('service-problem').textContent())
    .toMatch(/not allowed to contact https:\/\/elsewhere\.example/);
  await look(page, 'no address');
  await expect.poll(() => page.getByTestId('service-problem').textContent()).toMatch(/no address/);
  expect(asked).toEqual([]);
});
