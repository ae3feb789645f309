// Geometric verification of an evaluation's queries: against what a collection keeps of its photos, or against
// the photos themselves. Results are kept between runs (pair-matcher.ts).
import type { RankedQuery } from '../evaluation/stages.ts';
import type { LongWork } from '../progress.ts';
import type { VerificationPreset } from '../rerank/presets.ts';
import type { ViewMatch } from '../rerank/verification.ts';
import { allVectors, type LoadedCollection, shardStarts } from '../retrieval/loaded.ts';
import { viewsOfShard } from '../retrieval/reference-section.ts';
import { liveRows } from '../retrieval/shard.ts';
import { matchCandidates, type NamedView, namedView } from './match-candidates.ts';
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
  const vectors = allVectors(loaded);
  const dim = loaded.collection.dimension;
  const rows = [...labelledRows(loaded)].map(({ label, row }) => ({
    label,
    row,
    vector: vectors.subarray(row * dim, (row + 1) * dim),
  }));
  const all: ViewMatch[][] = [];
  for (const { query, trace } of ranked) {
    const found = await matchCandidates(
      { vector: query.vector, trace },
      references === 'photos' ? rows : rows.filter(({ row }) => stored.has(row)),
      preset,
      ({ row }) => {
        const kept = references === 'stored' ? stored.get(row) : undefined;
        return kept
          ? pairs.viewEvidence(query.file, kept.view, kept.name)
          : pairs.evidence([query.file, files[row]!]);
      },
    );
    all.push(found);
    work.onProgress?.({ stage: 'match', done: all.length, total: ranked.length, unit: 'photos' });
  }
  return all;
}

function storedViews(loaded: LoadedCollection): ReadonlyMap<number, NamedView> {
  const starts = shardStarts(loaded);
  const views = new Map<number, NamedView>();
  for (const [i, shard] of loaded.shards.entries()) {
    for (const { row, view } of viewsOfShard(shard)) {
      views.set(starts[i]! + row, namedView(view));
    }
  }
  return views;
}

/** Live rows, in rows of the collection. */
function* labelledRows(loaded: LoadedCollection): Generator<{ label: number; row: number }> {
  const starts = shardStarts(loaded);
  for (const [i, shard] of loaded.shards.entries()) {
    for (const row of liveRows(shard)) yield { label: shard.labels[row]!, row: starts[i]! + row };
  }
}
