// Gradients kept from exploding: all scaled down together to a global norm.
import * as tf from '@tensorflow/tfjs-core';
import { join, planPacks } from './packs.ts';

/** As in torch.nn.utils.clip_grad_norm_. */
const NORM_EPSILON = 1e-6;

export interface Clipped {
  /** New tensors, which the caller disposes. */
  readonly gradients: Record<string, tf.Tensor>;
  /** Before clipping; not finite when a gradient is not, and then no gradient is. */
  readonly norm: tf.Scalar;
}

/** Gradients times min(1, maxNorm / norm), as torch.nn.utils.clip_grad_norm_; the given ones stay. */
export function clipByGlobalNorm(
  gradients: Readonly<Record<string, tf.Tensor>>,
  maxNorm: number,
): Clipped {
  return tf.tidy(() => {
    const norm = globalNorm(gradients);
    const factor = tf.minimum(tf.div(maxNorm, tf.add(norm, NORM_EPSILON)), 1);
    const clipped = Object.entries(gradients).map(([path, gradient]) => [
      path,
      tf.mul(gradient, factor),
    ]);
    return { gradients: Object.fromEntries(clipped) as Record<string, tf.Tensor>, norm };
  });
}

/** Length of all gradients as one vector. */
export function globalNorm(gradients: Readonly<Record<string, tf.Tensor>>): tf.Scalar {
  return tf.tidy(() => {
    const squares = planPacks(Object.entries(gradients)).map((pack) =>
      tf.sum(tf.square(join(pack, (path) => gradients[path]!))),
    );
    return tf.sqrt(squares.reduce((sum, each) => tf.add(sum, each), tf.scalar(0))) as tf.Scalar;
  });
}
