// Geometric verification within re-ranking: which references are matched with the photo, in which order, when
// it is enough, and what their inliers do to the order of labels and to the confidence.
import type { Kind } from '../verdict.ts';
import { type Decision, type DecisionModel, decide } from './decision.ts';
import { decisionFeatures } from './features.ts';
import type { RerankPreset, VerificationPreset } from './presets.ts';
import type { RerankTrace } from './rerank.ts';
import type { LabelScore } from './soft-voting.ts';

/** A reference that the photo can be matched with. */
export interface VerifiableView {
  /** Place of its label in the collection. */
  readonly label: number;
  /** Row of the collection. */
  readonly row: number;
  /** Cosine to the photo, −1..1. */
  readonly similarity: number;
}

/** What matching it with the photo gave. */
export interface ViewMatch extends VerifiableView {
  readonly matches: number;
  /** Matches that one motion of the camera explains. */
  readonly inliers: number;
}

/**
 * The references to match, best first: those of the best labels, of each label the most similar ones. All
 * labels get their first before any gets its second.
 * @param ranked labels, the best first
 */
export function viewsToVerify(
  ranked: readonly LabelScore[],
  views: readonly VerifiableView[],
  { labels, viewsOfLabel, most }: VerificationPreset,
): readonly VerifiableView[] {
  const queues = ranked.slice(0, labels).map(({ label }) =>
    views
      .filter((view) => view.label === label)
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, viewsOfLabel),
  );
  const turns = Array.from({ length: viewsOfLabel }, (_, turn) =>
    queues.flatMap((queue) => queue[turn] ?? []),
  );
  return turns.flat().slice(0, most);
}

/** How much of full agreement so many inliers are, 0..1. */
export function agreementOf(inliers: number, { saturation, floor }: VerificationPreset): number {
  return Math.min(1, Math.max(0, (inliers - floor) / (saturation - floor)));
}

/** Most agreement of any view of each label. */
function agreements(
  matches: readonly ViewMatch[],
  preset: VerificationPreset,
): ReadonlyMap<number, number> {
  const best = new Map<number, number>();
  for (const { label, inliers } of matches) {
    best.set(label, Math.max(best.get(label) ?? 0, agreementOf(inliers, preset)));
  }
  return best;
}

/**
 * Labels in the order of votes · (1 + weight · agreement); what was not matched has none. Votes of the labels
 * that follow the matched ones stay as they are.
 * @param ranked the best first
 */
export function verifiedRanking(
  ranked: readonly LabelScore[],
  matches: readonly ViewMatch[],
  preset: VerificationPreset,
): readonly LabelScore[] {
  const agreement = agreements(matches, preset);
  return ranked
    .map((score) => ({
      ...score,
      votes: score.votes * (1 + preset.weight * (agreement.get(score.label) ?? 0)),
    }))
    .sort((a, b) => b.votes - a.votes);
}

/**
 * Whether no view that is still to come can change the verdict: the best label agrees fully, so that it
 * neither gains nor is overtaken.
 * @param ranked as before verification
 */
export function isSettled(
  ranked: readonly LabelScore[],
  matches: readonly ViewMatch[],
  preset: VerificationPreset,
): boolean {
  const [best, ...others] = verifiedRanking(ranked, matches, preset);
  if (!best) return true;
  if ((agreements(matches, preset).get(best.label) ?? 0) < 1) return false;
  const before = new Map(ranked.map(({ label, votes }) => [label, votes]));
  return others.every(({ label }) => (before.get(label) ?? 0) * (1 + preset.weight) <= best.votes);
}

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
  const ranked = verifiedRanking(trace.penalised, matches, verification);
  const best = ranked[0];
  const same = best?.label === trace.penalised[0]?.label;
  const seen = same ? trace : { ...trace, penalised: ranked };
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
