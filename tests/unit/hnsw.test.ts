// HNSW graphs: found rows against exact search, kept without vectors, distrusted when they come back.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScorer } from '../../src/retrieval/exact/scorer.ts';
import { topK } from '../../src/retrieval/exact/top-k.ts';
import { keepGraph, restoreGraph } from '../../src/retrieval/graph-store.ts';
import { graphKey, HnswShard } from '../../src/retrieval/hnsw.ts';
import { expandGraph } from '../../src/retrieval/hnsw-graph.ts';
import { MemoryStore } from '../../src/retrieval/memory-store.ts';
import { HNSW } from '../../src/retrieval/presets.ts';
import { decodeShard, type Shard } from '../../src/retrieval/shard.ts';
import { encodeShard } from '../../src/retrieval/writer.ts';
import { HEX, randomUnits, rowsOf } from './retrieval-fixtures.ts';

const DIM = 32;
const PARAMS = { ...HNSW, m: 8, efConstruction: 60, efSearch: 50 };
const shardOf = (rows: number, seed = 1): Shard =>
  decodeShard(encodeShard(rowsOf(rows, 3, DIM, seed), DIM), { dim: DIM, labels: 3 });
const shard = shardOf(600);
const graph = await HnswShard.build(shard, PARAMS);
const saved = graph.save();

describe('an HNSW graph', () => {
  it('finds what exact search finds, with the same similarities', async () => {
    const exact = await createScorer(shard);
    let found = 0;
    for (let i = 0; i < 50; i++) {
      const query = randomUnits(1, DIM, 1000 + i);
      const wanted = new Map(topK(exact.score(query), 10).map((hit) => [hit.row, hit.similarity]));
      const hits = graph.search(query, 10);
      expect(hits.length).toBe(10);
      for (const { row, similarity } of hits) {
        if (!wanted.has(row)) continue;
        found++;
        expect(similarity).toBeCloseTo(wanted.get(row)!, 4);
      }
      const similarities = hits.map((hit) => hit.similarity);
      expect(similarities).toEqual([...similarities].sort((a, b) => b - a));
    }
    expect(found / 500).toBeGreaterThan(0.95);
  });

  it('answers any k, also above ef and above its count', () => {
    const query = randomUnits(1, DIM, 3);
    for (const k of [1, 49, 200, 600, 5000]) {
      const rows = graph.search(query, k).map((hit) => hit.row);
      expect(new Set(rows).size).toBe(rows.length);
      expect(rows.length).toBeLessThanOrEqual(Math.min(k, 600));
      expect(rows.length).toBeGreaterThan(Math.min(k, 600) * 0.95);
    }
  });

  it('of one row finds it', async () => {
    const one = await HnswShard.build(shardOf(1), PARAMS);
    expect(one.search(randomUnits(1, DIM, 3), 10).map((hit) => hit.row)).toEqual([0]);
    one.close();
  });

  it('comes back from its links alone and answers the same', async () => {
    // 600 vectors alone are 76 800 bytes as float32; links and labels with them would exceed that.
    expect(saved.length).toBeLessThan(600 * 4 * (2 * PARAMS.m + 4));
    const back = await HnswShard.restore(shard, PARAMS, saved);
    for (let i = 0; i < 20; i++) {
      const query = randomUnits(1, DIM, i);
      expect(back.search(query, 12)).toEqual(graph.search(query, 12));
    }
    expect(back.save()).toEqual(saved);
    back.close();
  });

  it('is the same each time it is built', async () => {
    const again = await HnswShard.build(shard, PARAMS);
    expect(again.save()).toEqual(saved);
    again.close();
  });

  it('lets other work pass while it is built, and stops when told', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    let ticks = 0;
    const timer = setInterval(() => ticks++);
    const building = HnswShard.build(shardOf(4000, 2), PARAMS, {
      signal: controller.signal,
      onProgress: ({ done, total, stage }) => {
        expect([total, stage]).toEqual([4000, 'build-index']);
        seen.push(done);
        if (seen.length === 4) controller.abort();
      },
    });
    await expect(building).rejects.toMatchObject({ code: 'aborted' });
    clearInterval(timer);
    expect(ticks).toBeGreaterThanOrEqual(3);
    expect(seen.at(-1)).toBeLessThan(4000);
  });
});

describe('a stored graph', () => {
  it('with any number changed is refused or harmless', async () => {
    const query = randomUnits(1, DIM, 3);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(saved.length / 4 - 1),
        fc.oneof(fc.nat(700), fc.nat(0xffffffff)),
        async (word, value) => {
          const bytes = saved.slice();
          new DataView(bytes.buffer).setUint32(word * 4, value, true);
          const back = await HnswShard.restore(shard, PARAMS, bytes).catch((error) => {
            expect(error).toMatchObject({ name: 'CairnError', code: 'internal' });
          });
          // A link may lead elsewhere, never outside.
          for (const { row } of back?.search(query, 10) ?? []) expect(row).toBeLessThan(600);
          back?.close();
        },
      ),
      { numRuns: 300 },
    );
  });

  it('cut short, of another shard or of other parameters is refused', () => {
    for (const length of [0, 10, 56, saved.length - 4, saved.length - 1]) {
      expect(() => expandGraph(saved.slice(0, length), shard, PARAMS)).toThrow(/does not fit/);
    }
    expect(() => expandGraph(saved, shardOf(599), PARAMS)).toThrow(/does not fit/);
    expect(() => expandGraph(saved, shard, { ...PARAMS, m: 9 })).toThrow(/does not fit/);
    expect(() => expandGraph(saved, shard, { ...PARAMS, efConstruction: 61 })).toThrow(
      /does not fit/,
    );
  });

  it('is kept under its shard and parameters, and forgotten once damaged', async () => {
    const store = new MemoryStore();
    const key = graphKey(HEX('1'), PARAMS);
    expect(await restoreGraph(store, HEX('1'), shard, PARAMS)).toBeNull();
    await keepGraph(store, HEX('1'), graph, PARAMS);
    const back = await restoreGraph(store, HEX('1'), shard, PARAMS);
    expect(back?.save()).toEqual(saved);
    back?.close();
    expect(await restoreGraph(store, HEX('2'), shard, PARAMS)).toBeNull();
    expect(graphKey(HEX('1'), { ...PARAMS, m: 9 })).not.toBe(key);

    const kept = (await store.getValue(key)) as { sha256: string; bytes: Uint8Array };
    kept.bytes[300]! ^= 1;
    await store.putValue(key, kept);
    expect(await restoreGraph(store, HEX('1'), shard, PARAMS)).toBeNull();
    expect(await store.getValue(key)).toBeUndefined();
  });
});
