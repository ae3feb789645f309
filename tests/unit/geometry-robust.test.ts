// The right model among wrong matches: drawn planes and points in space, noise and outliers.
//
// Here 100 trials each; bench/ransac.ts does 1 000. Right is a model that brings matches, as they were before
// noise, to within a pixel of their places (root mean square): the noise itself is up to 1.4 px.
import { describe, expect, test } from 'vitest';
import {
  fundamentalError,
  homographyError,
  planeScene,
  spaceScene,
} from '../../bench/geometry-scenes.ts';
import { findFundamental, findHomography } from '../../src/geometry/find.ts';

const TRIALS = 100;
const RIGHT_PX = 1;
const MEDIAN_PX = 0.35;

interface Case {
  readonly outliers: number;
  readonly noise: number;
  readonly informative: boolean;
}

const CASES: Case[] = [
  { outliers: 0.3, noise: 1, informative: true },
  { outliers: 0.5, noise: 0.5, informative: true },
  { outliers: 0.5, noise: 1, informative: true },
  { outliers: 0.5, noise: 1, informative: false },
];

function errorsOf(kind: 'homography' | 'fundamental', options: Case, count = 1000): number[] {
  return Array.from({ length: TRIALS }, (_, i) => {
    const drawn = { ...options, seed: 5000 + i, count };
    if (kind === 'homography') {
      const scene = planeScene(drawn);
      return homographyError(findHomography(scene.matches).matrix, scene);
    }
    const scene = spaceScene(drawn);
    return fundamentalError(findFundamental(scene.matches).matrix, scene);
  });
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

describe.each(['homography', 'fundamental'] as const)('%s', (kind) => {
  test.each(CASES)(
    'of $outliers wrong, noise $noise px, confidence informative: $informative',
    (options) => {
      const errors = errorsOf(kind, options);
      expect(errors.filter((error) => !(error < RIGHT_PX))).toEqual([]);
      expect(median(errors)).toBeLessThan(MEDIAN_PX);
    },
  );
});

test('a homography of 0.7 wrong, where confidence says nothing', () => {
  const errors = errorsOf('homography', { outliers: 0.7, noise: 1, informative: false });
  expect(errors.filter((error) => !(error < RIGHT_PX))).toEqual([]);
});

test('a fundamental matrix of 0.7 wrong, where confidence says a little: few fail', () => {
  const errors = errorsOf('fundamental', { outliers: 0.7, noise: 0.5, informative: true });
  expect(errors.filter((error) => !(error < RIGHT_PX)).length).toBeLessThanOrEqual(2);
});

test('nothing is found among wrong matches alone, or little', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { matches } = planeScene({ seed, count: 300, outliers: 1, noise: 0 });
    expect(findHomography(matches).inliers.length).toBeLessThan(15);
    expect(findFundamental(matches).inliers.length).toBeLessThan(36);
  }
});
