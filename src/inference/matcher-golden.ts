// The matcher's self-test: two drawn views of one scene, of which is known what shows the same. Every backend
// must find enough of it, and find it in the right place.
import { CairnError } from '../errors.ts';
import { findHomography } from '../geometry/find.ts';
import { inlierMatches } from '../geometry/verify.ts';
import { betweenViews, DRAWN, drawScene } from '../imaging/drawn.ts';
import { distancesOf } from '../training/matcher/scores.ts';
import { parseJson } from '../weights/load-registry.ts';
import type { MatchInput, PairMatches } from './pair-runner.ts';

/** What a matcher's `golden` file holds. */
export interface MatcherGolden {
  /** Two views of the drawn scene of this seed: `drawScene(seed, view)`. */
  readonly pair: { readonly seed: number; readonly views: readonly [number, number] };
  /** So many inliers of one homography are found at least. */
  readonly leastInliers: number;
  /** The inliers miss the true places by at most this on average, in pixels of the drawings. */
  readonly mostError: number;
}

/** What was found of a pair. */
export interface MatcherTest {
  readonly inliers: number;
  /** Mean distance of the inliers from where the scene truly is, pixels; infinite without inliers. */
  readonly error: number;
}

/** The pair that new golden files name. */
export const GOLDEN_PAIR = { seed: 7, views: [0, 1] } as const satisfies MatcherGolden['pair'];

/** The drawings' longer side: pictures of the test must not be shrunk below it. */
export const GOLDEN_SIDE = Math.max(DRAWN.width, DRAWN.height);

/** Of what WASM finds, a sound backend finds this share: rounding moves matches across the threshold. */
const SHARE = 0.8;
/** And misses by at most so many times as much, or by so many pixels where that is more. */
const ERROR_GROWTH = 1.5;
const ERROR_FLOOR = 0.5;
/** With less the pair tests nothing: wrong matches give up to about 22 inliers by chance (docs/geometry.md). */
const WORTH = { inliers: 40, error: 2 } as const;

type MatchPair = (a: MatchInput, b: MatchInput) => Promise<PairMatches>;

/** The golden file of a matcher, by a backend that is trusted. Throws `model-invalid` where it finds too little. */
export async function makeMatcherGolden(
  match: MatchPair,
  pair: MatcherGolden['pair'] = GOLDEN_PAIR,
): Promise<MatcherGolden> {
  const { inliers, error } = await testPair(match, pair);
  if (inliers < WORTH.inliers || error > WORTH.error) {
    throw new CairnError(
      'model-invalid',
      `The matcher finds ${inliers} inliers in the drawn pair, off by ${error.toFixed(2)} pixels: no backend can be tested by that.`,
      `Train it for longer: it takes ${WORTH.inliers} inliers, off by ${WORTH.error} pixels.`,
    );
  }
  return {
    pair,
    leastInliers: Math.floor(SHARE * inliers),
    mostError: Math.ceil(100 * Math.max(ERROR_FLOOR, ERROR_GROWTH * error)) / 100,
  };
}

/** Throws `model-invalid` for anything that is no such file. */
export function parseMatcherGolden(bytes: Uint8Array, file: string): MatcherGolden {
  const golden = parseJson(bytes, file) as Partial<MatcherGolden> | null;
  const { pair, leastInliers, mostError } = golden ?? {};
  const views: unknown = pair?.views;
  const fits =
    isCount(pair?.seed) &&
    Array.isArray(views) &&
    views.length === 2 &&
    views.every(isCount) &&
    isCount(leastInliers) &&
    leastInliers > 0 &&
    Number.isFinite(mostError) &&
    mostError! > 0;
  if (fits) return golden as MatcherGolden;
  throw new CairnError(
    'model-invalid',
    `${file} is not what a matcher must find in a drawn pair.`,
    'Install Cairn again, or ship the matcher again.',
  );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Throws `inference-failed` where less is found than must be, and what `match` throws. */
export async function testMatcher(match: MatchPair, golden: MatcherGolden): Promise<MatcherTest> {
  const found = await testPair(match, golden.pair);
  const { leastInliers, mostError } = golden;
  if (found.inliers >= leastInliers && found.error <= mostError) return found;
  throw new CairnError(
    'inference-failed',
    `The self-test found ${found.inliers} inliers, off by ${found.error.toFixed(2)} pixels, instead of at least ${leastInliers}, off by at most ${mostError}.`,
    'Reload; if it happens again, choose another backend in the settings.',
  );
}

async function testPair(
  match: MatchPair,
  { seed, views }: MatcherGolden['pair'],
): Promise<MatcherTest> {
  const [a, b] = views.map((view) => ({ bitmap: drawScene(seed, view) })) as [
    MatchInput,
    MatchInput,
  ];
  const { points } = await match(a, b);
  const found = findHomography(points);
  const truth = Array.from(betweenViews(seed, ...views));
  const errors = distancesOf(inlierMatches(points, found), truth);
  const sum = errors.reduce((total, error) => total + error, 0);
  const error = errors.length === 0 ? Number.POSITIVE_INFINITY : sum / errors.length;
  return { inliers: errors.length, error };
}
