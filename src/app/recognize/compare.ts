// Whether a reference can be laid over a photo, and how: a homography of the details that agree, checked before
// anybody looks at it, and as the matrix that CSS bends a picture by.
import { findHomography } from '../../geometry/find.ts';
import { MATCH_FIELDS } from '../../geometry/matches.ts';
import { COARSE_GEOMETRY } from '../../geometry/presets.ts';
import type { PhotoSize } from '../../geometry/verify.ts';
import type { MatchedLine } from '../results/matched.ts';

/** Row-major, 9 numbers: pixels of the reference to pixels of the photo, both counted from edges. */
export type Warp = Float64Array;

type Point = readonly [x: number, y: number];

/** What a warp must hold to be shown. */
export const SOUND = {
  /** Details that lie over each other. */
  agreeing: 8,
  /** Share of the details given: others lie on other planes, or the views differ too much. */
  share: 0.6,
  /** Root of the mean squared error of those, of the photo's diagonal. */
  error: 0.02,
  /** The reference's area as it lies over the photo, of the photo's. */
  least: 0.04,
  most: 25,
  /** Of the depths of the reference's corners: more is a plane seen almost along itself. */
  depths: 4,
  /** Longer side over shorter of what a square at a corner becomes, to first order, of its mean stretch. */
  shear: 6,
} as const;

/**
 * The warp of the reference onto the photo; null where no single plane explains the details, or the picture would
 * come out folded, mirrored, tiny, huge or drawn out beyond recognition.
 * @param lines of details that agree, at least four
 */
export function soundWarp(
  lines: readonly MatchedLine[],
  photo: PhotoSize,
  reference: PhotoSize,
): Warp | null {
  if (lines.length < SOUND.agreeing) return null;
  const matches = new Float32Array(MATCH_FIELDS * lines.length);
  for (const [i, { from, to, confidence }] of lines.entries()) {
    matches.set([...to, ...from, confidence], MATCH_FIELDS * i);
  }
  const { matrix, inliers } = findHomography(matches, COARSE_GEOMETRY.homography);
  if (!matrix || inliers.length < Math.max(SOUND.agreeing, SOUND.share * lines.length)) return null;
  const kept = [...inliers].flatMap((row) => lines[row] ?? []);
  return isSound(matrix, kept, photo, reference) ? matrix : null;
}

/** @param kept details that the warp was found by */
export function isSound(
  warp: Warp,
  kept: readonly Pick<MatchedLine, 'from' | 'to'>[],
  photo: PhotoSize,
  reference: PhotoSize,
): boolean {
  const corners = cornersOf(reference);
  const depths = corners.map((corner) => depthAt(warp, corner));
  // A corner behind the horizon would turn the picture inside out.
  if (!depths.every((depth) => Number.isFinite(depth) && depth > 0)) return false;
  if (Math.max(...depths) > SOUND.depths * Math.min(...depths)) return false;
  const quad = corners.map((corner) => warped(warp, corner));
  if (!isConvex(quad)) return false;
  const share = areaOf(quad) / (photo.width * photo.height);
  if (!(share >= SOUND.least && share <= SOUND.most)) return false;
  if (corners.some((corner) => stretchAt(warp, corner) > SOUND.shear)) return false;
  let squares = 0;
  for (const { from, to } of kept) {
    const [x, y] = warped(warp, to);
    squares += (x - from[0]) ** 2 + (y - from[1]) ** 2;
  }
  const error = Math.sqrt(squares / Math.max(1, kept.length));
  return error <= SOUND.error * Math.hypot(photo.width, photo.height);
}

/**
 * The value of CSS's `transform` for an element as large as the reference is in pixels, with its origin in its upper
 * left corner, over a photo that is drawn `scale` times its pixels large.
 */
export function matrix3d(warp: Warp, scale: number): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0] = warp;
  // Columns of four: the third coordinate stays what it is, and scaling the photo scales the first two rows.
  const columns = [scale * a, scale * d, 0, g, scale * b, scale * e, 0, h, 0, 0, 1, 0];
  return `matrix3d(${[...columns, scale * c, scale * f, 0, i].map(plain).join(', ')})`;
}

/** CSS knows exponents, but not every engine reads more digits than these. */
function plain(value: number): string {
  return Number(value.toPrecision(12)).toString();
}

export function warped(warp: Warp, [x, y]: Point): Point {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = warp;
  const depth = depthAt(warp, [x, y]);
  return [(a * x + b * y + c) / depth, (d * x + e * y + f) / depth];
}

function depthAt(warp: Warp, [x, y]: Point): number {
  const [g = 0, h = 0, i = 0] = warp.subarray(6);
  return g * x + h * y + i;
}

function cornersOf({ width, height }: PhotoSize): Point[] {
  return [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ];
}

/** And not mirrored: all corners turn the way in which they are listed. */
function isConvex(quad: readonly Point[]): boolean {
  return quad.every((corner, i) => {
    const [next = corner, after = corner] = [quad[(i + 1) % 4], quad[(i + 2) % 4]];
    const cross =
      (next[0] - corner[0]) * (after[1] - next[1]) - (next[1] - corner[1]) * (after[0] - next[0]);
    return cross > 0;
  });
}

function areaOf(quad: readonly Point[]): number {
  const twice = quad.reduce((sum, [x, y], i) => {
    const [u, v] = quad[(i + 1) % quad.length] ?? [x, y];
    return sum + x * v - u * y;
  }, 0);
  return twice / 2;
}

/** Ratio of the two singular values of the warp's derivative at a point. */
function stretchAt(warp: Warp, point: Point): number {
  const [a = 0, b = 0, , d = 0, e = 0, , g = 0, h = 0] = warp;
  const depth = depthAt(warp, point);
  const [u, v] = warped(warp, point);
  const [xx, xy, yx, yy] = [a - u * g, b - u * h, d - v * g, e - v * h].map((one) => one / depth);
  const [p = 0, q = 0, r = 0, s = 0] = [xx, xy, yx, yy];
  const sum = p * p + q * q + r * r + s * s;
  const area = Math.abs(p * s - q * r);
  const spread = Math.sqrt(Math.max(0, sum * sum - 4 * area * area));
  return Math.sqrt((sum + spread) / Math.max(Number.MIN_VALUE, sum - spread));
}
