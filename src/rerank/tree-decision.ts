// The recipe's decision: seven classes over the five best labels, by boosted trees and a linear model on the same
// features; hence kind, label and confidence. Trained by `cairn train-reranker`, never set by hand.
import { CairnError } from '../errors.ts';
import type { Kind } from '../verdict.ts';
import {
  CHOICES,
  columnName,
  LABEL_FEATURES,
  type LabelFeature,
  PHOTO_FEATURES,
  type PhotoFeature,
  TREE_FEATURES,
  type TreeRow,
} from './features.ts';
import type { LabelScore } from './soft-voting.ts';
import { type ExportedTrees, openTrees } from './trees/exported-trees.ts';
import { pathContributions } from './trees/path-contributions.ts';
import { predictRaw, type TreeEnsemble } from './trees/tree-ensemble.ts';

/** Classes 0 to 4: that one of the five labels is right. */
export const NOT_A_LANDMARK = CHOICES;
/** A landmark, but none of the five. */
export const ANOTHER_LANDMARK = CHOICES + 1;
export const CLASSES = CHOICES + 2;

/**
 * Multinomial logistic regression on standardised features. Trees end in steps: beyond the last one everything is
 * alike. A linear model goes on, and orders the surest, where GAP looks most; docs/decision.md has both alone.
 */
export interface LinearModel {
  /** Names of its columns, each one of the trees'. A missing value counts as 0 before it is standardised. */
  readonly columns: readonly string[];
  readonly mean: readonly number[];
  readonly scale: readonly number[];
  /** [CLASSES][columns] */
  readonly weights: readonly (readonly number[])[];
  readonly bias: readonly number[];
}

/** What the trees were trained with, and how their scores are read. */
export interface TreeTraining {
  /** SHA-256 of the model whose embeddings were searched for, as `ServedModel` has it. */
  readonly weightsSha256: string;
  /** SHA-256 of the non-landmark bank: features are distances to it. */
  readonly bankSha256: string;
  /** Id of the matcher that counted the inliers, and SHA-256 of its weights. */
  readonly matcher: { readonly id: string; readonly weightsSha256: string };
  /** Scores are divided by it before they become probabilities (Guo et al. 2017), over 0. */
  readonly temperature: number;
  /** The least probability at which a landmark is named. Chosen as `DecisionModel.accept` is. */
  readonly accept: number;
  readonly linear: LinearModel;
}

export interface TreeDecisionModel extends TreeTraining {
  readonly trees: TreeEnsemble;
}

/** Throws `model-invalid` unless the trees are of seven classes over exactly our features. */
export function openTreeDecision(
  exported: ExportedTrees,
  training: TreeTraining,
): TreeDecisionModel {
  const trees = openTrees(exported);
  const columns = TREE_FEATURES.map(columnName);
  const fits =
    trees.classes === CLASSES &&
    trees.features.length === columns.length &&
    trees.features.every((name, f) => name === columns[f]) &&
    training.temperature > 0 &&
    Number.isFinite(training.accept) &&
    isLinear(training.linear, columns);
  if (!fits) {
    throw new CairnError(
      'model-invalid',
      'The re-ranker does not fit this version of Cairn.',
      'Train it anew with `cairn train-reranker`.',
    );
  }
  return { ...training, trees };
}

function isLinear(linear: LinearModel, columns: readonly string[]): boolean {
  const { length } = linear.columns;
  const numbers = (row: readonly number[] | undefined, count: number) =>
    row?.length === count && row.every(Number.isFinite);
  return (
    linear.columns.every((name) => columns.includes(name)) &&
    numbers(linear.mean, length) &&
    numbers(linear.scale, length) &&
    linear.scale.every((scale) => scale > 0) &&
    linear.weights.length === CLASSES &&
    linear.weights.every((row) => numbers(row, length)) &&
    numbers(linear.bias, CLASSES)
  );
}

/** What a feature added, all labels' columns of it together. */
export interface TreeContribution {
  readonly name: LabelFeature | PhotoFeature;
  /** Of the chosen label, or of the photo; NaN where a stage was skipped. */
  readonly value: number;
  /** To the score of "this label is right" against the mean of "no landmark" and "another landmark". */
  readonly contribution: number;
}

export interface TreeDecision {
  /** Of the five, the likeliest to be right; null when nothing was found. */
  readonly label: number | null;
  /** The five in the order of their probabilities. */
  readonly choices: readonly LabelScore[];
  /** Probability that `label` is right, 0..1: what GAP ranks by. */
  readonly confidence: number;
  /** Landmark from the model's `accept` on, else the likelier of the other two. */
  readonly kind: Kind;
  /** "Landmark" is that any of the five is right. Sums to 1. */
  readonly probabilities: Readonly<Record<Kind, number>>;
}

const NOTHING: TreeDecision = {
  label: null,
  choices: [],
  confidence: 0,
  kind: 'not-landmark',
  probabilities: { landmark: 0, unlisted: 0, 'not-landmark': 1 },
};

/** @param row As from `treeRow`; null when nothing was found. */
export function decideByTrees(row: TreeRow | null, model: TreeDecisionModel): TreeDecision {
  if (!row) return NOTHING;
  const byTrees = probabilities(predictRaw(model.trees, row.values), row, model.temperature);
  const byLine = probabilities(linearScores(row, model.linear), row);
  const classes = byTrees.map((probability, k) => (probability + byLine[k]!) / 2);
  const order = row.choices
    .map((choice, place) => ({ choice, probability: classes[place]! }))
    .sort((a, b) => b.probability - a.probability);
  const best = order[0]!; // a row has a choice
  const none = classes[NOT_A_LANDMARK]!;
  const unlisted = classes[ANOTHER_LANDMARK]!;
  const other = none >= unlisted ? 'not-landmark' : 'unlisted';
  return {
    label: best.choice.label,
    choices: order.map(({ choice }) => choice),
    confidence: best.probability,
    kind: best.probability >= model.accept ? 'landmark' : other,
    probabilities: { landmark: 1 - none - unlisted, unlisted, 'not-landmark': none },
  };
}

/** Softmax of the scores; labels that are not there cannot be right. [CLASSES], sums to 1. */
function probabilities(scores: Float64Array, { choices }: TreeRow, temperature = 1): Float64Array {
  const known = scores.map((score, k) =>
    k < CHOICES && k >= choices.length ? Number.NEGATIVE_INFINITY : score / temperature,
  );
  const most = Math.max(...known);
  const exps = known.map((score) => Math.exp(score - most));
  const sum = exps.reduce((all, value) => all + value, 0);
  return exps.map((value) => value / sum);
}

/** Logits. [CLASSES] */
function linearScores(row: TreeRow, { weights, bias, ...linear }: LinearModel): Float64Array {
  const z = standardised(row, linear);
  return Float64Array.from(weights, (own, k) =>
    own.reduce((sum, weight, c) => sum + weight * z[c]!, bias[k]!),
  );
}

function standardised(
  { values }: TreeRow,
  { columns, mean, scale }: Pick<LinearModel, 'columns' | 'mean' | 'scale'>,
): readonly number[] {
  return columns.map((name, c) => {
    const value = values[PLACES.get(name)!]!; // checked when the model was opened
    return ((Number.isFinite(value) ? value : 0) - mean[c]!) / scale[c]!;
  });
}

/** Place of each column in a row. */
const PLACES: ReadonlyMap<string, number> = new Map(
  TREE_FEATURES.map((feature, f) => [columnName(feature), f]),
);

/**
 * Why: what each feature added on the trees' paths, and to the linear score beyond what an average photo's would,
 * the mean of the two, most first. Scores are those of "the label is right" less the mean of the other two kinds'.
 */
export function explainTrees(
  row: TreeRow,
  decision: TreeDecision,
  { trees, temperature, linear }: TreeDecisionModel,
): readonly TreeContribution[] {
  const place = row.choices.findIndex(({ label }) => label === decision.label);
  const z = standardised(row, linear);
  const added = pathContributions(trees, row.values).map((own, k) => {
    const scores = own.map((score) => score / temperature / 2);
    for (const [c, name] of linear.columns.entries()) {
      scores[PLACES.get(name)!]! += (linear.weights[k]![c]! * z[c]!) / 2;
    }
    return scores;
  });
  const [right, none, unlisted] = [added[place], added[NOT_A_LANDMARK], added[ANOTHER_LANDMARK]];
  if (!right || !none || !unlisted) return [];
  const sums = new Map<LabelFeature | PhotoFeature, { value: number; contribution: number }>(
    [...PHOTO_FEATURES, ...LABEL_FEATURES].map((name) => [
      name,
      { value: Number.NaN, contribution: 0 },
    ]),
  );
  for (const [f, { name, choice }] of TREE_FEATURES.entries()) {
    const sum = sums.get(name)!; // every name is a feature of one of the two kinds
    sum.contribution += right[f]! - (none[f]! + unlisted[f]!) / 2;
    if (choice === null || choice === place) sum.value = row.values[f]!;
  }
  return [...sums]
    .map(([name, sum]) => ({ name, ...sum }))
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
}
