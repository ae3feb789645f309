// Two decoded photos and a matcher: what matches, and how much of it one motion of the camera explains.
import type { ModelKind } from '../geometry/find.ts';
import { multiply3, multiplyTransposed3, toUnitCorner, toUnitNorm } from '../geometry/linear.ts';
import { MATCH_FIELDS, type Matches } from '../geometry/matches.ts';
import { COARSE_GEOMETRY } from '../geometry/presets.ts';
import {
  inlierMatches,
  type Verification,
  type VerifyOptions,
  verify,
} from '../geometry/verify.ts';
import type { Bitmap8 } from '../imaging/decode.ts';
import type { CoarseOptions } from '../matching/coarse-matches.ts';
import type { Resized } from '../matching/picture.ts';
import type { ReferenceView } from '../matching/reference-view.ts';
import type { LongWork } from '../progress.ts';
import type { OrtMatcher } from './matcher.ts';
import type { MatchInput, PairMatches } from './pair-runner.ts';

/** Whether two photos show one place, as far as their geometry says. */
export interface VerifiedPoints extends Verification {
  /** Rows [xa, ya, xb, yb, confidence] of the inliers, in pixels of the given pictures. */
  readonly points: Matches;
}

export type PhotoMatch =
  | {
      /** Both are the same photo: nothing was compared, and nothing is counted. */
      readonly identical: true;
    }
  | {
      readonly identical: false;
      readonly geometry: VerifiedPoints;
      /** Milliseconds. */
      readonly timings: PairMatches['timings'] & { readonly verify: number };
    };

export interface MatchOptions {
  readonly matches?: CoarseOptions;
  readonly geometry?: Omit<VerifyOptions, 'sizes'>;
}

/** A decoded photo as matchers take it: points will be in pixels of the photo as it was before decoding. */
export function matchInput({ header, ...bitmap }: Bitmap8, id?: string): MatchInput {
  const original = { width: header.width, height: header.height };
  return { bitmap, original, ...(id === undefined ? {} : { id }) };
}

/**
 * Pictures of the same id are the same picture, and are not compared: let ids be hashes of the files.
 * Pictures in which nothing matches have 0 matches, 0 inliers and no model; that is an answer.
 * Throws as `OrtMatcher.match` does.
 */
export async function matchPhotos(
  matcher: Pick<OrtMatcher, 'match'>,
  a: MatchInput,
  b: MatchInput,
  options: MatchOptions = {},
  work: LongWork = {},
): Promise<PhotoMatch> {
  if (a.id !== undefined && a.id === b.id) return { identical: true };
  const { points, pictures, timings } = await matcher.match(a, b, options.matches, work);
  const begin = performance.now();
  const geometry = verifyPoints(points, pictures, options.geometry);
  const verify = performance.now() - begin;
  return { identical: false, geometry, timings: { ...timings, verify } };
}

/**
 * A photo against what a collection keeps of another one: coarsely, by {@link COARSE_GEOMETRY}. Throws as
 * `OrtMatcher.matchView` does.
 */
export async function matchPhotoWithView(
  matcher: Pick<OrtMatcher, 'matchView'>,
  photo: MatchInput,
  view: ReferenceView,
  work: LongWork = {},
): Promise<Extract<PhotoMatch, { identical: false }>> {
  const { points, pictures, timings } = await matcher.matchView(photo, view, {}, work);
  const begin = performance.now();
  const geometry = verifyPoints(points, pictures, COARSE_GEOMETRY);
  const verify = performance.now() - begin;
  return { identical: false, geometry, timings: { ...timings, verify } };
}

/**
 * The geometry of a matcher's points. It is judged in pixels as the network saw them, for that is how exact
 * its points are: a photo of 4000 pixels that was looked at with 640 is off by six where a small one is off
 * by one. Matrices are for the given pictures; errors are in pixels of what the network saw.
 * @param matches rows [xa, ya, xb, yb, confidence] in pixels of the given pictures
 * Throws `usage`, `inference-failed`.
 */
export function verifyPoints(
  matches: Matches,
  pictures: readonly [Resized, Resized],
  options: Omit<VerifyOptions, 'sizes'> = {},
): VerifiedPoints {
  const [a, b] = pictures.map(toSeen) as [Resize, Resize];
  const seen = matches.slice();
  for (let at = 0; at < seen.length; at += MATCH_FIELDS) {
    for (const [field, { scaleX, scaleY }] of [
      [at, a],
      [at + 2, b],
    ] as const) {
      seen[field] = scaleX * (seen[field]! + 0.5) - 0.5;
      seen[field + 1] = scaleY * (seen[field + 1]! + 0.5) - 0.5;
    }
  }
  const sizes = { a: pictures[0].shrunk, b: pictures[1].shrunk };
  const found = verify(seen, { ...options, sizes });
  const matrix = found.matrix && inOriginals(found.model, found.matrix, a, b);
  return { ...found, matrix, points: inlierMatches(matches, found) };
}

/** Resizing keeps the pictures' edges, which lie half a pixel before the first centre. */
interface Resize {
  readonly scaleX: number;
  readonly scaleY: number;
}

function toSeen({ shrunk, original }: Resized): Resize {
  return { scaleX: shrunk.width / original.width, scaleY: shrunk.height / original.height };
}

function matrixOf({ scaleX, scaleY }: Resize): Float64Array {
  return Float64Array.of(scaleX, 0, (scaleX - 1) / 2, 0, scaleY, (scaleY - 1) / 2, 0, 0, 1);
}

/** H or F of the pictures as seen, for those given; scaled as find.ts scales them. */
function inOriginals(model: ModelKind, matrix: Float64Array, a: Resize, b: Resize): Float64Array {
  const half = new Float64Array(9);
  const whole = new Float64Array(9);
  multiply3(matrix, matrixOf(a), half);
  if (model === 'fundamental') {
    multiplyTransposed3(matrixOf(b), half, whole);
    toUnitNorm(whole);
    return whole;
  }
  const back = { scaleX: 1 / b.scaleX, scaleY: 1 / b.scaleY };
  multiply3(matrixOf(back), half, whole);
  toUnitCorner(whole);
  return whole;
}
