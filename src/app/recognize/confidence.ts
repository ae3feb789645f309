// What a verdict's probability is called in words, and which probability a verdict is judged by.
import type { Answer } from '../../verdict.ts';

export type ConfidenceWord = 'certain' | 'likely' | 'possible' | 'doubtful';

/** Lower bounds, highest first. Calibrated probabilities, so the words mean what they say. */
const BOUNDS: readonly (readonly [number, ConfidenceWord])[] = [
  [0.9, 'certain'],
  [0.7, 'likely'],
  [0.4, 'possible'],
  [0, 'doubtful'],
];

/** `probability` 0..1; anything else, NaN included, is a doubtful one. */
export function confidenceWord(probability: number): ConfidenceWord {
  return BOUNDS.find(([bound]) => probability >= bound)?.[1] ?? 'doubtful';
}

/** Stones of the little cairn that stands for a word, 1..4. */
export function confidenceStones(word: ConfidenceWord): number {
  return BOUNDS.length - BOUNDS.findIndex(([, name]) => name === word);
}

/**
 * How sure the verdict shown is, 0..1. `Verdict.confidence` always speaks of the best label, so for a
 * refusal the probability of that refusal is what a reader wants to see.
 */
export function shownConfidence(verdict: Answer): number {
  return verdict.kind === 'landmark' ? verdict.confidence : verdict.kindProbabilities[verdict.kind];
}
