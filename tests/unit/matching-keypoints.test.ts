// Between SuperPoint's and SuperGlue's graphs: suppression, keypoints, descriptors, optimal transport, points.
import { describe, expect, test } from 'vitest';
import { mutualMatches } from '../../src/matching/coarse-matches.ts';
import {
  findKeypoints,
  keypointPlaces,
  pixelScores,
  sampleDescriptors,
} from '../../src/matching/keypoints.ts';
import { transportProbabilities } from '../../src/matching/optimal-transport.ts';
import { keypointPoints } from '../../src/matching/points.ts';
import { suppressed } from '../../src/matching/suppression.ts';
import { seededRandom } from '../../src/random.ts';

function random(length: number, seed: number): Float32Array {
  const next = seededRandom(seed);
  return Float32Array.from({ length }, () => next());
}

/** A map of zeros but for some pixels. */
function scoresAt(
  width: number,
  height: number,
  pixels: readonly (readonly [x: number, y: number, score: number])[],
): Float32Array {
  const scores = new Float32Array(width * height);
  for (const [x, y, score] of pixels) scores[y * width + x] = score;
  return scores;
}

const at = ({ places }: { readonly places: Float32Array }) =>
  Array.from({ length: places.length / 2 }, (_, i) => [places[2 * i], places[2 * i + 1]]);

test('cells’ numbers come to their pixels, without the dustbin’s', () => {
  // Two cells of 2 × 2 pixels beside each other, one row of cells below.
  const corners = Float32Array.from({ length: 4 * 5 }, (_, i) => 10 * Math.floor(i / 5) + (i % 5));
  const scores = pixelScores(corners, { width: 2, height: 2 });
  expect([...scores]).toEqual([0, 1, 10, 11, 2, 3, 12, 13, 20, 21, 30, 31, 22, 23, 32, 33]);
});

describe('suppression', () => {
  test('leaves the largest of each square', () => {
    const size = { width: 12, height: 3 };
    const scores = scoresAt(12, 3, [
      [1, 1, 0.5],
      [3, 1, 0.4],
      [9, 2, 0.3],
    ]);
    const kept = suppressed(scores, size, 2);
    expect([...kept]).toEqual([
      ...scoresAt(12, 3, [
        [1, 1, 0.5],
        [9, 2, 0.3],
      ]),
    ]);
  });

  test('lets stand, by rounds, what only a suppressed one had been larger than', () => {
    // A chain: each is hidden by its left neighbour. The first suppresses the second, so that the third
    // stands in the first round and suppresses the fourth; the fifth stands in the second round; the seventh
    // would in a third.
    const chain = (x: number) => [2 * x, 0, 1 - x / 10] as const;
    const all = [0, 1, 2, 3, 4, 5, 6].map(chain);
    const kept = suppressed(scoresAt(13, 1, all), { width: 13, height: 1 }, 2);
    expect([...kept]).toEqual([...scoresAt(13, 1, [0, 2, 4].map(chain))]);
  });

  test('agrees with a search through whole squares', () => {
    const [width, height, radius] = [23, 17, 3];
    const scores = random(width * height, 5);
    const kept = suppressed(scores, { width, height }, radius);
    const around = (i: number, visit: (j: number) => boolean) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      return scores.every((_, j) => {
        const far =
          Math.max(Math.abs((j % width) - x), Math.abs(Math.floor(j / width) - y)) > radius;
        return far || j === i || visit(j);
      });
    };
    let count = 0;
    kept.forEach((value, i) => {
      if (value > 0) {
        count += 1;
        expect(value).toBe(scores[i]);
        expect(around(i, (j) => kept[j] === 0)).toBe(true);
      } else {
        // What is larger than all of its neighbours always stays.
        expect(around(i, (j) => scores[j]! <= scores[i]!)).toBe(false);
      }
    });
    expect(count).toBeGreaterThan(8);
  });
});

describe('keypoints', () => {
  const [width, height] = [40, 32];
  const size = { width, height };

  test('are over the threshold, off the edges, the surest first, as many as wanted', () => {
    const scores = scoresAt(width, height, [
      [4, 4, 0.2],
      [3, 20, 0.9],
      [35, 27, 0.4],
      [36, 15, 0.9],
      [20, 28, 0.9],
      [20, 12, 0.3],
      [12, 12, 0.004],
    ]);
    const found = findKeypoints(scores, size, size);
    expect(at(found)).toEqual([
      [35, 27],
      [20, 12],
      [4, 4],
    ]);
    expect([...found.scores]).toEqual([...Float32Array.of(0.4, 0.3, 0.2)]);
    expect(at(findKeypoints(scores, size, size, { most: 1 }))).toEqual([[35, 27]]);
    expect(findKeypoints(scores, size, size, { threshold: 0.001, border: 0 }).count).toBe(7);
  });

  test('neither stand in padding nor are suppressed by it', () => {
    const scores = scoresAt(width, height, [
      [15, 10, 0.3],
      [17, 10, 0.9],
    ]);
    expect(at(findKeypoints(scores, size, size))).toEqual([[17, 10]]);
    expect(at(findKeypoints(scores, size, { width: 17, height: 20 }, { border: 1 }))).toEqual([
      [15, 10],
    ]);
  });

  test('of nothing are none, and so are those of a picture that is all edge', () => {
    expect(findKeypoints(new Float32Array(width * height), size, size).count).toBe(0);
    const sure = new Float32Array(width * height).fill(0.9);
    expect(findKeypoints(sure, size, { width: 8, height: 8 }).count).toBe(0);
    expect(findKeypoints(sure, size, { width: 1, height: 32 }).places).toHaveLength(0);
  });

  test('have coordinates from the middle of what is seen, and their score', () => {
    const keypoints = { count: 1, places: Float32Array.of(30, 5), scores: Float32Array.of(0.25) };
    const placed = keypointPlaces(keypoints, { shrunk: { width: 40, height: 20 } }, 2);
    const expected = Float32Array.of(10 / 28, -5 / 28, 0.25, 0, 0, 0);
    placed.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 6);
    });
  });

  test('matched, are points of the originals', () => {
    const picture = (scale: number) => {
      const shrunk = { width: 40, height: 24 };
      const original = { width: 40 * scale, height: 24 * scale };
      const cells = { width: 5, height: 3, seenWidth: 5, seenHeight: 3 };
      return { ...shrunk, pixels: new Float32Array(960), cells, shrunk, original };
    };
    const keypoints = (...places: number[]) => ({
      count: places.length / 2,
      places: Float32Array.from(places),
      scores: new Float32Array(places.length / 2),
    });
    const maxima = {
      rows: Float32Array.of(0.1, 0.75),
      places: Float32Array.of(0, 0),
      columns: Float32Array.of(0.75),
    };
    const points = keypointPoints(
      mutualMatches(maxima),
      [picture(1), picture(2)],
      [keypoints(9, 9, 7, 11), keypoints(3, 20)],
    );
    expect([...points]).toEqual([7, 11, 6.5, 40.5, 0.75]);
  });
});

describe('descriptors', () => {
  const map = { width: 3, height: 2, channels: 2, values: random(12, 3) };
  const unit = (values: ArrayLike<number>) => {
    const norm = Math.hypot(...Array.from(values));
    return Array.from(values, (value) => value / norm);
  };
  const cellValues = (x: number, y: number) => {
    const from = 2 * (3 * y + x);
    return map.values.subarray(from, from + 2);
  };
  const close = (a: ArrayLike<number>, b: ArrayLike<number>) => {
    Array.from(a).forEach((value, i) => {
      expect(value).toBeCloseTo(b[i]!, 5);
    });
  };

  test('are those of the first cell in its middle and of the last at the last pixel', () => {
    close(sampleDescriptors(map, Float32Array.of(3.5, 3.5), 8), unit(cellValues(0, 0)));
    close(sampleDescriptors(map, Float32Array.of(23, 15), 8), unit(cellValues(2, 1)));
  });

  test('between cells are mixed, and fade beyond the first ones', () => {
    const middle = 3.5 + (23 - 3.5) / 4;
    const mixed = [0, 1].map((c) => (cellValues(0, 0)[c]! + cellValues(1, 0)[c]!) / 2);
    close(sampleDescriptors(map, Float32Array.of(middle, 3.5), 8), unit(mixed));
    // Shorter by what lies beyond the map, but of length 1 again.
    close(sampleDescriptors(map, Float32Array.of(0, 3.5), 8), unit(cellValues(0, 0)));
  });

  test('of zeros are zeros, of no keypoint none', () => {
    const zeros = { ...map, values: new Float32Array(12) };
    expect([...sampleDescriptors(zeros, Float32Array.of(9, 9), 8)]).toEqual([0, 0]);
    expect(sampleDescriptors(map, new Float32Array(0), 8)).toHaveLength(0);
  });
});

describe('optimal transport', () => {
  const [rows, columns] = [7, 5];

  /** As published: in logarithms. */
  function byLogarithms(scores: Float32Array, binScore: number, iterations: number): number[] {
    const z = Array.from({ length: rows + 1 }, (_, i) =>
      Array.from({ length: columns + 1 }, (_, j) =>
        i < rows && j < columns ? scores[i * columns + j]! : binScore,
      ),
    );
    const logSum = (values: number[]) => {
      const most = Math.max(...values);
      return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
    };
    const all = Math.log(rows + columns);
    const u = new Array<number>(rows + 1).fill(0);
    const v = new Array<number>(columns + 1).fill(0);
    for (let k = 0; k < iterations; k++) {
      for (let i = 0; i <= rows; i++) {
        const weight = (i < rows ? 0 : Math.log(columns)) - all;
        u[i] = weight - logSum(z[i]!.map((value, j) => value + v[j]!));
      }
      for (let j = 0; j <= columns; j++) {
        const weight = (j < columns ? 0 : Math.log(rows)) - all;
        v[j] = weight - logSum(z.map((row, i) => row[j]! + u[i]!));
      }
    }
    return Array.from({ length: rows * columns }, (_, at) => {
      const [i, j] = [Math.floor(at / columns), at % columns];
      return Math.exp(z[i]![j]! + u[i]! + v[j]! + all);
    });
  }

  test.each([
    ['usual', 10, 1],
    ['equal', 0, 0],
    ['wide', 200, -40],
    ['far beyond what exponentials hold', 4000, 300],
    ['far below the dustbin', 10, 900],
    ['far above the dustbin', 10, -2000],
  ])('of %s scores is what logarithms give', (_, spread, binScore) => {
    const scores = random(rows * columns, 11).map((value) => spread * (value - 0.5));
    for (const iterations of [1, 3, 100]) {
      const found = transportProbabilities(scores, rows, columns, binScore, iterations);
      const expected = byLogarithms(scores, binScore, iterations);
      found.forEach((value, at) => {
        expect(value).toBeCloseTo(expected[at]!, 5);
      });
    }
  });

  test('gives each keypoint a probability of at most 1 in all, and what matches nearly 1', () => {
    const scores = new Float32Array(rows * columns).fill(-5);
    for (let i = 0; i < columns; i++) scores[i * columns + i] = 12;
    const found = transportProbabilities(scores, rows, columns, 1, 100);
    for (let i = 0; i < columns; i++) expect(found[i * columns + i]).toBeGreaterThan(0.98);
    for (let i = 0; i < rows; i++) {
      const sum = found.subarray(i * columns, (i + 1) * columns).reduce((a, b) => a + b, 0);
      expect(sum).toBeLessThanOrEqual(1.0001);
    }
    for (let j = columns * columns; j < found.length; j++) expect(found[j]).toBeLessThan(0.02);
  });

  test('of no keypoints is empty', () => {
    expect(transportProbabilities(new Float32Array(0), 0, 5, 1, 100)).toHaveLength(0);
    expect(transportProbabilities(new Float32Array(0), 5, 0, 1, 100)).toHaveLength(0);
  });
});
