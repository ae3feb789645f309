// From a matcher's points to what two photos have in common: judged at the size that the network saw.
import { describe, expect, test } from 'vitest';
import { planeScene, spaceScene, transfer, WIDTH } from '../../bench/geometry-scenes.ts';
import { verify } from '../../src/geometry/verify.ts';
import type { Bitmap8 } from '../../src/imaging/decode.ts';
import { matchInput, matchPhotos, verifyPoints } from '../../src/inference/match-photos.ts';
import type { MatchInput, PairMatches } from '../../src/inference/pair-runner.ts';
import type { Resized } from '../../src/matching/picture.ts';

const SEEN = { width: 640, height: 480 };
const same: Resized = { shrunk: SEEN, original: SEEN };

/** The photo of a scene had so many pixels before it was shrunk to what the scene's matches are in. */
const larger = (factor: number): Resized => ({
  shrunk: SEEN,
  original: { width: factor * SEEN.width, height: factor * SEEN.height },
});

/** Matches in pixels of larger photos: edges stay edges. */
function enlarged(matches: Float32Array, a: number, b: number): Float32Array {
  return matches.map((value, i) => {
    const factor = [a, a, b, b, 0][i % 5]!;
    return factor === 0 ? value : factor * (value + 0.5) - 0.5;
  });
}

const drawn = { seed: 4, count: 400, outliers: 0.4, noise: 0.7 };

describe('points', () => {
  test('of pictures as they are seen are verified as they are', () => {
    const { matches } = planeScene(drawn);
    const { points, ...found } = verifyPoints(matches, [same, same]);
    expect(found).toEqual(verify(matches, { sizes: { a: SEEN, b: SEEN } }));
    expect(points).toHaveLength(5 * found.inlierCount);
  });

  test.each([1, 6])(
    'of photos %i times as large have the same inliers, in their own pixels',
    (by) => {
      const { matches, homography } = planeScene(drawn);
      const large = enlarged(matches, by, 4);
      const found = verifyPoints(large, [larger(by), larger(4)]);
      const seen = verifyPoints(matches, [same, same]);
      expect(found.model).toBe('homography');
      expect(Math.abs(found.inlierCount - seen.inlierCount)).toBeLessThanOrEqual(2);
      expect([...found.points.subarray(0, 5)]).toEqual([
        ...large.subarray(5 * found.inliers[0]!, 5 * found.inliers[0]! + 5),
      ]);
      // The matrix is for the photos, scaled to h33 = 1.
      expect(found.matrix![8]).toBeCloseTo(1, 12);
      const [x, y] = [300, 200];
      const [u, v] = transfer(homography, x, y);
      const there = transfer(found.matrix!, by * (x + 0.5) - 0.5, by * (y + 0.5) - 0.5);
      expect(
        Math.hypot((there[0] + 0.5) / 4 - 0.5 - u, (there[1] + 0.5) / 4 - 0.5 - v),
      ).toBeLessThan(1);
    },
  );

  test('fundamental matrices are for the photos too, of unit norm', () => {
    const { matches, right } = spaceScene(drawn);
    const large = enlarged(matches, 5, 2);
    const { matrix, model, inliers } = verifyPoints(large, [larger(5), larger(2)]);
    expect(model).toBe('fundamental');
    expect(Math.hypot(...matrix!)).toBeCloseTo(1, 9);
    const offs = [...inliers]
      .filter((row) => right[row])
      .map((row) => {
        const [x, y, u, v] = large.subarray(5 * row) as unknown as [number, number, number, number];
        const line = [0, 3, 6].map((r) => matrix![r]! * x + matrix![r + 1]! * y + matrix![r + 2]!);
        return Math.abs(u * line[0]! + v * line[1]! + line[2]!) / Math.hypot(line[0]!, line[1]!);
      });
    // Two pixels as seen are four in the second photo; the line takes the noise of both.
    expect(offs.sort((a, b) => a - b)[Math.floor(offs.length / 2)]).toBeLessThan(4);
  });

  test('that are none have no model', () => {
    const found = verifyPoints(new Float32Array(0), [larger(3), same]);
    expect(found).toMatchObject({ matches: 0, inlierCount: 0, inlierRatio: 0, matrix: null });
    expect(found.points).toHaveLength(0);
  });
});

describe('two photos', () => {
  const bitmap = { width: 2, height: 2, channels: 3 as const, data: new Uint8Array(12) };
  const input = (id?: string): MatchInput => ({ bitmap, ...(id ? { id } : {}) });
  const scene = planeScene(drawn);
  let asked = 0;
  const matcher = {
    match: async (): Promise<PairMatches> => {
      asked += 1;
      return {
        points: scene.matches,
        pictures: [same, same],
        timings: { features: 1, coarse: 2, fine: 3 },
      };
    },
  };

  test('are matched and verified', async () => {
    const found = await matchPhotos(matcher, input('a'), input('b'));
    if (found.identical) throw new Error('they are not');
    expect(found.geometry).toMatchObject({ matches: 400, model: 'homography' });
    expect(found.geometry.inlierCount).toBeGreaterThan(200);
    expect(found.timings).toMatchObject({ features: 1, coarse: 2, fine: 3 });
    const asFundamental = { geometry: { model: 'fundamental' } } as const;
    const other = await matchPhotos(matcher, input(), input(), asFundamental);
    if (other.identical) throw new Error('they are not');
    expect(other.geometry.model).toBe('fundamental');
  });

  test('of one id are one photo, and are not compared; without ids nobody knows', async () => {
    asked = 0;
    expect(await matchPhotos(matcher, input('a'), input('a'))).toEqual({ identical: true });
    expect(asked).toBe(0);
    expect((await matchPhotos(matcher, input(), input())).identical).toBe(false);
    expect(asked).toBe(1);
  });

  test('are given in pixels of the photo that was decoded, not of the smaller bitmap', () => {
    const header = { mime: 'image/png', width: 9000, height: WIDTH } as Bitmap8['header'];
    expect(matchInput({ ...bitmap, header }, 'x')).toEqual({
      bitmap,
      original: { width: 9000, height: WIDTH },
      id: 'x',
    });
  });
});
