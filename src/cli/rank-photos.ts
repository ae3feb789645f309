// An evaluation's gallery searched for each of its queries, and the queries verified where a matcher is given.
import type { QueryKind } from '../evaluation/report.ts';
import { type Query, type RankedQuery, rankQueries } from '../evaluation/stages.ts';
import { RERANK, VERIFICATION } from '../rerank/presets.ts';
import type { ViewMatch } from '../rerank/verification.ts';
import { IndexService } from '../retrieval/index-service.ts';
import type { LoadedCollection } from '../retrieval/loaded.ts';
import { collectionFiles, encodeReferences, loadFiles } from './build-collection.ts';
import { embeddingsOf, encodePhotos } from './encode-photos.ts';
import type { EvaluationPhotos } from './evaluation-photos.ts';
import type { OpenModel } from './models.ts';
import { note, progressLine } from './output.ts';
import type { PairMatcher } from './pair-matcher.ts';
import { storeViews } from './reference-views.ts';
import { type References, verifyQueries } from './verify-queries.ts';

export interface Verifier {
  readonly pairs: PairMatcher;
  readonly references: References;
}

export interface QueryPhoto extends Query {
  readonly queryKind: QueryKind;
  readonly file: string;
}

export interface RankedPhotos {
  readonly ranked: readonly RankedQuery<QueryPhoto>[];
  readonly queries: readonly QueryPhoto[];
  /** Of the gallery, by their places. */
  readonly labels: readonly string[];
  /** Of each query; null where nothing was verified. */
  readonly matches: readonly (readonly ViewMatch[])[] | null;
  readonly loaded: LoadedCollection;
  /** Open; the caller closes it. */
  readonly index: IndexService;
}

/** Photos that cannot be read are named on stderr and left out. Throws as encoder and matcher do. */
export async function rankPhotos(
  photos: EvaluationPhotos,
  model: OpenModel,
  verifier: Verifier | null,
): Promise<RankedPhotos> {
  const gallery = await encodeReferences(photos.gallery, model, {
    onProgress: progressLine('gallery'),
  });
  const { references, skipped, embeddingOf } = gallery;
  for (const { path, reason } of skipped) note(`skipped ${path}: ${reason}`);
  const views =
    verifier?.references === 'stored'
      ? await storeViews(references, embeddingOf, verifier.pairs, {
          onProgress: progressLine('views'),
        })
      : null;
  const loaded = await loadFiles(
    collectionFiles(references, embeddingOf, model, {
      name: 'evaluation',
      licence: 'unstated',
      attribution: '',
      facts: new Map(),
      ...(views && verifier
        ? { views: { matcher: { id: 'evaluated', weightsSha256: verifier.pairs.key }, views } }
        : {}),
    }),
  );
  await views?.close();
  await gallery.close();
  const index = new IndexService({ graphs: 'lazy' });
  await index.open({ kind: 'loaded', loaded });
  const labels = loaded.collection.labels.map((l) => l.label);

  const queries: QueryPhoto[] = [];
  const source = embeddingsOf(model);
  const work = { onProgress: progressLine('queries') };
  for await (const result of encodePhotos(photos.queries, source, work)) {
    const { path, file, label, queryKind } = result.photo;
    if ('problem' in result) note(`skipped ${path}: ${result.problem}`);
    else queries.push({ vector: result.vector, label, queryKind, file });
  }
  const { bank, members } = model.reranker;
  const ranked = await rankQueries(queries, index, bank, RERANK, { members });
  const files = references.map(({ file }) => file);
  const matches =
    verifier &&
    (await verifyQueries(ranked, { loaded, files }, verifier, VERIFICATION, {
      onProgress: progressLine('verify'),
    }));
  return { ranked, queries, labels, matches, loaded, index };
}

/** How many reference photos a label has, by its place. */
export function photosOfLabels({ collection }: LoadedCollection): (label: number) => number {
  return (label) => collection.labels[label]?.photos ?? 0;
}
