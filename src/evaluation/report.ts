// The figures of an evaluation from what each stage said of each query.
import { bootstrapInterval, type Interval } from './bootstrap.ts';
import {
  areaUnderRoc,
  globalAveragePrecision,
  isRight,
  type ScoredPrediction,
  shareAccepted,
  thresholdAccepting,
  top1,
} from './recognition-metrics.ts';
import { type StageName, type StageScore, scoreStages } from './stages.ts';

/** What a query is, beyond its label; decides in which figures it counts. */
export type QueryKind = 'seen' | 'unseen' | 'unlisted' | 'non-landmark' | 'other';

export interface EvaluationReport {
  readonly queries: number;
  readonly withLandmark: number;
  readonly gap: number;
  /** 95 % percentile bootstrap over queries. */
  readonly gapInterval: Interval;
  readonly top1: number;
  /** Of landmarks that training has seen, and has never seen; null when there are none. */
  readonly seenTop1: number | null;
  readonly unseenTop1: number | null;
  readonly map100: number;
  /** Of the final score, photos with a listed landmark against all others. */
  readonly auroc: number;
  /** Shares that pass the score at which 90 % of the rightly named queries pass. */
  readonly acceptedNonLandmarkAt90: number | null;
  readonly acceptedUnlistedAt90: number | null;
  readonly stages: readonly (StageScore & { readonly gapInterval: Interval })[];
}

/** @param kinds of the queries, in the order of every stage's predictions. */
export function evaluationReport(
  byStage: Map<StageName, ScoredPrediction[]>,
  kinds: readonly QueryKind[],
  map100: number,
): EvaluationReport {
  const final = [...byStage.values()].at(-1) ?? [];
  const of = (kind: QueryKind) => final.filter((_, i) => kinds[i] === kind);
  const threshold = thresholdAccepting(final, 0.9);
  const accepted = (kind: QueryKind) => {
    const scores = of(kind).map((p) => p.score);
    return scores.length === 0 ? null : shareAccepted(scores, threshold);
  };
  const share = (kind: QueryKind) => (of(kind).length === 0 ? null : top1(of(kind)));
  const scoresOf = (listed: boolean) =>
    final.filter((p) => p.truth.length > 0 === listed).map((p) => p.score);
  const stages = scoreStages(byStage).map((score) => ({
    ...score,
    gapInterval: bootstrapInterval(byStage.get(score.stage) ?? [], globalAveragePrecision),
  }));
  const last = stages.at(-1);
  return {
    queries: final.length,
    withLandmark: final.filter((p) => p.truth.length > 0).length,
    gap: last?.gap ?? 0,
    gapInterval: last?.gapInterval ?? { low: 0, high: 0 },
    top1: last?.top1 ?? 0,
    seenTop1: share('seen'),
    unseenTop1: share('unseen'),
    map100,
    auroc: areaUnderRoc(scoresOf(true), scoresOf(false)),
    acceptedNonLandmarkAt90: accepted('non-landmark'),
    acceptedUnlistedAt90: accepted('unlisted'),
    stages,
  };
}

/** How probabilities and frequencies of being right agree, in ten bins of confidence. */
export function reliability(
  predictions: readonly ScoredPrediction[],
): { from: number; queries: number; confidence: number; right: number }[] {
  return Array.from({ length: 10 }, (_, bin) => {
    const inside = predictions.filter((p) => Math.min(9, Math.floor(p.score * 10)) === bin);
    const n = inside.length || 1;
    return {
      from: bin / 10,
      queries: inside.length,
      confidence: inside.reduce((sum, p) => sum + p.score, 0) / n,
      right: inside.filter(isRight).length / n,
    };
  });
}
