// The index in its worker: download, HNSW live beside exact search, and recovery from a killed worker.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomUnits } from '../unit/retrieval-fixtures.ts';
import { launch, openLab } from './harness/browser.ts';
import { SMALL } from './harness/small-collection.ts';

const FOLDER = 'test-collections/small';
const K = 10;
const QUERIES = Array.from({ length: 20 }, (_, i) => [...randomUnits(1, SMALL.dim, 100 + i)]);

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launch();
  ({ page } = await openLab(browser));
});
afterAll(() => browser?.close());

test('every shard gets a graph, and HNSW finds what exact search finds', async () => {
  const { status, answers } = await page.evaluate(
    async ([folder, queries, k]) => {
      const index = lab.index(folder);
      const status = await index.bridge.api.ready();
      const answers = [];
      for (const query of queries) {
        const exact = await index.search(query, k, 'exact');
        answers.push({ exact, hnsw: await index.search(query, k, 'hnsw') });
      }
      index.bridge.release();
      return { status, answers };
    },
    [FOLDER, QUERIES, K] as const,
  );
  expect(status).toMatchObject({ rows: SMALL.rows, hnswError: null, persistent: true });
  expect(status.shards).toBeGreaterThan(1);
  expect(status.hnswShards).toBe(status.shards);
  let found = 0;
  for (const { exact, hnsw } of answers) {
    expect(exact.engine).toBe('exact');
    expect(hnsw.engine).toBe('hnsw');
    expect(hnsw.rows).toHaveLength(K);
    expect(hnsw.rows[0]).toBe(exact.rows[0]);
    found += hnsw.rows.filter((row) => exact.rows.includes(row)).length;
    for (const [i, row] of hnsw.rows.entries()) {
      const at = exact.rows.indexOf(row);
      if (at >= 0) expect(hnsw.similarities[i]).toBeCloseTo(exact.similarities[at]!, 4);
    }
  }
  expect(found / (QUERIES.length * K)).toBeGreaterThanOrEqual(0.98);
});

test('a killed worker rejects the search at once; the next search opens the collection again', async () => {
  const { before, crashed, after, crashes } = await page.evaluate(
    async ([folder, query, k]) => {
      const index = lab.index(folder);
      await index.bridge.api.ready();
      const before = await index.search(query, k);
      const start = performance.now();
      const search = index.search(query, k).catch(lab.toPlainError);
      // After the call has left, before it can be answered.
      await Promise.resolve().then(() => {});
      index.kill();
      const error = await search;
      const crashed = { error, ms: performance.now() - start };
      const after = await index.search(query, k);
      index.bridge.release();
      return { before, crashed, after, crashes: index.crashes.length };
    },
    [FOLDER, QUERIES[0]!, K] as const,
  );
  expect(crashed.error).toMatchObject({ code: 'worker-crashed' });
  expect(crashed.ms).toBeLessThan(1000);
  expect(crashes).toBe(1);
  expect(after).toEqual(before);
});

test('an index of the second visit comes from the store, without the network', async () => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  const rows = await page.evaluate(async (folder) => {
    const index = lab.index(folder);
    const { rows } = await index.bridge.api.ready();
    index.bridge.release();
    return rows;
  }, FOLDER);
  expect(rows).toBe(SMALL.rows);
  expect(asked.filter((url) => url.includes(FOLDER) && !url.endsWith('.json'))).toEqual([]);
});
