// Convolutions of NHWC maps in tfjs, and what is done to them and after them.
import * as tf from '@tensorflow/tfjs-core';
import { requireConv, requireLength } from '../checks.ts';
import type { BatchNormParams, Conv2dOptions } from '../ops.ts';
import { groupedConv } from './fused-spatial.ts';

/** `weight` is HWIO. */
export function conv2d(
  x: tf.Tensor,
  weight: tf.Tensor,
  bias: tf.Tensor | null,
  options: Conv2dOptions,
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
    y = groupedConv(map, kernel, stride, padding, groups);
  }
  return bias ? tf.add(y, bias) : y;
}

/** The last axis holds the channels. */
export function batchNorm(
  x: tf.Tensor,
  params: BatchNormParams<tf.Tensor>,
  eps: number,
): tf.Tensor {
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

export function channelConv(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  const [n, , , channels] = x.shape as [number, number, number, number];
  const row = tf.reshape(x, [n, 1, channels, 1]) as tf.Tensor4D;
  const kernel = tf.reshape(weight, [1, weight.size, 1, 1]) as tf.Tensor4D;
  return tf.reshape(tf.conv2d(row, kernel, 1, 'same'), [n, 1, 1, channels]);
}

/** `weight` is HWIO. */
export function standardise(
  weight: tf.Tensor,
  gain: tf.Tensor,
  scale: number,
  eps: number,
): tf.Tensor {
  const own = [0, 1, 2];
  const centred = tf.sub(weight, tf.mean(weight, own, true));
  const variance = tf.mean(tf.square(centred), own, true);
  return tf.mul(centred, tf.div(tf.mul(gain, scale), tf.sqrt(tf.add(variance, eps))));
}
