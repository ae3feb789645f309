// Fundamental matrices: bᵀ F a = 0. Seven matches give one to three, many by the normalised eight-point
// method, weighted so that its algebraic errors become Sampson distances.
//
// Errors are Sampson distances: to first order, how far the four coordinates of a match must move together
// to satisfy F (Hartley and Zisserman, Multiple View Geometry, 11.4).
import { realRoots } from './cubic.ts';
import { Conditioning, type ModelKernel } from './kernel.ts';
import {
  cofactors3,
  leastEigenvector,
  multiplyTransposed3,
  nullSpace7x9,
  toUnitNorm,
} from './linear.ts';
import type { Points } from './matches.ts';
import { PlaneAndParallax } from './parallax.ts';
import { DEGENERATE, type EstimateSettings, LOCAL, SCORING } from './presets.ts';

const SAMPLE = 7;

export class FundamentalKernel implements ModelKernel {
  readonly sampleSize = SAMPLE;
  readonly mostModels = 3;
  readonly sampleCost = 100;
  readonly reach = SCORING.reach.fundamental;
  readonly innerSamples = LOCAL.innerSamples.fundamental;
  readonly #points: Points;
  readonly #plane: PlaneAndParallax;
  readonly #f = new Float64Array(9);
  readonly #rows = new Float64Array(SAMPLE * 9);
  readonly #pivots = new Int32Array(9);
  readonly #first = new Float64Array(9);
  readonly #second = new Float64Array(9);
  readonly #cofactors = new Float64Array(9);
  readonly #roots = new Float64Array(3);
  readonly #trial = new Float64Array(9);
  readonly #epipole = new Float64Array(3);
  readonly #conditioning = new Conditioning();
  readonly #sums = new Float64Array(36);
  readonly #normal = new Float64Array(81);
  readonly #fitted = new Float64Array(9);
  readonly #square = new Float64Array(9);
  readonly #kernelVector = new Float64Array(3);

  /** @param threshold of inliers, in the units of `points`. */
  constructor(points: Points, threshold: number, settings: EstimateSettings, random: () => number) {
    this.#points = points;
    this.#plane = new PlaneAndParallax(points, threshold, settings, random);
  }

  /** det(F1 + x F2) = 0 for the two matrices that span what seven matches allow (ibid., 11.1.2). */
  solve(sample: Int32Array, models: Float64Array): number {
    const { ax, ay, bx, by } = this.#points;
    const rows = this.#rows;
    for (let k = 0; k < SAMPLE; k++) {
      const i = sample[k]!;
      const at = 9 * k;
      const x = ax[i]!;
      const y = ay[i]!;
      const u = bx[i]!;
      const v = by[i]!;
      rows[at] = u * x;
      rows[at + 1] = u * y;
      rows[at + 2] = u;
      rows[at + 3] = v * x;
      rows[at + 4] = v * y;
      rows[at + 5] = v;
      rows[at + 6] = x;
      rows[at + 7] = y;
      rows[at + 8] = 1;
    }
    const first = this.#first;
    const second = this.#second;
    if (!nullSpace7x9(rows, DEGENERATE.pivot, this.#pivots, first, second)) return 0;
    const cofactors = this.#cofactors;
    let c0 = 0;
    let c1 = 0;
    let c2 = 0;
    let c3 = 0;
    cofactors3(first, cofactors);
    for (let i = 0; i < 3; i++) c0 += cofactors[i]! * first[i]!;
    for (let i = 0; i < 9; i++) c1 += cofactors[i]! * second[i]!;
    cofactors3(second, cofactors);
    for (let i = 0; i < 9; i++) c2 += cofactors[i]! * first[i]!;
    for (let i = 0; i < 3; i++) c3 += cofactors[i]! * second[i]!;
    const roots = this.#roots;
    const found = realRoots(c3, c2, c1, c0, roots);
    let count = 0;
    for (let k = 0; k < found; k++) {
      const root = roots[k]!;
      for (let i = 0; i < 9; i++) this.#trial[i] = first[i]! + root * second[i]!;
      if (this.#oriented(this.#trial, sample)) copyTo(models, 9 * count++, this.#trial);
    }
    // The root at infinity: the second matrix is singular itself.
    if (found < 3 && Math.abs(c3) < 1e-12 && this.#oriented(second, sample)) {
      copyTo(models, 9 * count++, second);
    }
    return count;
  }

  /**
   * The oriented epipolar constraint (Chum, Werner, Matas 2004): with all points before both cameras, the
   * line F a runs from the epipole through b in the same sense for every match of the sample. Most models
   * of samples with outliers do not pass.
   */
  #oriented(f: Float64Array, sample: Int32Array): boolean {
    const { ax, ay, bx, by } = this.#points;
    const e = this.#epipole;
    if (!fillEpipoleB(f, e)) return false;
    let sense = 0;
    for (let k = 0; k < SAMPLE; k++) {
      const i = sample[k]!;
      const u = bx[i]!;
      const v = by[i]!;
      const x = ax[i]!;
      const y = ay[i]!;
      const sign =
        (e[1]! - e[2]! * v) * (f[0]! * x + f[1]! * y + f[2]!) +
        (e[2]! * u - e[0]!) * (f[3]! * x + f[4]! * y + f[5]!) +
        (e[0]! * v - e[1]! * u) * (f[6]! * x + f[7]! * y + f[8]!);
      if (sign * sense < 0) return false;
      sense = sign;
    }
    return true;
  }

  load(model: Float64Array): boolean {
    for (let i = 0; i < 9; i++) this.#f[i] = model[i]!;
    return toUnitNorm(this.#f);
  }

  squaredErrors(from: number, to: number, out: Float64Array): void {
    const { ax, ay, bx, by } = this.#points;
    const f = this.#f;
    const f0 = f[0]!;
    const f1 = f[1]!;
    const f2 = f[2]!;
    const f3 = f[3]!;
    const f4 = f[4]!;
    const f5 = f[5]!;
    const f6 = f[6]!;
    const f7 = f[7]!;
    const f8 = f[8]!;
    for (let i = from; i < to; i++) {
      const x = ax[i]!;
      const y = ay[i]!;
      const u = bx[i]!;
      const v = by[i]!;
      const l0 = f0 * x + f1 * y + f2;
      const l1 = f3 * x + f4 * y + f5;
      const m0 = f0 * u + f3 * v + f6;
      const m1 = f1 * u + f4 * v + f7;
      const algebraic = l0 * u + l1 * v + f6 * x + f7 * y + f8;
      const slope = l0 * l0 + l1 * l1 + m0 * m0 + m1 * m1;
      // Both epipoles: any match does, and says nothing.
      out[i] = slope > 0 ? (algebraic * algebraic) / slope : Number.POSITIVE_INFINITY;
    }
  }

  refit(model: Float64Array, weights: Float64Array): boolean {
    const c = this.#conditioning;
    if (!c.fit(this.#points, weights) || !this.load(model)) return false;
    this.#accumulate(weights);
    const normal = this.#normal;
    const sums = this.#sums;
    // The row of a match is the product of (u, v, 1) and (x, y, 1), so the sums are 6 × 6 of theirs.
    for (let r = 0; r < 9; r++) {
      for (let k = 0; k <= r; k++) {
        const b = PRODUCT_AT[((r / 3) | 0) * 3 + ((k / 3) | 0)]!;
        const a = PRODUCT_AT[(r % 3) * 3 + (k % 3)]!;
        normal[r * 9 + k] = sums[b * 6 + a]!;
      }
    }
    const f = this.#fitted;
    if (!leastEigenvector(normal, 9, f) || !this.#dropRank(f)) return false;
    // F = Tbᵀ f Ta, with T the shift and scale of each photo.
    for (let r = 0; r < 9; r += 3) {
      f[r + 2] = f[r + 2]! - c.scaleA * (f[r]! * c.ax + f[r + 1]! * c.ay);
      f[r] = f[r]! * c.scaleA;
      f[r + 1] = f[r + 1]! * c.scaleA;
    }
    for (let k = 0; k < 3; k++) {
      f[6 + k] = f[6 + k]! - c.scaleB * (f[k]! * c.bx + f[3 + k]! * c.by);
      f[k] = f[k]! * c.scaleB;
      f[3 + k] = f[3 + k]! * c.scaleB;
    }
    if (!toUnitNorm(f)) return false;
    copyTo(model, 0, f);
    return true;
  }

  #accumulate(weights: Float64Array): void {
    const { count, ax, ay, bx, by } = this.#points;
    const c = this.#conditioning;
    const f = this.#f;
    const sums = this.#sums.fill(0);
    for (let i = 0; i < count; i++) {
      if (weights[i]! === 0) continue;
      const l0 = f[0]! * ax[i]! + f[1]! * ay[i]! + f[2]!;
      const l1 = f[3]! * ax[i]! + f[4]! * ay[i]! + f[5]!;
      const m0 = f[0]! * bx[i]! + f[3]! * by[i]! + f[6]!;
      const m1 = f[1]! * bx[i]! + f[4]! * by[i]! + f[7]!;
      const slope = l0 * l0 + l1 * l1 + m0 * m0 + m1 * m1;
      if (!(slope > 0)) continue;
      const w = weights[i]! / slope;
      const x = (ax[i]! - c.ax) * c.scaleA;
      const y = (ay[i]! - c.ay) * c.scaleA;
      const u = (bx[i]! - c.bx) * c.scaleB;
      const v = (by[i]! - c.by) * c.scaleB;
      addOuter(sums, 0, w * u * u, x, y);
      addOuter(sums, 6, w * u * v, x, y);
      addOuter(sums, 12, w * u, x, y);
      addOuter(sums, 18, w * v * v, x, y);
      addOuter(sums, 24, w * v, x, y);
      addOuter(sums, 30, w, x, y);
    }
  }

  /** The nearest matrix of rank two: F − F v vᵀ, v being the right singular vector of the least value. */
  #dropRank(f: Float64Array): boolean {
    multiplyTransposed3(f, f, this.#square);
    const v = this.#kernelVector;
    if (!leastEigenvector(this.#square, 3, v)) return false;
    for (let r = 0; r < 9; r += 3) {
      const along = f[r]! * v[0]! + f[r + 1]! * v[1]! + f[r + 2]! * v[2]!;
      for (let k = 0; k < 3; k++) f[r + k] = f[r + k]! - along * v[k]!;
    }
    return true;
  }

  rescue(
    model: Float64Array,
    sample: Int32Array,
    errors: Float64Array,
    consider: (model: Float64Array) => void,
  ): void {
    if (fillEpipoleB(model, this.#epipole)) {
      this.#plane.rescue(model, this.#epipole, sample, errors, consider);
    }
  }
}

/** Where the product of two of (x, y, 1) stands among xx, xy, x, yy, y, 1. */
const PRODUCT_AT = [0, 1, 2, 1, 3, 4, 2, 4, 5];

function addOuter(sums: Float64Array, at: number, w: number, x: number, y: number): void {
  sums[at] = sums[at]! + w * x * x;
  sums[at + 1] = sums[at + 1]! + w * x * y;
  sums[at + 2] = sums[at + 2]! + w * x;
  sums[at + 3] = sums[at + 3]! + w * y * y;
  sums[at + 4] = sums[at + 4]! + w * y;
  sums[at + 5] = sums[at + 5]! + w;
}

function copyTo(out: Float64Array, at: number, model: Float64Array): void {
  for (let i = 0; i < 9; i++) out[at + i] = model[i]!;
}

/** e with eᵀ F = 0: the product of two columns, of those that stand widest apart. */
function fillEpipoleB(f: Float64Array, e: Float64Array): boolean {
  let best = 0;
  for (let k = 0; k < 3; k++) {
    const c = k;
    const d = k === 2 ? 0 : k + 1;
    const x = f[3 + c]! * f[6 + d]! - f[6 + c]! * f[3 + d]!;
    const y = f[6 + c]! * f[d]! - f[c]! * f[6 + d]!;
    const z = f[c]! * f[3 + d]! - f[3 + c]! * f[d]!;
    const size = x * x + y * y + z * z;
    if (size > best) {
      best = size;
      e[0] = x;
      e[1] = y;
      e[2] = z;
    }
  }
  return best > 0;
}
