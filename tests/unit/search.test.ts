// The index service: one answer from many shards, whichever engine gives it, and its life.
import { afterEach, describe, expect, it } from 'vitest';
import { IndexService } from '../../src/retrieval/index-service.ts';
import { allVectors } from '../../src/retrieval/loaded.ts';
import { MemoryStore } from '../../src/retrieval/memory-store.ts';
import { HNSW } from '../../src/retrieval/presets.ts';
import type { SearchEngine } from '../../src/retrieval/search.ts';
import { filesOf, HEX, headOf, loadFiles, randomUnits, rowsOf } from './retrieval-fixtures.ts';

const DIM = 20;
const ROWS = 700;
const rows = rowsOf(ROWS, 5, DIM, 1);
const loaded = await loadFiles(await filesOf(headOf(5, DIM), rows, { maxShardBytes: 12_000 }));
const vectors = allVectors(loaded);
const hnsw = { ...HNSW, efConstruction: 60, efSearch: 100 };
const source = { kind: 'loaded', loaded } as const;

const services: IndexService[] = [];
function service(options: ConstructorParameters<typeof IndexService>[0] = {}): IndexService {
  const made = new IndexService({ store: new MemoryStore(), hnsw, graphs: 'lazy', ...options });
  services.push(made);
  return made;
}
afterEach(() => {
  for (const made of services.splice(0)) made.close();
});

/** Sorted by float64 similarity, ties by row. */
function naive(query: Float32Array, k: number): number[] {
  return Array.from({ length: ROWS }, (_, row) => ({
    row,
    similarity: query.reduce((sum, x, i) => sum + x * vectors[row * DIM + i]!, 0),
  }))
    .sort((a, b) => b.similarity - a.similarity || a.row - b.row)
    .slice(0, k)
    .map((hit) => hit.row);
}

describe('search', () => {
  it.each(['exact', 'hnsw'] as SearchEngine[])('by %s merges all shards', async (engine) => {
    const index = service();
    await index.open(source);
    expect([index.dim, index.rows, index.status().shards]).toEqual([
      DIM,
      ROWS,
      loaded.shards.length,
    ]);
    let agree = 0;
    for (let i = 0; i < 30; i++) {
      const query = randomUnits(1, DIM, 50 + i);
      const result = await index.search(query, { k: 12, vectors: 3, engine });
      expect(result.engine).toBe(engine);
      expect(result.neighbours.length).toBe(12);
      const wanted = new Set(naive(query, 12));
      agree += result.neighbours.filter(({ row }) => wanted.has(row)).length;
      for (const { row, label, bankSimilarity } of result.neighbours) {
        expect(label).toBe(rows[row]!.label);
        expect(bankSimilarity).toBe(rows[row]!.bankSimilarity);
      }
      expect(result.vectors.length).toBe(3 * DIM);
      for (let n = 0; n < 3; n++) {
        const { row, similarity } = result.neighbours[n]!;
        const vector = result.vectors.subarray(n * DIM, (n + 1) * DIM);
        expect(vector).toEqual(vectors.subarray(row * DIM, (row + 1) * DIM));
        expect(similarity).toBeCloseTo(
          vector.reduce((s, x, j) => s + x * query[j]!, 0),
          4,
        );
      }
    }
    expect(agree / 360).toBeGreaterThan(engine === 'exact' ? 0.995 : 0.95);
  });

  it('gives every row when k is larger than the collection', async () => {
    const index = service();
    await index.open(source);
    for (const engine of ['exact', 'hnsw'] as const) {
      const { neighbours, vectors: given } = await index.search(randomUnits(1, DIM, 1), {
        k: 5000,
        vectors: 9000,
        engine,
      });
      expect(new Set(neighbours.map(({ row }) => row)).size).toBe(ROWS);
      expect(given.length).toBe(ROWS * DIM);
    }
  });

  it('settles ties by row, across shards and engines', async () => {
    const same = rowsOf(400, 5, DIM, 1).map((row) => ({ ...row, embedding: rows[0]!.embedding }));
    const twins = await loadFiles(await filesOf(headOf(5, DIM), same, { maxShardBytes: 5000 }));
    const index = service();
    await index.open({ kind: 'loaded', loaded: twins });
    const { neighbours } = await index.search(rows[0]!.embedding, { k: 250, engine: 'exact' });
    expect(neighbours.map(({ row }) => row)).toEqual([...Array(250).keys()]);
  });

  it('answers exactly while graphs are built, then by the engine that suits the size', async () => {
    const index = service({ graphs: 'eager', crossoverRows: 1 });
    await index.open(source);
    const query = randomUnits(1, DIM, 9);
    expect(index.status()).toMatchObject({ engine: 'exact', hnswShards: 0, name: 'test' });
    expect((await index.search(query, { k: 5 })).engine).toBe('exact');
    const seen: number[] = [];
    const status = await index.ready({ onProgress: ({ done }) => seen.push(done) });
    expect(status).toMatchObject({
      engine: 'hnsw',
      hnswShards: loaded.shards.length,
      hnswError: null,
    });
    expect(seen.at(-1)).toBe(ROWS);
    expect((await index.search(query, { k: 5 })).engine).toBe('hnsw');
    expect((await index.search(query, { k: 5, engine: 'exact' })).engine).toBe('exact');
  });

  it('stays exact below the crossover, graphs or not', async () => {
    const index = service({ crossoverRows: ROWS + 1 });
    await index.open(source);
    await index.ready();
    expect((await index.search(randomUnits(1, DIM, 9), { k: 5 })).engine).toBe('exact');
  });

  it.each([
    ['length', new Float32Array(DIM + 1), { k: 1 }],
    ['number', new Float32Array(DIM).fill(Number.NaN), { k: 1 }],
    ['k', new Float32Array(DIM), { k: 0 }],
    ['k', new Float32Array(DIM), { k: 1.5 }],
  ])('refuses a query with a wrong %s', async (_, query, options) => {
    const index = service();
    await index.open(source);
    await expect(index.search(query, options)).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('open', () => {
  it('refuses a collection of another encoder and keeps the one that was open', async () => {
    const index = service();
    const encoder = { id: 'encoder-a', weightsSha256: HEX('a'), dim: DIM };
    await index.open(source, { encoder });
    const wrong = index.open(source, { encoder: { ...encoder, weightsSha256: HEX('f') } });
    await expect(wrong).rejects.toMatchObject({ code: 'collection-mismatch' });
    expect(index.rows).toBe(ROWS);
  });

  it('takes graphs from the store instead of building them again', async () => {
    const store = new MemoryStore();
    const first = service({ store });
    await first.open(source);
    await first.ready();
    const query = randomUnits(1, DIM, 4);
    const wanted = await first.search(query, { k: 20, engine: 'hnsw' });
    expect((await store.listValues('hnsw/')).length).toBe(loaded.shards.length);

    const second = service({ store });
    await second.open(source);
    const steps: number[] = [];
    await second.ready({ onProgress: ({ done }) => steps.push(done) });
    // One step a shard: none was built.
    expect(steps.length).toBe(loaded.shards.length);
    expect(await second.search(query, { k: 20, engine: 'hnsw' })).toEqual(wanted);
  });

  it('that is overtaken by another gives way', async () => {
    const index = service();
    const [first, second] = await Promise.allSettled([index.open(source), index.open(source)]);
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'aborted' } });
    expect(second.status).toBe('fulfilled');
    expect(index.rows).toBe(ROWS);
  });

  it('can be stopped, and so can waiting for graphs', async () => {
    const index = service();
    const stopped = { signal: AbortSignal.abort() };
    await expect(index.open(source, stopped)).rejects.toMatchObject({ code: 'aborted' });
    await index.open(source);
    const controller = new AbortController();
    const waiting = index.ready({ signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    expect((await index.ready()).hnswShards).toBe(loaded.shards.length);
  });

  it('closed while graphs are built, stops and answers no more', async () => {
    const index = service({ graphs: 'eager' });
    await index.open(source);
    const waiting = index.ready();
    index.close();
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    await expect(index.search(randomUnits(1, DIM, 1), { k: 1 })).rejects.toMatchObject({
      code: 'collection-missing',
    });
    expect(index.status()).toMatchObject({ name: null, rows: 0, shards: 0 });
  });
});
