// What the robust estimator asks of a model: solve samples, measure errors, fit many. And the shift and
// scale that fits by least squares are conditioned with.
import type { Points } from './matches.ts';

/**
 * A model of two views in the units of its {@link Points}: 9 numbers, row-major, defined up to scale.
 * Nothing in it allocates.
 */
export interface ModelKernel {
  /** Matches in a minimal sample, and models that one may give. */
  readonly sampleSize: number;
  readonly mostModels: number;
  /** What a sample costs to solve, in errors of one match: designs the sequential test. */
  readonly sampleCost: number;
  /** Larger samples that a new best model is tried to be improved with. */
  readonly innerSamples: number;
  /** Errors count for something up to this many thresholds. */
  readonly reach: number;
  /** Writes the models of a sample of points one after the other; none when it is degenerate. */
  solve(sample: Int32Array, models: Float64Array): number;
  /** Makes a model the one that errors are measured of; false when it is no model of two views. */
  load(model: Float64Array): boolean;
  /** Squared errors of points from `from` up to `to`, without it. */
  squaredErrors(from: number, to: number, out: Float64Array): void;
  /** Weighted least squares about `model`, in place; false, and `model` as it was, when it fails. */
  refit(model: Float64Array, weights: Float64Array): boolean;
  /**
   * Where a sample may satisfy a wrong model by a degeneracy, tries models that it may stand for, by
   * `consider`. Called when a sample's model has become the best, with its errors.
   */
  rescue?(
    model: Float64Array,
    sample: Int32Array,
    errors: Float64Array,
    consider: (model: Float64Array) => void,
  ): void;
}

/** Shift and scale of both photos that give weighted points zero mean and unit spread (Hartley 1997). */
export class Conditioning {
  ax = 0;
  ay = 0;
  bx = 0;
  by = 0;
  scaleA = 1;
  scaleB = 1;

  /** False when the points of positive weight lie in one place. */
  fit(points: Points, weights: Float64Array): boolean {
    const { count, ax, ay, bx, by } = points;
    let total = 0;
    let cx = 0;
    let cy = 0;
    let cu = 0;
    let cv = 0;
    for (let i = 0; i < count; i++) {
      const w = weights[i]!;
      if (w === 0) continue;
      total += w;
      cx += w * ax[i]!;
      cy += w * ay[i]!;
      cu += w * bx[i]!;
      cv += w * by[i]!;
    }
    if (!(total > 0)) return false;
    cx /= total;
    cy /= total;
    cu /= total;
    cv /= total;
    let squaresA = 0;
    let squaresB = 0;
    for (let i = 0; i < count; i++) {
      const w = weights[i]!;
      if (w === 0) continue;
      const x = ax[i]! - cx;
      const y = ay[i]! - cy;
      const u = bx[i]! - cu;
      const v = by[i]! - cv;
      squaresA += w * (x * x + y * y);
      squaresB += w * (u * u + v * v);
    }
    this.ax = cx;
    this.ay = cy;
    this.bx = cu;
    this.by = cv;
    this.scaleA = Math.sqrt((2 * total) / squaresA);
    this.scaleB = Math.sqrt((2 * total) / squaresB);
    return Number.isFinite(this.scaleA) && Number.isFinite(this.scaleB);
  }
}
