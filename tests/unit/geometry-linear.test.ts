// The small linear algebra of two views against ml-matrix, and polynomials against their own roots.
import fc from 'fast-check';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import { realRoots } from '../../src/geometry/cubic.ts';
import {
  determinant3,
  invert3,
  leastEigenvector,
  multiply3,
  nullSpace7x9,
} from '../../src/geometry/linear.ts';
import { seededRandom } from '../../src/random.ts';

const drawn = (length: number, seed: number) => {
  const random = seededRandom(seed);
  return Float64Array.from({ length }, () => 2 * random() - 1);
};

describe('least eigenvector', () => {
  // Of two eigenvalues that are nearly one, a vector between theirs is as good: those are left out.
  test.each([3, 9])('belongs to the least eigenvalue that ml-matrix finds, of %i rows', (n) => {
    for (let seed = 1; seed <= 50; seed++) {
      const rows = new Matrix(
        Array.from({ length: n + 4 }, (_, i) => [...drawn(n, 97 * seed + i)]),
      );
      const square = rows.transpose().mmul(rows);
      const out = new Float64Array(n);
      expect(leastEigenvector(Float64Array.from(square.to1DArray()), n, out)).toBe(true);
      const { realEigenvalues } = new EigenvalueDecomposition(square, { assumeSymmetric: true });
      const [least, next] = realEigenvalues.sort((p, q) => p - q) as [number, number];
      if (least > 0.5 * next) continue;
      const vector = Matrix.columnVector(Array.from(out));
      const quotient = vector.transpose().mmul(square).mmul(vector).get(0, 0);
      expect(Math.hypot(...out)).toBeCloseTo(1, 12);
      expect(quotient / least).toBeCloseTo(1, 9);
    }
  });

  test('of a singular matrix is its null vector; of none, nothing', () => {
    const rows = new Matrix(Array.from({ length: 8 }, (_, i) => [...drawn(9, i + 1)]));
    const out = new Float64Array(9);
    const square = rows.transpose().mmul(rows);
    expect(leastEigenvector(Float64Array.from(square.to1DArray()), 9, out)).toBe(true);
    const product = rows.mmul(Matrix.columnVector(Array.from(out))).to1DArray();
    for (const value of product) expect(Math.abs(value)).toBeLessThan(1e-7);
    expect(leastEigenvector(new Float64Array(81), 9, out)).toBe(false);
    expect(leastEigenvector(new Float64Array(81).fill(Number.NaN), 9, out)).toBe(false);
  });
});

describe('null space of seven rows', () => {
  test('is orthogonal to all of them, and of two dimensions', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const rows = drawn(63, seed);
      const [first, second] = [new Float64Array(9), new Float64Array(9)];
      expect(nullSpace7x9(rows.slice(), 1e-9, new Int32Array(9), first, second)).toBe(true);
      for (let r = 0; r < 63; r += 9) {
        for (const vector of [first, second]) {
          const product = vector.reduce((sum, value, c) => sum + value * rows[r + c]!, 0);
          expect(Math.abs(product)).toBeLessThan(1e-10);
        }
      }
      const cosine = first.reduce((sum, value, c) => sum + value * second[c]!, 0);
      expect(Math.abs(cosine)).toBeLessThan(1 - 1e-6);
    }
  });

  test('is refused where rows depend on each other', () => {
    const rows = drawn(63, 5);
    for (let c = 0; c < 9; c++) rows[54 + c] = rows[c]! - 2 * rows[9 + c]!;
    const room = () => new Float64Array(9);
    expect(nullSpace7x9(rows, 1e-9, new Int32Array(9), room(), room())).toBe(false);
  });
});

test('an inverse undoes its matrix and tells its determinant', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const m = drawn(9, seed);
    const [inverse, product] = [new Float64Array(9), new Float64Array(9)];
    const det = invert3(m, inverse);
    expect(det).toBeCloseTo(determinant3(m), 12);
    if (Math.abs(det) < 0.01) continue;
    multiply3(m, inverse, product);
    product.forEach((value, i) => {
      expect(value).toBeCloseTo(i % 4 === 0 ? 1 : 0, 9);
    });
  }
});

describe('real roots', () => {
  const rootsOf = (...coefficients: [number, number, number, number]) => {
    const out = new Float64Array(3);
    return [...out.subarray(0, realRoots(...coefficients, out))].sort((a, b) => a - b);
  };
  const near = (found: number[], wanted: number[], digits = 6) => {
    expect(found.length).toBe(wanted.length);
    wanted.forEach((root, i) => {
      expect(found[i]).toBeCloseTo(root, digits);
    });
  };

  test('of cubics made of three', () => {
    const apart = fc.double({ min: 0.05, max: 4, noNaN: true });
    const first = fc.double({ min: -5, max: 5, noNaN: true });
    const scale = fc.double({ min: 0.01, max: 100, noNaN: true });
    fc.assert(
      fc.property(first, apart, apart, scale, fc.boolean(), (p, second, third, size, minus) => {
        const [q, r, s] = [p + second, p + second + third, minus ? -size : size];
        near(rootsOf(s, -s * (p + q + r), s * (p * q + p * r + q * r), -s * p * q * r), [p, q, r]);
      }),
    );
  });

  test('of cubics with one, of quadratics, lines and constants', () => {
    near(rootsOf(1, -2, 1, -2), [2]);
    near(rootsOf(0, 1, -3, 2), [1, 2]);
    near(rootsOf(0, 1, 0, 1), []);
    near(rootsOf(0, 0, 2, -6), [3]);
    near(rootsOf(0, 0, 0, 3), []);
    near(rootsOf(0, 0, 0, 0), []);
    near(rootsOf(1, 0, 0, 0), [0, 0]);
  });
});
