// The logistic decision once the photo was matched: what inliers do to the confidence.
import type { Kind } from '../verdict.ts';
import { type Decision, type DecisionModel, decide } from './decision.ts';
import { decisionFeatures } from './features.ts';
import type { RerankPreset, VerificationPreset } from './presets.ts';
import type { RerankTrace } from './rerank.ts';
import type { LabelScore } from './soft-voting.ts';
import { agreements, type ViewMatch, verifiedRanking } from './verification.ts';

/** How labels stand and what is decided once the photo was matched. */
export interface VerifiedOutcome {
  readonly ranked: readonly LabelScore[];
  /** The decision's inputs; null when nothing was found. */
  readonly features: readonly number[] | null;
  readonly decision: Decision;
  /** The best label's agreement, 0..1, and what it added to the log-odds of "right"; null where none was matched. */
  readonly agreement: { readonly value: number; readonly contribution: number } | null;
}

/**
 * Labels in their new order, and the decision on the best of them. Where another label takes the lead, the
 * decision's features are those of the new order.
 */
export function decideVerified(
  trace: RerankTrace,
  matches: readonly ViewMatch[],
  {
    ranking,
    verification,
    model,
  }: {
    readonly ranking: RerankPreset;
    readonly verification: VerificationPreset;
    readonly model: DecisionModel;
  },
): VerifiedOutcome {
  const ranked = verifiedRanking(trace.ranked, matches, verification);
  const best = ranked[0];
  const same = best?.label === trace.ranked[0]?.label;
  const seen = same ? trace : { ...trace, ranked };
  const features = decisionFeatures(seen, ranking);
  const decision = decide(features, model);
  if (!best) return { ranked, features, decision, agreement: null };
  const value = agreements(matches, verification).get(best.label);
  return {
    ranked,
    features,
    decision: verifiedDecision(decision, best.label, matches, verification, model.accept),
    agreement: value === undefined ? null : { value, contribution: gainOf(value, verification) },
  };
}

/**
 * The decision with the best label's agreement in it: the odds of "right" against both other outcomes change
 * by exp(odds · (agreement − usual)). Where none of its views was matched, it stays as it is: of landmarks
 * that the user taught no view is kept, and that others were matched says nothing of them.
 * @param best label after verification
 * @param accept the least probability at which a landmark is named
 */
export function verifiedDecision(
  decision: Decision,
  best: number,
  matches: readonly ViewMatch[],
  preset: VerificationPreset,
  accept: number,
): Decision {
  const agreement = agreements(matches, preset).get(best);
  if (agreement === undefined) return decision;
  const factor = Math.exp(gainOf(agreement, preset));
  const { landmark, unlisted, 'not-landmark': none } = decision.probabilities;
  const sum = landmark * factor + unlisted + none;
  const probabilities: Record<Kind, number> = {
    landmark: (landmark * factor) / sum,
    unlisted: unlisted / sum,
    'not-landmark': none / sum,
  };
  const other = none >= unlisted ? 'not-landmark' : 'unlisted';
  const kind = probabilities.landmark >= accept ? 'landmark' : other;
  return { ...decision, kind, probabilities };
}

/** What agreement adds to the log-odds of "right". */
function gainOf(agreement: number, { odds, usual }: VerificationPreset): number {
  return odds * (agreement - usual);
}
