// An ensemble of decision trees as flat typed arrays, and what it predicts: equal to LightGBM's own predictions.
import { CairnError } from '../../errors.ts';
import { applyObjective, type Objective } from './objective.ts';

/** Bits of a node's decision, as LightGBM writes them in `decision_type` (its include/LightGBM/tree.h). */
export const CATEGORICAL = 1;
export const DEFAULT_LEFT = 2;
const MISSING_SHIFT = 2;
const MISSING_ZERO = 1;

/**
 * Values as close to zero as this count as zero: LightGBM's `kZeroThreshold`, a float32 constant. Its
 * `Booster.predict` leaves them out of a row before any tree sees it, whatever a node's missing type.
 */
export const ZERO_THRESHOLD = Math.fround(1e-35);

/**
 * Trees in the order of training: tree t belongs to class t mod `classes`. Nodes and leaves of all trees
 * are numbered through. A child ≥ 0 is a node, a child < 0 is the leaf ~child. Only {@link buildEnsemble}
 * makes one: every index is in range and every tree is a tree, so that the loops below check nothing.
 */
export interface TreeEnsemble {
  /** Scores of a row, ≥ 1. */
  readonly classes: number;
  readonly iterations: number;
  /** Names, in the order of a row's values. */
  readonly features: readonly string[];
  readonly objective: Objective;
  /** Random forests: predictions are averaged over iterations; raw scores are sums nevertheless. */
  readonly average: boolean;
  /** [iterations · classes] A node, or ~leaf for a tree of one leaf. */
  readonly roots: Int32Array;
  /** [nodes] Which value of the row is looked at. */
  readonly feature: Int32Array;
  /** [nodes] Bits: see above. */
  readonly decision: Uint8Array;
  /** [nodes] What the two above come to: see {@link columnOf}. */
  readonly column: Int32Array;
  /** [nodes] Left where value ≤ threshold. Of a categorical node: which set. */
  readonly threshold: Float64Array;
  /** [nodes] */
  readonly left: Int32Array;
  /** [nodes] */
  readonly right: Int32Array;
  /** [sets + 1] Set s is the bits of words setStart[s] to setStart[s + 1] (not included). */
  readonly setStart: Int32Array;
  readonly setWords: Uint32Array;
  /** [leaves] */
  readonly leafValue: Float64Array;
  /** [leaves] Training rows, ≥ 0. */
  readonly leafCount: Float64Array;
}

/** The values of a photo's features, in the order of `features`; NaN where one is missing. */
export type Row = Float64Array | readonly number[];

/** The same trees up to the first `iterations` (1 to all of them), as LightGBM's `num_iteration` has it. */
export function firstIterations(ensemble: TreeEnsemble, iterations: number): TreeEnsemble {
  if (!(Number.isInteger(iterations) && iterations >= 1 && iterations <= ensemble.iterations)) {
    throw misuse(`There are ${ensemble.iterations} iterations, not ${iterations}.`);
  }
  const trees = iterations * ensemble.classes;
  const { node, leaf } = startOfTree(ensemble, trees);
  return {
    ...ensemble,
    iterations,
    roots: ensemble.roots.subarray(0, trees),
    feature: ensemble.feature.subarray(0, node),
    decision: ensemble.decision.subarray(0, node),
    column: ensemble.column.subarray(0, node),
    threshold: ensemble.threshold.subarray(0, node),
    left: ensemble.left.subarray(0, node),
    right: ensemble.right.subarray(0, node),
    leafValue: ensemble.leafValue.subarray(0, leaf),
    leafCount: ensemble.leafCount.subarray(0, leaf),
  };
}

/**
 * Sums of the trees' leaf values, LightGBM's `raw_score`.
 *
 * @param out [classes] Overwritten, and returned; a new one when left out.
 */
export function predictRaw(
  ensemble: TreeEnsemble,
  row: Row,
  out: Float64Array = new Float64Array(ensemble.classes),
): Float64Array {
  const values = rowValues(ensemble, row);
  const { classes, roots, column, threshold, left, right, leafValue } = ensemble;
  out.fill(0);
  for (let t = 0, k = 0; t < roots.length; t++) {
    // Indices are in range: see TreeEnsemble. goesLeft is written out: a tenth less time.
    let node = roots[t]!;
    while (node >= 0) {
      const at = column[node]!;
      const isLeft = at < 0 ? goesLeft(ensemble, node, values) : values[at]! <= threshold[node]!;
      node = isLeft ? left[node]! : right[node]!;
    }
    out[k]! += leafValue[~node]!;
    k = k + 1 === classes ? 0 : k + 1;
  }
  return out;
}

/** Predictions after the objective's transform: probabilities of a classifier. [classes] */
export function predict(
  ensemble: TreeEnsemble,
  row: Row,
  out: Float64Array = new Float64Array(ensemble.classes),
): Float64Array {
  predictRaw(ensemble, row, out);
  if (ensemble.average) {
    for (let k = 0; k < out.length; k++) out[k]! /= ensemble.iterations;
  }
  applyObjective(ensemble.objective, out);
  return out;
}

/** Where tree t's nodes and leaves begin; where everything ends, for t = the number of trees. */
export function startOfTree({ roots, leafValue }: TreeEnsemble, t: number) {
  const root = roots[t] ?? ~leafValue.length;
  // A tree has a node fewer than leaves, so that before tree t there are t leaves more than nodes.
  return root < 0 ? { node: ~root - t, leaf: ~root } : { node: root, leaf: root + t };
}

/**
 * The row as nodes see it, [4 · features]: as it is, with NaN sent left, with NaN and zero gone, with both sent
 * left. What is sent left is -∞, which no threshold is below; NaN is not ≤ anything and so goes right. That a
 * value is missing is thus found once a row, and no node has to ask.
 *
 * Throws `internal` when the row has another length than the model.
 */
export function rowValues({ features: { length } }: TreeEnsemble, row: Row): Float64Array {
  if (row.length !== length) {
    throw misuse(`A row of ${row.length} values met a model of ${length} features.`);
  }
  const values = new Float64Array(4 * length);
  for (let f = 0; f < length; f++) {
    const given = row[f]!; // f < length
    const value = Math.abs(given) <= ZERO_THRESHOLD ? 0 : given;
    const isMissing = Number.isNaN(value);
    const isGone = isMissing || value === 0;
    values[f] = value;
    values[length + f] = isMissing ? -Infinity : value;
    values[2 * length + f] = isGone ? Number.NaN : value;
    values[3 * length + f] = isGone ? -Infinity : value;
  }
  return values;
}

/**
 * Which of {@link rowValues} a node compares; of a categorical node, which cannot be compared, ~it. After
 * `NumericalDecision` in LightGBM's include/LightGBM/tree.h.
 */
export function columnOf(
  features: number,
  node: { readonly feature: number; readonly decision: number; readonly threshold: number },
): number {
  const { feature, decision, threshold } = node;
  if ((decision & CATEGORICAL) !== 0) return ~feature;
  const missing = decision >> MISSING_SHIFT;
  // Without a missing type, NaN is a zero like others.
  const left = missing === 0 ? 0 <= threshold : (decision & DEFAULT_LEFT) !== 0;
  return feature + features * ((missing === MISSING_ZERO ? 2 : 0) + (left ? 1 : 0));
}

/** @param values As from {@link rowValues}. */
export function goesLeft(ensemble: TreeEnsemble, node: number, values: Float64Array): boolean {
  // Indices are in range: see TreeEnsemble.
  const column = ensemble.column[node]!;
  const threshold = ensemble.threshold[node]!;
  return column < 0 ? isInSet(ensemble, threshold, values[~column]!) : values[column]! <= threshold;
}

/** `CategoricalDecision`: fractions are cut off; NaN, -1 and less, and what no int32 holds are in no set. */
function isInSet({ setStart, setWords }: TreeEnsemble, set: number, value: number): boolean {
  if (!(value > -1 && value <= 0x7fffffff)) return false;
  const category = Math.trunc(value);
  const word = setStart[set]! + (category >>> 5);
  return word < setStart[set + 1]! && ((setWords[word]! >>> (category & 31)) & 1) === 1;
}

function misuse(what: string): CairnError {
  return new CairnError('internal', what, 'This is a fault of Cairn: please report it.');
}
