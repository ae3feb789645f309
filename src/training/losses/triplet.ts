// Triplet loss with semi-hard negatives (Schroff et al., "FaceNet", 2015). It learns no classes: labels
// only say which photos of a batch belong together.
import * as tf from '@tensorflow/tfjs-core';
import { above, oneHot, rowProducts, withGradient } from './products.ts';

export interface TripletOptions {
  /** How much farther, in squared distance, a negative shall be than a positive. */
  readonly margin: number;
}

/** As published. */
export const TRIPLET: TripletOptions = { margin: 0.2 };

/** Beyond every similarity's range −1..1: adds up to tiers of candidates. */
const TIER = 4;

/**
 * Over all pairs of an anchor and another photo of its label: the mean of
 * max(0, ‖a − p‖² − ‖a − n‖² + margin), where n is the nearest photo of another label that is farther than
 * p, or, where none is, the farthest of all (as TensorFlow Addons chooses it). 0 for a batch without pairs or
 * without negatives. Memory grows with N³: batches of at most about 128 photos.
 * @param embeddings [N, dim], L2-normalised
 * @param labels int32 [N]
 */
export function tripletLoss(
  embeddings: tf.Tensor2D,
  labels: tf.Tensor1D,
  { margin }: TripletOptions = TRIPLET,
): tf.Scalar {
  const n = embeddings.shape[0];
  // ‖a − b‖² = 2 − 2 a · b: similarities alone decide.
  const similar = rowProducts(embeddings, embeddings);
  const same = tf.cast(
    tf.equal(tf.reshape(labels, [n, 1]), tf.reshape(labels, [1, n])),
    'float32',
  ) as tf.Tensor2D;
  const others = tf.sub(1, same);
  const chosen = semiHard(similar, others);
  // [anchor, positive]: the chosen negative's similarity to the anchor.
  const negative = tf.sum(tf.mul(chosen, tf.reshape(similar, [n, 1, n])), 2);
  const hasNegative = tf.max(others, 1, true);
  const pairs = tf.mul(tf.sub(same, tf.eye(n)), hasNegative);
  const excess = tf.add(tf.mul(tf.sub(negative, similar), 2), margin);
  const active = tf.mul(pairs, above(excess, 0));
  const count = tf.maximum(tf.sum(pairs), 1);
  const value = tf.div(tf.sum(tf.mul(active, excess)), count);
  // Each active pair pushes its negative away and pulls its positive near.
  const pushed = tf.reshape(tf.matMul(tf.reshape(active, [n, 1, n]), chosen), [n, n]);
  const gradient = tf.div(tf.mul(tf.sub(pushed, active), 2), count);
  return withGradient(similar, value, gradient);
}

/** [anchor, positive, negative]: 1 at the negative of each pair. */
function semiHard(similar: tf.Tensor2D, others: tf.Tensor): tf.Tensor3D {
  const n = similar.shape[0];
  const candidates = tf.reshape(similar, [n, 1, n]);
  const allowed = tf.reshape(others, [n, 1, n]);
  const farther = above(tf.reshape(similar, [n, n, 1]), candidates);
  // Best are the most similar among the farther ones, then the least similar, never the anchor's own label.
  const preferred = tf.add(
    tf.mul(tf.add(tf.mul(candidates, 2), TIER), farther),
    tf.neg(candidates),
  );
  const score = tf.sub(tf.mul(preferred, allowed), tf.mul(tf.sub(1, allowed), 2 * TIER));
  const best = tf.reshape(tf.argMax(score, 2), [n * n]) as tf.Tensor1D;
  return tf.reshape(oneHot(best, n), [n, n, n]);
}
