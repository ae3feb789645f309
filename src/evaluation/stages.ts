// Runs queries through every stage of ranking and scores each stage as the contest does.
import { type DecisionModel, decide } from '../rerank/decision.ts';
import { decisionFeatures } from '../rerank/features.ts';
import type { NonLandmarkBank } from '../rerank/non-landmark-bank.ts';
import type { RerankPreset, VerificationPreset } from '../rerank/presets.ts';
import { RANKING_STAGES, type RerankTrace, rerank, stageWinners } from '../rerank/rerank.ts';
import { decideVerified, type ViewMatch } from '../rerank/verification.ts';
import type { CollectionSearch } from '../retrieval/search.ts';
import { globalAveragePrecision, type ScoredPrediction, top1 } from './recognition-metrics.ts';

export interface Query {
  /** [dim], L2-normalised. */
  readonly vector: Float32Array;
  /** Empty when there is nothing to find. */
  readonly label: string;
}

/** Names of the stages in the order of the pipeline; the last is there where photos were verified. */
export const STAGES = [...RANKING_STAGES, '+decision', '+loftr'] as const;
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
  onDone?: (done: number) => void,
): Promise<RankedQuery<Q>[]> {
  const ranked: RankedQuery<Q>[] = [];
  for (const query of queries) {
    ranked.push({ query, trace: await rerank(query.vector, search, bank, preset) });
    onDone?.(ranked.length);
  }
  return ranked;
}

/** Verification of all queries, in their order. */
export interface VerifiedQueries {
  readonly matches: readonly (readonly ViewMatch[])[];
  readonly preset: VerificationPreset;
}

/** What each stage says of each query, in the order of the queries. */
export function predictionsByStage(
  ranked: readonly RankedQuery[],
  labels: readonly string[],
  preset: RerankPreset,
  decision: DecisionModel | null,
  verified: VerifiedQueries | null = null,
): Map<StageName, ScoredPrediction[]> {
  const byStage = new Map<StageName, ScoredPrediction[]>(RANKING_STAGES.map((s) => [s, []]));
  if (decision) byStage.set('+decision', []);
  if (decision && verified) byStage.set('+loftr', []);
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
    const best = trace.penalised[0];
    byStage.get('+decision')?.push({
      label: best ? (labels[best.label] ?? null) : null,
      score: decide(decisionFeatures(trace, preset), decision).probabilities.landmark,
      truth,
    });
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
