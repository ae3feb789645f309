// The last step: what ranking and matching found becomes kind, label and confidence, by the trees where they were
// trained for the model, by the logistic decision else.
import type { Kind } from '../verdict.ts';
import { FEATURES, treeRow } from './features.ts';
import type { RerankerModel } from './load-reranker.ts';
import type { RerankPreset, VerificationPreset } from './presets.ts';
import type { RerankTrace } from './rerank.ts';
import type { LabelScore } from './soft-voting.ts';
import { decideByTrees, explainTrees } from './tree-decision.ts';
import { type ViewMatch, verifiedRanking } from './verification.ts';
import { decideVerified } from './verified-decision.ts';

/** What the logistic decision's evidence calls the agreement of matched details. */
export const AGREEMENT_FEATURE = 'details';
/** How many features of the trees are worth telling. */
const TOLD = 8;

export interface Outcome {
  /** Labels in their final order. */
  readonly ranked: readonly LabelScore[];
  /** As matching left them, before the decision. */
  readonly verified: readonly LabelScore[];
  readonly kind: Kind;
  /** Probability that the best label is right, 0..1. */
  readonly confidence: number;
  /** Sums to 1. */
  readonly probabilities: Readonly<Record<Kind, number>>;
  /** Inputs, and what each added to the score of "right"; NaN for a value that a skipped stage would have given. */
  readonly features: readonly {
    readonly name: string;
    readonly value: number;
    readonly contribution: number;
  }[];
}

export interface DecideOptions {
  readonly ranking: RerankPreset;
  readonly verification: VerificationPreset;
  readonly reranker: Pick<RerankerModel, 'decision' | 'trees'>;
  /** Reference photos of a label by its place. */
  readonly photosOf: (label: number) => number;
}

/** @param matches in the order of matching; empty where nothing was matched */
export function decideOutcome(
  trace: RerankTrace,
  matches: readonly ViewMatch[],
  { ranking, verification, reranker, photosOf }: DecideOptions,
): Outcome {
  const { decision, trees } = reranker;
  if (!trees) return byLogistic(trace, matches, { ranking, verification, model: decision });
  const row = treeRow({ trace, matches, photosOf, ranking, verification });
  const found = decideByTrees(row, trees);
  const chosen = new Set(found.choices.map(({ label }) => label));
  const others = verifiedRanking(trace.ranked, matches, verification);
  const told = row ? explainTrees(row, found, trees).slice(0, TOLD) : [];
  return {
    ranked: [...found.choices, ...others.filter(({ label }) => !chosen.has(label))],
    verified: others,
    kind: found.kind,
    confidence: found.confidence,
    probabilities: found.probabilities,
    features: told,
  };
}

function byLogistic(
  trace: RerankTrace,
  matches: readonly ViewMatch[],
  models: Parameters<typeof decideVerified>[2],
): Outcome {
  const { ranked, features, decision, agreement } = decideVerified(trace, matches, models);
  return {
    ranked,
    verified: ranked,
    kind: decision.kind,
    confidence: decision.probabilities.landmark,
    probabilities: decision.probabilities,
    features: [
      ...(features ?? []).map((value, f) => ({
        name: FEATURES[f] ?? '',
        value,
        contribution: decision.contributions[f] ?? 0,
      })),
      ...(agreement ? [{ name: AGREEMENT_FEATURE, ...agreement }] : []),
    ],
  };
}
