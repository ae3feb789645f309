// Homographies: b ~ H a. Four matches give one exactly, many by the normalised direct linear transform.
//
// Errors are symmetric transfer errors: the root of the mean of the squared distances from b to H a and from
// a to H⁻¹ b (Hartley and Zisserman, Multiple View Geometry, 4.2). A point that a homography would bring to
// or behind the horizon has no error but infinity: both photos see the plane from one side.
import { Conditioning, type ModelKernel } from './kernel.ts';
import { determinant3, invert3, leastEigenvector, multiply3, toUnitNorm } from './linear.ts';
import type { Points } from './matches.ts';
import { DEGENERATE, LOCAL, SCORING } from './presets.ts';

/** The six different products of two of the three homogeneous coordinates of a point. */
const PRODUCTS = 6;
const ROW_OF_PRODUCT = [0, 0, 0, 1, 1, 2];
const COLUMN_OF_PRODUCT = [0, 1, 2, 1, 2, 2];

export class HomographyKernel implements ModelKernel {
  readonly sampleSize = 4;
  readonly mostModels = 1;
  readonly sampleCost = 20;
  readonly reach = SCORING.reach.homography;
  readonly innerSamples = LOCAL.innerSamples.homography;
  readonly #points: Points;
  /** Least height of a sample's triangles. */
  readonly #height: number;
  readonly #forward = new Float64Array(9);
  readonly #back = new Float64Array(9);
  readonly #basisA = new Float64Array(9);
  readonly #basisB = new Float64Array(9);
  readonly #inverse = new Float64Array(9);
  readonly #conditioning = new Conditioning();
  readonly #sums = new Float64Array(4 * PRODUCTS);
  readonly #normal = new Float64Array(81);
  readonly #fitted = new Float64Array(9);

  /** @param threshold of inliers, in the units of `points`. */
  constructor(points: Points, threshold: number) {
    this.#points = points;
    this.#height = DEGENERATE.triangle * threshold;
  }

  /**
   * The direct linear transform of four points has a closed form: with three of them as a basis, the
   * coordinates of the fourth say how H scales each (Semple and Kneebone, Algebraic Projective Geometry).
   * They are areas of triangles too, whose signs must agree between the photos, or the plane would be seen
   * from behind or be folded over the horizon (Marquez-Neila et al. 2015), and whose size tells lines.
   */
  solve(sample: Int32Array, models: Float64Array): number {
    const { ax, ay, bx, by } = this.#points;
    const p = sample[0]!;
    const q = sample[1]!;
    const r = sample[2]!;
    const s = sample[3]!;
    const a = this.#triangle(ax, ay, p, q, r);
    const b = this.#triangle(bx, by, p, q, r);
    if (!(a * b > 0)) return 0;
    const a0 = this.#triangle(ax, ay, s, q, r);
    const b0 = this.#triangle(bx, by, s, q, r);
    if (!(a0 * b0 > 0)) return 0;
    const a1 = this.#triangle(ax, ay, p, s, r);
    const b1 = this.#triangle(bx, by, p, s, r);
    if (!(a1 * b1 > 0)) return 0;
    const a2 = this.#triangle(ax, ay, p, q, s);
    const b2 = this.#triangle(bx, by, p, q, s);
    if (!(a2 * b2 > 0)) return 0;
    fillBasis(this.#basisA, ax, ay, p, q, r, 1, 1, 1);
    fillBasis(this.#basisB, bx, by, p, q, r, b0 / a0, b1 / a1, b2 / a2);
    invert3(this.#basisA, this.#inverse);
    multiply3(this.#basisB, this.#inverse, models);
    return 1;
  }

  /** Twice the signed area, or 0 when the triangle is too flat to count. */
  #triangle(x: Float64Array, y: Float64Array, i: number, j: number, k: number): number {
    const ux = x[j]! - x[i]!;
    const uy = y[j]! - y[i]!;
    const vx = x[k]! - x[i]!;
    const vy = y[k]! - y[i]!;
    const area = ux * vy - uy * vx;
    const wx = vx - ux;
    const wy = vy - uy;
    const longest = Math.max(ux * ux + uy * uy, vx * vx + vy * vy, wx * wx + wy * wy);
    return area * area < this.#height * this.#height * longest ? 0 : area;
  }

  load(model: Float64Array): boolean {
    const forward = this.#forward;
    for (let i = 0; i < 9; i++) forward[i] = model[i]!;
    if (!toUnitNorm(forward)) return false;
    return Math.abs(invert3(forward, this.#back)) > DEGENERATE.determinant;
  }

  squaredErrors(from: number, to: number, out: Float64Array): void {
    const { ax, ay, bx, by } = this.#points;
    const h = this.#forward;
    const g = this.#back;
    for (let i = from; i < to; i++) {
      const x = ax[i]!;
      const y = ay[i]!;
      const u = bx[i]!;
      const v = by[i]!;
      const w = h[6]! * x + h[7]! * y + h[8]!;
      const z = g[6]! * u + g[7]! * v + g[8]!;
      if (w <= 0 || z <= 0) {
        out[i] = Number.POSITIVE_INFINITY;
        continue;
      }
      const du = (h[0]! * x + h[1]! * y + h[2]!) / w - u;
      const dv = (h[3]! * x + h[4]! * y + h[5]!) / w - v;
      const dx = (g[0]! * u + g[1]! * v + g[2]!) / z - x;
      const dy = (g[3]! * u + g[4]! * v + g[5]!) / z - y;
      out[i] = 0.5 * (du * du + dv * dv + dx * dx + dy * dy);
    }
  }

  /**
   * The algebraic error of a match is its error in b times its depth under H, and noise of a comes into b
   * magnified: rows are weighted so that near the solution the sum is one of errors over their variances.
   */
  refit(model: Float64Array, weights: Float64Array): boolean {
    const { count, ax, ay, bx, by } = this.#points;
    const c = this.#conditioning;
    if (!c.fit(this.#points, weights) || !this.load(model)) return false;
    const h = this.#forward;
    const det = Math.abs(1 / determinant3(this.#back));
    const sums = this.#sums.fill(0);
    for (let i = 0; i < count; i++) {
      if (weights[i]! === 0) continue;
      const depth = h[6]! * ax[i]! + h[7]! * ay[i]! + h[8]!;
      // A point's neighbourhood grows by det(H) / depth³ in area.
      const area = det / Math.abs(depth * depth * depth);
      const w = weights[i]! / (depth * depth * (1 + area));
      const x = (ax[i]! - c.ax) * c.scaleA;
      const y = (ay[i]! - c.ay) * c.scaleA;
      const u = (bx[i]! - c.bx) * c.scaleB;
      const v = (by[i]! - c.by) * c.scaleB;
      addProducts(sums, 0, w, x, y);
      addProducts(sums, PRODUCTS, w * u, x, y);
      addProducts(sums, 2 * PRODUCTS, w * v, x, y);
      addProducts(sums, 3 * PRODUCTS, w * (u * u + v * v), x, y);
    }
    this.#fillNormal();
    const f = this.#fitted;
    if (!leastEigenvector(this.#normal, 9, f)) return false;
    // H = Tb⁻¹ f Ta, with T the shift and scale of each photo.
    for (let r = 0; r < 9; r += 3) {
      f[r + 2] = f[r + 2]! - c.scaleA * (f[r]! * c.ax + f[r + 1]! * c.ay);
      f[r] = f[r]! * c.scaleA;
      f[r + 1] = f[r + 1]! * c.scaleA;
    }
    for (let k = 0; k < 3; k++) {
      f[k] = f[k]! / c.scaleB + c.bx * f[6 + k]!;
      f[3 + k] = f[3 + k]! / c.scaleB + c.by * f[6 + k]!;
    }
    // The centre of the inliers lies before the horizon.
    const sign = f[6]! * c.ax + f[7]! * c.ay + f[8]! < 0 ? -1 : 1;
    for (let i = 0; i < 9; i++) f[i] = f[i]! * sign;
    if (!this.load(f)) return false;
    for (let i = 0; i < 9; i++) model[i] = f[i]!;
    return true;
  }

  /** The rows [p 0 −u p] and [0 p −v p] of all matches, p = (x, y, 1), times themselves. */
  #fillNormal(): void {
    const n = this.#normal;
    const s = this.#sums;
    for (let k = 0; k < PRODUCTS; k++) {
      const r = ROW_OF_PRODUCT[k]!;
      const c = COLUMN_OF_PRODUCT[k]!;
      for (let turn = 0; turn < 2; turn++) {
        const row = turn === 0 ? r : c;
        const column = turn === 0 ? c : r;
        n[row * 9 + column] = s[k]!;
        n[(row + 3) * 9 + column] = 0;
        n[(row + 3) * 9 + column + 3] = s[k]!;
        n[(row + 6) * 9 + column] = -s[PRODUCTS + k]!;
        n[(row + 6) * 9 + column + 3] = -s[2 * PRODUCTS + k]!;
        n[(row + 6) * 9 + column + 6] = s[3 * PRODUCTS + k]!;
      }
    }
  }
}

function addProducts(sums: Float64Array, at: number, w: number, x: number, y: number): void {
  sums[at] = sums[at]! + w * x * x;
  sums[at + 1] = sums[at + 1]! + w * x * y;
  sums[at + 2] = sums[at + 2]! + w * x;
  sums[at + 3] = sums[at + 3]! + w * y * y;
  sums[at + 4] = sums[at + 4]! + w * y;
  sums[at + 5] = sums[at + 5]! + w;
}

/** Columns are three points, each times its factor. */
function fillBasis(
  out: Float64Array,
  x: Float64Array,
  y: Float64Array,
  p: number,
  q: number,
  r: number,
  fp: number,
  fq: number,
  fr: number,
): void {
  out[0] = fp * x[p]!;
  out[1] = fq * x[q]!;
  out[2] = fr * x[r]!;
  out[3] = fp * y[p]!;
  out[4] = fq * y[q]!;
  out[5] = fr * y[r]!;
  out[6] = fp;
  out[7] = fq;
  out[8] = fr;
}
