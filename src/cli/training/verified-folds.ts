// The out-of-fold queries with everything that the pipeline finds of them, matching included: what the re-ranker
// is trained on. Matching is kept between runs (pair-matcher.ts), so that an interrupted run goes on.
import { type RankedQuery, rankQueries } from '../../evaluation/stages.ts';
import type { ReferenceView } from '../../matching/reference-view.ts';
import type { RerankPreset, VerificationPreset } from '../../rerank/presets.ts';
import { viewsToVerify } from '../../rerank/verification.ts';
import { encodeViews } from '../../retrieval/reference-section.ts';
import type { DescribedPhoto, RankingTask, TaskQuery } from '../../training/descriptors.ts';
import { FIT } from '../../training/fit-recipe.ts';
import type { MemberLayout } from '../../training/metric.ts';
import { outOfFold } from '../../training/out-of-fold.ts';
import { sha256Sync } from '../../weights/sha256.ts';
import { note } from '../output.ts';
import type { PairEvidence, PairMatcher } from '../pair-matcher.ts';
import { viewsOfAll } from '../reference-views.ts';

/** A reference that was matched with the query. */
export interface MatchedView extends PairEvidence {
  readonly label: number;
  readonly row: number;
  readonly similarity: number;
  /** As `ViewMatch` has it. */
  readonly spread: number;
}

export interface VerifiedQuery extends RankedQuery<TaskQuery> {
  readonly matches: readonly MatchedView[];
  /** The query's own landmark was taken out of the gallery for it. */
  readonly withoutOwn: boolean;
}

export interface VerifiedFold {
  readonly task: RankingTask;
  readonly queries: readonly VerifiedQuery[];
}

export interface FoldSources {
  readonly photos: readonly DescribedPhoto[];
  readonly layout: readonly MemberLayout[];
  /** File and SHA-256 of a photo by its path in the manifest. */
  readonly fileOf: (path: string) => { readonly file: string; readonly sha256: string };
  readonly pairs: PairMatcher;
  readonly ranking: RerankPreset;
  readonly verification: VerificationPreset;
}

/**
 * One fold: each query against the gallery, and once more against the gallery without its own landmark, where
 * it has one there. Throws as the matcher does, `photo-*`.
 */
export async function verifiedFold(sources: FoldSources, fold: number): Promise<VerifiedFold> {
  const { photos, layout, pairs, fileOf, ranking, verification } = sources;
  const task = outOfFold(photos, layout, ranking, fold);
  const references = task.gallery.map(({ path, label, vector }) => ({
    ...fileOf(path),
    label: task.labels[label]!,
    embedding: vector,
  }));
  const views = await viewsOfAll(references, pairs, {
    onProgress: ({ done, total }) => note(`fold ${fold}: views of ${done} of ${total} landmarks`),
  });
  const kept = [...views].map(([row, view]) => ({ ...task.gallery[row]!, row, ...named(view) }));

  const work = { members: layout.map(() => FIT.dim) };
  const ranked = await rankQueries(task.queries, task.search, task.bank, ranking, work);
  const variants = ranked.map((one) => ({ ...one, withoutOwn: false }));
  for (const query of task.queries) {
    const own = task.labels.indexOf(query.label);
    if (own < 0) continue;
    const without = task.search.without(own);
    const stranger = { ...query, label: '' };
    for (const one of await rankQueries([stranger], without, task.bank, ranking, work)) {
      variants.push({ ...one, withoutOwn: true });
    }
  }
  const queries: VerifiedQuery[] = [];
  for (const variant of variants) {
    const { query, trace } = variant;
    const labels = new Set(trace.ranked.slice(0, verification.labels).map(({ label }) => label));
    const similar = kept
      .filter(({ label }) => labels.has(label))
      .map((view) => ({ ...view, similarity: dot(query.vector, view.vector) }));
    const matches: MatchedView[] = [];
    for (const { label, row, similarity } of viewsToVerify(trace.ranked, similar, verification)) {
      const { view, name } = kept.find((one) => one.row === row)!; // chosen from them
      const evidence = await pairs.viewEvidence(fileOf(query.path).file, view, name);
      matches.push({ ...evidence, label, row, similarity, spread: evidence.spreadA });
    }
    queries.push({ ...variant, matches });
    if (queries.length % 100 === 0) {
      note(`fold ${fold}: ${queries.length} of ${variants.length} queries verified`);
    }
  }
  return { task, queries };
}

/** @returns the view with a name that changes with everything in it */
function named(view: ReferenceView) {
  return { view, name: sha256Sync(encodeViews([{ row: 0, view }])) };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!;
  return sum;
}
