// LoFTR's two losses (Sun et al. 2021, section 3.6), as the authors' code has them.
import * as tf from '@tensorflow/tfjs-core';
import { MATCHER_LOSS } from './presets.ts';

/** Probabilities are kept this far from 1, as the authors do. */
const NEAR_ONE = 1 - 1e-6;

export interface CoarseTruth {
  /** int32 [N, L]: the column that is right for each row, −1 for none; no column comes twice. */
  readonly matches: tf.Tensor2D;
  /** [N, L] and [N, S], 1 for rows and columns of which that is known. */
  readonly rows: tf.Tensor2D;
  readonly columns: tf.Tensor2D;
}

/**
 * The focal loss (Lin et al. 2017) on the dual softmax p of scores [N, L, S]:
 * −α (1 − p)^γ log p averaged over the matches, plus −α p^γ log(1 − p) averaged over all other pairs of
 * known cells. This is the authors' dense supervision (`compute_coarse_loss`, `focal`, `SPARSE_SPVS` off);
 * their sparse one is the first half alone, which leaves cells without a match to themselves. The authors
 * hold p to 1e-6 and more, below which nothing pulls. Untrained features are so far apart that nearly all
 * matches begin below 1e-12, so here log p comes from the scores: 2 s − log Σ rows − log Σ columns.
 * `mean` is the matches' mean confidence, for the log. Within `tf.tidy`.
 */
export function focalLoss(
  scores: tf.Tensor3D,
  { matches, rows, columns }: CoarseTruth,
): { readonly loss: tf.Scalar; readonly mean: tf.Scalar } {
  const { alpha, gamma, positive, negative } = MATCHER_LOSS;
  // Asked for float32, tfjs's WASM kernel writes the bits of whole numbers.
  const isRight = tf.cast(tf.oneHot(matches, scores.shape[2]), 'float32') as tf.Tensor3D;
  const matched = tf.sum(isRight, 2); // [N, L]
  const { logarithm, probability } = dualSoftmax(scores, isRight);
  const p = tf.minimum(tf.exp(logarithm), NEAR_ONE);
  const pulls = tf.mul(tf.pow(tf.sub(1, p), gamma), logarithm);
  const others = tf.sub(tf.mul(tf.expandDims(rows, 2), tf.expandDims(columns, 1)), isRight);
  const q = tf.minimum(probability, NEAR_ONE);
  const pushes = tf.mul(tf.pow(q, gamma), tf.log(tf.sub(1, q)));
  const sum = tf.add(
    tf.mul(average(pulls, matched), positive),
    tf.mul(average(pushes, others), negative),
  );
  return { loss: tf.mul(sum, -alpha), mean: average(p, matched) };
}

/** The probabilities [N, L, S], and of each row the logarithm of the right one [N, L]. */
function dualSoftmax(scores: tf.Tensor3D, isRight: tf.Tensor3D) {
  const acrossRows = logSum(scores, 2); // [N, L, 1]
  const acrossColumns = logSum(scores, 1); // [N, 1, S]
  const probability = tf.exp(tf.sub(tf.sub(tf.mul(scores, 2), acrossRows), acrossColumns));
  // A sum over a row of which one counts: its gradient is one that every backend has.
  const score = tf.sum(tf.mul(scores, isRight), 2);
  const column = tf.sum(tf.mul(isRight, acrossColumns), 2);
  const row = tf.mul(tf.squeeze(acrossRows, [2]), tf.sum(isRight, 2));
  return { probability, logarithm: tf.sub(tf.sub(tf.mul(score, 2), row), column) };
}

/** log Σ exp along an axis, which stays. */
function logSum(scores: tf.Tensor3D, axis: number): tf.Tensor {
  const most = constant(tf.max(scores, axis, true));
  return tf.add(tf.log(tf.sum(tf.exp(tf.sub(scores, most)), axis, true)), most);
}

/** Weighted; 0 where nothing has weight. */
function average(values: tf.Tensor, weights: tf.Tensor): tf.Scalar {
  return tf.div(tf.sum(tf.mul(values, weights)), tf.maximum(tf.sum(weights), 1));
}

/**
 * Deviations count as at least this, in units of offsets: 0.4 pixels. The authors hold them to 1e-10; but
 * untrained windows are as sure as can be, wrongly and without a slope, and one such row would then have
 * all the weight.
 */
const LEAST_DEVIATION = 0.1;
/** Keeps a distance's slope finite at 0. */
const LEAST_SQUARE = 1e-10;

/**
 * The mean squared distance to the true offsets, each weighted by 1 / deviation over the mean of these
 * (Sun et al. 2021, equation 6; `_compute_fine_loss_l2_std`): what the network is sure of counts more. No
 * gradient goes through the weights, or the network would learn to be unsure.
 * `pixels` is the mean distance in units of offsets, for the log. Within `tf.tidy`.
 * @param found [M, 3]: x, y, deviation
 * @param offsets [M, 2]
 * @param used [M], 1 or 0: rows that fill up count for nothing
 */
export function fineLoss(
  found: tf.Tensor2D,
  offsets: tf.Tensor2D,
  used: tf.Tensor1D,
): { readonly loss: tf.Scalar; readonly distance: tf.Scalar } {
  const count = found.shape[0];
  const deviation = tf.reshape(tf.slice(found, [0, 2], [count, 1]), [count]);
  const certainty = constant(tf.reciprocal(tf.maximum(deviation, LEAST_DEVIATION)));
  const mean = average(certainty, used);
  const weights = tf.mul(used, tf.div(certainty, tf.maximum(mean, LEAST_SQUARE)));
  const apart = tf.sub(tf.slice(found, [0, 0], [count, 2]), offsets);
  const squares = tf.sum(tf.square(apart), 1);
  const loss = tf.div(tf.sum(tf.mul(squares, weights)), tf.maximum(tf.sum(used), 1)) as tf.Scalar;
  return { loss, distance: average(tf.sqrt(tf.maximum(squares, LEAST_SQUARE)), used) };
}

/** The same numbers, without a gradient. */
function constant(x: tf.Tensor): tf.Tensor {
  const run = tf.customGrad((given) => ({
    value: tf.clone(given as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }));
  return run(x);
}
