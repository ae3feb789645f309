// The figures of a matcher over pairs of photos with known geometry, whoever matched them: errors are computed
// here alone, from the models that each found.
import { CairnError } from '../errors.ts';
import {
  areaUnder,
  commonError,
  cornerError,
  type Matrix3,
  type PixelSize,
  type PointPair,
  sampsonShare,
  shareUnder,
} from './pair-metrics.ts';

export const PAIR_KINDS = [
  'homography',
  'correspondences',
  'same_scene',
  'different_scene',
] as const;
export type PairKind = (typeof PAIR_KINDS)[number];

export type PairTruth =
  /** From a to b. */
  | { readonly kind: 'homography'; readonly matrix: Matrix3 }
  /** Made by hand. */
  | { readonly kind: 'correspondences'; readonly points: readonly PointPair[] }
  | { readonly kind: 'same_scene' | 'different_scene' };

export interface KnownPair {
  readonly name: string;
  readonly truth: PairTruth;
  readonly a: PixelSize;
  readonly b: PixelSize;
}

export interface FoundModel {
  /** From a to b, in pixels of the files; null where none was found, or where none is asked for. */
  readonly matrix: readonly number[] | null;
  readonly inliers: number;
}

/** What a matcher and an estimator found of a pair. */
export interface PairEstimate {
  readonly matches: number;
  readonly homography: FoundModel;
  readonly fundamental: FoundModel;
  readonly seconds: number;
}

/** Of errors in pixels, 0..1 each: shares under 3, 5 and 10, and areas under the curve up to there. */
export interface ErrorFigures {
  readonly under: readonly [number, number, number];
  readonly auc: readonly [number, number, number];
}

export interface PairFigures {
  readonly homography: {
    readonly pairs: number;
    readonly corners: ErrorFigures;
    readonly common: ErrorFigures;
  };
  readonly correspondences: {
    readonly pairs: number;
    /** Mean over pairs of the share of points that the fundamental matrix agrees with. */
    readonly agree: number;
    /** Pairs of whose points at least half agree. */
    readonly half: number;
  };
  readonly scenes: {
    readonly same: number;
    readonly different: number;
    /** Inliers of pairs of the same scene. */
    readonly leastSame: number;
    readonly medianSame: number;
    /** Of pairs of different scenes. */
    readonly mostDifferent: number;
    /** Pairs of the same scene with more inliers than any of different ones. */
    readonly above: number;
  };
  /** Of a pair, the median. */
  readonly seconds: number;
}

/** Pixels. */
export const ERROR_LIMITS = [3, 5, 10] as const;
/** Sampson distance in pixels up to which a hand-made point agrees. */
export const POINT_LIMIT = 3;

/** Those of the model that more matches agree with. */
export function verifiedInliers({ homography, fundamental }: PairEstimate): number {
  return Math.max(homography.inliers, fundamental.inliers);
}

/** @param estimates by the names of the pairs. Throws `usage` where one is missing. */
export function pairFigures(
  pairs: readonly KnownPair[],
  estimates: ReadonlyMap<string, PairEstimate>,
): PairFigures {
  const found = pairs.map((pair) => ({ pair, estimate: estimateOf(pair, estimates) }));
  const corners: number[] = [];
  const common: number[] = [];
  const shares: number[] = [];
  const same: number[] = [];
  const different: number[] = [];
  for (const { pair, estimate } of found) {
    const { truth, a, b } = pair;
    if (truth.kind === 'homography') {
      corners.push(cornerError(estimate.homography.matrix, truth.matrix, a));
      common.push(commonError(estimate.homography.matrix, truth.matrix, a, b));
    } else if (truth.kind === 'correspondences') {
      shares.push(sampsonShare(estimate.fundamental.matrix, truth.points, POINT_LIMIT));
    } else {
      (truth.kind === 'same_scene' ? same : different).push(verifiedInliers(estimate));
    }
  }
  const mostDifferent = Math.max(0, ...different);
  return {
    homography: {
      pairs: corners.length,
      corners: errorFigures(corners),
      common: errorFigures(common),
    },
    correspondences: {
      pairs: shares.length,
      agree: shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length),
      half: shares.filter((share) => share >= 0.5).length,
    },
    scenes: {
      same: same.length,
      different: different.length,
      leastSame: same.length > 0 ? Math.min(...same) : 0,
      medianSame: median(same),
      mostDifferent,
      above: same.filter((inliers) => inliers > mostDifferent).length,
    },
    seconds: median(found.map(({ estimate }) => estimate.seconds)),
  };
}

function estimateOf(
  { name }: KnownPair,
  estimates: ReadonlyMap<string, PairEstimate>,
): PairEstimate {
  const estimate = estimates.get(name);
  if (estimate) return estimate;
  throw new CairnError(
    'usage',
    `Nothing is known of how the pair ${name} was matched.`,
    'Match all pairs, or leave that matcher out.',
  );
}

function errorFigures(errors: readonly number[]): ErrorFigures {
  const [small, middle, large] = ERROR_LIMITS;
  return {
    under: [shareUnder(errors, small), shareUnder(errors, middle), shareUnder(errors, large)],
    auc: [areaUnder(errors, small), areaUnder(errors, middle), areaUnder(errors, large)],
  };
}

/** The upper one of two middle values; 0 of none. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
