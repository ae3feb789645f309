// A look at a tfjs backend before it is trusted: a driver may compute nonsense and report no error.
import * as tf from '@tensorflow/tfjs-core';

/** Odd sides of a product that fills more than one workgroup; its numbers are whole and exact in float32. */
const [ROWS, SHARED, COLUMNS] = [67, 45, 53];
const LARGEST = 7;

/** Rejects when the current backend multiplies two matrices wrongly. */
export async function requireRightProduct(): Promise<void> {
  const a = Float32Array.from({ length: ROWS * SHARED }, (_, i) => (i % (2 * LARGEST)) - LARGEST);
  const b = Float32Array.from({ length: SHARED * COLUMNS }, (_, i) => ((i * 3) % LARGEST) - 2);
  const product = tf.tidy(() =>
    tf.matMul(tf.tensor2d(a, [ROWS, SHARED]), tf.tensor2d(b, [SHARED, COLUMNS])),
  );
  const values = await product.data();
  product.dispose();
  for (let i = 0; i < ROWS; i++) {
    for (let j = 0; j < COLUMNS; j++) {
      let sum = 0;
      for (let k = 0; k < SHARED; k++) sum += a[i * SHARED + k]! * b[k * COLUMNS + j]!;
      if (values[i * COLUMNS + j] !== sum) throw new Error('it multiplies matrices wrongly');
    }
  }
}
