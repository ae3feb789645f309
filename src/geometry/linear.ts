// The linear algebra of two views: 3 × 3 matrices, least eigenvectors, null spaces. All matrices are
// row-major, and nothing here allocates: callers bring the room.

export function determinant3(m: Float64Array): number {
  return (
    m[0]! * (m[4]! * m[8]! - m[5]! * m[7]!) -
    m[1]! * (m[3]! * m[8]! - m[5]! * m[6]!) +
    m[2]! * (m[3]! * m[7]! - m[4]! * m[6]!)
  );
}

/** Cofactors of `m`, not transposed: det(m) is the product of a row with its cofactors. */
export function cofactors3(m: Float64Array, out: Float64Array): void {
  const a = m[0]!;
  const b = m[1]!;
  const c = m[2]!;
  const d = m[3]!;
  const e = m[4]!;
  const f = m[5]!;
  const g = m[6]!;
  const h = m[7]!;
  const i = m[8]!;
  out[0] = e * i - f * h;
  out[1] = f * g - d * i;
  out[2] = d * h - e * g;
  out[3] = c * h - b * i;
  out[4] = a * i - c * g;
  out[5] = b * g - a * h;
  out[6] = b * f - c * e;
  out[7] = c * d - a * f;
  out[8] = a * e - b * d;
}

/** Writes m⁻¹ and returns det(m); with a determinant of 0 the result is not finite. */
export function invert3(m: Float64Array, out: Float64Array): number {
  cofactors3(m, out);
  const det = m[0]! * out[0]! + m[1]! * out[1]! + m[2]! * out[2]!;
  const scale = 1 / det;
  const c1 = out[1]!;
  const c2 = out[2]!;
  const c5 = out[5]!;
  out[0] = out[0]! * scale;
  out[1] = out[3]! * scale;
  out[2] = out[6]! * scale;
  out[3] = c1 * scale;
  out[4] = out[4]! * scale;
  out[5] = out[7]! * scale;
  out[6] = c2 * scale;
  out[7] = c5 * scale;
  out[8] = out[8]! * scale;
  return det;
}

/** out = a b; `out` is neither of them. */
export function multiply3(a: Float64Array, b: Float64Array, out: Float64Array): void {
  for (let r = 0; r < 9; r += 3) {
    for (let c = 0; c < 3; c++) {
      out[r + c] = a[r]! * b[c]! + a[r + 1]! * b[c + 3]! + a[r + 2]! * b[c + 6]!;
    }
  }
}

/** out = aᵀ b; `out` is neither of them. */
export function multiplyTransposed3(a: Float64Array, b: Float64Array, out: Float64Array): void {
  for (let r = 0; r < 3; r++) {
    for (let c = 0; c < 3; c++) {
      out[3 * r + c] = a[r]! * b[c]! + a[r + 3]! * b[c + 3]! + a[r + 6]! * b[c + 6]!;
    }
  }
}

/** Scales a matrix to unit Frobenius norm; false when it is zero or not finite. */
export function toUnitNorm(m: Float64Array): boolean {
  let squares = 0;
  for (let i = 0; i < m.length; i++) squares += m[i]! * m[i]!;
  if (!(squares > 0 && squares < Number.POSITIVE_INFINITY)) return false;
  const scale = 1 / Math.sqrt(squares);
  for (let i = 0; i < m.length; i++) m[i] = m[i]! * scale;
  return true;
}

/** Scales a homography to h33 = 1; where its corner lies on the horizon, which has no such scale, to unit norm. */
export function toUnitCorner(m: Float64Array): void {
  toUnitNorm(m);
  const corner = m[8]!;
  if (Math.abs(corner) <= HORIZON) return;
  for (let i = 0; i < m.length; i++) m[i] = m[i]! / corner;
}

/** Of a matrix of unit norm, a corner that is none. */
const HORIZON = 1e-12;

/** Of the trace; keeps the factor of a singular matrix finite and moves its eigenvectors by nothing. */
const SHIFT = 1e-15;
const MOST_ROUNDS = 30;
const SETTLED = 1e-14;

/**
 * The unit eigenvector of the least eigenvalue of a symmetric, positive semidefinite n × n matrix, by
 * inverse iteration on its Cholesky factor. Of an eigenvalue that comes twice, any vector of its plane.
 *
 * @param matrix the lower triangle is read, and overwritten by the factor.
 * @param out n numbers. Returns false when the matrix is zero or not finite.
 */
export function leastEigenvector(matrix: Float64Array, n: number, out: Float64Array): boolean {
  let trace = 0;
  for (let i = 0; i < n; i++) trace += matrix[i * n + i]!;
  if (!(trace > 0 && trace < Number.POSITIVE_INFINITY)) return false;
  const floor = SHIFT * trace;
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= matrix[i * n + k]! * matrix[j * n + k]!;
      matrix[i * n + j] = i === j ? Math.sqrt(Math.max(sum, 0) + floor) : sum / matrix[j * n + j]!;
    }
  }
  // No symmetry of a scene is likely to stand at a right angle to this.
  for (let i = 0; i < n; i++) out[i] = 1 / (i + 1.37);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const change = solveAndNormalise(matrix, n, out);
    if (!(change > SETTLED)) return Number.isFinite(change);
  }
  return true;
}

/** out ← (L Lᵀ)⁻¹ out, of unit length; returns 1 − |cosine| to what it was. */
function solveAndNormalise(factor: Float64Array, n: number, out: Float64Array): number {
  let before = 0;
  let product = 0;
  let after = 0;
  for (let i = 0; i < n; i++) before += out[i]! * out[i]!;
  // The product of old and new is that of L⁻¹ old with itself.
  for (let i = 0; i < n; i++) {
    let sum = out[i]!;
    for (let k = 0; k < i; k++) sum -= factor[i * n + k]! * out[k]!;
    const value = sum / factor[i * n + i]!;
    out[i] = value;
    product += value * value;
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = out[i]!;
    for (let k = i + 1; k < n; k++) sum -= factor[k * n + i]! * out[k]!;
    const value = sum / factor[i * n + i]!;
    out[i] = value;
    after += value * value;
  }
  const scale = 1 / Math.sqrt(after);
  for (let i = 0; i < n; i++) out[i] = out[i]! * scale;
  return 1 - product / Math.sqrt(before * after);
}

const ROWS = 7;
const COLUMNS = 9;

/**
 * Two vectors that span the null space of a 7 × 9 matrix, by Gauss–Jordan elimination, each row pivoting
 * on its largest column. Returns false when the rank is below seven: some pivot is under `least`.
 *
 * @param a overwritten. @param pivots room for 9 indices. @param first, second 9 numbers each, unit length.
 */
export function nullSpace7x9(
  a: Float64Array,
  least: number,
  pivots: Int32Array,
  first: Float64Array,
  second: Float64Array,
): boolean {
  let taken = 0;
  for (let k = 0; k < ROWS; k++) {
    const row = k * COLUMNS;
    let column = -1;
    let size = least;
    for (let c = 0; c < COLUMNS; c++) {
      const value = Math.abs(a[row + c]!);
      if (value > size && (taken & (1 << c)) === 0) {
        size = value;
        column = c;
      }
    }
    if (column < 0) return false;
    taken |= 1 << column;
    pivots[k] = column;
    const inverse = 1 / a[row + column]!;
    for (let c = 0; c < COLUMNS; c++) a[row + c] = a[row + c]! * inverse;
    for (let r = 0; r < a.length; r += COLUMNS) {
      const factor = a[r + column]!;
      if (r === row || factor === 0) continue;
      for (let c = 0; c < COLUMNS; c++) a[r + c] = a[r + c]! - factor * a[row + c]!;
    }
  }
  let free = ROWS;
  for (let c = 0; c < COLUMNS; c++) if ((taken & (1 << c)) === 0) pivots[free++] = c;
  fillNullVector(a, pivots, pivots[ROWS]!, first);
  fillNullVector(a, pivots, pivots[ROWS + 1]!, second);
  return toUnitNorm(first) && toUnitNorm(second);
}

function fillNullVector(a: Float64Array, pivots: Int32Array, free: number, out: Float64Array) {
  out.fill(0);
  out[free] = 1;
  for (let k = 0; k < ROWS; k++) out[pivots[k]!] = -a[k * COLUMNS + free]!;
}
