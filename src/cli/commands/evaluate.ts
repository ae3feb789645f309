// `cairn evaluate`: scores every query against a gallery, stage by stage, as the contest does.

import { evaluationReport, type QueryKind, reliability } from '../../evaluation/report.ts';
import { meanAveragePrecisionAt } from '../../evaluation/retrieval-metrics.ts';
import { predictionsByStage, type Query, rankQueries } from '../../evaluation/stages.ts';
import { RERANK } from '../../rerank/presets.ts';
import { IndexService } from '../../retrieval/index-service.ts';
import type { LoadedCollection } from '../../retrieval/loaded.ts';
import { collectionFiles, encodeReferences, loadFiles } from '../build-collection.ts';
import { embeddingsOf, encodePhotos } from '../encode-photos.ts';
import {
  choosePhotos,
  type EvaluationPhotos,
  type EvaluationSource,
} from '../evaluation-photos.ts';
import { type OpenModel, openModel } from '../models.ts';
import { note, printJson, progressLine, usage } from '../output.ts';
import { evaluateBaseline } from './evaluate-baseline.ts';

/** Depth of mean average precision. */
const MAP_AT = 100;

export interface EvaluateOptions extends EvaluationSource {
  readonly encoder?: string;
  readonly baseline?: boolean;
  readonly json?: boolean;
}

export async function evaluate(options: EvaluateOptions): Promise<void> {
  const began = performance.now();
  const photos = await choosePhotos(options);
  if (photos.gallery.length === 0) throw usage('The gallery is empty.', 'Check --gallery-splits.');
  if (photos.queries.length === 0) throw usage('There are no queries.', 'Check --query-split.');
  const report = options.baseline
    ? await evaluateBaseline(photos)
    : await evaluateModel(photos, await openModel(options.encoder));
  const result = { ...report, seconds: (performance.now() - began) / 1000 };
  if (options.json) return printJson(result);
  for (const { stage, gap, top1 } of result.stages) {
    process.stdout.write(`${stage.padEnd(10)} GAP ${gap.toFixed(4)}  top-1 ${top1.toFixed(4)}\n`);
  }
}

async function evaluateModel(photos: EvaluationPhotos, model: OpenModel) {
  const { references, skipped } = await encodeReferences(photos.gallery, model, {
    onProgress: progressLine('gallery'),
  });
  for (const { path, reason } of skipped) note(`skipped ${path}: ${reason}`);
  const loaded = await loadFiles(
    collectionFiles(references, model, {
      name: 'evaluation',
      licence: 'unstated',
      attribution: '',
      facts: new Map(),
    }),
  );
  const index = new IndexService({ graphs: 'lazy' });
  await index.open({ kind: 'loaded', loaded });
  const labels = loaded.collection.labels.map((l) => l.label);

  const queries: (Query & { readonly queryKind: QueryKind })[] = [];
  const source = embeddingsOf(model);
  const work = { onProgress: progressLine('queries') };
  for await (const result of encodePhotos(photos.queries, source, work)) {
    const { path, label, queryKind } = result.photo;
    if ('problem' in result) note(`skipped ${path}: ${result.problem}`);
    else queries.push({ vector: result.vector, label, queryKind });
  }
  const { bank, decision } = model.reranker;
  const ranked = await rankQueries(queries, index, bank, RERANK);
  const byStage = predictionsByStage(ranked, labels, RERANK, decision);
  const map100 = await retrievalScore(queries, index, loaded);
  index.close();
  return {
    ...evaluationReport(
      byStage,
      queries.map((q) => q.queryKind),
      map100,
    ),
    reliability: reliability(byStage.get('+decision') ?? []),
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
