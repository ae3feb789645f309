// How good a matcher is on pairs with a known homography.
import { areaUnder, cornerError } from '../../evaluation/pair-metrics.ts';
import { findHomography } from '../../geometry/find.ts';
import { MATCH_FIELDS, type Matches } from '../../geometry/matches.ts';
import type { Size } from '../augment/warp.ts';
import { moved, type Plane } from './plane.ts';
import { MATCHER_VALIDATION } from './presets.ts';

export interface MatcherScores {
  /** Area under the curve of corner errors up to 3, 5 and 10 pixels, 0..1. */
  readonly auc3: number;
  readonly auc5: number;
  readonly auc10: number;
  /** Share of all matches within 3 pixels of the truth; 0 without matches. */
  readonly within3: number;
  /** Mean number of a pair. */
  readonly matches: number;
}

export interface ScoredPair {
  /** Rows [xa, ya, xb, yb, confidence] in pixels of the views. */
  readonly points: Matches;
  readonly between: Plane;
  readonly view: Size;
}

export function scorePairs(pairs: readonly ScoredPair[]): MatcherScores {
  const distances = pairs.flatMap(({ points, between }) => distancesOf(points, between));
  const right = distances.filter((distance) => distance <= MATCHER_VALIDATION.right).length;
  const errors = pairs.map(({ points, between, view }) =>
    cornerError(findHomography(points).matrix, between, view),
  );
  return {
    auc3: areaUnder(errors, 3),
    auc5: areaUnder(errors, 5),
    auc10: areaUnder(errors, 10),
    within3: distances.length > 0 ? right / distances.length : 0,
    matches: distances.length / Math.max(1, pairs.length),
  };
}

/** How far each match is from the truth in the second view, in pixels. */
export function distancesOf(points: Matches, between: Plane): number[] {
  return Array.from({ length: points.length / MATCH_FIELDS }, (_, i) => {
    const [xa, ya, xb, yb] = points.subarray(MATCH_FIELDS * i) as unknown as [
      number,
      number,
      number,
      number,
    ];
    return distance(moved(between, xa, ya), [xb, yb]);
  });
}

function distance(a: readonly [number, number] | null, b: readonly [number, number]): number {
  return a ? Math.hypot(a[0] - b[0], a[1] - b[1]) : Number.POSITIVE_INFINITY;
}
