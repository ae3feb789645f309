// Laying a reference over a photo: the matrix that CSS gets, and when the two are better left side by side.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isSound,
  matrix3d,
  soundWarp,
  type Warp,
  warped,
} from '../../src/app/recognize/compare.ts';
import type { MatchedLine } from '../../src/app/results/matched.ts';

const PHOTO = { width: 800, height: 600 };
const REFERENCE = { width: 400, height: 300 };
/** Doubles, shifts, and leans away to the right a little. */
const WARP = new Float64Array([1.9, 0.05, 12, -0.04, 1.95, 8, 1e-4, 5e-5, 1]);

/** Details on a grid of the reference, and where a warp puts them. */
function lines(
  warp: Warp,
  move = (x: number, y: number): [number, number] => [x, y],
): MatchedLine[] {
  return Array.from({ length: 48 }, (_, i) => {
    const to = [20 + (i % 8) * 50, 20 + Math.floor(i / 8) * 48] as const;
    return { from: move(...(warped(warp, to) as [number, number])), to, confidence: 0.9 };
  });
}

/** What an engine does with the matrix, as CSS Transforms says: columns of four. */
function byCss(transform: string, x: number, y: number): [number, number] {
  const m = transform.slice('matrix3d('.length, -1).split(', ').map(Number);
  const row = (r: number) => m[r]! * x + m[r + 4]! * y + m[r + 12]!;
  return [row(0) / row(3), row(1) / row(3)];
}

describe('the matrix for CSS', () => {
  it('has sixteen plain numbers and moves points as the warp does, times the scale', () => {
    const inside = fc.tuple(
      fc.double({ min: 0, max: REFERENCE.width, noNaN: true }),
      fc.double({ min: 0, max: REFERENCE.height, noNaN: true }),
    );
    fc.assert(
      fc.property(inside, fc.double({ min: 0.1, max: 3, noNaN: true }), (point, scale) => {
        const transform = matrix3d(WARP, scale);
        expect(transform.split(',')).toHaveLength(16);
        const [x, y] = byCss(transform, ...point);
        const [u, v] = warped(WARP, point);
        expect(x).toBeCloseTo(scale * u, 5);
        expect(y).toBeCloseTo(scale * v, 5);
      }),
    );
  });

  it('leaves a picture of the same size where it is', () => {
    const same = new Float64Array([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect(matrix3d(same, 1)).toBe('matrix3d(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1)');
  });
});

describe('a warp', () => {
  it('is found again from the details, wrong ones among them', () => {
    const given = lines(WARP).map((line, i) =>
      i % 6 === 0 ? { ...line, from: [(i * 137) % 800, (i * 91) % 600] as const } : line,
    );
    const found = soundWarp(given, PHOTO, REFERENCE);
    expect(found).not.toBeNull();
    for (const corner of [
      [0, 0],
      [400, 0],
      [400, 300],
      [0, 300],
    ] as const) {
      const [x, y] = warped(found ?? WARP, corner);
      const [u, v] = warped(WARP, corner);
      expect(Math.hypot(x - u, y - v)).toBeLessThan(1);
    }
  });

  it('is none where details are few or fit no plane', () => {
    expect(soundWarp(lines(WARP).slice(0, 7), PHOTO, REFERENCE)).toBeNull();
    // Half of it moved away, as by parallax.
    let count = 0;
    const torn = lines(WARP, (x, y) => (count++ % 2 ? [x + 60, y + (count % 7) * 15] : [x, y]));
    expect(soundWarp(torn, PHOTO, REFERENCE)).toBeNull();
    const random = lines(WARP, (x, y) => [(x * 7919) % 800, (y * 104729) % 600]);
    expect(soundWarp(random, PHOTO, REFERENCE)).toBeNull();
  });

  const judged = (...numbers: number[]) => {
    const warp = new Float64Array(numbers);
    return isSound(warp, lines(warp), PHOTO, REFERENCE);
  };

  it('is refused where the picture would come out mirrored, folded, tiny, huge or drawn out', () => {
    expect(judged(...WARP)).toBe(true);
    expect(judged(-2, 0, 800, 0, 2, 0, 0, 0, 1)).toBe(false);
    // Its right edge lies behind the horizon.
    expect(judged(2, 0, 0, 0, 2, 0, -0.005, 0, 1)).toBe(false);
    expect(judged(2, 0, 0, 0, 2, 0, 0.009, 0, 1)).toBe(false);
    expect(judged(0.2, 0, 0, 0, 0.2, 0, 0, 0, 1)).toBe(false);
    expect(judged(30, 0, 0, 0, 30, 0, 0, 0, 1)).toBe(false);
    expect(judged(8, 0, 0, 0, 0.6, 0, 0, 0, 1)).toBe(false);
    expect(judged(Number.NaN, 0, 0, 0, 2, 0, 0, 0, 1)).toBe(false);
  });

  it('turned upside down is as sound as upright', () => {
    expect(judged(-2, 0, 800, 0, -2, 600, 0, 0, 1)).toBe(true);
  });

  it('is refused where the details lie far from where it puts them', () => {
    const off = lines(WARP, (x, y) => [x + 40, y]);
    expect(isSound(WARP, off, PHOTO, REFERENCE)).toBe(false);
  });
});
