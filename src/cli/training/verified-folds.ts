// The out-of-fold queries with everything that the pipeline finds of them, matching included: what the re-ranker
// is trained on. Matching is kept between runs (pair-matcher.ts), so that an interrupted run goes on.
import { type RankedQuery, rankQueries } from '../../evaluation/stages.ts';
import type { RerankPreset, VerificationPreset } from '../../rerank/presets.ts';
import type { ViewMatch } from '../../rerank/verification.ts';
import type { DescribedPhoto, RankingTask, TaskQuery } from '../../training/descriptors.ts';
import { FIT } from '../../training/fit-recipe.ts';
import type { MemberLayout } from '../../training/metric.ts';
import { outOfFold } from '../../training/out-of-fold.ts';
import { matchCandidates, namedView } from '../match-candidates.ts';
import { note } from '../output.ts';
import type { PairMatcher } from '../pair-matcher.ts';
import { viewsOfAll } from '../reference-views.ts';

export interface VerifiedQuery extends RankedQuery<TaskQuery> {
  readonly matches: readonly ViewMatch[];
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
  const kept = [...views].map(([row, view]) => ({
    ...task.gallery[row]!,
    row,
    ...namedView(view),
  }));

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
    const { file } = fileOf(query.path);
    const matches = await matchCandidates(
      { vector: query.vector, trace },
      kept,
      verification,
      ({ view, name }) => pairs.viewEvidence(file, view, name),
    );
    queries.push({ ...variant, matches });
    if (queries.length % 100 === 0) {
      note(`fold ${fold}: ${queries.length} of ${variants.length} queries verified`);
    }
  }
  return { task, queries };
}
