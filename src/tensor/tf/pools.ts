// Pooling on tfjs maps [N, H, W, C], from slices: tfjs's own max-pool gradient is wrong on WASM, and its
// kernels know no uneven padding with gradients everywhere.
import * as tf from '@tensorflow/tfjs-core';
import type { AvgPoolOptions, PoolOptions } from '../ops.ts';
import { windowsAlong } from '../sides.ts';
import { fusedMaxPool } from './fused-spatial.ts';

/** Loses against every number, and stays finite in float32. */
const LOWEST = -3e38;

/** How one side is padded, cut into phases and read. */
interface Side {
  /** Windows along it. */
  readonly count: number;
  readonly before: number;
  /** Padded and cropped length: a whole number of strides that holds every window. */
  readonly length: number;
}

function sideOf(side: number, before: number, after: number, options: PoolOptions): Side {
  const { kernel, stride } = options;
  const count = windowsAlong(side, before + after, kernel, stride)!;
  return { count, before, length: stride * (count + Math.floor((kernel - 1) / stride)) };
}

function padded(x: tf.Tensor4D, rows: Side, columns: Side, fill: number): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  const missing = (side: Side, length: number) => Math.max(side.length - side.before - length, 0);
  const pads: [number, number][] = [
    [0, 0],
    [rows.before, missing(rows, h)],
    [columns.before, missing(columns, w)],
    [0, 0],
  ];
  const y = pads.flat().every((pad) => pad === 0) ? x : tf.pad(x, pads, fill);
  if (y.shape[1] === rows.length && y.shape[2] === columns.length) return y;
  return tf.slice(y, [0, 0, 0, 0], [n, rows.length, columns.length, c]);
}

/** For each position in the kernel, what stands there in every window: kernel² maps of the output's size. */
function underKernel(
  x: tf.Tensor4D,
  rows: Side,
  columns: Side,
  options: PoolOptions,
  fill: number,
) {
  const { kernel, stride } = options;
  const [n, , , c] = x.shape;
  const [h, w] = [rows.length / stride, columns.length / stride];
  const phases = tf.reshape(padded(x, rows, columns, fill), [n * h, stride, w, stride * c]);
  const maps: tf.Tensor[] = [];
  for (let i = 0; i < kernel; i++) {
    for (let j = 0; j < kernel; j++) {
      const begin = [0, i % stride, 0, (j % stride) * c];
      const phase = tf.reshape(tf.slice(phases, begin, [n * h, 1, w, c]), [n, h, w, c]);
      const from = [0, Math.floor(i / stride), Math.floor(j / stride), 0];
      maps.push(tf.slice(phase, from, [n, rows.count, columns.count, c]));
    }
  }
  return maps;
}

function sidesOf(x: tf.Tensor4D, options: PoolOptions): [Side, Side] {
  const [top, left, bottom, right] = options.pads ?? [0, 0, 0, 0];
  return [sideOf(x.shape[1], top, bottom, options), sideOf(x.shape[2], left, right, options)];
}

export function maxPool(x: tf.Tensor4D, options: PoolOptions): tf.Tensor {
  const [rows, columns] = sidesOf(x, options);
  const sides = { kernel: options.kernel, stride: options.stride };
  const before = { top: rows.before, left: columns.before };
  const fused = fusedMaxPool(x, rows.count, columns.count, { ...sides, ...before });
  if (fused) return fused;
  return underKernel(x, rows, columns, options, LOWEST).reduce((a, b) => tf.maximum(a, b));
}

export function avgPool(x: tf.Tensor4D, options: AvgPoolOptions): tf.Tensor {
  const [rows, columns] = sidesOf(x, options);
  const sum = underKernel(x, rows, columns, options, 0).reduce((a, b) => tf.add(a, b));
  const [top, left, bottom, right] = options.pads ?? [0, 0, 0, 0];
  if (options.countPadding !== false || top + left + bottom + right === 0) {
    return tf.mul(sum, 1 / options.kernel ** 2);
  }
  const shares: number[] = [];
  for (const i of inside(rows, x.shape[1], options)) {
    for (const j of inside(columns, x.shape[2], options)) shares.push(1 / (i * j));
  }
  return tf.mul(sum, tf.tensor4d(shares, [1, rows.count, columns.count, 1]));
}

/** How many positions of each window lie on the map. */
function inside(side: Side, length: number, { kernel, stride }: PoolOptions): number[] {
  return Array.from({ length: side.count }, (_, i) => {
    const begin = i * stride - side.before;
    return Math.min(begin + kernel, length) - Math.max(begin, 0);
  });
}

/**
 * One product of two matrices for all photos: tfjs has no gradient of a product that repeats one factor
 * over a batch.
 * @param weights [H · W, R]
 * @returns [N, R, C]
 */
export function mixCells(x: tf.Tensor4D, weights: tf.Tensor2D): tf.Tensor {
  const [n, h, w, c] = x.shape;
  const regions = weights.shape[1];
  const rows = tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [n * c, h * w]) as tf.Tensor2D;
  return tf.transpose(tf.reshape(tf.matMul(rows, weights), [n, c, regions]), [0, 2, 1]);
}
