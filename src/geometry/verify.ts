// Do two photos show one place? Fits both models to their matches, chooses, and says how much agrees.
import { seededRandom } from '../random.ts';
import { findFundamental, findHomography, type ModelKind, type TwoViewModel } from './find.ts';
import { invert3 } from './linear.ts';
import { countMatches, MATCH_FIELDS, type Matches } from './matches.ts';
import { CHOICE, type EstimateOptions, FUNDAMENTAL_DEFAULTS } from './presets.ts';
import { orientationKept, spreadOver } from './spread.ts';

/** Sides of a photo in pixels. */
export interface PhotoSize {
  readonly width: number;
  readonly height: number;
}

export interface VerifyOptions {
  /** `auto` takes the better one, which it does when left out; the others take theirs, if it is sound. */
  readonly model?: ModelKind | 'auto';
  readonly homography?: EstimateOptions;
  readonly fundamental?: EstimateOptions;
  /** Sides of the two photos; what the matches of each span when left out. */
  readonly sizes?: { readonly a: PhotoSize; readonly b: PhotoSize };
}

/** The chosen model and what a decision can be built on. */
export interface Verification extends TwoViewModel {
  readonly matches: number;
  readonly inlierCount: number;
  /** Inliers over matches, 0 without any. */
  readonly inlierRatio: number;
  /** Share of the cells of an 8 × 8 grid over each photo that hold an inlier, in [0, 1]. */
  readonly spreadA: number;
  readonly spreadB: number;
  /**
   * Share of triangles of inliers that run the same way round in both photos, in [0, 1]: about 1 for a
   * real pair, about 0 for a mirrored one, 0 without three inliers.
   */
  readonly orientation: number;
  /** Inliers of each model, chosen or not. */
  readonly homographyInliers: number;
  /** At least those of the homography: what lies on a plane agrees with fundamental matrices without end. */
  readonly fundamentalInliers: number;
}

/**
 * Fits a homography and a fundamental matrix and takes the one with the lower GRIC (Torr 1998; see
 * docs/geometry.md), which charges a model for its parameters and for the freedom it leaves to matches: a
 * fundamental matrix must explain more than the homography does. One that most triangles of its inliers turn
 * over under belongs to a mirrored photo and is not taken; a homography never is such.
 *
 * Matches too few, in one place or on one line give no inliers. Throws `usage`, `inference-failed`.
 *
 * @param matches rows of [xa, ya, xb, yb, confidence], pixels.
 */
export function verify(matches: Matches, options: VerifyOptions = {}): Verification {
  const count = countMatches(matches);
  const homography = findHomography(matches, options.homography);
  const fundamental = findFundamental(matches, options.fundamental);
  const random = seededRandom(options.fundamental?.seed ?? FUNDAMENTAL_DEFAULTS.seed);
  const kept = orientationKept(matches, fundamental.inliers, random);
  const upright = fundamental.matrix !== null && kept >= CHOICE.orientation;
  const sigma = CHOICE.sigma * (options.fundamental?.threshold ?? FUNDAMENTAL_DEFAULTS.threshold);
  const better =
    gric(fundamental, (i) => fundamental.errors[i]! ** 2, sigma) <
    gric(homography, homography.matrix ? moved(homography.matrix, matches) : () => 0, sigma);
  const auto = upright && (better || !homography.matrix) ? fundamental : homography;
  const asked = { auto, homography, fundamental: upright ? fundamental : noModel(fundamental) };
  const chosen = asked[options.model ?? 'auto'];
  const { a, b } = options.sizes ?? {};
  return {
    ...chosen,
    matches: count,
    inlierCount: chosen.inliers.length,
    inlierRatio: count === 0 ? 0 : chosen.inliers.length / count,
    spreadA: spreadOver(matches, chosen.inliers, 0, a),
    spreadB: spreadOver(matches, chosen.inliers, 2, b),
    orientation: chosen === fundamental ? kept : orientationKept(matches, chosen.inliers, random),
    homographyInliers: homography.inliers.length,
    fundamentalInliers: Math.max(fundamental.inliers.length, homography.inliers.length),
  };
}

/** Nothing in place of a model that is not sound. */
function noModel(of: TwoViewModel): TwoViewModel {
  const errors = of.errors.map(() => Number.POSITIVE_INFINITY);
  return { ...of, matrix: null, inliers: new Uint32Array(), errors, score: 0 };
}

/** Dimension of what a model leaves free of a match's four coordinates, and its parameters. */
const SHAPES: Readonly<Record<ModelKind, { dimension: number; parameters: number }>> = {
  homography: { dimension: 2, parameters: 8 },
  fundamental: { dimension: 3, parameters: 7 },
};

/**
 * The geometric robust information criterion, lower being better: Σ min(e²/σ² + d log 4, λ3 4) + k log(4 n).
 * Torr caps e²/σ² alone, by which a match that neither model explains would speak for the fundamental
 * matrix; here it costs both the same. His e is the distance that the four coordinates of a match must move
 * together: for a fundamental matrix the Sampson distance; for a homography, that of {@link moved}.
 */
function gric(
  { model, matrix, errors }: TwoViewModel,
  squared: (match: number) => number,
  sigma: number,
): number {
  if (!matrix) return Number.POSITIVE_INFINITY;
  const { dimension, parameters } = SHAPES[model];
  const free = dimension * Math.log(4);
  let sum = 0;
  for (let i = 0; i < errors.length; i++) {
    sum += Math.min(squared(i) / sigma ** 2 + free, CHOICE.outlier * 4);
  }
  return sum + parameters * Math.log(4 * errors.length);
}

/**
 * Squared distance by which a match must move to satisfy a homography. With p and q the distances of its two
 * transfers, p² q² / (p² + q²): exact for similarities, where noise of either photo comes into both.
 */
function moved(matrix: Float64Array, matches: Matches): (match: number) => number {
  const back = new Float64Array(9);
  invert3(matrix, back);
  return (match) => {
    const at = match * MATCH_FIELDS;
    const there = transferred(matrix, matches, at, at + 2);
    const returned = transferred(back, matches, at + 2, at);
    const sum = there + returned;
    // A point on the horizon of one photo lies infinitely far in the other.
    if (!Number.isFinite(sum)) return Number.POSITIVE_INFINITY;
    return sum === 0 ? 0 : (there * returned) / sum;
  };
}

/** Squared distance from the point at `to` to where `h` brings the one at `from`. */
function transferred(h: Float64Array, matches: Matches, from: number, to: number): number {
  const x = matches[from]!;
  const y = matches[from + 1]!;
  const w = h[6]! * x + h[7]! * y + h[8]!;
  const dx = (h[0]! * x + h[1]! * y + h[2]!) / w - matches[to]!;
  const dy = (h[3]! * x + h[4]! * y + h[5]!) / w - matches[to + 1]!;
  return dx * dx + dy * dy;
}

/** The rows of `matches` that a model agrees with, as matches. */
export function inlierMatches(matches: Matches, { inliers }: TwoViewModel): Matches {
  const out = new Float32Array(inliers.length * MATCH_FIELDS);
  inliers.forEach((row, i) => {
    out.set(matches.subarray(row * MATCH_FIELDS, (row + 1) * MATCH_FIELDS), i * MATCH_FIELDS);
  });
  return out;
}
