// Exact search: the committed kernel is the source's, scores equal naive float64, ties are settled.

import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildKernel } from '../../scripts/build-wasm.ts';
import { createScorer } from '../../src/retrieval/exact/scorer.ts';
import { topK } from '../../src/retrieval/exact/top-k.ts';
import { decodeShard, rowVector, type ShardDtype } from '../../src/retrieval/shard.ts';
import { encodeShard } from '../../src/retrieval/writer.ts';
import { randomUnits } from './retrieval-fixtures.ts';

function shardOf(rows: number, dim: number, dtype: ShardDtype, seed: number) {
  const vectors = randomUnits(rows, dim, seed);
  const bytes = encodeShard(
    Array.from({ length: rows }, (_, i) => ({
      embedding: vectors.subarray(i * dim, (i + 1) * dim),
      label: 0,
      bankSimilarity: 0,
    })),
    dim,
    dtype,
  );
  return decodeShard(bytes, { dim, labels: 1 });
}

/** The definition: dot product of the dequantised row, in float64. */
function naive(shard: ReturnType<typeof shardOf>, query: Float32Array): number[] {
  const vector = new Float32Array(shard.dim);
  return Array.from({ length: shard.rows }, (_, row) => {
    rowVector(shard, row, vector);
    return vector.reduce((sum, x, i) => sum + x * query[i]!, 0);
  });
}

describe('kernel', () => {
  it('is the one that its source compiles to', async () => {
    const path = new URL('../../src/retrieval/exact/kernel.generated.ts', import.meta.url);
    expect(await readFile(path, 'utf8')).toBe(await buildKernel());
  });
});

describe('scores', () => {
  const cases = [
    ['int8', 'int8', 'wasm-simd'],
    ['int8', 'float32', 'wasm-simd'],
    ['fp16', 'float32', 'wasm-simd'],
    ['int8', 'int8', 'plain'],
    ['fp16', 'float32', 'plain'],
  ] as const;
  it.each(cases)('of %s rows held as %s by %s equal float64', async (dtype, format, kernel) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 23 }),
        fc.integer({ min: 1, max: 70 }),
        fc.nat(1e6),
        async (rows, dim, seed) => {
          const shard = shardOf(rows, dim, dtype, seed);
          const query = randomUnits(1, dim, seed + 1);
          const scorer = await createScorer(shard, { format, kernel });
          expect(scorer.kernel).toBe(kernel);
          const scores = scorer.score(query);
          const wanted = naive(shard, query);
          // int16 queries are good to 1/32767 of their peak a term; float32 sums to about 1e-6.
          for (const [row, score] of scores.entries()) expect(score).toBeCloseTo(wanted[row]!, 3.7);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('do not overflow where every code and every query value is at its peak', async () => {
    for (const dim of [512, 2048, 8192]) {
      const flat = new Float32Array(dim).fill(1 / Math.sqrt(dim));
      const bytes = encodeShard([{ embedding: flat, label: 0, bankSimilarity: 0 }], dim, 'int8');
      const scorer = await createScorer(decodeShard(bytes, { dim, labels: 1 }));
      expect(scorer.score(flat)[0]).toBeCloseTo(1, 5);
      expect(scorer.score(flat.map((x) => -x))[0]).toBeCloseTo(-1, 5);
    }
  });

  it('of a row moved into WASM memory leave its embedding as it was', async () => {
    const shard = shardOf(9, 40, 'int8', 4);
    const { shard: after } = await createScorer(shard);
    const [a, b] = [new Float32Array(40), new Float32Array(40)];
    for (let row = 0; row < 9; row++) {
      rowVector(shard, row, a);
      rowVector(after, row, b);
      expect(b).toEqual(a);
    }
  });

  it('of equal rows are equal, wherever the rows lie', async () => {
    for (const format of ['int8', 'float32'] as const) {
      const dim = 37;
      const one = randomUnits(1, dim, 5);
      const rows = Array.from({ length: 11 }, () => ({
        embedding: one,
        label: 0,
        bankSimilarity: 0,
      }));
      const shard = decodeShard(encodeShard(rows, dim), { dim, labels: 1 });
      const scores = (await createScorer(shard, { format })).score(randomUnits(1, dim, 6));
      expect(new Set(scores).size).toBe(1);
      expect(topK(scores, 4).map((hit) => hit.row)).toEqual([0, 1, 2, 3]);
    }
  });
});

describe('topK', () => {
  it('is sorting and cutting, ties by lowest row', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -4, max: 4 }), { maxLength: 60 }),
        fc.integer({ min: 0, max: 70 }),
        (values, k) => {
          const scores = Float32Array.from(values);
          const wanted = values
            .map((similarity, row) => ({ row, similarity: similarity + 0 }))
            .sort((a, b) => b.similarity - a.similarity || a.row - b.row)
            .slice(0, k);
          expect(topK(scores, k)).toEqual(wanted);
        },
      ),
    );
  });
});
