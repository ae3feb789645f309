// Operations on tfjs sequences that set one picture beside another: linear attention, confidences.
import * as tf from '@tensorflow/tfjs-core';
import { headOf, sameHead } from '../heads.ts';
import type { LinearAttentionOptions, Maxima } from '../ops.ts';
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
