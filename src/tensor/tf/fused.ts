// Operations that are one kernel where the backend has it (src/tensor/wasm), and tfjs's composition
// elsewhere. Gradients are fused likewise.
import * as tf from '@tensorflow/tfjs-core';
import { FUSED } from './kernel-names.ts';
import { fuse, has, output, outputs } from './runner.ts';

/** An activation whose gradient needs its input. */
function byInput(x: tf.Tensor, forward: string, backward: string): tf.Tensor {
  return fuse([x], (given) => ({
    value: output(forward, { x: given }),
    keep: [given],
    slopes: (dy, [kept]) => output(backward, { x: kept!, dy }),
  }));
}

export function gelu(x: tf.Tensor): tf.Tensor {
  if (has(FUSED.gelu)) return byInput(x, FUSED.gelu, FUSED.geluGradient);
  const half = tf.mul(x, 0.5);
  return tf.add(half, tf.mul(half, tf.erf(tf.mul(x, Math.SQRT1_2))));
}

export function silu(x: tf.Tensor): tf.Tensor {
  if (has(FUSED.silu)) return byInput(x, FUSED.silu, FUSED.siluGradient);
  return tf.mul(x, tf.sigmoid(x));
}

/** Its output, which the next layer keeps anyway, tells where slopes pass: no input is kept. */
function rectify(x: tf.Tensor, most: number, forward: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  if (!has(FUSED.reluGradient)) return forward(x);
  return fuse([x], (given) => {
    const value = forward(given);
    return {
      value,
      keep: [value],
      slopes: (dy, [y]) => output(FUSED.reluGradient, { y: y!, dy }, { most }),
    };
  });
}

export function relu(x: tf.Tensor): tf.Tensor {
  return rectify(x, Number.POSITIVE_INFINITY, tf.relu);
}

export function relu6(x: tf.Tensor): tf.Tensor {
  return rectify(x, 6, tf.relu6);
}

/** Over the last axis. */
export function softmax(x: tf.Tensor): tf.Tensor {
  if (!has(FUSED.softmax)) return tf.softmax(x);
  return fuse([x], (given) => {
    const value = output(FUSED.softmax, { x: given });
    return {
      value,
      keep: [value],
      slopes: (dy, [y]) => output(FUSED.softmaxGradient, { y: y!, dy }),
    };
  });
}

/** Over the last axis; weight and bias are vectors of its length. */
export function layerNorm(
  x: tf.Tensor,
  weight: tf.Tensor,
  bias: tf.Tensor,
  eps: number,
): tf.Tensor {
  if (has(FUSED.layerNorm)) {
    return fuse([x, weight, bias], (given, gain, shift) => {
      const inputs = { x: given!, weight: gain!, bias: shift! };
      const [value, mean, inverse] = outputs(FUSED.layerNorm, inputs, { eps });
      return {
        value: value!,
        keep: [given!, gain!, mean!, inverse!],
        slopes: (dy, kept) => {
          const [from, scale, centre, deviation] = kept;
          const all = { dy, x: from!, weight: scale!, mean: centre!, inverse: deviation! };
          return outputs(FUSED.layerNormGradient, all);
        },
      };
    });
  }
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  return tf.add(tf.mul(tf.div(centred, tf.sqrt(tf.add(variance, eps))), weight), bias);
}

/** Sums over rows as a product with a row of ones: the fastest reduction of tfjs on every backend. */
function averageRows(rows: tf.Tensor): tf.Tensor {
  const count = rows.shape[0]!;
  return tf.reshape(tf.matMul(tf.fill([1, count], 1 / count), rows), [-1]);
}

/**
 * Batch norm by the batch's own statistics, over all axes but the last. `see` is given its mean and its
 * variance (of the population), both [C], once, while the forward pass runs; what it wants to keep
 * longer it must `tf.keep`.
 */
export function batchNorm(
  x: tf.Tensor,
  weight: tf.Tensor,
  bias: tf.Tensor,
  eps: number,
  see: (mean: tf.Tensor, variance: tf.Tensor) => void,
): tf.Tensor {
  if (has(FUSED.batchNorm)) {
    return fuse([x, weight, bias], (given, gain, shift) => {
      const inputs = { x: given!, weight: gain!, bias: shift! };
      const [value, mean, variance] = outputs(FUSED.batchNorm, inputs, { eps });
      see(mean!, variance!);
      return {
        value: value!,
        keep: [given!, gain!, mean!, variance!],
        slopes: (dy, kept) => {
          const [from, scale, centre, spread] = kept;
          const all = { dy, x: from!, weight: scale!, mean: centre!, variance: spread! };
          return outputs(FUSED.batchNormGradient, all, { eps });
        },
      };
    });
  }
  const channels = weight.size;
  return fuse([x, weight, bias], (given, gamma, beta) => {
    const rows = tf.reshape(given!, [-1, channels]);
    const mean = averageRows(rows);
    const centred = tf.sub(rows, mean);
    const variance = averageRows(tf.square(centred));
    see(mean, variance);
    const inverse = tf.rsqrt(tf.add(variance, eps));
    const scale = tf.mul(inverse, gamma!);
    return {
      value: tf.reshape(tf.add(tf.mul(centred, scale), beta!), x.shape),
      keep: [centred, inverse, scale],
      slopes: (dy, kept) => {
        const [deviations, inverseDeviation, gain] = kept as [tf.Tensor, tf.Tensor, tf.Tensor];
        const slope = tf.reshape(dy, [-1, channels]);
        const count = slope.shape[0]!;
        const meanSlope = averageRows(slope);
        const standardised = tf.mul(deviations, inverseDeviation);
        const meanProduct = averageRows(tf.mul(slope, standardised));
        // d/dx of (x − mean) / σ: what the mean and the deviation take away is the mean slope and
        // its part along the standardised values (Ioffe and Szegedy 2015, section 3).
        const inner = tf.sub(slope, tf.add(tf.mul(standardised, meanProduct), meanSlope));
        const dx = tf.reshape(tf.mul(inner, gain), x.shape);
        return [dx, tf.mul(meanProduct, count), tf.mul(meanSlope, count)];
      },
    };
  });
}

/** Rows along `axis` by index, zeros where it is −1. Not differentiable by itself. */
export function pick(x: tf.Tensor, index: readonly number[], axis: number): tf.Tensor {
  const int32 = (values: readonly number[]) => tf.tensor1d([...values], 'int32');
  if (has(FUSED.pickRows) && x.dtype === 'float32') {
    return output(FUSED.pickRows, { x, index: int32(index) }, { axis });
  }
  if (!index.includes(-1)) return tf.gather(x, int32(index), axis);
  const length = x.shape[axis]!;
  const pads = x.shape.map((_, i): [number, number] => [0, i === axis ? 1 : 0]);
  const outside = index.map((i) => (i === -1 ? length : i));
  return tf.gather(tf.pad(x, pads), int32(outside), axis);
}
