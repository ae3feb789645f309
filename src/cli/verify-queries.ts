// Geometric verification of an evaluation's queries: against what a collection keeps of its photos, or against
// the photos themselves. Results are kept between runs (pair-matcher.ts).
import type { RankedQuery } from '../evaluation/stages.ts';
import type { ReferenceView } from '../matching/reference-view.ts';
import type { LongWork } from '../progress.ts';
import type { VerificationPreset } from '../rerank/presets.ts';
import { type ViewMatch, viewsToVerify } from '../rerank/verification.ts';
import { allVectors, type LoadedCollection, shardStarts } from '../retrieval/loaded.ts';
import { encodeViews, viewsOfShard } from '../retrieval/reference-section.ts';
import { sha256Sync } from '../weights/sha256.ts';
import type { PairMatcher } from './pair-matcher.ts';

/** What queries are matched with. */
export const REFERENCES = ['stored', 'photos'] as const;
export type References = (typeof REFERENCES)[number];

export interface VerifiedGallery {
  readonly loaded: LoadedCollection;
  /** Files of the photos, by rows of the collection. */
  readonly files: readonly string[];
}

export interface QueryPhoto {
  readonly vector: Float32Array;
  readonly label: string;
  readonly file: string;
}

export interface QueryMatching {
  readonly pairs: Pick<PairMatcher, 'evidence' | 'viewEvidence'>;
  readonly references: References;
}

/**
 * For each query what matching its best candidates gave, best first. Nothing stops early: constants are chosen
 * by all. Throws as the matcher does, `photo-*`.
 */
export async function verifyQueries(
  ranked: readonly RankedQuery<QueryPhoto>[],
  { loaded, files }: VerifiedGallery,
  { pairs, references }: QueryMatching,
  preset: VerificationPreset,
  work: LongWork = {},
): Promise<ViewMatch[][]> {
  const stored = storedViews(loaded);
  const labels = labelsOfRows(loaded);
  const vectors = allVectors(loaded);
  const dim = loaded.collection.dimension;
  const all: ViewMatch[][] = [];
  for (const { query, trace } of ranked) {
    const candidates = new Set(trace.ranked.slice(0, preset.labels).map(({ label }) => label));
    const views = Array.from(labels, (label, row) => ({ label, row })).filter(
      ({ label, row }) => candidates.has(label) && (references === 'photos' || stored.has(row)),
    );
    const similar = views.map((view) => ({
      ...view,
      similarity: dot(query.vector, vectors.subarray(view.row * dim, (view.row + 1) * dim)),
    }));
    const found: ViewMatch[] = [];
    for (const view of viewsToVerify(trace.ranked, similar, preset)) {
      const kept = stored.get(view.row);
      const evidence =
        references === 'stored' && kept
          ? await pairs.viewEvidence(query.file, kept.view, kept.name)
          : await pairs.evidence([query.file, files[view.row]!]);
      // Null: the photo itself is in the gallery, and matches it wholly.
      const {
        matches,
        inliers,
        spreadA: spread,
      } = evidence ?? { matches: Infinity, inliers: Infinity, spreadA: 1 };
      found.push({ ...view, matches, inliers, spread });
    }
    all.push(found);
    work.onProgress?.({ stage: 'match', done: all.length, total: ranked.length, unit: 'photos' });
  }
  return all;
}

interface NamedView {
  readonly view: ReferenceView;
  /** Changes with everything in it. */
  readonly name: string;
}

function storedViews(loaded: LoadedCollection): ReadonlyMap<number, NamedView> {
  const starts = shardStarts(loaded);
  const views = new Map<number, NamedView>();
  for (const [i, shard] of loaded.shards.entries()) {
    for (const { row, view } of viewsOfShard(shard)) {
      views.set(starts[i]! + row, { view, name: sha256Sync(encodeViews([{ row: 0, view }])) });
    }
  }
  return views;
}

function labelsOfRows({ shards }: LoadedCollection): readonly number[] {
  return shards.flatMap((shard) => Array.from(shard.labels));
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
