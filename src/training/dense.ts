// Dense linear algebra for fitting: products, Cholesky, leading eigenvectors, on flat float64 matrices.
// ml-matrix was tried first: its eigendecomposition takes 12 s for a 600 × 600 matrix on the machine
// that these were written on, and grows with the cube; fitting needs 1280 × 1280 several times over.
import * as tf from '@tensorflow/tfjs-core';
import { seededRandom } from '../random.ts';

/** Row-major [rows × cols]. */
export interface Dense {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
}

export function dense(rows: number, cols: number, data?: ArrayLike<number>): Dense {
  return { rows, cols, data: data ? Float64Array.from(data) : new Float64Array(rows * cols) };
}

/**
 * a [n × k] · b [k × m] → [n × m], in float32 on tfjs: its WASM kernel does 25 GFLOP/s on one thread
 * where loops of ours over float64 do 0.4. What needs more precision (Cholesky) stays in float64.
 */
export function multiply(a: Dense, b: Dense): Dense {
  const product = tf.tidy(() =>
    tf.matMul(
      tf.tensor2d(Float32Array.from(a.data), [a.rows, a.cols]),
      tf.tensor2d(Float32Array.from(b.data), [b.rows, b.cols]),
    ),
  );
  const data = Float64Array.from(product.dataSync());
  product.dispose();
  return { rows: a.rows, cols: b.cols, data };
}

export function transpose(a: Dense): Dense {
  const out = dense(a.cols, a.rows);
  for (let i = 0; i < a.rows; i += 1) {
    for (let j = 0; j < a.cols; j += 1) out.data[j * a.rows + i] = a.data[i * a.cols + j]!;
  }
  return out;
}

/** aᵀ · a, each row of `a` weighted; symmetric [cols × cols]. */
export function weightedGram(a: Dense, weights?: ArrayLike<number>): Dense {
  const scaled = weights ? dense(a.rows, a.cols, a.data) : a;
  if (weights) {
    for (let i = 0; i < scaled.data.length; i += 1) {
      scaled.data[i]! *= weights[Math.floor(i / a.cols)]!;
    }
  }
  return multiply(transpose(a), scaled);
}

/**
 * Lower-triangular L with L · Lᵀ = a for a symmetric positive definite matrix.
 * @throws RangeError when it is not positive definite.
 */
export function cholesky(a: Dense): Dense {
  const n = a.rows;
  const l = dense(n, n);
  for (let i = 0; i < n; i += 1) {
    const li = l.data.subarray(i * n, i * n + i + 1);
    for (let j = 0; j <= i; j += 1) {
      const lj = l.data.subarray(j * n, j * n + j + 1);
      let sum = a.data[i * n + j]!;
      for (let k = 0; k < j; k += 1) sum -= li[k]! * lj[k]!;
      if (i !== j) {
        li[j] = sum / lj[j]!;
      } else {
        if (!(sum > 0)) throw new RangeError('The matrix is not positive definite.');
        li[j] = Math.sqrt(sum);
      }
    }
  }
  return l;
}

/** Inverse of a lower-triangular matrix with a non-zero diagonal. */
export function invertLower(l: Dense): Dense {
  const n = l.rows;
  const inv = dense(n, n);
  for (let i = 0; i < n; i += 1) {
    const target = inv.data.subarray(i * n, (i + 1) * n);
    for (let k = 0; k < i; k += 1) {
      const x = -l.data[i * n + k]!;
      const row = inv.data.subarray(k * n, k * n + k + 1);
      for (let j = 0; j <= k; j += 1) target[j]! += x * row[j]!;
    }
    const d = l.data[i * n + i]!;
    for (let j = 0; j < i; j += 1) target[j]! /= d;
    target[i] = 1 / d;
  }
  return inv;
}

/**
 * Orthonormal rows that span the space of the `count` leading eigenvectors of a symmetric positive
 * semi-definite matrix, by subspace iteration on a few more rows than asked for (Halko, Martinsson
 * and Tropp 2011). Single vectors are not separated: distances do not change under a rotation.
 * @returns [count × n], most of the variance first.
 */
export function leadingSubspace(a: Dense, count: number, rounds = 24, seed = 7): Dense {
  const n = a.rows;
  const width = Math.min(n, count + 32);
  const random = seededRandom(seed);
  let basis = orthonormalRows({
    rows: width,
    cols: n,
    data: Float64Array.from({ length: width * n }, () => random() - 0.5),
  });
  for (let round = 0; round < rounds; round += 1) basis = orthonormalRows(multiply(basis, a));
  // Most of the variance first: the rows that were asked for are the strongest of the basis.
  const image = multiply(basis, a);
  const strength = Array.from({ length: width }, (_, r) => {
    let dot = 0;
    for (let j = 0; j < n; j += 1) dot += basis.data[r * n + j]! * image.data[r * n + j]!;
    return { r, dot };
  }).sort((x, y) => y.dot - x.dot);
  const out = dense(count, n);
  strength.slice(0, count).forEach(({ r }, i) => {
    out.data.set(basis.data.subarray(r * n, (r + 1) * n), i * n);
  });
  return out;
}

/** Rows of the same span, orthonormal: L⁻¹ · a for the Cholesky factor L of a · aᵀ, which is small. */
function orthonormalRows(a: Dense): Dense {
  const gram = multiply(a, transpose(a));
  let trace = 0;
  for (let i = 0; i < gram.rows; i += 1) trace += gram.data[i * gram.rows + i]!;
  // Rows that float32 cannot tell apart would leave a negative pivot.
  for (let i = 0; i < gram.rows; i += 1) gram.data[i * gram.rows + i]! += 1e-7 * trace;
  return multiply(invertLower(cholesky(gram)), a);
}
