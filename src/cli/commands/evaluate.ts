// `cairn evaluate`: scores every query against a gallery, stage by stage, as the contest does.

import { evaluationReport, reliability } from '../../evaluation/report.ts';
import { meanAveragePrecisionAt } from '../../evaluation/retrieval-metrics.ts';
import { predictionsByStage, type Query } from '../../evaluation/stages.ts';
import { RERANK, VERIFICATION } from '../../rerank/presets.ts';
import type { IndexService } from '../../retrieval/index-service.ts';
import type { LoadedCollection } from '../../retrieval/loaded.ts';
import {
  choosePhotos,
  type EvaluationPhotos,
  type EvaluationSource,
} from '../evaluation-photos.ts';
import { readName } from '../flags.ts';
import { type OpenModel, openModel } from '../models.ts';
import { readLongestSide } from '../open-matcher.ts';
import { printJson, usage } from '../output.ts';
import { PairMatcher } from '../pair-matcher.ts';
import { photosOfLabels, rankPhotos, type Verifier } from '../rank-photos.ts';
import { REFERENCES } from '../verify-queries.ts';
import { evaluateBaseline } from './evaluate-baseline.ts';

/** Depth of mean average precision. */
const MAP_AT = 100;

export interface EvaluateOptions extends EvaluationSource {
  readonly encoder?: string;
  readonly baseline?: boolean;
  /** What queries are verified with: `stored` views, the default, whole `photos`, or `none`. */
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

/** What `--references` may be: queries are verified with views as collections keep them, with photos, or not. */
const VERIFIED_WITH = [...REFERENCES, 'none'] as const;

/** Null where queries are not to be verified. Throws `usage`, `model-*`. */
async function verifierOf(options: EvaluateOptions): Promise<Verifier | null> {
  const { references = 'stored', weights, spec, longestSide } = options;
  const kind = readName('--references', references, VERIFIED_WITH);
  if (kind === 'none') {
    if ((weights ?? spec ?? longestSide) === undefined) return null;
    throw usage(
      '--weights, --spec and --longest-side are of the matcher.',
      'Leave --references none out.',
    );
  }
  const side = readLongestSide(longestSide);
  return { pairs: await PairMatcher.open({ weights, spec, longestSide: side }), references: kind };
}

async function evaluateModel(
  photos: EvaluationPhotos,
  model: OpenModel,
  verifier: Verifier | null,
) {
  const { ranked, queries, labels, matches, loaded, index } = await rankPhotos(
    photos,
    model,
    verifier,
  );
  await verifier?.pairs.dispose();
  const { decision, trees } = model.reranker;
  const verified = matches && { matches, preset: VERIFICATION };
  const byStage = predictionsByStage(
    ranked,
    labels,
    RERANK,
    decision,
    verified,
    trees && { model: trees, photosOf: photosOfLabels(loaded) },
  );
  const map100 = await retrievalScore(queries, index, loaded);
  index.close();
  return {
    ...evaluationReport(
      byStage,
      queries.map((q) => q.queryKind),
      map100,
    ),
    reliability: reliability([...byStage.values()].at(-1) ?? []),
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
