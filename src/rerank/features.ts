// What the decision looks at: a handful of numbers about the best label and its rivals.
import type { RerankPreset } from './presets.ts';
import type { RerankTrace } from './rerank.ts';

/** Names in the order in which models take them. All are finite. */
export const FEATURES = [
  /** Cosine of the nearest reference, −1..1. */
  'similarity',
  /** Best cosine after query expansion, −1..1. */
  'expandedSimilarity',
  /** (Σ max(s, 0)^power)^(1/power) of the best label after the penalty, ≥ 0. */
  'votes',
  /** Share of the best label in all votes, 0..1. */
  'voteShare',
  /** Lead of the best label over the second in votes, relative to the best, 0..1. */
  'margin',
  /** Closeness of the query to the non-landmark bank, −1..1. */
  'queryBank',
  /** Closeness of the best label's nearest reference to the bank, −1..1. */
  'referenceBank',
  /** 1 when the nearest reference carries the best label, else 0. */
  'agreement',
] as const;

export type FeatureName = (typeof FEATURES)[number];

/** @returns [FEATURES.length], or null when nothing was found. */
export function decisionFeatures(trace: RerankTrace, preset: RerankPreset): number[] | null {
  const best = trace.penalised[0];
  const nearest = trace.nearest[0];
  const expanded = trace.expanded[0];
  if (!best || !nearest || !expanded) return null;
  const total = trace.penalised.reduce((sum, score) => sum + score.votes, 0);
  const second = trace.penalised[1]?.votes ?? 0;
  const reference = trace.expanded.find((n) => n.label === best.label) ?? expanded;
  const values: Record<FeatureName, number> = {
    similarity: nearest.similarity,
    expandedSimilarity: expanded.similarity,
    votes: best.votes ** (1 / preset.voting.power),
    voteShare: total > 0 ? best.votes / total : 0,
    margin: best.votes > 0 ? 1 - second / best.votes : 0,
    queryBank: trace.queryBank,
    referenceBank: reference.bankSimilarity,
    agreement: nearest.label === best.label ? 1 : 0,
  };
  return FEATURES.map((name) => values[name]);
}
