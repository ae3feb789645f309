// References that photos are matched with: which of them an index gives, and how rows and labels are counted.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VERIFICATION } from '../../src/rerank/presets.ts';
import { viewsToVerify } from '../../src/rerank/verification.ts';
import { joinReferences } from '../../src/retrieval/taught-search.ts';
import { HEX } from './retrieval-fixtures.ts';
import { near, openIndex, reference, row } from './view-fixtures.ts';

describe('references', () => {
  const rows = [row(0, 0.3, 20), row(1, 0.1), row(2, 0.2, 15), row(0, 0.5), row(1, 0.4, 25)];

  it('are those of the labels asked for, by rows of the collection, with their likeness', async () => {
    const index = await openIndex(rows, 3);
    const found = await index.references(near(0), [1, 0], 9);
    expect(found.map((each) => [each.row, each.label, each.view.cells.length / 2])).toEqual([
      [0, 0, 20],
      [4, 1, 25],
    ]);
    expect(found[0]!.similarity).toBeCloseTo(Math.cos(0.3), 2);
    expect(found[1]!.similarity).toBeCloseTo(Math.cos(0.4), 2);
    expect(await index.references(near(0), [], 9)).toEqual([]);
    const usage = { code: 'usage' };
    await expect(index.references(new Float32Array(3), [0], 9)).rejects.toMatchObject(usage);
    await expect(index.references(near(0), [0], 0)).rejects.toMatchObject(usage);
  });

  it('are the most similar of each label, whichever shards they lie in, and no others', async () => {
    const spread = [0.6, 0.2, 0.4, 0.1, 0.5, 0.3, 0.2].map((away, i) => row(i % 2, away, 10 + i));
    const index = await openIndex([...spread, row(0, 0.05)], 2);
    expect(index.status().shards).toBeGreaterThan(1);
    const found = await index.references(near(0), [0, 1], 2);
    // Label 0 at 0.6, 0.4, 0.5, 0.2 and, without a view, 0.05; label 1 at 0.2, 0.1, 0.3.
    expect(found.map((each) => [each.row, each.label, each.view.cells.length / 2])).toEqual([
      [1, 1, 11],
      [2, 0, 12],
      [3, 1, 13],
      [6, 0, 16],
    ]);
  });

  it('of equally similar ones are the first rows', async () => {
    const index = await openIndex(
      Array.from({ length: 8 }, (_, i) => row(0, 0.3, 10 + i)),
      1,
    );
    const found = await index.references(near(0), [0], 3);
    expect(found.map((each) => each.row)).toEqual([0, 1, 2]);
  });

  it('are all that verification would choose of all', async () => {
    const preset = { ...VERIFICATION, labels: 3, most: 5 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(3), fc.nat(20), fc.boolean()), { minLength: 9, maxLength: 24 }),
        fc.shuffledSubarray([0, 1, 2, 3]),
        async (given, labels) => {
          const index = await openIndex(
            given.map(([label, away, kept]) => row(label, away / 20, kept ? 20 : undefined)),
            4,
          );
          const ranked = labels.map((label) => ({ label, votes: 1, best: 0 }));
          const asked = labels.slice(0, preset.labels);
          const all = await index.references(near(0), asked, given.length);
          const few = await index.references(near(0), asked, preset.viewsOfLabel);
          expect(viewsToVerify(ranked, few, preset).map((each) => each.row)).toEqual(
            viewsToVerify(ranked, all, preset).map((each) => each.row),
          );
        },
      ),
      { numRuns: 20 },
    );
  });

  it('of joined collections are asked for and given by joined labels and rows', async () => {
    const matcher = { id: 'm', weightsSha256: HEX('c') };
    const asked: unknown[] = [];
    const part = (places: number[], start: number, by = matcher, similarity = 0.5) => ({
      places,
      start,
      source: {
        matcher: by,
        references: async (_: Float32Array, labels: readonly number[], most: number) => {
          asked.push([start, labels, most]);
          return labels.map((label) => ({ ...reference(label, label, 9), similarity }));
        },
      },
    });
    const none = { source: null, places: [9], start: 40 };
    const other = part([5, 2], 50, { id: 'other', weightsSha256: HEX('d') });
    const joined = joinReferences([part([5, 2], 0), none, part([7, 5], 100), other]);
    const found = await joined!.references(near(0), [2, 7, 5], 3);
    expect(joined!.matcher).toEqual(matcher);
    expect(asked).toEqual([
      [0, [1, 0], 3],
      [100, [0, 1], 3],
    ]);
    expect(found.map(({ label, row: own }) => [label, own])).toEqual([
      [2, 1],
      [5, 0],
      [7, 100],
      [5, 101],
    ]);
    // A label of two collections has no more of them than one, the nearest.
    const nearest = joinReferences([part([5], 0, matcher, 0.5), part([5], 10, matcher, 0.6)]);
    const few = await nearest!.references(near(0), [5], 1);
    expect(few.map(({ row: own }) => own)).toEqual([10]);
    expect(joinReferences([])).toBeNull();
    expect(joinReferences([none, part([5], 0)], { ...matcher, id: 'another' })).toBeNull();
    expect(joinReferences([part([5], 0), other], other.source.matcher)!.matcher.id).toBe('other');
  });
});
