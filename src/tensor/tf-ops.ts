// Ops on tfjs tensors, eager and differentiable, on any tfjs backend. Feature maps are NHWC inside and
// four-dimensional parameters HWIO: they are turned once, when parameters are loaded.
import * as tf from '@tensorflow/tfjs-core';
import { toFloat32, type Weights } from '../weights/safetensors.ts';
import { requireConv, requireLength, requireLinear } from './checks.ts';
import type { BatchNormParams, Conv2dOptions, Ops, Params, Shape } from './ops.ts';
import { NORM_EPS } from './ops.ts';
import { scopedParams } from './params.ts';

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
    const { stride = 1, pads: [top, left, bottom, right] = [0, 0, 0, 0], groups = 1 } = options;
    const map = x as tf.Tensor4D;
    const kernel = weight as tf.Tensor4D;
    const [kh, kw, , out] = kernel.shape;
    const channels = map.shape[3];
    requireConv(channels, [out, kernel.shape[2], kh, kw], groups);
    const padding: [[number, number], [number, number], [number, number], [number, number]] = [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ];
    let y: tf.Tensor;
    if (groups === 1) {
      y = tf.conv2d(map, kernel, stride, padding);
    } else if (groups === channels) {
      // [kh, kw, 1, C · m] and tfjs's [kh, kw, C, m] are the same numbers in the same order.
      const depthwise = tf.reshape(kernel, [kh, kw, channels, out / channels]) as tf.Tensor4D;
      y = tf.depthwiseConv2d(map, depthwise, stride, padding);
    } else {
      const maps = tf.split<tf.Tensor4D>(map, groups, 3);
      const kernels = tf.split<tf.Tensor4D>(kernel, groups, 3);
      y = tf.concat(
        maps.map((part, i) => tf.conv2d(part, kernels[i]!, stride, padding) as tf.Tensor),
        3,
      );
    }
    return bias ? tf.add(y, bias) : y;
  }

  batchNorm(x: tf.Tensor, params: BatchNormParams<tf.Tensor>, eps: number): tf.Tensor {
    const { weight, bias, runningMean, runningVar } = params;
    const channels = x.shape[x.rank - 1]!;
    for (const each of [weight, bias, runningMean, runningVar]) requireLength(channels, each.size);
    return tf.batchNorm(
      x,
      runningMean as tf.Tensor1D,
      runningVar as tf.Tensor1D,
      bias as tf.Tensor1D,
      weight as tf.Tensor1D,
      eps,
    );
  }

  spatialMean(x: tf.Tensor): tf.Tensor {
    return tf.mean(x, [1, 2]);
  }

  relu(x: tf.Tensor): tf.Tensor {
    return tf.relu(x);
  }

  relu6(x: tf.Tensor): tf.Tensor {
    return tf.relu6(x);
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
    requireLinear(x.shape[1] ?? null, weight.shape);
    // tfjs's WASM kernel is some twenty times slower when told to transpose while multiplying.
    const y = tf.matMul(x as tf.Tensor2D, tf.transpose(weight as tf.Tensor2D));
    return bias ? tf.add(y, bias) : y;
  }

  l2Normalize(x: tf.Tensor): tf.Tensor {
    // Clamped under the root: its gradient at 0 would be infinite.
    const square = tf.maximum(tf.sum(tf.square(x), -1, true), NORM_EPS ** 2);
    return tf.div(x, tf.sqrt(square));
  }

  concat(parts: readonly tf.Tensor[]): tf.Tensor {
    return parts.length === 1 ? parts[0]! : tf.concat([...parts], -1);
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
