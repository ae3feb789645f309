// Verification of an evaluation's queries: what each is matched with, in which order, and what counts as what.
import { beforeAll, describe, expect, test } from 'vitest';
import type { PairEvidence } from '../../src/cli/pair-matcher.ts';
import { type QueryPhoto, type References, verifyQueries } from '../../src/cli/verify-queries.ts';
import type { RankedQuery } from '../../src/evaluation/stages.ts';
import type { ReferenceView } from '../../src/matching/reference-view.ts';
import type { Progress } from '../../src/progress.ts';
import { VERIFICATION, type VerificationPreset } from '../../src/rerank/presets.ts';
import type { RerankTrace } from '../../src/rerank/rerank.ts';
import type { LoadedCollection } from '../../src/retrieval/loaded.ts';
import type { CollectionRow } from '../../src/retrieval/writer.ts';
import { filesOf, HEX, headOf, loadFiles } from './retrieval-fixtures.ts';

const PRESET: VerificationPreset = { ...VERIFICATION, labels: 2, viewsOfLabel: 2, most: 3 };

const near = (away: number): Float32Array => Float32Array.of(Math.cos(away), Math.sin(away), 0, 0);
/** A view that says by its number of cells how many inliers it gives. */
const viewOf = (cells: number): ReferenceView => ({
  original: { width: 100, height: 50 },
  shrunk: { width: 100, height: 50 },
  cells: new Uint8Array(2 * cells),
  channels: 1,
  tokens: new Float32Array(cells).fill(cells),
});
const row = (label: number, away: number, cells?: number): CollectionRow => ({
  embedding: near(away),
  label,
  bankSimilarity: 0,
  view: cells === undefined ? undefined : viewOf(cells),
});

const ROWS = [
  row(0, 0.5, 10),
  row(1, 0.2, 20),
  row(0, 0.1),
  row(2, 0),
  row(0, 0.3, 10),
  row(1, 0.4),
];
const FILES = ROWS.map((_, i) => `reference-${i}.jpg`);
let loaded: LoadedCollection;
beforeAll(async () => {
  const head = { ...headOf(3, 4), matcher: { id: 'm', weightsSha256: HEX('c') } };
  const files = await filesOf(head, ROWS, { maxShardBytes: 1024 + 400 });
  expect(files.length).toBeGreaterThan(2); // more shards than one
  loaded = await loadFiles(files);
});

const query = (file: string, ...labels: number[]): RankedQuery<QueryPhoto> => {
  const ranked = labels.map((label, i) => ({ label, votes: 9 - i, best: 0 }));
  const trace: RerankTrace = {
    engine: 'exact',
    nearest: [],
    expanded: [],
    voted: ranked,
    penalised: ranked,
    means: new Map(),
    ranked,
    queryBank: 0,
  };
  return { query: { vector: near(0), label: 'place_0', file }, trace };
};

/** Notes what it is asked; a photo's inliers are its place in the list of files. */
function noting() {
  const views: (readonly [file: string, cells: number, name: string])[] = [];
  const photos: (readonly [a: string, b: string])[] = [];
  const found = (inliers: number) => ({ matches: 2 * inliers, inliers }) as PairEvidence;
  return {
    views,
    photos,
    pairs: {
      viewEvidence: async (file: string, { cells }: ReferenceView, name: string) => {
        views.push([file, cells.length / 2, name]);
        return found(cells.length / 2);
      },
      evidence: async ([a, b]: readonly [string, string]) => {
        photos.push([a, b]);
        return a === b ? null : found(FILES.indexOf(b));
      },
    },
  };
}

const verify = (
  queries: readonly RankedQuery<QueryPhoto>[],
  pairs: ReturnType<typeof noting>['pairs'],
  references: References,
  onProgress?: (progress: Progress) => void,
) =>
  verifyQueries(queries, { loaded, files: FILES }, { pairs, references }, PRESET, { onProgress });

describe('queries', () => {
  test('are matched with the stored views of their best labels, in the order of recognition', async () => {
    const { pairs, views, photos } = noting();
    const progress: Progress[] = [];
    const found = await verify(
      [query('a.jpg', 0, 1, 2), query('b.jpg', 2)],
      pairs,
      'stored',
      (at) => progress.push(at),
    );
    expect(found.map((each) => each.map(({ row: at, inliers }) => [at, inliers]))).toEqual([
      [
        [4, 10],
        [1, 20],
        [0, 10],
      ],
      [],
    ]);
    expect(found[0]![0]).toMatchObject({ label: 0, matches: 20 });
    expect(found[0]![0]!.similarity).toBeCloseTo(Math.cos(0.3), 2);
    expect(views.map(([file, cells]) => [file, cells])).toEqual([
      ['a.jpg', 10],
      ['a.jpg', 20],
      ['a.jpg', 10],
    ]);
    expect(photos).toEqual([]);
    expect(progress.map(({ stage, done, total }) => [stage, done, total])).toEqual([
      ['match', 1, 2],
      ['match', 2, 2],
    ]);
  });

  test('name a view by what is in it, wherever it lies', async () => {
    const { pairs, views } = noting();
    await verify([query('a.jpg', 0, 1)], pairs, 'stored');
    const [fourth, first, zeroth] = views.map(([, , name]) => name);
    expect(fourth).toMatch(/^[0-9a-f]{64}$/);
    expect(zeroth).toBe(fourth);
    expect(first).not.toBe(fourth);
  });

  test('are matched with photos of which nothing is stored too, where photos are asked for', async () => {
    const { pairs, views, photos } = noting();
    const [found] = await verify([query('a.jpg', 0, 1)], pairs, 'photos');
    expect(found!.map(({ row: at, inliers }) => [at, inliers])).toEqual([
      [2, 2],
      [1, 1],
      [4, 4],
    ]);
    expect(photos[0]).toEqual(['a.jpg', 'reference-2.jpg']);
    expect(views).toEqual([]);
  });

  test('that are in the gallery themselves agree with it wholly', async () => {
    const { pairs } = noting();
    const [found] = await verify([query('reference-2.jpg', 0)], pairs, 'photos');
    expect(found![0]).toMatchObject({ row: 2, matches: Infinity, inliers: Infinity });
  });

  test('that cannot be matched end the evaluation, rather than count as unlike', async () => {
    const { pairs } = noting();
    const failing = { ...pairs, viewEvidence: () => Promise.reject(new Error('torn')) };
    await expect(verify([query('a.jpg', 0)], failing, 'stored')).rejects.toThrow('torn');
  });
});
