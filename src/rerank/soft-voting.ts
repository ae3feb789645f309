// Soft-voting: references vote for their label with a power of their similarity.
import type { RerankPreset } from './presets.ts';

/** A reference as voting sees it: similarity may already carry a penalty. */
export interface Ballot {
  readonly label: number;
  readonly similarity: number;
}

export interface LabelScore {
  readonly label: number;
  /** Sum of the label's votes, ≥ 0. */
  readonly votes: number;
  /** Similarity of the label's best ballot. */
  readonly best: number;
}

/**
 * Sums max(similarity, 0)^power per label over the first `neighbours` ballots.
 * @param ballots Any order; sorted here by similarity, ties in the given order.
 * @returns Distinct labels, most votes first, ties by the better best ballot.
 */
export function softVote(ballots: readonly Ballot[], preset: RerankPreset['voting']): LabelScore[] {
  const voters = [...ballots]
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, preset.neighbours);
  const byLabel = new Map<number, { votes: number; best: number }>();
  for (const { label, similarity } of voters) {
    const vote = Math.max(similarity, 0) ** preset.power;
    const seen = byLabel.get(label);
    if (seen) seen.votes += vote;
    else byLabel.set(label, { votes: vote, best: similarity });
  }
  return [...byLabel]
    .map(([label, score]) => ({ label, ...score }))
    .sort((a, b) => b.votes - a.votes || b.best - a.best);
}
