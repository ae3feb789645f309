// Which model a pair gets, and what is said of its inliers.
import { describe, expect, test } from 'vitest';
import { HEIGHT, planeScene, spaceScene, WIDTH } from '../../bench/geometry-scenes.ts';
import { spreadOver } from '../../src/geometry/spread.ts';
import { inlierMatches, verify } from '../../src/geometry/verify.ts';

const sizes = { a: { width: WIDTH, height: HEIGHT }, b: { width: WIDTH, height: HEIGHT } };

describe('the model', () => {
  test('of planes is a homography, of points in space a fundamental matrix', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const drawn = { seed, count: 600, outliers: 0.5, noise: 0.7 };
      expect(verify(planeScene(drawn).matches, { sizes }).model, `seed ${seed}`).toBe('homography');
      expect(verify(spaceScene(drawn).matches, { sizes }).model, `seed ${seed}`).toBe(
        'fundamental',
      );
    }
  });

  test('is the one that is asked for, where it is sound', () => {
    const drawn = { seed: 3, count: 600, outliers: 0.5, noise: 0.7 };
    const [plane, space] = [planeScene(drawn).matches, spaceScene(drawn).matches];
    for (const model of ['homography', 'fundamental'] as const) {
      for (const matches of [plane, space]) {
        const found = verify(matches, { sizes, model });
        expect(found.model).toBe(model);
        expect(found.inlierCount).toBe(found[`${model}Inliers`]);
      }
    }
    // A mirrored photo has a fundamental matrix that is none of a camera's.
    const mirrored = space.map((value, i) => (i % 5 === 2 ? WIDTH - value : value));
    const found = verify(mirrored, { sizes, model: 'fundamental' });
    expect(found).toMatchObject({ matrix: null, inlierCount: 0, orientation: 0, score: 0 });
    expect(found.errors.every((error) => error === Number.POSITIVE_INFINITY)).toBe(true);
  });

  test('counts, shares and the rows agree', () => {
    const scene = spaceScene({ seed: 2, count: 500, outliers: 0.4, noise: 0.5 });
    const found = verify(scene.matches, { sizes });
    expect(found.matches).toBe(500);
    expect(found.inlierCount).toBe(found.inliers.length);
    expect(found.inlierCount).toBe(found.fundamentalInliers);
    expect(found.inlierRatio).toBe(found.inlierCount / 500);
    expect(found.homographyInliers).toBeLessThan(found.fundamentalInliers);
    const rows = inlierMatches(scene.matches, found);
    expect(rows.length).toBe(5 * found.inlierCount);
    expect(rows.subarray(0, 5)).toEqual(
      scene.matches.subarray(5 * found.inliers[0]!, 5 * found.inliers[0]! + 5),
    );
  });
});

describe('spread', () => {
  test('is wide for inliers everywhere and small for those of a corner', () => {
    const scene = planeScene({ seed: 5, count: 1000, outliers: 0.2, noise: 0.5 });
    const wide = verify(scene.matches, { sizes });
    const corner = scene.matches.slice();
    for (let at = 0; at < corner.length; at += 5) {
      for (let field = 0; field < 4; field++) corner[at + field] = corner[at + field]! / 8;
    }
    const narrow = verify(corner, { sizes });
    expect(wide.spreadA).toBeGreaterThan(0.5);
    expect(narrow.spreadA).toBe(1 / 64);
    // Without the photos' sides, what the matches span stands for them.
    expect(verify(corner).spreadA).toBeGreaterThan(0.5);
  });

  test('counts cells once, the far edge too', () => {
    const matches = Float32Array.from(
      [
        [0, 0, 0, 0, 1],
        [640, 480, 10, 10, 1],
        [639, 479, 0, 0, 1],
      ].flat(),
    );
    expect(spreadOver(matches, Uint32Array.of(0, 1, 2), 0, sizes.a)).toBe(2 / 64);
    expect(spreadOver(matches, Uint32Array.of(0, 1, 2), 2, sizes.b)).toBe(1 / 64);
    expect(spreadOver(matches, new Uint32Array(), 0, sizes.a)).toBe(0);
  });
});

describe('pairs that show no place twice', () => {
  test('a mirrored photo has no inliers, and its orientation says so', () => {
    for (let seed = 1; seed <= 10; seed++) {
      for (const make of [planeScene, spaceScene]) {
        const { matches } = make({ seed, count: 400, outliers: 0.3, noise: 0.5 });
        const straight = verify(matches, { sizes });
        for (let at = 0; at < matches.length; at += 5) matches[at + 2] = WIDTH - matches[at + 2]!;
        const mirrored = verify(matches, { sizes });
        expect(straight.inlierCount).toBeGreaterThan(250);
        expect(straight.orientation).toBeGreaterThan(0.7);
        expect(mirrored.inlierCount).toBeLessThan(15);
        expect(mirrored.fundamentalInliers).toBeGreaterThan(200);
      }
    }
  });

  test('a photo turned by 90 degrees is no mirrored one', () => {
    const { matches } = spaceScene({ seed: 3, count: 400, outliers: 0.3, noise: 0.5 });
    for (let at = 0; at < matches.length; at += 5) {
      const [u, v] = [matches[at + 2]!, matches[at + 3]!];
      matches[at + 2] = HEIGHT - v;
      matches[at + 3] = u;
    }
    const found = verify(matches, { sizes: { ...sizes, b: { width: HEIGHT, height: WIDTH } } });
    expect(found.inlierCount).toBeGreaterThan(250);
    expect(found.orientation).toBeGreaterThan(0.7);
  });

  test('wrong matches alone give few inliers; none give none', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { matches } = planeScene({ seed, count: 300, outliers: 1, noise: 0 });
      expect(verify(matches, { sizes }).inlierRatio).toBeLessThan(0.1);
    }
    for (let count = 0; count < 4; count++) {
      const { matches } = planeScene({ seed: 1, count, outliers: 0, noise: 0 });
      expect(verify(matches, { sizes })).toMatchObject({
        matrix: null,
        matches: count,
        inlierCount: 0,
        inlierRatio: 0,
        spreadA: 0,
        spreadB: 0,
        orientation: 0,
      });
    }
  });

  test('four to six matches are judged by the homography alone', () => {
    const { matches } = planeScene({ seed: 1, count: 6, outliers: 0, noise: 0 });
    expect(verify(matches, { sizes })).toMatchObject({ model: 'homography', inlierCount: 6 });
  });
});
