// Geometric verification within re-ranking: which references are matched with the photo, in which order, when
// it is enough, and what their inliers do to the order of labels.
import type { VerificationPreset } from './presets.ts';
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
  /** Share of a grid's cells over the photo that hold an inlier, 0..1. */
  readonly spread: number;
}

/**
 * The references to match, best first: those of the best labels, of each label the most similar ones. All
 * labels get their first before any gets its second.
 * @param ranked labels, the best first
 */
export function viewsToVerify<V extends VerifiableView>(
  ranked: readonly LabelScore[],
  views: readonly V[],
  { labels, viewsOfLabel, most }: VerificationPreset,
): readonly V[] {
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
export function agreements(
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

/** Of all that could be matched, what is: up to where it is settled. @param matches in the order of matching */
export function untilSettled(
  ranked: readonly LabelScore[],
  matches: readonly ViewMatch[],
  preset: VerificationPreset,
): readonly ViewMatch[] {
  const end = matches.findIndex((_, i) => isSettled(ranked, matches.slice(0, i), preset));
  return end < 0 ? matches : matches.slice(0, end);
}
