// Planes seen in two views, which leave the fundamental matrix open: how a sample on one is noticed, and how
// the plane and two matches off it give the matrix after all.
//
// DEGENSAC: Chum, Werner, Matas, Two-view geometry estimation unaffected by a dominant plane, CVPR 2005. Its
// triples are such that whenever five of seven points lie on a plane, one of them lies on it too.
import { HomographyKernel } from './homography.ts';
import { invert3 } from './linear.ts';
import type { Points } from './matches.ts';
import { type EstimateSettings, LOCAL, PLANE } from './presets.ts';
import { MarginalScore } from './score.ts';

const TRIPLES = [
  [0, 1, 2],
  [3, 4, 5],
  [0, 1, 6],
  [3, 4, 6],
  [2, 5, 6],
] as const;

export class PlaneAndParallax {
  readonly #points: Points;
  readonly #limit: number;
  readonly #planeLimit: number;
  readonly #confidence: number;
  readonly #random: () => number;
  readonly #homography: HomographyKernel;
  readonly #score: MarginalScore;
  readonly #h = new Float64Array(9);
  readonly #kept = new Float64Array(9);
  readonly #f = new Float64Array(9);
  readonly #m = new Float64Array(9);
  readonly #inverse = new Float64Array(9);
  readonly #errors: Float64Array;
  readonly #weights: Float64Array;
  readonly #off: Int32Array;
  readonly #line = new Float64Array(3);
  readonly #otherLine = new Float64Array(3);

  constructor(points: Points, threshold: number, settings: EstimateSettings, random: () => number) {
    this.#points = points;
    this.#limit = threshold * threshold;
    this.#confidence = settings.confidence;
    this.#random = random;
    const transfer = PLANE.transfer * threshold;
    this.#planeLimit = transfer * transfer;
    this.#homography = new HomographyKernel(points, transfer);
    this.#score = new MarginalScore(transfer * this.#homography.reach);
    this.#errors = new Float64Array(points.count);
    this.#weights = new Float64Array(points.count);
    this.#off = new Int32Array(points.count);
  }

  /**
   * If at least five of the sample's matches lie on one plane under `f`, offers `consider` matrices made of
   * that plane and of two matches off it.
   *
   * @param epipole of b, up to scale. @param errors of all points under `f`, squared; read before anything
   * is considered.
   */
  rescue(
    f: Float64Array,
    epipole: Float64Array,
    sample: Int32Array,
    errors: Float64Array,
    consider: (model: Float64Array) => void,
  ): void {
    for (const triple of TRIPLES) {
      if (!this.#plane(f, epipole, sample[triple[0]]!, sample[triple[1]]!, sample[triple[2]]!)) {
        continue;
      }
      if (!this.#homography.load(this.#h)) continue;
      let onPlane = 0;
      for (let k = 0; k < sample.length; k++) {
        const i = sample[k]!;
        this.#homography.squaredErrors(i, i + 1, this.#errors);
        if (this.#errors[i]! <= this.#planeLimit) onPlane++;
      }
      if (onPlane < PLANE.sample) continue;
      this.#homography.squaredErrors(0, this.#points.count, this.#errors);
      this.#widen();
      this.#tryPairs(errors, epipole, consider);
      return;
    }
  }

  /** The homography that three matches and F define: A − e (M⁻¹ b)ᵀ, with A = [e]× F (result 13.6 of H&Z). */
  #plane(f: Float64Array, e: Float64Array, p: number, q: number, r: number): boolean {
    const { ax, ay, bx, by } = this.#points;
    const h = this.#h;
    for (let c = 0; c < 3; c++) {
      h[c] = e[1]! * f[6 + c]! - e[2]! * f[3 + c]!;
      h[3 + c] = e[2]! * f[c]! - e[0]! * f[6 + c]!;
      h[6 + c] = e[0]! * f[3 + c]! - e[1]! * f[c]!;
    }
    const b = this.#line;
    for (let k = 0; k < 3; k++) {
      const i = k === 0 ? p : k === 1 ? q : r;
      const x = ax[i]!;
      const y = ay[i]!;
      const u = bx[i]!;
      const v = by[i]!;
      const s0 = h[0]! * x + h[1]! * y + h[2]!;
      const s1 = h[3]! * x + h[4]! * y + h[5]!;
      const s2 = h[6]! * x + h[7]! * y + h[8]!;
      // b × (A a) and b × e
      const c0 = v * s2 - s1;
      const c1 = s0 - u * s2;
      const c2 = u * s1 - v * s0;
      const d0 = v * e[2]! - e[1]!;
      const d1 = e[0]! - u * e[2]!;
      const d2 = u * e[1]! - v * e[0]!;
      b[k] = (c0 * d0 + c1 * d1 + c2 * d2) / (d0 * d0 + d1 * d1 + d2 * d2);
      this.#m[3 * k] = x;
      this.#m[3 * k + 1] = y;
      this.#m[3 * k + 2] = 1;
    }
    invert3(this.#m, this.#inverse);
    const n = this.#inverse;
    for (let c = 0; c < 3; c++) {
      const along = n[3 * c]! * b[0]! + n[3 * c + 1]! * b[1]! + n[3 * c + 2]! * b[2]!;
      for (let k = 0; k < 3; k++) h[3 * k + c] = h[3 * k + c]! - e[k]! * along;
    }
    // Positive depth for the plane's own points; a plane between the cameras cannot be seen by both.
    const depth = h[6]! * ax[p]! + h[7]! * ay[p]! + h[8]!;
    if (!(Math.abs(depth) > 0)) return false;
    if (depth < 0) for (let i = 0; i < 9; i++) h[i] = -h[i]!;
    return true;
  }

  /** Fits the homography to all that lie on its plane, and leaves their errors. */
  #widen(): void {
    const { count } = this.#points;
    let best = this.#score.total(this.#errors, count);
    for (let i = 0; i < 9; i++) this.#kept[i] = this.#h[i]!;
    for (let round = 0; round < PLANE.rounds; round++) {
      this.#score.weigh(this.#errors, count, this.#weights);
      if (!this.#homography.refit(this.#h, this.#weights)) break;
      this.#homography.squaredErrors(0, count, this.#errors);
      const score = this.#score.total(this.#errors, count);
      if (!(score > best * (1 + LOCAL.gain))) break;
      best = score;
      for (let i = 0; i < 9; i++) this.#kept[i] = this.#h[i]!;
    }
    if (this.#homography.load(this.#kept)) {
      this.#homography.squaredErrors(0, count, this.#errors);
    }
  }

  #tryPairs(errors: Float64Array, e: Float64Array, consider: (model: Float64Array) => void): void {
    const { count } = this.#points;
    const far = PLANE.off * PLANE.off * this.#planeLimit;
    let off = 0;
    let agreeing = 0;
    for (let i = 0; i < count; i++) {
      if (this.#errors[i]! <= far) continue;
      this.#off[off++] = i;
      if (errors[i]! <= this.#limit) agreeing++;
    }
    // Nobody off the plane: the matrix stays open, and what was found explains all there is.
    if (off < 2) return;
    const share = Math.max(agreeing, 1) / off;
    const wanted = Math.log(1 - this.#confidence) / Math.log(1 - share * share);
    const pairs = Math.min(PLANE.pairs, Number.isFinite(wanted) ? Math.ceil(wanted) : 1);
    for (let pair = 0; pair < pairs; pair++) {
      const i = this.#off[Math.floor(this.#random() * off)]!;
      const j = this.#off[Math.floor(this.#random() * off)]!;
      if (i === j) continue;
      this.#lineThrough(i, this.#line);
      this.#lineThrough(j, this.#otherLine);
      cross(this.#line, this.#otherLine, e);
      const h = this.#kept;
      for (let c = 0; c < 3; c++) {
        this.#f[c] = e[1]! * h[6 + c]! - e[2]! * h[3 + c]!;
        this.#f[3 + c] = e[2]! * h[c]! - e[0]! * h[6 + c]!;
        this.#f[6 + c] = e[0]! * h[3 + c]! - e[1]! * h[c]!;
      }
      consider(this.#f);
    }
  }

  /** The epipolar line of a match off the plane: through b and through where the plane would bring a. */
  #lineThrough(i: number, out: Float64Array): void {
    const { ax, ay, bx, by } = this.#points;
    const h = this.#kept;
    const s0 = h[0]! * ax[i]! + h[1]! * ay[i]! + h[2]!;
    const s1 = h[3]! * ax[i]! + h[4]! * ay[i]! + h[5]!;
    const s2 = h[6]! * ax[i]! + h[7]! * ay[i]! + h[8]!;
    out[0] = s1 - s2 * by[i]!;
    out[1] = s2 * bx[i]! - s0;
    out[2] = s0 * by[i]! - s1 * bx[i]!;
  }
}

function cross(a: Float64Array, b: Float64Array, out: Float64Array): void {
  out[0] = a[1]! * b[2]! - a[2]! * b[1]!;
  out[1] = a[2]! * b[0]! - a[0]! * b[2]!;
  out[2] = a[0]! * b[1]! - a[1]! * b[0]!;
}
