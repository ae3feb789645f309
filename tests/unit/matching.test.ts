// Between the steps of a matching network: pictures, coarse matches, windows, points.
import { describe, expect, test } from 'vitest';
import { coarseMatches, maximaOf } from '../../src/matching/coarse-matches.ts';
import {
  type CellGrid,
  cellMask,
  toMatchingPicture,
  toOriginal,
} from '../../src/matching/picture.ts';
import { matchedPoints } from '../../src/matching/points.ts';
import { gatherCells, gatherWindows, usedRows } from '../../src/matching/windows.ts';

const usage = expect.objectContaining({ code: 'usage' });
const CELL = 8;

/** Every pixel of one colour, or by a function of its place. */
function bitmap(width: number, height: number, grey: (x: number, y: number) => number) {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    data.fill(grey(i % width, Math.floor(i / width)), 3 * i, 3 * i + 3);
  }
  return { width, height, channels: 3 as const, data };
}

const grid = (width: number, height: number, seenWidth = width, seenHeight = height): CellGrid => ({
  width,
  height,
  seenWidth,
  seenHeight,
});

describe('pictures', () => {
  test('sides that are multiples of a cell stay as they are, and so do grey values', () => {
    const picture = toMatchingPicture(
      bitmap(16, 8, (x) => 10 * x),
      { cell: CELL },
    );
    expect(picture).toMatchObject({ width: 16, height: 8, shrunk: { width: 16, height: 8 } });
    expect(picture.cells).toEqual(grid(2, 1));
    expect(picture.pixels).toHaveLength(128);
    picture.pixels.forEach((value, i) => {
      expect(value).toBeCloseTo((10 * (i % 16)) / 255, 5);
    });
  });

  test('colours become grey by their luma', () => {
    const one = { width: 1, height: 1, channels: 3 as const, data: Uint8Array.of(255, 0, 0) };
    const red = toMatchingPicture(one, { cell: CELL });
    expect(red.pixels[0]).toBeCloseTo(0.299, 5);
    const green = toMatchingPicture({ ...one, data: Uint8Array.of(0, 255, 0) }, { cell: CELL });
    expect(green.pixels[0]).toBeCloseTo(0.587, 5);
  });

  test('other sides are padded with zeros at the right and below, and masked', () => {
    const { width, height, pixels, cells } = toMatchingPicture(
      bitmap(17, 9, () => 255),
      { cell: CELL, canvas: { width: 32, height: 24 } },
    );
    expect([width, height]).toEqual([32, 24]);
    expect(cells).toEqual(grid(4, 3, 3, 2));
    expect([...cellMask(cells)]).toEqual([1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0]);
    pixels.forEach((value, i) => {
      const inside = i % 32 < 17 && Math.floor(i / 32) < 9;
      expect(value).toBeCloseTo(inside ? 1 : 0, 5);
    });
    const least = toMatchingPicture(
      bitmap(17, 9, () => 255),
      { cell: CELL },
    );
    expect([least.width, least.height]).toEqual([24, 16]);
  });

  test('large pictures shrink to the longest side, small ones stay', () => {
    const large = toMatchingPicture(
      bitmap(1000, 500, () => 1),
      { cell: CELL },
    );
    expect(large.shrunk).toEqual({ width: 640, height: 320 });
    const tall = toMatchingPicture(
      bitmap(30, 300, () => 1),
      { cell: CELL, longestSide: 96 },
    );
    expect(tall).toMatchObject({
      shrunk: { width: 10, height: 96 },
      width: 16,
      height: 96,
      original: { width: 30, height: 300 },
    });
    const speck = toMatchingPicture(
      bitmap(1, 1, () => 1),
      { cell: CELL },
    );
    expect(speck).toMatchObject({ width: 8, height: 8, cells: grid(1, 1) });
  });

  test('sides over the limit and canvases that are too small are refused', () => {
    const picture = bitmap(20, 20, () => 1);
    expect(() => toMatchingPicture(picture, { cell: CELL, longestSide: 648 })).toThrow(usage);
    expect(() => toMatchingPicture(picture, { cell: CELL, longestSide: 0 })).toThrow(usage);
    for (const canvas of [
      { width: 16, height: 24 },
      { width: 28, height: 24 },
    ]) {
      expect(() => toMatchingPicture(picture, { cell: CELL, canvas })).toThrow(usage);
    }
  });

  test('points go back to the original: edges stay edges, centres stay centres', () => {
    const picture = toMatchingPicture(
      bitmap(300, 150, () => 1),
      { cell: CELL, longestSide: 96, original: { width: 600, height: 300 } },
    );
    const [left, top] = toOriginal(picture, -0.5, -0.5, 0);
    expect([left, top]).toEqual([-0.5, -0.5]);
    const [right, bottom] = toOriginal(picture, 95.5, 47.5, 0);
    expect(right).toBeCloseTo(599.5, 9);
    expect(bottom).toBeCloseTo(299.5, 9);
    // The same point, counted from the corner of the first pixel.
    expect(toOriginal(picture, 10, 20, 0)).toEqual(toOriginal(picture, 10.5, 20.5, 0.5));
  });
});

describe('coarse matches', () => {
  const all = { threshold: 0.2, border: 0 };

  test('are mutual, over the threshold, the surest first', () => {
    // Row 0 and 1 both want column 0, which wants row 1; row 2 is alone with column 1; row 3 is unsure.
    const confidence = Float32Array.from(
      [
        [0.5, 0.1, 0],
        [0.7, 0.0, 0],
        [0.1, 0.9, 0],
        [0.0, 0.0, 0.15],
      ].flat(),
    );
    const found = coarseMatches(maximaOf(confidence, 4), [grid(4, 1), grid(3, 1)], all);
    expect([...found.first]).toEqual([2, 1]);
    expect([...found.second]).toEqual([1, 0]);
    expect(found.confidence[0]).toBeCloseTo(0.9, 6);
    const one = { ...all, most: 1 };
    expect(coarseMatches(maximaOf(confidence, 4), [grid(4, 1), grid(3, 1)], one).count).toBe(1);
  });

  test('agree with a search through the whole matrix', () => {
    let seed = 1;
    const random = () => {
      seed = (seed * 16807) % 2147483647;
      return seed / 2147483647;
    };
    const [l, s] = [120, 99];
    const confidence = Float32Array.from({ length: l * s }, random);
    const found = coarseMatches(maximaOf(confidence, l), [grid(12, 10), grid(11, 9)], {
      threshold: 0.5,
      border: 1,
    });
    const expected: [number, number][] = [];
    const inside = (cell: number, w: number, h: number) => {
      const [x, y] = [cell % w, Math.floor(cell / w)];
      return x > 0 && y > 0 && x < w - 1 && y < h - 1;
    };
    for (let i = 0; i < l; i++) {
      for (let j = 0; j < s; j++) {
        const value = confidence[i * s + j]!;
        let best = value > 0.5 && inside(i, 12, 10) && inside(j, 11, 9);
        for (let k = 0; k < s; k++) best &&= confidence[i * s + k]! <= value;
        for (let k = 0; k < l; k++) best &&= confidence[k * s + j]! <= value;
        if (best) expected.push([i, j]);
      }
    }
    expect(expected.length).toBeGreaterThan(10);
    const pairs = [...found.first].map((i, at) => [i, found.second[at]!]);
    expect(pairs.sort(([a], [b]) => a! - b!)).toEqual(expected);
  });

  test('end at the edge of what is seen, not of the padding', () => {
    const diagonal = new Float32Array(25 * 25);
    for (let i = 0; i < 25; i++) diagonal[i * 26] = 1;
    const maxima = maximaOf(diagonal, 25);
    const inner = coarseMatches(maxima, [grid(5, 5), grid(5, 5)], { border: 2 });
    expect([...inner.first]).toEqual([12]);
    const seen = coarseMatches(maxima, [grid(5, 5, 4, 3), grid(5, 5)], { border: 1 });
    expect([...seen.first]).toEqual([6, 7]);
  });

  test('of what has none are none: nothing seen, nothing sure, no cells, not a number', () => {
    const grids = [grid(2, 2), grid(2, 2)] as const;
    expect(coarseMatches(maximaOf(new Float32Array(16), 4), grids, all).count).toBe(0);
    const even = new Float32Array(16).fill(1 / 16);
    expect(coarseMatches(maximaOf(even, 4), grids, all).count).toBe(0);
    const broken = new Float32Array(16).fill(Number.NaN);
    expect(coarseMatches(maximaOf(broken, 4), grids, all).count).toBe(0);
    const none = maximaOf(new Float32Array(0), 0);
    expect(coarseMatches(none, [grid(0, 0), grid(0, 0)], all).count).toBe(0);
    // Even with a threshold under 0, no confidence is no match.
    expect(
      coarseMatches(maximaOf(new Float32Array(16), 4), grids, { ...all, threshold: -1 }).count,
    ).toBe(0);
  });

  test('match no cell twice where confidences are equal', () => {
    const equal = new Float32Array(4).fill(0.5);
    const found = coarseMatches(maximaOf(equal, 2), [grid(2, 1), grid(2, 1)], all);
    expect([...found.second]).toEqual([0]);
  });
});

describe('windows', () => {
  // A map of 4 × 4 fine cells with two channels: the cell's number, and that plus a hundred.
  const map = {
    width: 4,
    height: 4,
    channels: 2,
    values: Float32Array.from({ length: 32 }, (_, i) => Math.floor(i / 2) + (i % 2) * 100),
  };
  const options = { side: 3, stride: 2, columns: 2 };

  test('stand on their cell, zeros beyond the map', () => {
    const windows = gatherWindows(map, Int32Array.of(3, 0), options);
    const first = [...windows.subarray(0, 18)].filter((_, i) => i % 2 === 0);
    expect(first).toEqual([5, 6, 7, 9, 10, 11, 13, 14, 15]);
    const second = [...windows.subarray(18)].filter((_, i) => i % 2 === 0);
    expect(second).toEqual([0, 0, 0, 0, 0, 1, 0, 4, 5]);
    expect(windows[1]).toBe(105);
  });

  test('and cells are filled up to a fixed number of rows', () => {
    expect(gatherWindows(map, Int32Array.of(3), options, 3)).toHaveLength(54);
    const cells = gatherCells(Float32Array.of(1, 2, 3, 4, 5, 6), 2, Int32Array.of(2, 0), 3);
    expect([...cells]).toEqual([5, 6, 1, 2, 0, 0]);
    expect([...usedRows(2, 3)]).toEqual([1, 1, 0]);
  });
});

test('points are in pixels of the originals, offsets in the second picture', () => {
  const small = toMatchingPicture(
    bitmap(64, 32, () => 1),
    { cell: CELL },
  );
  const halved = toMatchingPicture(
    bitmap(128, 128, () => 1),
    { cell: CELL, longestSide: 64 },
  );
  const matches = {
    count: 2,
    first: Int32Array.of(9, 0),
    second: Int32Array.of(17, 8),
    confidence: Float32Array.of(0.75, 0.5),
  };
  const options = { cell: CELL, reach: 4, firstPixel: 0 };
  const points = matchedPoints(
    matches,
    [small, halved],
    options,
    Float32Array.of(0.5, -1, 9, 0, 0, 9),
  );
  // Cells (1, 1) → (8, 8) and (1, 2) → (8 + 2, 16 − 4), which is (10.5, 12.5) · 2 − 0.5 in the original.
  expect([...points.subarray(0, 5)]).toEqual([8, 8, 20.5, 24.5, 0.75]);
  const coarse = matchedPoints(matches, [small, halved], options);
  expect([...coarse.subarray(0, 5)]).toEqual([8, 8, 16.5, 32.5, 0.75]);
  const none = { ...matches, count: 0 };
  expect(matchedPoints(none, [small, halved], options)).toHaveLength(0);
});
