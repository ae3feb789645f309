// `cairn evaluate`: scores every query against a gallery, stage by stage, as the contest does.

import { evaluationReport, type QueryKind, reliability } from '../../evaluation/report.ts';
import { meanAveragePrecisionAt } from '../../evaluation/retrieval-metrics.ts';
import { predictionsByStage, type Query, rankQueries } from '../../evaluation/stages.ts';
import { RERANK, VERIFICATION } from '../../rerank/presets.ts';
import { IndexService } from '../../retrieval/index-service.ts';
import type { LoadedCollection } from '../../retrieval/loaded.ts';
import { collectionFiles, encodeReferences, loadFiles } from '../build-collection.ts';
import { embeddingsOf, encodePhotos } from '../encode-photos.ts';
import {
  choosePhotos,
  type EvaluationPhotos,
  type EvaluationSource,
} from '../evaluation-photos.ts';
import { readName } from '../flags.ts';
import { type OpenModel, openModel } from '../models.ts';
import { readLongestSide } from '../open-matcher.ts';
import { note, printJson, progressLine, usage } from '../output.ts';
import { PairMatcher } from '../pair-matcher.ts';
import { viewsOfAll } from '../reference-views.ts';
import { REFERENCES, type References, verifyQueries } from '../verify-queries.ts';
import { evaluateBaseline } from './evaluate-baseline.ts';

/** Depth of mean average precision. */
const MAP_AT = 100;

export interface EvaluateOptions extends EvaluationSource {
  readonly encoder?: string;
  readonly baseline?: boolean;
  /** Verify queries against what collections keep of photos, or against the photos. */
  readonly references?: string;
  /** LoFTR's, with the row of its specs; the registry's matcher when left out. */
  readonly weights?: string;
  readonly spec?: string;
  readonly longestSide?: string;
  readonly json?: boolean;
}

export async function evaluate(options: EvaluateOptions): Promise<void> {
  const began = performance.now();
  const photos = await choosePhotos(options);
  if (photos.gallery.length === 0) throw usage('The gallery is empty.', 'Check --gallery-splits.');
  if (photos.queries.length === 0) throw usage('There are no queries.', 'Check --query-split.');
  const report = options.baseline
    ? await evaluateBaseline(photos)
    : await evaluateModel(photos, await openModel(options.encoder), await verifierOf(options));
  const result = { ...report, seconds: (performance.now() - began) / 1000 };
  if (options.json) return printJson(result);
  for (const { stage, gap, top1 } of result.stages) {
    process.stdout.write(`${stage.padEnd(10)} GAP ${gap.toFixed(4)}  top-1 ${top1.toFixed(4)}\n`);
  }
}

interface Verifier {
  readonly pairs: PairMatcher;
  readonly references: References;
}

/** Null where queries are not to be verified. Throws `usage`, `model-*`. */
async function verifierOf(options: EvaluateOptions): Promise<Verifier | null> {
  const { references, weights, spec, longestSide } = options;
  if (references === undefined) {
    if ((weights ?? spec ?? longestSide) === undefined) return null;
    throw usage(
      '--weights, --spec and --longest-side are of the matcher.',
      'Add --references stored or --references photos.',
    );
  }
  const kind = readName('--references', references, REFERENCES);
  const side = readLongestSide(longestSide);
  return { pairs: await PairMatcher.open({ weights, spec, longestSide: side }), references: kind };
}

async function evaluateModel(
  photos: EvaluationPhotos,
  model: OpenModel,
  verifier: Verifier | null,
) {
  const { references, skipped } = await encodeReferences(photos.gallery, model, {
    onProgress: progressLine('gallery'),
  });
  for (const { path, reason } of skipped) note(`skipped ${path}: ${reason}`);
  const views =
    verifier?.references === 'stored'
      ? await viewsOfAll(references, verifier.pairs, { onProgress: progressLine('views') })
      : null;
  const loaded = await loadFiles(
    collectionFiles(references, model, {
      name: 'evaluation',
      licence: 'unstated',
      attribution: '',
      facts: new Map(),
      ...(views && verifier
        ? { views: { matcher: { id: 'evaluated', weightsSha256: verifier.pairs.key }, views } }
        : {}),
    }),
  );
  const index = new IndexService({ graphs: 'lazy' });
  await index.open({ kind: 'loaded', loaded });
  const labels = loaded.collection.labels.map((l) => l.label);

  const queries: (Query & { readonly queryKind: QueryKind; readonly file: string })[] = [];
  const source = embeddingsOf(model);
  const work = { onProgress: progressLine('queries') };
  for await (const result of encodePhotos(photos.queries, source, work)) {
    const { path, file, label, queryKind } = result.photo;
    if ('problem' in result) note(`skipped ${path}: ${result.problem}`);
    else queries.push({ vector: result.vector, label, queryKind, file });
  }
  const { bank, decision } = model.reranker;
  const ranked = await rankQueries(queries, index, bank, RERANK);
  const verified = verifier && {
    matches: await verifyQueries(
      ranked,
      { loaded, files: references.map(({ file }) => file) },
      verifier,
      VERIFICATION,
      { onProgress: progressLine('verify') },
    ),
    preset: VERIFICATION,
  };
  await verifier?.pairs.dispose();
  const byStage = predictionsByStage(ranked, labels, RERANK, decision, verified);
  const map100 = await retrievalScore(queries, index, loaded);
  index.close();
  return {
    ...evaluationReport(
      byStage,
      queries.map((q) => q.queryKind),
      map100,
    ),
    reliability: reliability(byStage.get(verified ? '+loftr' : '+decision') ?? []),
  };
}

/** Mean average precision of the first search, before any re-ranking. */
async function retrievalScore(
  queries: readonly Query[],
  index: IndexService,
  loaded: LoadedCollection,
): Promise<number> {
  const { labels } = loaded.collection;
  const lists = [];
  for (const { vector, label } of queries) {
    const total = labels.find((l) => l.label === label)?.photos ?? 0;
    if (total === 0) continue;
    const { neighbours } = await index.search(vector, { k: MAP_AT });
    lists.push({ relevant: neighbours.map((n) => labels[n.label]?.label === label), total });
  }
  return meanAveragePrecisionAt(lists, MAP_AT);
}
