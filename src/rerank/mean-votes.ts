// Nearest class mean beside the nearest references: what a label's photos have in common, less what any one of
// them happens to show. Mensink et al., "Distance-based image classification", PAMI 2013; Snell et al. 2017.
import type { Ballot, LabelScore } from './soft-voting.ts';

/**
 * Votes of each label with the query's cosine to its mean: (votes^(1/power) + weight · max(cosine, 0))^power.
 * Labels that have a mean and no vote compete, too.
 * @param voted labels with their votes
 * @param ballots of all references found, in any order
 * @param means cosine by label, −1..1; where there is none, votes stay as they are
 * @returns distinct labels, the best first
 */
export function meanVotes(
  voted: readonly LabelScore[],
  ballots: readonly Ballot[],
  means: ReadonlyMap<number, number>,
  { power, weight }: { readonly power: number; readonly weight: number },
): readonly LabelScore[] {
  if (weight === 0 || means.size === 0) return voted;
  const scores = new Map(voted.map((score) => [score.label, score]));
  for (const { label, similarity } of ballots) {
    const best = Math.max(similarity, scores.get(label)?.best ?? Number.NEGATIVE_INFINITY);
    scores.set(label, { label, votes: scores.get(label)?.votes ?? 0, best });
  }
  return [...scores.values()]
    .map(({ label, votes, best }) => {
      const mean = Math.max(0, means.get(label) ?? 0);
      return { label, votes: (votes ** (1 / power) + weight * mean) ** power, best };
    })
    .sort((a, b) => b.votes - a.votes || b.best - a.best);
}
