// Learned whitening: a linear map under which photos of one landmark lie close and landmarks apart.
import {
  cholesky,
  type Dense,
  dense,
  invertLower,
  leadingSubspace,
  multiply,
  transpose,
  weightedGram,
} from './dense.ts';

export interface WhiteningOptions {
  /** Length of the result. */
  readonly dim: number;
  /**
   * Share of the mean within-class variance that is added to every direction before inverting: the
   * within-class covariance of few photos has directions that are nearly, but not truly, empty.
   */
  readonly shrinkage: number;
  /** A class counts as at most so many photos, so that no single landmark rules the metric. */
  readonly classCap: number;
}

export interface Whitening {
  /** [input]. */
  readonly mean: Float32Array;
  /** Row-major [dim × input]; embedding = weight · (x − mean), then L2. */
  readonly weight: Float32Array;
}

/**
 * Discriminative whitening (Mikolajczyk and Matas 2007; Radenović, Tolias and Chum 2018): the inverse
 * square root of the within-class covariance by Cholesky, then the leading directions of what is left.
 * The within-class covariance stands for their covariance of matching pairs: it is the same up to a
 * factor, and takes labels instead of pairs.
 * @param rows L2-normalised descriptors, row-major [labels.length × input].
 * @param labels Classes with a single photo take part in the second step alone.
 */
export function learnWhitening(
  rows: Float32Array,
  labels: readonly string[],
  options: WhiteningOptions,
): Whitening {
  const n = labels.length;
  const input = rows.length / n;
  const mean = meanRow(rows, n, input);
  const centred = dense(n, input, rows);
  subtractRow(centred, mean);

  const { deviations, weights } = withinClass(centred, labels, options.classCap);
  const within = weightedGram(deviations, weights);
  let trace = 0;
  for (let i = 0; i < input; i += 1) trace += within.data[i * input + i]!;
  const ridge = (options.shrinkage * trace) / input;
  for (let i = 0; i < input; i += 1) within.data[i * input + i]! += ridge;

  const inverse = invertLower(cholesky(within));
  const whitened = multiply(centred, transpose(inverse));
  const scatter = weightedGram(whitened);
  for (let i = 0; i < scatter.data.length; i += 1) scatter.data[i]! /= n;
  const weight = multiply(leadingSubspace(scatter, options.dim), inverse);
  return { mean: Float32Array.from(mean), weight: Float32Array.from(weight.data) };
}

/** Applies a whitening: row-major [n × input] → [n × dim], L2-normalised. */
export function applyWhitening(rows: Float32Array, whitening: Whitening): Float32Array {
  const input = whitening.mean.length;
  const n = rows.length / input;
  const centred = dense(n, input, rows);
  subtractRow(centred, whitening.mean);
  const weight = dense(whitening.weight.length / input, input, whitening.weight);
  const out = multiply(centred, transpose(weight));
  const dim = weight.rows;
  const result = new Float32Array(n * dim);
  for (let r = 0; r < n; r += 1) {
    const row = out.data.subarray(r * dim, (r + 1) * dim);
    const norm = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0)) || 1;
    for (let d = 0; d < dim; d += 1) result[r * dim + d] = row[d]! / norm;
  }
  return result;
}

/** Rows less their class's mean, with weights that sum over a class to at most `cap` and in all to 1. */
function withinClass(
  centred: Dense,
  labels: readonly string[],
  cap: number,
): { deviations: Dense; weights: Float64Array } {
  const { cols, data } = centred;
  const members = new Map<string, number[]>();
  labels.forEach((label, row) => {
    const rows = members.get(label);
    if (rows) rows.push(row);
    else members.set(label, [row]);
  });
  const deviations = dense(labels.length, cols);
  const weights = new Float64Array(labels.length);
  let total = 0;
  for (const rows of members.values()) {
    if (rows.length < 2) continue;
    const mean = new Float64Array(cols);
    for (const r of rows) for (let c = 0; c < cols; c += 1) mean[c]! += data[r * cols + c]!;
    for (let c = 0; c < cols; c += 1) mean[c]! /= rows.length;
    // n / (n − 1) undoes the bias of small classes.
    const weight = Math.min(rows.length, cap) / (rows.length - 1);
    total += Math.min(rows.length, cap);
    for (const r of rows) {
      weights[r] = weight;
      for (let c = 0; c < cols; c += 1) {
        deviations.data[r * cols + c] = data[r * cols + c]! - mean[c]!;
      }
    }
  }
  for (let r = 0; r < weights.length; r += 1) weights[r]! /= total;
  return { deviations, weights };
}

function meanRow(rows: Float32Array, n: number, cols: number): Float64Array {
  const mean = new Float64Array(cols);
  for (let i = 0; i < rows.length; i += 1) mean[i % cols]! += rows[i]! / n;
  return mean;
}

function subtractRow(matrix: Dense, row: ArrayLike<number>): void {
  for (let i = 0; i < matrix.data.length; i += 1) matrix.data[i]! -= row[i % matrix.cols]!;
}
