// Operations on tfjs sequences that set one picture beside another: attention across them, confidences.
import * as tf from '@tensorflow/tfjs-core';
import { headOf, sameHead } from '../heads.ts';
import type { InterleavedAttentionOptions, LinearAttentionOptions, Maxima } from '../ops.ts';
import * as fused from './fused.ts';

/** elu(x) + 1. */
function positive(x: tf.Tensor): tf.Tensor {
  return tf.add(tf.elu(x), 1);
}

/** The last axis times a matrix. */
function times(x: tf.Tensor, matrix: tf.Tensor2D): tf.Tensor {
  const rows = tf.reshape(x, [-1, matrix.shape[0]]) as tf.Tensor2D;
  return tf.reshape(tf.matMul(rows, matrix), [...x.shape.slice(0, -1), matrix.shape[1]]);
}

/** All heads in one product, of which what crosses heads is struck out: few small products are slow. */
export function linearAttention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  { heads, eps, keyMask }: LinearAttentionOptions<tf.Tensor>,
): tf.Tensor {
  const channels = q.shape[2]!;
  const queries = positive(q) as tf.Tensor3D;
  const keys = (keyMask ? tf.mul(positive(k), keyMask) : positive(k)) as tf.Tensor3D;
  const own = tf.tensor(sameHead(channels, heads), [channels, channels]);
  const crossed = tf.matMul(keys, v as tf.Tensor3D, true, false); // [N, C, C]
  const sums = tf.matMul(queries, tf.mul(crossed, own) as tf.Tensor3D); // [N, L, C]
  const members = tf.tensor2d(headOf(channels, heads), [heads, channels]);
  const weighed = tf.mul(queries, tf.sum(keys, 1, true));
  const norms = tf.add(times(weighed, tf.transpose(members)), eps); // [N, L, heads]
  return tf.mul(sums, times(tf.reciprocal(norms), members));
}

/** What is added to the scores of keys that do not count: nothing of them is left after a softmax. */
const NEVER = 1e9;

export function interleavedAttention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  { heads, keyMask }: InterleavedAttentionOptions<tf.Tensor>,
): tf.Tensor {
  const [n, length, channels] = q.shape as [number, number, number];
  const keys = k.shape[1]!;
  const each = channels / heads;
  const split = (x: tf.Tensor, order: number[], shape: [number, number, number]) =>
    tf.reshape(tf.transpose(tf.reshape(x, [n, -1, each, heads]), order), shape) as tf.Tensor3D;
  const products = tf.matMul(
    split(q, [0, 3, 1, 2], [n * heads, length, each]),
    split(k, [0, 3, 2, 1], [n * heads, each, keys]),
  );
  let scores: tf.Tensor = products;
  if (keyMask) {
    const never = tf.mul(tf.sub(tf.reshape(keyMask, [n, 1, keys]), 1), NEVER);
    scores = tf.add(tf.reshape(products, [n, heads * length, keys]), never);
  }
  const weights = fused.softmax(tf.reshape(scores, [n * heads, length, keys])) as tf.Tensor3D;
  const sums = tf.matMul(weights, split(v, [0, 3, 1, 2], [n * heads, keys, each]));
  const joined = tf.transpose(tf.reshape(sums, [n, heads, length, each]), [0, 2, 3, 1]);
  return tf.reshape(joined, [n, length, channels]);
}

/** By addition: the gradient of a sum over repeats is one kernel, that of tile many. */
export function repeat(x: tf.Tensor, length: number): tf.Tensor {
  return tf.add(tf.zeros([1, length, 1]), x);
}

export function dualSoftmax(x: tf.Tensor): tf.Tensor {
  const down = tf.transpose(fused.softmax(tf.transpose(x, [0, 2, 1])), [0, 2, 1]);
  return tf.mul(fused.softmax(x), down);
}

export function maxima(x: tf.Tensor): Maxima<tf.Tensor> {
  return {
    rows: tf.max(x, 2),
    places: tf.cast(tf.argMax(x, 2), 'float32'),
    columns: tf.max(x, 1),
  };
}
