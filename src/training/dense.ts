// Dense linear algebra for fitting: products, Cholesky, leading eigenvectors, on flat float64 matrices.
// ml-matrix was tried first: its eigendecomposition takes 12 s for a 600 × 600 matrix on the machine
// that these were written on, and grows with the cube; fitting needs 1280 × 1280 several times over.
import { seededRandom } from '../evaluation/random.ts';

/** Row-major [rows × cols]. */
export interface Dense {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
}

export function dense(rows: number, cols: number, data?: ArrayLike<number>): Dense {
  return { rows, cols, data: data ? Float64Array.from(data) : new Float64Array(rows * cols) };
}

/** a [n × k] · b [k × m] → [n × m]. Four rows of `b` at a time: each load of the sum serves four products. */
export function multiply(a: Dense, b: Dense): Dense {
  const out = dense(a.rows, b.cols);
  const m = b.cols;
  const depth = a.cols;
  const rowOfB = (k: number) => b.data.subarray(k * m, (k + 1) * m);
  for (let i = 0; i < a.rows; i += 1) {
    const row = out.data.subarray(i * m, (i + 1) * m);
    const x = a.data.subarray(i * depth, (i + 1) * depth);
    let k = 0;
    for (; k + 4 <= depth; k += 4) {
      const [x0, x1, x2, x3] = [x[k]!, x[k + 1]!, x[k + 2]!, x[k + 3]!];
      const [b0, b1, b2, b3] = [rowOfB(k), rowOfB(k + 1), rowOfB(k + 2), rowOfB(k + 3)];
      for (let j = 0; j < m; j += 1) {
        row[j]! += x0 * b0[j]! + x1 * b1[j]! + x2 * b2[j]! + x3 * b3[j]!;
      }
    }
    for (; k < depth; k += 1) {
      const other = rowOfB(k);
      for (let j = 0; j < m; j += 1) row[j]! += x[k]! * other[j]!;
    }
  }
  return out;
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

/** Rounds of subspace iteration from one orthonormalisation to the next. */
const ROUNDS_BETWEEN = 3;

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
  let basis = dense(
    width,
    n,
    Float64Array.from({ length: width * n }, () => random() - 0.5),
  );
  for (let round = 1; round <= rounds; round += 1) {
    basis = multiply(basis, a);
    // Seldom is enough to keep the rows apart; the last round always is.
    if (round % ROUNDS_BETWEEN === 0 || round === rounds) orthonormaliseRows(basis);
  }
  return dense(count, n, basis.data.subarray(0, count * n));
}

/** Modified Gram–Schmidt in place, twice over each row for numerical safety. */
function orthonormaliseRows(a: Dense): void {
  const n = a.cols;
  for (let i = 0; i < a.rows; i += 1) {
    const row = a.data.subarray(i * n, (i + 1) * n);
    for (let pass = 0; pass < 2; pass += 1) {
      for (let k = 0; k < i; k += 1) {
        const other = a.data.subarray(k * n, (k + 1) * n);
        let dot = 0;
        for (let j = 0; j < n; j += 1) dot += row[j]! * other[j]!;
        for (let j = 0; j < n; j += 1) row[j]! -= dot * other[j]!;
      }
    }
    let sum = 0;
    for (const x of row) sum += x * x;
    const norm = Math.sqrt(sum);
    if (norm > 0) for (let j = 0; j < n; j += 1) row[j]! /= norm;
  }
}
