// Runs queries through every stage of ranking and scores each stage as the contest does.
import { type DecisionModel, decide } from '../rerank/decision.ts';
import { decisionFeatures, treeRow } from '../rerank/features.ts';
import type { NonLandmarkBank } from '../rerank/non-landmark-bank.ts';
import { type RerankPreset, VERIFICATION, type VerificationPreset } from '../rerank/presets.ts';
import {
  RANKING_STAGES,
  type RerankTrace,
  type RerankWork,
  rerank,
  stageWinners,
} from '../rerank/rerank.ts';
import { decideByTrees, type TreeDecisionModel } from '../rerank/tree-decision.ts';
import { untilSettled, type ViewMatch } from '../rerank/verification.ts';
import { decideVerified } from '../rerank/verified-decision.ts';
import type { CollectionSearch } from '../retrieval/search.ts';
import { globalAveragePrecision, type ScoredPrediction, top1 } from './recognition-metrics.ts';

export interface Query {
  /** [dim], L2-normalised. */
  readonly vector: Float32Array;
  /** Empty when there is nothing to find. */
  readonly label: string;
}

/**
 * Names of the stages in the order of the pipeline: `+decision` is the logistic one, `+loftr` the same with
 * inliers, there where photos were verified, `+lightgbm` the trees', where there are any.
 */
export const STAGES = [...RANKING_STAGES, '+decision', '+loftr', '+lightgbm'] as const;
export type StageName = (typeof STAGES)[number];

export interface RankedQuery<Q extends Query = Query> {
  readonly query: Q;
  readonly trace: RerankTrace;
}

export async function rankQueries<Q extends Query>(
  queries: readonly Q[],
  search: CollectionSearch,
  bank: NonLandmarkBank,
  preset: RerankPreset,
  work: RerankWork = {},
): Promise<RankedQuery<Q>[]> {
  const ranked: RankedQuery<Q>[] = [];
  for (const query of queries) {
    ranked.push({ query, trace: await rerank(query.vector, search, bank, preset, work) });
  }
  return ranked;
}

/** Verification of all queries, in their order. */
export interface VerifiedQueries {
  readonly matches: readonly (readonly ViewMatch[])[];
  readonly preset: VerificationPreset;
}

/** The trees, and what they must know of the gallery. */
export interface TreeStage {
  readonly model: TreeDecisionModel;
  /** Reference photos of a label by its place. */
  readonly photosOf: (label: number) => number;
}

/** What each stage says of each query, in the order of the queries. */
export function predictionsByStage(
  ranked: readonly RankedQuery[],
  labels: readonly string[],
  preset: RerankPreset,
  decision: DecisionModel | null,
  verified: VerifiedQueries | null = null,
  trees: TreeStage | null = null,
): Map<StageName, ScoredPrediction[]> {
  const byStage = new Map<StageName, ScoredPrediction[]>(RANKING_STAGES.map((s) => [s, []]));
  if (decision) byStage.set('+decision', []);
  if (decision && verified) byStage.set('+loftr', []);
  if (decision && trees) byStage.set('+lightgbm', []);
  for (const [i, { query, trace }] of ranked.entries()) {
    const truth = query.label === '' ? [] : [query.label];
    const winners = stageWinners(trace, preset);
    for (const stage of RANKING_STAGES) {
      const winner = winners[stage];
      byStage.get(stage)?.push({
        label: winner ? (labels[winner.label] ?? null) : null,
        score: winner?.score ?? Number.NEGATIVE_INFINITY,
        truth,
      });
    }
    if (!decision) continue;
    const best = trace.ranked[0];
    byStage.get('+decision')?.push({
      label: best ? (labels[best.label] ?? null) : null,
      score: decide(decisionFeatures(trace, preset), decision).probabilities.landmark,
      truth,
    });
    if (trees) {
      const { label, confidence } = decideByTrees(
        treeRow({
          trace,
          matches: verified
            ? untilSettled(trace.ranked, verified.matches[i] ?? [], verified.preset)
            : [],
          photosOf: trees.photosOf,
          ranking: preset,
          verification: verified?.preset ?? VERIFICATION,
        }),
        trees.model,
      );
      byStage.get('+lightgbm')?.push({
        label: label === null ? null : (labels[label] ?? null),
        score: confidence,
        truth,
      });
    }
    if (!verified) continue;
    const outcome = decideVerified(trace, verified.matches[i] ?? [], {
      ranking: preset,
      verification: verified.preset,
      model: decision,
    });
    byStage.get('+loftr')?.push({
      label: outcome.ranked[0] ? (labels[outcome.ranked[0].label] ?? null) : null,
      score: outcome.decision.probabilities.landmark,
      truth,
    });
  }
  return byStage;
}

export interface StageScore {
  readonly stage: StageName;
  readonly gap: number;
  readonly top1: number;
}

export function scoreStages(byStage: Map<StageName, ScoredPrediction[]>): StageScore[] {
  return [...byStage].map(([stage, predictions]) => ({
    stage,
    gap: globalAveragePrecision(predictions),
    top1: top1(predictions),
  }));
}
