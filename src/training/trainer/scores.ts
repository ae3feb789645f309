// What a validation says, of whichever network is trained, and which number of it chooses the weights.
import type { MatcherScores } from '../matcher/scores.ts';
import type { ValidationScores } from './validation.ts';

export type Scores = ValidationScores | MatcherScores;

/** The measure by which weights are chosen; larger is better. */
export function headline(scores: Scores): { readonly name: string; readonly value: number } {
  return 'gap' in scores
    ? { name: 'gap', value: scores.gap }
    : { name: 'auc5', value: scores.auc5 };
}
