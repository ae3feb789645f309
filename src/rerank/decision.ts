// The decision: a softmax over three outcomes, fitted by `cairn fit`, never set by hand.
import { CairnError } from '../errors.ts';
import type { Kind } from '../verdict.ts';
import { FEATURES } from './features.ts';

/** Outcomes in the order of the model's rows. The first means "the best label is right". */
export const KINDS = ['landmark', 'unlisted', 'not-landmark'] as const satisfies readonly Kind[];

/** Multinomial logistic regression on standardised features. */
export interface DecisionModel {
  readonly version: 1;
  readonly features: readonly string[];
  readonly mean: readonly number[];
  readonly scale: readonly number[];
  /** [KINDS.length][features]. */
  readonly weights: readonly (readonly number[])[];
  readonly bias: readonly number[];
  /**
   * The least probability at which a landmark is named. Chosen on the validation split: at most 1 % of
   * its photos without a landmark pass. A wrong name costs more trust than an "unknown".
   */
  readonly accept: number;
}

/** Throws `model-invalid` unless the JSON is a decision for exactly our features. */
export function parseDecision(json: unknown): DecisionModel {
  const m = json as Partial<DecisionModel> | null;
  const numbers = (x: unknown, length: number): boolean =>
    Array.isArray(x) && x.length === length && x.every((v) => Number.isFinite(v));
  const valid =
    m?.version === 1 &&
    Array.isArray(m.features) &&
    m.features.length === FEATURES.length &&
    FEATURES.every((name, f) => m.features?.[f] === name) &&
    numbers(m.mean, FEATURES.length) &&
    numbers(m.scale, FEATURES.length) &&
    m.scale?.every((s) => s > 0) &&
    Array.isArray(m.weights) &&
    m.weights.length === KINDS.length &&
    m.weights.every((row) => numbers(row, FEATURES.length)) &&
    numbers(m.bias, KINDS.length) &&
    numbers([m.accept], 1);
  if (!valid) {
    throw new CairnError(
      'model-invalid',
      'The decision model does not fit this version of Cairn.',
      'Install the model files again, or fit the decision anew with `cairn fit`.',
    );
  }
  return m as DecisionModel;
}

export interface Decision {
  /** Landmark from the model's `accept` on, else the likelier of the other two. */
  readonly kind: Kind;
  /** Sums to 1. */
  readonly probabilities: Readonly<Record<Kind, number>>;
  /** What each feature adds to the log-odds of "landmark" against the mean of the other two. */
  readonly contributions: readonly number[];
}

/** Nothing was found at all: certainly not a landmark of this collection. */
const NOTHING: Decision = {
  kind: 'not-landmark',
  probabilities: { landmark: 0, unlisted: 0, 'not-landmark': 1 },
  contributions: FEATURES.map(() => 0),
};

/** @param features As from `decisionFeatures`; null when nothing was found. */
export function decide(features: readonly number[] | null, model: DecisionModel): Decision {
  if (!features) return NOTHING;
  const z = features.map((x, f) => (x - at(model.mean, f)) / at(model.scale, f));
  const logits = model.weights.map(
    (row, k) => at(model.bias, k) + row.reduce((sum, w, f) => sum + w * at(z, f), 0),
  );
  const [landmark, unlisted, none] = softmax(logits) as [number, number, number];
  const probabilities = { landmark, unlisted, 'not-landmark': none };
  const other = none >= unlisted ? 'not-landmark' : 'unlisted';
  const kind = landmark >= model.accept ? 'landmark' : other;
  const [right, ...others] = model.weights as [readonly number[], ...(readonly number[])[]];
  const contributions = z.map(
    (x, f) => x * (at(right, f) - others.reduce((s, row) => s + at(row, f), 0) / others.length),
  );
  return { kind, probabilities, contributions };
}

/** Numerically safe: the largest logit is taken off first. */
export function softmax(logits: readonly number[]): number[] {
  const max = Math.max(...logits);
  const e = logits.map((l) => Math.exp(l - max));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((x) => x / sum);
}

function at(row: readonly number[], i: number): number {
  return row[i] ?? Number.NaN;
}
