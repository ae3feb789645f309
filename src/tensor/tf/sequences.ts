// Operations on tfjs sequences [N, L, C], with gradients that need no kernel which WASM lacks.
import * as tf from '@tensorflow/tfjs-core';
import { requireLength } from '../checks.ts';
import type { AttentionMask, AttentionOptions } from '../ops.ts';
import * as fused from './fused.ts';
import { pick } from './fused.ts';

/** Any rank of x: its last axis is multiplied; the weight is [out, in] or [out, in, 1]. tfjs's WASM kernel is slow when told to transpose meanwhile. */
export function linear(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor | null): tf.Tensor {
  const [out, takes] = weight.shape as [number, number];
  const turned = tf.transpose(tf.reshape(weight, [out, takes]) as tf.Tensor2D);
  const channels = x.shape[x.rank - 1]!;
  const rows = x.rank === 2 ? x : tf.reshape(x, [-1, channels]);
  const product = tf.matMul(rows as tf.Tensor2D, turned);
  const y = bias ? tf.add(product, bias) : product;
  return x.rank === 2 ? y : tf.reshape(y, [...x.shape.slice(0, -1), turned.shape[1]]);
}

export function layerNorm(
  x: tf.Tensor,
  weight: tf.Tensor,
  bias: tf.Tensor,
  eps: number,
): tf.Tensor {
  for (const each of [weight, bias]) requireLength(x.shape[x.rank - 1], each.size);
  return fused.layerNorm(x, weight, bias, eps);
}

/** tfjs's gradient of gather needs UnsortedSegmentSum; that of an order without doubles is its inverse. */
export function reorder(x: tf.Tensor, order: readonly number[]): tf.Tensor {
  const inverse = new Array<number>(x.shape[1]!).fill(-1);
  for (const [place, token] of order.entries()) if (token !== -1) inverse[token] = place;
  const run = tf.customGrad((given) => {
    const value = pick(given as tf.Tensor, order, 1);
    return { value, gradFunc: (dy: tf.Tensor) => pick(dy, inverse, 1) };
  });
  return run(x);
}

/** For each row of a table, the places that it went to, filled up with −1 to the same number. */
function placesOf(index: readonly number[], rows: number): { places: number[]; most: number } {
  const byRow = Array.from({ length: rows }, (): number[] => []);
  for (const [place, row] of index.entries()) if (row !== -1) byRow[row]!.push(place);
  const most = byRow.reduce((longest, places) => Math.max(longest, places.length), 1);
  const filled = (row: number[]) => [...row, ...new Array<number>(most - row.length).fill(-1)];
  return { places: byRow.flatMap(filled), most };
}

/**
 * Rows of [R, C] by index, which may repeat: [index.length, C], zeros where it is −1. The gradient of
 * tfjs's gather needs UnsortedSegmentSum, which WASM lacks.
 */
export function gatherRows(table: tf.Tensor, index: readonly number[]): tf.Tensor {
  const [rows, columns] = table.shape as [number, number];
  const run = tf.customGrad((given) => {
    const value = pick(given as tf.Tensor, index, 0);
    const gradFunc = (dy: tf.Tensor) => {
      const { places, most } = placesOf(index, rows);
      return tf.sum(tf.reshape(pick(dy, places, 0), [rows, most, columns]), 1);
    };
    return { value, gradFunc };
  });
  return run(table);
}

export function spread(table: tf.Tensor, index: readonly number[], length: number): tf.Tensor {
  const heads = table.shape[1]!;
  return tf.reshape(tf.transpose(gatherRows(table, index), [1, 0]), [heads, length, length]);
}

/** What is added to the scores of all heads of `windows` sequences, in one row. */
function biasRow(bias: tf.Tensor, mask: AttentionMask | null | undefined): tf.Tensor {
  if (!mask) return tf.reshape(bias, [-1]);
  const [heads, length] = bias.shape as [number, number];
  const windows = tf.tensor4d(mask.values, [mask.windows, 1, length, length]);
  return tf.reshape(tf.add(windows, tf.reshape(bias, [1, heads, length, length])), [-1]);
}

export function attention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  { heads, bias, mask }: AttentionOptions<tf.Tensor>,
): tf.Tensor {
  const [n, length, channels] = q.shape as [number, number, number];
  const each = channels / heads;
  const split = (x: tf.Tensor, order: number[], shape: [number, number, number]) =>
    tf.reshape(tf.transpose(tf.reshape(x, [n, length, heads, each]), order), shape) as tf.Tensor3D;
  const queries = split(q, [0, 2, 1, 3], [n * heads, length, each]);
  const keys = split(k, [0, 2, 3, 1], [n * heads, each, length]);
  const values = split(v, [0, 2, 1, 3], [n * heads, length, each]);
  // One row of scores for each map: the bias then is a vector, which every backend adds alike.
  const row = (mask?.windows ?? 1) * heads * length * length;
  const scores = tf.reshape(tf.matMul(queries, keys), [-1, row]);
  const biased = tf.reshape(tf.add(scores, biasRow(bias, mask)), [n * heads * length, length]);
  const weights = tf.reshape(fused.softmax(biased), [n * heads, length, length]) as tf.Tensor3D;
  const sums = tf.reshape(tf.matMul(weights, values), [n, heads, length, each]);
  return tf.reshape(tf.transpose(sums, [0, 2, 1, 3]), [n, length, channels]);
}
