// Products of rows with rows, x · yᵀ, and losses whose gradient is known: written so that no backend needs
// a kernel that it lacks, and WASM none of its slow transposed products.
import * as tf from '@tensorflow/tfjs-core';
import { NORM_EPS } from '../../tensor/ops.ts';

/** [N] int32 → [N, depth] float32. Cast afterwards: told to make floats, tfjs's WASM kernel makes none. */
export function oneHot(indices: tf.Tensor1D, depth: number): tf.Tensor2D {
  return tf.cast(tf.oneHot(indices, depth), 'float32') as tf.Tensor2D;
}

/** 1 where a > b, else 0: tfjs's own comparisons of unlike shapes take WASM half a microsecond a number. */
export function above(a: tf.Tensor, b: tf.Tensor | number): tf.Tensor {
  return tf.step(tf.sub(a, b));
}

/** a · bᵀ for [N, dim] and [M, dim]: [N, M]. Both get gradients. */
export function rowProducts(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  const run = tf.customGrad((left, right, save) => {
    const [x, y] = [left, right] as [tf.Tensor2D, tf.Tensor2D];
    (save as tf.GradSaveFunc)([x, y]);
    return {
      value: tf.matMul(x, tf.transpose(y)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedX, savedY] = saved as [tf.Tensor2D, tf.Tensor2D];
        return [
          tf.matMul(dy as tf.Tensor2D, savedY),
          tf.matMul(tf.transpose(dy as tf.Tensor2D), savedX),
        ];
      },
    };
  });
  return run(a, b) as tf.Tensor2D;
}

/** As {@link rowProducts} against rows that do not learn, such as a teacher's: they cost no gradient. */
export function productsWith(a: tf.Tensor2D, fixed: tf.Tensor2D): tf.Tensor2D {
  const run = tf.customGrad((left, save) => {
    (save as tf.GradSaveFunc)([fixed]);
    return {
      value: tf.matMul(left as tf.Tensor2D, tf.transpose(fixed)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        tf.matMul(dy as tf.Tensor2D, saved[0] as tf.Tensor2D),
    };
  });
  return run(a) as tf.Tensor2D;
}

/**
 * Cosines of normalised embeddings [N, dim] with directions [M, dim] of any length: [N, M].
 * One step for normalising and multiplying: d/dw of e · w/‖w‖ is what is left of e across w, over ‖w‖.
 */
export function cosinesWith(embeddings: tf.Tensor2D, directions: tf.Tensor2D): tf.Tensor2D {
  const run = tf.customGrad((left, right, save) => {
    const [e, w] = [left, right] as [tf.Tensor2D, tf.Tensor2D];
    const length = tf.sqrt(tf.maximum(tf.sum(tf.square(w), 1, true), NORM_EPS ** 2));
    const unit = tf.div(w, length) as tf.Tensor2D;
    (save as tf.GradSaveFunc)([e, unit, length]);
    return {
      value: tf.matMul(e, tf.transpose(unit)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedE, savedUnit, savedLength] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
        const pull = tf.matMul(tf.transpose(dy as tf.Tensor2D), savedE);
        const along = tf.sum(tf.mul(pull, savedUnit), 1, true);
        return [
          tf.matMul(dy as tf.Tensor2D, savedUnit),
          tf.div(tf.sub(pull, tf.mul(savedUnit, along)), savedLength),
        ];
      },
    };
  });
  return run(embeddings, directions) as tf.Tensor2D;
}

/**
 * A loss of `x` by its value and its gradient. Both may come from `x` through operations that have no
 * gradient in tfjs (comparisons, choices): nothing is asked to go back through them.
 * @param value a scalar
 * @param gradient d value / d x, of x's shape
 */
export function withGradient(x: tf.Tensor, value: tf.Tensor, gradient: tf.Tensor): tf.Scalar {
  const run = tf.customGrad((_x, save) => {
    (save as tf.GradSaveFunc)([gradient]);
    return {
      value: tf.reshape(value, []),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(saved[0]!, dy),
    };
  });
  return run(x) as tf.Scalar;
}
