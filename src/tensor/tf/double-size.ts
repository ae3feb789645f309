// Maps at twice their size, with a gradient of plain matrix products: that of tfjs's own kernel differs
// between backends.
import * as tf from '@tensorflow/tfjs-core';

/** [2 · side, side]: what each pixel of the doubled side takes from the map, corners aligned. */
function weights(side: number): tf.Tensor2D {
  const doubled = 2 * side;
  const values = new Float32Array(doubled * side);
  for (let i = 0; i < doubled; i++) {
    const at = (i * (side - 1)) / (doubled - 1);
    const before = Math.min(Math.floor(at), side - 1);
    const part = at - before;
    values[i * side + before] = 1 - part;
    if (part > 0) values[i * side + before + 1] = part;
  }
  return tf.tensor2d(values, [doubled, side]);
}

/** Mixes the rows, then the columns of a map [N, H, W, C]. */
function mix(x: tf.Tensor, rows: tf.Tensor2D, columns: tf.Tensor2D): tf.Tensor {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const [height, width] = [rows.shape[0], columns.shape[0]];
  const tall = tf.matMul(rows, tf.reshape(tf.transpose(x, [1, 0, 2, 3]), [h, n * w * c]));
  const turned = tf.transpose(tf.reshape(tall, [height, n, w, c]), [2, 1, 0, 3]);
  const wide = tf.matMul(columns, tf.reshape(turned, [w, n * height * c]));
  return tf.transpose(tf.reshape(wide, [width, n, height, c]), [1, 2, 0, 3]);
}

/** NHWC. */
export function doubleSize(x: tf.Tensor): tf.Tensor {
  const [, h, w] = x.shape as [number, number, number, number];
  const run = tf.customGrad((given) => {
    const value = mix(given as tf.Tensor, weights(h), weights(w));
    const gradFunc = (dy: tf.Tensor) => mix(dy, tf.transpose(weights(h)), tf.transpose(weights(w)));
    return { value, gradFunc };
  });
  return run(x);
}
