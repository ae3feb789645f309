// Ops on tfjs tensors, eager and differentiable, on any tfjs backend. Feature maps are NHWC inside and
// four-dimensional parameters HWIO: they are turned once, when parameters are loaded.
import * as tf from '@tensorflow/tfjs-core';
import { toFloat32, type Weights } from '../weights/safetensors.ts';
import { requireLength, requireLinear } from './checks.ts';
import type {
  AttentionOptions,
  AvgPoolOptions,
  BatchNormParams,
  Conv2dOptions,
  InterleavedAttentionOptions,
  LinearAttentionOptions,
  Maxima,
  Ops,
  Params,
  PoolOptions,
  Shape,
} from './ops.ts';
import { NORM_EPS } from './ops.ts';
import { scopedParams } from './params.ts';
import * as convolutions from './tf/convolutions.ts';
import * as correspondence from './tf/correspondence.ts';
import { doubleSize } from './tf/double-size.ts';
import * as fused from './tf/fused.ts';
import * as pools from './tf/pools.ts';
import * as sequences from './tf/sequences.ts';

/** PyTorch's axes in the order in which tfjs stores them, and back. */
const TO_HWIO = [2, 3, 1, 0];
const TO_OIHW = [3, 2, 0, 1];
const TO_NHWC = [0, 2, 3, 1];
const TO_NCHW = [0, 3, 1, 2];

/**
 * Nothing is freed here: wrap calls in `tf.tidy`, as for any tfjs code. tfjs-core brings no gradients:
 * training imports `@tensorflow/tfjs` (or tfjs-core's register_all_gradients) once.
 * Throws `model-invalid` when parameters do not fit what they are applied to.
 */
export class TfOps implements Ops<tf.Tensor> {
  scope<R>(_name: string, body: () => R): R {
    return body();
  }

  shape(x: tf.Tensor): Shape {
    const [n = null, h = null, w = null, c = null] = x.shape;
    return x.rank === 4 ? [n, c, h, w] : x.shape;
  }

  conv2d(
    x: tf.Tensor,
    weight: tf.Tensor,
    bias: tf.Tensor | null,
    options: Conv2dOptions = {},
  ): tf.Tensor {
    return convolutions.conv2d(x, weight, bias, options);
  }

  batchNorm(x: tf.Tensor, params: BatchNormParams<tf.Tensor>, eps: number): tf.Tensor {
    return convolutions.batchNorm(x, params, eps);
  }

  spatialMean(x: tf.Tensor): tf.Tensor {
    return tf.mean(x, [1, 2]);
  }

  mixCells(x: tf.Tensor, weights: tf.Tensor): tf.Tensor {
    return pools.mixCells(x as tf.Tensor4D, weights as tf.Tensor2D);
  }

  globalPool(x: tf.Tensor): tf.Tensor {
    return tf.mean(x, [1, 2], true);
  }

  maxPool(x: tf.Tensor, options: PoolOptions): tf.Tensor {
    return pools.maxPool(x as tf.Tensor4D, options);
  }

  avgPool(x: tf.Tensor, options: AvgPoolOptions): tf.Tensor {
    return pools.avgPool(x as tf.Tensor4D, options);
  }

  gate(x: tf.Tensor, gate: tf.Tensor): tf.Tensor {
    return tf.mul(x, gate);
  }

  doubleSize(x: tf.Tensor): tf.Tensor {
    return doubleSize(x);
  }

  channelConv(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
    return convolutions.channelConv(x, weight);
  }

  relu(x: tf.Tensor): tf.Tensor {
    return fused.relu(x);
  }

  relu6(x: tf.Tensor): tf.Tensor {
    return fused.relu6(x);
  }

  leakyRelu(x: tf.Tensor, slope: number): tf.Tensor {
    return tf.leakyRelu(x, slope);
  }

  sigmoid(x: tf.Tensor): tf.Tensor {
    return tf.sigmoid(x);
  }

  silu(x: tf.Tensor): tf.Tensor {
    return fused.silu(x);
  }

  gelu(x: tf.Tensor): tf.Tensor {
    return fused.gelu(x);
  }

  add(a: tf.Tensor, b: tf.Tensor | number): tf.Tensor {
    requireFit(a, b);
    return tf.add(a, b);
  }

  sub(a: tf.Tensor, b: tf.Tensor | number): tf.Tensor {
    requireFit(a, b);
    return tf.sub(a, b);
  }

  mul(a: tf.Tensor, b: tf.Tensor | number): tf.Tensor {
    requireFit(a, b);
    return tf.mul(a, b);
  }

  div(a: tf.Tensor, b: tf.Tensor | number): tf.Tensor {
    requireFit(a, b);
    return tf.div(a, b);
  }

  pow(x: tf.Tensor, exponent: tf.Tensor | number): tf.Tensor {
    return exponent === 1 ? x : tf.pow(x, exponent);
  }

  clampMin(x: tf.Tensor, min: number): tf.Tensor {
    return tf.maximum(x, min);
  }

  clamp(x: tf.Tensor, min: number, max: number): tf.Tensor {
    return tf.clipByValue(x, min, max);
  }

  linear(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor | null): tf.Tensor {
    requireLinear(x.shape[x.rank - 1] ?? null, weight.shape);
    return sequences.linear(x, weight, bias);
  }

  l2Normalize(x: tf.Tensor): tf.Tensor {
    // Clamped under the root: its gradient at 0 would be infinite.
    const square = tf.maximum(tf.sum(tf.square(x), -1, true), NORM_EPS ** 2);
    return tf.div(x, tf.sqrt(square));
  }

  concat(parts: readonly tf.Tensor[]): tf.Tensor {
    return parts.length === 1 ? parts[0]! : tf.concat([...parts], -1);
  }

  flatten(x: tf.Tensor): tf.Tensor {
    const [n, h, w, c] = x.shape as [number, number, number, number];
    return tf.reshape(x, [n, h * w, c]);
  }

  unflatten(x: tf.Tensor, height: number, width: number): tf.Tensor {
    const [n, , c] = x.shape as [number, number, number];
    return tf.reshape(x, [n, height, width, c]);
  }

  layerNorm(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor, eps: number): tf.Tensor {
    return sequences.layerNorm(x, weight, bias, eps);
  }

  reorder(x: tf.Tensor, order: readonly number[]): tf.Tensor {
    return sequences.reorder(x, order);
  }

  regroup(x: tf.Tensor, length: number, channels: number): tf.Tensor {
    return tf.reshape(x, [-1, length, channels]);
  }

  attention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, options: AttentionOptions<tf.Tensor>) {
    return sequences.attention(q, k, v, options);
  }

  linearAttention(
    q: tf.Tensor,
    k: tf.Tensor,
    v: tf.Tensor,
    options: LinearAttentionOptions<tf.Tensor>,
  ): tf.Tensor {
    return correspondence.linearAttention(q, k, v, options);
  }

  interleavedAttention(
    q: tf.Tensor,
    k: tf.Tensor,
    v: tf.Tensor,
    options: InterleavedAttentionOptions<tf.Tensor>,
  ): tf.Tensor {
    return correspondence.interleavedAttention(q, k, v, options);
  }

  sumTokens(x: tf.Tensor): tf.Tensor {
    return tf.sum(x, 1);
  }

  repeat(x: tf.Tensor, length: number): tf.Tensor {
    return correspondence.repeat(x, length);
  }

  softmax(x: tf.Tensor): tf.Tensor {
    return fused.softmax(x);
  }

  similarity(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
    return tf.matMul(a as tf.Tensor3D, b as tf.Tensor3D, false, true);
  }

  dualSoftmax(x: tf.Tensor): tf.Tensor {
    return correspondence.dualSoftmax(x);
  }

  maxima(x: tf.Tensor): Maxima<tf.Tensor> {
    return correspondence.maxima(x);
  }

  constant(values: Float32Array, shape: readonly number[]): tf.Tensor {
    return tf.tensor(values, [...shape]);
  }

  standardise(weight: tf.Tensor, gain: tf.Tensor, scale: number, eps: number): tf.Tensor {
    return convolutions.standardise(weight, gain, scale, eps);
  }

  rows(x: tf.Tensor, from: number, to: number, scale = 1): tf.Tensor {
    const begin = x.shape.map((_, axis) => (axis === 0 ? from : 0));
    const size = x.shape.map((side, axis) => (axis === 0 ? to - from : side));
    const part = tf.slice(x, begin, size);
    return scale === 1 ? part : tf.mul(part, scale);
  }

  mixRows(x: tf.Tensor, matrix: Float32Array): tf.Tensor {
    const rows = x.shape[0]!;
    return tf.matMul(tf.tensor2d(matrix, [matrix.length / rows, rows]), x as tf.Tensor2D);
  }

  spread(table: tf.Tensor, index: readonly number[], length: number): tf.Tensor {
    return sequences.spread(table, index, length);
  }
}

/** What Ops allows beside `a`: a number, one element, a vector [C]; tfjs alone would broadcast more. */
function requireFit(a: tf.Tensor, b: tf.Tensor | number): void {
  if (typeof b === 'number' || b.size === 1 || b.rank !== 1) return;
  requireLength(a.shape[a.rank - 1], b.size);
}

/** A feature map of PyTorch's order, [N, C, H, W] row-major, as TfOps holds it. */
export function mapFromNchw(values: Float32Array, shape: readonly number[]): tf.Tensor {
  return tf.tidy(() => tf.transpose(tf.tensor(values, [...shape]), TO_NHWC));
}

/** The way back from {@link mapFromNchw}; other ranks need no turning. */
export function toPyTorchOrder(x: tf.Tensor): tf.Tensor {
  return x.rank === 4 ? tf.transpose(x, TO_NCHW) : x;
}

/** Parameters on a tfjs backend. Lifetime: whoever loads them calls `dispose`. */
export interface TfParams extends Params<tf.Tensor> {
  /** By full path; four-dimensional ones are HWIO. */
  readonly tensors: ReadonlyMap<string, tf.Tensor>;
  dispose(): void;
}

/** Weights of any floating-point type onto the current backend, as float32. Convolutions become HWIO. */
export function loadTfParams(weights: Weights, source: string): TfParams {
  const tensors = new Map<string, tf.Tensor>();
  for (const [path, tensor] of weights) {
    const values = toFloat32(tensor, path);
    const loaded = tf.tidy(() => {
      const asStored = tf.tensor(values, [...tensor.shape], 'float32');
      return asStored.rank === 4 ? tf.transpose(asStored, TO_HWIO) : asStored;
    });
    tensors.set(path, loaded);
  }
  return {
    ...scopedParams((path) => tensors.get(path), source),
    tensors,
    dispose: () => tf.dispose([...tensors.values()]),
  };
}

/** A parameter's values and shape in PyTorch's layout, for writing to safetensors. */
export async function saveTfParam(
  param: tf.Tensor,
): Promise<{ values: Float32Array; shape: readonly number[] }> {
  const turned = tf.tidy(() => (param.rank === 4 ? tf.transpose(param, TO_OIHW) : param.clone()));
  try {
    return { values: Float32Array.from(await turned.data()), shape: turned.shape };
  } finally {
    turned.dispose();
  }
}
