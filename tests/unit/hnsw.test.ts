// HNSW graphs: found rows against exact search, kept without vectors, distrusted when they come back.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScorer } from '../../src/retrieval/exact/scorer.ts';
import { topK } from '../../src/retrieval/exact/top-k.ts';
import { graphGroups, groupSha256, rowsOfShards } from '../../src/retrieval/graph-rows.ts';
import { keepGraph, restoreGraph } from '../../src/retrieval/graph-store.ts';
import { GroupIndex } from '../../src/retrieval/group-index.ts';
import { graphKey, HnswIndex } from '../../src/retrieval/hnsw.ts';
import { expandGraph } from '../../src/retrieval/hnsw-graph.ts';
import { MemoryStore } from '../../src/retrieval/memory-store.ts';
import { HNSW } from '../../src/retrieval/presets.ts';
import { decodeShard, type Shard } from '../../src/retrieval/shard.ts';
import { ShardIndex } from '../../src/retrieval/shard-index.ts';
import { encodeShard } from '../../src/retrieval/writer.ts';
import { HEX, randomUnits, rowsOf } from './retrieval-fixtures.ts';

const DIM = 32;
const PARAMS = { ...HNSW, m: 8, efConstruction: 60, efSearch: 50 };
const shardOf = (rows: number, seed = 1): Shard =>
  decodeShard(encodeShard(rowsOf(rows, 3, DIM, seed), DIM), { dim: DIM, labels: 3 });
const shard = shardOf(600);
const over = rowsOfShards([shard]);
const graph = await HnswIndex.build(over, PARAMS);
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
    const one = await HnswIndex.build(rowsOfShards([shardOf(1)]), PARAMS);
    expect(one.search(randomUnits(1, DIM, 3), 10).map((hit) => hit.row)).toEqual([0]);
    one.close();
  });

  it('comes back from its links alone and answers the same', async () => {
    // 600 vectors alone are 76 800 bytes as float32; links and labels with them would exceed that.
    expect(saved.length).toBeLessThan(600 * 4 * (2 * PARAMS.m + 4));
    const back = await HnswIndex.restore(over, PARAMS, saved);
    for (let i = 0; i < 20; i++) {
      const query = randomUnits(1, DIM, i);
      expect(back.search(query, 12)).toEqual(graph.search(query, 12));
    }
    expect(back.save()).toEqual(saved);
    back.close();
  });

  it('is the same each time it is built', async () => {
    const again = await HnswIndex.build(over, PARAMS);
    expect(again.save()).toEqual(saved);
    again.close();
  });

  it('lets other work pass while it is built, and stops when told', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    let ticks = 0;
    const timer = setInterval(() => ticks++);
    const building = HnswIndex.build(rowsOfShards([shardOf(4000, 2)]), PARAMS, {
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
          const back = await HnswIndex.restore(over, PARAMS, bytes).catch((error) => {
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
      expect(() => expandGraph(saved.slice(0, length), over, PARAMS)).toThrow(/does not fit/);
    }
    expect(() => expandGraph(saved, rowsOfShards([shardOf(599)]), PARAMS)).toThrow(/does not fit/);
    expect(() => expandGraph(saved, over, { ...PARAMS, m: 9 })).toThrow(/does not fit/);
    expect(() => expandGraph(saved, over, { ...PARAMS, efConstruction: 61 })).toThrow(
      /does not fit/,
    );
  });

  it('is kept under its shard and parameters, and forgotten once damaged', async () => {
    const store = new MemoryStore();
    const key = graphKey(HEX('1'), PARAMS);
    expect(await restoreGraph(store, HEX('1'), over, PARAMS)).toBeNull();
    await keepGraph(store, HEX('1'), graph, PARAMS);
    const back = await restoreGraph(store, HEX('1'), over, PARAMS);
    expect(back?.save()).toEqual(saved);
    back?.close();
    expect(await restoreGraph(store, HEX('2'), over, PARAMS)).toBeNull();
    expect(graphKey(HEX('1'), { ...PARAMS, m: 9 })).not.toBe(key);

    const kept = (await store.getValue(key)) as { sha256: string; bytes: Uint8Array };
    kept.bytes[300]! ^= 1;
    await store.putValue(key, kept);
    expect(await restoreGraph(store, HEX('1'), over, PARAMS)).toBeNull();
    expect(await store.getValue(key)).toBeUndefined();
  });
});

describe('shards that share a graph', () => {
  const MIB = 2 ** 20;
  const entryOf = (rows: number, mib: number, digit: string) => ({
    file: `shard-${digit}.bin`,
    rows,
    bytes: mib * MIB,
    sha256: HEX(digit),
  });

  it('are full ones that follow each other, up to the bound; small ones are by themselves', () => {
    const full = ['1', '2', '3', '4', '5', '6'].map((digit) => entryOf(31_000, 16, digit));
    const [small, smaller] = [entryOf(4000, 2, '7'), entryOf(300, 1, '8')];
    const sizes = (dim: number) =>
      graphGroups([...full.slice(0, 5), small, full[5]!, smaller], dim).map(
        (group) => group.length,
      );
    // 31 000 rows of 512 numbers take 68 MB, of 1024 132 MB.
    expect(sizes(512)).toEqual([4, 1, 1, 1, 1]);
    expect(sizes(1024)).toEqual([2, 2, 1, 1, 1, 1]);
    expect(graphGroups([], 512)).toEqual([]);
    expect(groupSha256([full[0]!])).toBe(HEX('1'));
    expect(groupSha256(full.slice(0, 2))).not.toBe(groupSha256([full[1]!, full[0]!]));
  });

  it('are searched as one, also where rows may not be found', async () => {
    const shards = [shardOf(300, 4), shardOf(500, 5), shardOf(200, 6)];
    const starts = [70, 370, 870];
    const indexes = await Promise.all(
      shards.map((one, i) => ShardIndex.open(one, entryOf(one.rows, 1, `${i}`), starts[i]!)),
    );
    const group = new GroupIndex(indexes, PARAMS);
    await group.prepareGraph(new MemoryStore(), {});
    for (const allowed of [null, Uint8Array.of(1, 0, 1), Uint8Array.of(0, 0, 0)]) {
      let found = 0;
      let wanted = 0;
      for (let i = 0; i < 30; i++) {
        const query = randomUnits(1, DIM, 3000 + i);
        const exact = group.search(query, 10, 'exact', allowed);
        const rows = [...exact.hits].sort((a, b) => b.similarity - a.similarity).slice(0, 10);
        const { hits, by } = group.search(query, 10, 'hnsw', allowed);
        expect(by).toBe('hnsw');
        expect(hits.every(({ row }) => row >= 70 && row < 1070)).toBe(true);
        const ids = new Set(hits.map(({ row }) => row));
        found += rows.filter(({ row }) => ids.has(row)).length;
        wanted += rows.length;
      }
      expect(found).toBeGreaterThanOrEqual(0.95 * wanted);
      if (allowed?.every((one) => one === 0)) expect(wanted).toBe(0);
    }
    // Too few for a walk: all are looked at, and it says so.
    const rare = { ...shards[0]!, labels: new Uint32Array(300).fill(2, 0, 12) };
    const index = await ShardIndex.open(rare, entryOf(300, 1, '9'), 0);
    const alone = new GroupIndex([index], PARAMS);
    await alone.prepareGraph(new MemoryStore(), {});
    const few = alone.search(randomUnits(1, DIM, 1), 5, 'hnsw', Uint8Array.of(0, 0, 1));
    expect(few).toMatchObject({ by: 'exact' });
    expect(few.hits.every(({ row }) => row < 12)).toBe(true);
    group.close();
    alone.close();
  });
});
