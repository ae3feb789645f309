// Homography and fundamental matrix of matches between two photos, most of which may be wrong.
import { CairnError } from '../errors.ts';
import { seededRandom } from '../random.ts';
import { type Estimate, estimate } from './estimate.ts';
import { FundamentalKernel } from './fundamental.ts';
import { HomographyKernel } from './homography.ts';
import { multiply3, multiplyTransposed3, toUnitCorner, toUnitNorm } from './linear.ts';
import { countMatches, type Matches, type Points, preparePoints } from './matches.ts';
import {
  type EstimateOptions,
  type EstimateSettings,
  FUNDAMENTAL_DEFAULTS,
  HOMOGRAPHY_DEFAULTS,
} from './presets.ts';

export type ModelKind = 'homography' | 'fundamental';

/** A model of two photos and the matches that agree with it. */
export interface TwoViewModel {
  readonly model: ModelKind;
  /**
   * Row-major, for pixel coordinates: b ~ H a, scaled to h33 = 1 where that is possible, or bᵀ F a = 0, of
   * unit norm. Null when there are too few matches or none of their samples is sound.
   */
  readonly matrix: Float64Array | null;
  /** Rows of the matches with errors up to the threshold, ascending. */
  readonly inliers: Uint32Array;
  /** Errors of all matches in pixels; infinite where there is no model or a point lies behind it. */
  readonly errors: Float64Array;
  /** Sum over matches of 1 (no error) down to 0 (an error out of reach); see score.ts. */
  readonly score: number;
  /** Samples drawn. */
  readonly iterations: number;
}

/**
 * The homography that most matches agree with. Errors are symmetric transfer errors. Fewer than four
 * matches, or none but degenerate samples, give no inliers.
 *
 * @param matches rows of [xa, ya, xb, yb, confidence], pixels. Throws `usage`, `inference-failed`.
 */
export function findHomography(matches: Matches, options: EstimateOptions = {}): TwoViewModel {
  return find('homography', matches, { ...HOMOGRAPHY_DEFAULTS, ...options });
}

/**
 * The fundamental matrix that most matches agree with, of rank two. Errors are Sampson distances. Fewer
 * than seven matches give no inliers. Where all inliers lie on one plane the matrix is one of many.
 *
 * @param matches rows of [xa, ya, xb, yb, confidence], pixels. Throws `usage`, `inference-failed`.
 */
export function findFundamental(matches: Matches, options: EstimateOptions = {}): TwoViewModel {
  return find('fundamental', matches, { ...FUNDAMENTAL_DEFAULTS, ...options });
}

const LEAST_MATCHES: Readonly<Record<ModelKind, number>> = { homography: 4, fundamental: 7 };

function find(model: ModelKind, matches: Matches, settings: EstimateSettings): TwoViewModel {
  checkSettings(settings);
  const count = countMatches(matches);
  const random = seededRandom(settings.seed);
  const points = count < LEAST_MATCHES[model] ? null : preparePoints(matches, count, random);
  if (!points) return nothing(model, count, 0);
  const threshold = settings.threshold / points.scale;
  const kernel =
    model === 'homography'
      ? new HomographyKernel(points, threshold)
      : new FundamentalKernel(points, threshold, settings, random);
  const found = estimate(kernel, points, threshold, settings, random);
  if (!found.model) return nothing(model, count, found.iterations);
  return inPixels(model, found, found.model, points, settings.threshold);
}

function inPixels(
  model: ModelKind,
  { errors: squared, score, iterations }: Estimate,
  normalised: Float64Array,
  points: Points,
  threshold: number,
): TwoViewModel {
  const errors = new Float64Array(points.count);
  for (let i = 0; i < points.count; i++) {
    errors[points.rows[i]!] = Math.sqrt(squared[i]!) * points.scale;
  }
  const inliers: number[] = [];
  errors.forEach((error, row) => {
    if (error <= threshold) inliers.push(row);
  });
  return {
    model,
    matrix: matrixInPixels(model, normalised, points),
    inliers: Uint32Array.from(inliers),
    errors,
    score,
    iterations,
  };
}

function matrixInPixels(model: ModelKind, normalised: Float64Array, points: Points) {
  const { scale } = points;
  const [ax, ay, bx, by] = points.centre as unknown as [number, number, number, number];
  const toA = new Float64Array([1 / scale, 0, -ax / scale, 0, 1 / scale, -ay / scale, 0, 0, 1]);
  const half = new Float64Array(9);
  const matrix = new Float64Array(9);
  multiply3(normalised, toA, half);
  if (model === 'homography') {
    multiply3(new Float64Array([scale, 0, bx, 0, scale, by, 0, 0, 1]), half, matrix);
    toUnitCorner(matrix);
  } else {
    const toB = new Float64Array([1 / scale, 0, -bx / scale, 0, 1 / scale, -by / scale, 0, 0, 1]);
    multiplyTransposed3(toB, half, matrix);
    toUnitNorm(matrix);
  }
  return matrix;
}

function nothing(model: ModelKind, count: number, iterations: number): TwoViewModel {
  const errors = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  return { model, matrix: null, inliers: new Uint32Array(), errors, score: 0, iterations };
}

function checkSettings({ threshold, confidence, maxIterations, seed }: EstimateSettings): void {
  const wrong = (what: string, remedy: string) => {
    throw new CairnError('usage', what, remedy);
  };
  if (!(threshold > 0 && threshold < Number.POSITIVE_INFINITY)) {
    wrong(`A threshold of ${threshold} pixels lets nothing be judged.`, 'Give 1 to 10 pixels.');
  }
  if (!(confidence > 0 && confidence < 1)) {
    wrong(`A confidence of ${confidence} is no probability in (0, 1).`, 'Give 0.99 to 0.9999.');
  }
  if (!(Number.isSafeInteger(maxIterations) && maxIterations >= 1)) {
    wrong(`${maxIterations} iterations cannot be done.`, 'Give a whole number from 1.');
  }
  if (!Number.isSafeInteger(seed)) wrong(`${seed} is no seed.`, 'Give a whole number.');
}
