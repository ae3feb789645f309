// Homographies and fundamental matrices: exact on clean matches, sane on degenerate ones, the same by seed.
import { describe, expect, test } from 'vitest';
import {
  fundamentalError,
  HEIGHT,
  homographyError,
  planeScene,
  spaceScene,
  WIDTH,
} from '../../bench/geometry-scenes.ts';
import { CairnError } from '../../src/errors.ts';
import { findFundamental, findHomography } from '../../src/geometry/find.ts';
import { determinant3 } from '../../src/geometry/linear.ts';
import { MATCH_FIELDS, type Matches } from '../../src/geometry/matches.ts';
import { verify } from '../../src/geometry/verify.ts';
import { seededRandom } from '../../src/random.ts';

const FINDERS = { homography: findHomography, fundamental: findFundamental };
const LEAST = { homography: 4, fundamental: 7 } as const;
const NAMES = ['homography', 'fundamental'] as const;

/** Matches made point by point. */
function matchesOf(count: number, point: (i: number) => readonly number[]): Matches {
  return Float32Array.from(Array.from({ length: count }, (_, i) => [...point(i), 1]).flat());
}

describe('clean matches', () => {
  test('give the homography they were made with', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const scene = planeScene({ seed, count: 60, outliers: 0, noise: 0 });
      const { matrix, inliers } = findHomography(scene.matches);
      expect(inliers.length).toBe(60);
      // Coordinates are float32: about 3e-5 px.
      expect(homographyError(matrix, scene)).toBeLessThan(1e-3);
      expect(matrix![8]).toBe(1);
    }
  });

  test('give a fundamental matrix of rank two and unit norm that all satisfy', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const scene = spaceScene({ seed, count: 60, outliers: 0, noise: 0 });
      const { matrix, inliers } = findFundamental(scene.matches);
      expect(inliers.length).toBe(60);
      expect(fundamentalError(matrix, scene)).toBeLessThan(1e-3);
      expect(Math.hypot(...matrix!)).toBeCloseTo(1, 12);
      // Its least singular value is far below the others: |det| is their product.
      expect(Math.abs(determinant3(matrix!))).toBeLessThan(1e-15);
    }
  });

  test.each(NAMES)('just enough for a %s do', (name) => {
    const make = name === 'homography' ? planeScene : spaceScene;
    const scene = make({ seed: 3, count: LEAST[name], outliers: 0, noise: 0 });
    expect(FINDERS[name](scene.matches).inliers.length).toBe(LEAST[name]);
  });

  test('identical photos give the identity', () => {
    const random = seededRandom(1);
    const matches = matchesOf(200, () => {
      const [x, y] = [random() * WIDTH, random() * HEIGHT];
      return [x, y, x, y];
    });
    const { matrix, inliers } = findHomography(matches);
    expect(inliers.length).toBe(200);
    matrix!.forEach((value, i) => {
      expect(value).toBeCloseTo(i % 4 === 0 ? 1 : 0, 6);
    });
    // Any translation explains them: every sample of seven is degenerate.
    expect(findFundamental(matches).matrix).toBeNull();
    expect(verify(matches)).toMatchObject({ inlierCount: 200, fundamentalInliers: 200 });
  });
});

describe.each(NAMES)('a %s of matches that give none', (name) => {
  const find = FINDERS[name];
  const none = (matches: Matches) => {
    const found = find(matches);
    expect(found.matrix).toBeNull();
    expect(found.inliers.length).toBe(0);
    expect(found.score).toBe(0);
    expect(found.errors.length).toBe(matches.length / MATCH_FIELDS);
  };

  test('too few', () => {
    for (let count = 0; count < LEAST[name]; count++) {
      none(planeScene({ seed: 1, count, outliers: 0, noise: 0 }).matches);
    }
  });

  test('all in one place, in one photo or in both', () => {
    const random = seededRandom(1);
    none(matchesOf(100, () => [17.3, 40, 100.1, 200]));
    none(matchesOf(100, () => [17.3, 40, random() * WIDTH, random() * HEIGHT]));
    none(matchesOf(100, () => [random() * WIDTH, random() * HEIGHT, 500, 0]));
  });

  test.runIf(name === 'homography')('all on one line, or turned over', () => {
    const random = seededRandom(2);
    none(
      matchesOf(100, () => {
        const t = random() * 400;
        return [50 + t, 30 + t / 2, 80 + t, 300 - t / 3];
      }),
    );
    none(
      matchesOf(100, () => {
        const [x, y] = [random() * WIDTH, random() * HEIGHT];
        return [x, y, WIDTH - x, y];
      }),
    );
  });
});

describe('a plane', () => {
  test('leaves the fundamental matrix open, and what is found explains it', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const scene = planeScene({ seed, count: 300, outliers: 0.4, noise: 0.5 });
      const { inliers } = findFundamental(scene.matches);
      const right = inliers.filter((row) => scene.right[row]).length;
      expect(right).toBeGreaterThan(0.95 * 180);
    }
  });

  test('with few points off it does not mislead the fundamental matrix', () => {
    let misled = 0;
    for (let seed = 1; seed <= 50; seed++) {
      const scene = spaceScene({ seed, count: 600, outliers: 0.3, noise: 0.5 }, 0.85);
      if (!(fundamentalError(findFundamental(scene.matches).matrix, scene) < 1)) misled++;
    }
    // 63 of 600 matches witness depth. Without looking for planes, 14 of 100 go wrong.
    expect(misled).toBeLessThanOrEqual(1);
  });

  test('seen as a line gives no fundamental matrix, or one of numbers', () => {
    const matches = matchesOf(100, (i) => [50 + 4 * i, 30 + 2 * i, 80 + 4 * i, 300 - i]);
    const { matrix } = findFundamental(matches);
    expect(matrix === null || matrix.every(Number.isFinite)).toBe(true);
  });
});

describe('what is asked', () => {
  const scene = planeScene({ seed: 4, count: 300, outliers: 0.5, noise: 1 });

  test.each(NAMES)('the same seed gives the same %s, bit for bit', (name) => {
    const find = FINDERS[name];
    const [one, other] = [find(scene.matches, { seed: 9 }), find(scene.matches, { seed: 9 })];
    expect(one).toEqual(other);
    expect(find(scene.matches, { seed: 10 }).iterations).not.toBe(0);
  });

  test.each(NAMES)('numbers that are none are refused: %s', (name) => {
    for (const [field, value] of [
      [0, Number.NaN],
      [3, Number.POSITIVE_INFINITY],
      [4, Number.NaN],
    ] as const) {
      const matches = scene.matches.slice();
      matches[5 * 7 + field] = value;
      expect(() => FINDERS[name](matches)).toThrow(
        expect.objectContaining({
          code: 'inference-failed',
          message: expect.stringContaining('Match 7'),
        }),
      );
    }
  });

  test('rows that are not whole and settings out of range are refused', () => {
    const refused = (work: () => unknown) => {
      expect(work).toThrow(CairnError);
      expect(work).toThrow(expect.objectContaining({ code: 'usage' }));
    };
    refused(() => findHomography(new Float32Array(9)));
    refused(() => findHomography(scene.matches, { threshold: 0 }));
    refused(() => findHomography(scene.matches, { threshold: Number.NaN }));
    refused(() => findFundamental(scene.matches, { confidence: 1 }));
    refused(() => findFundamental(scene.matches, { maxIterations: 0 }));
    refused(() => findFundamental(scene.matches, { seed: 0.5 }));
  });

  test('errors, inliers and threshold agree', () => {
    const { errors, inliers } = findHomography(scene.matches, { threshold: 2 });
    const within = [...errors.keys()].filter((row) => errors[row]! <= 2);
    expect([...inliers]).toEqual(within);
  });
});
