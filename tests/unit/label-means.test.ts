// Means of labels: against the definition, within one index and over several.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { LabelMeans } from '../../src/retrieval/label-means.ts';
import type { CollectionSearch } from '../../src/retrieval/search.ts';
import { joinSearches } from '../../src/retrieval/taught-search.ts';

const DIM = 3;

function cosine(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, d) => sum + x * b[d]!, 0) / (Math.hypot(...a) * Math.hypot(...b));
}

describe('label means', () => {
  it('gives the cosine to the mean of each label asked for, in whatever order rows come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 40 }),
        fc.integer(),
        (labels, seed) => {
          const random = seededRandom(seed);
          const rows = labels.map(() => Array.from({ length: DIM }, () => random() - 0.5));
          const query = [0.6, 0, 0.8];
          const means = new LabelMeans(Uint32Array.from(labels), DIM, (row) =>
            Float32Array.from(rows[row]!),
          );
          const asked = labels.map((label) => ({ label }));
          for (const again of [false, true]) {
            const found = means.similarities(Float32Array.from(query), asked);
            expect([...found.keys()].sort(), String(again)).toEqual([...new Set(labels)].sort());
            for (const [label, similarity] of found) {
              const own = rows.filter((_, row) => labels[row] === label);
              const sum = [0, 1, 2].map((d) => own.reduce((all, row) => all + row[d]!, 0));
              expect(similarity).toBeCloseTo(cosine(sum, query), 4);
            }
          }
        },
      ),
    );
  });

  it('is 0 where the references of a label cancel out', () => {
    const rows = [Float32Array.of(1, 0, 0), Float32Array.of(-1, 0, 0)];
    const means = new LabelMeans(Uint32Array.of(0, 0), DIM, (row) => rows[row]!);
    expect(means.similarities(Float32Array.of(1, 0, 0), [{ label: 0 }]).get(0)).toBe(0);
  });

  it('goes through the searches of several collections, the nearer mean of a label in two', async () => {
    const part = (means: ReadonlyMap<number, number>): CollectionSearch => ({
      dim: DIM,
      rows: 1,
      search: async () => ({
        neighbours: [],
        vectors: new Float32Array(0),
        means,
        engine: 'exact',
      }),
    });
    const joined = joinSearches([
      {
        search: part(
          new Map([
            [0, 0.5],
            [1, 0.25],
          ]),
        ),
        places: [0, 1],
      },
      {
        search: part(
          new Map([
            [0, 0.375],
            [1, 0.75],
          ]),
        ),
        places: [1, 2],
      },
    ]);
    const asked = await joined.search(Float32Array.of(1, 0, 0), { k: 1, means: true });
    expect([...(asked.means ?? [])]).toEqual([
      [0, 0.5],
      [1, 0.375],
      [2, 0.75],
    ]);
    expect((await joined.search(Float32Array.of(1, 0, 0), { k: 1 })).means).toBeUndefined();
  });
});
