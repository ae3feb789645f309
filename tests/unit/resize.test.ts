// Our resize against Pillow's, and its speed on a photo of 12 megapixels.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resizeBilinear } from '../../src/imaging/resize.ts';

interface Golden {
  readonly cases: readonly {
    readonly from: readonly [number, number];
    readonly to: readonly [number, number];
    readonly float: readonly number[];
    readonly bytes: readonly number[];
  }[];
}

const GOLDEN = JSON.parse(
  readFileSync(new URL('../fixtures/resize-golden.json', import.meta.url), 'utf8'),
) as Golden;

/** As in scripts/golden-resize.py. */
const sourcePixel = (index: number): number => Math.imul(index, 2654435761) >>> 24;

/** The golden source in red, its complement in green, a constant in blue. */
function sourceImage(width: number, height: number, channels: 3 | 4) {
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    data.set([sourcePixel(i), 255 - sourcePixel(i), 77], i * channels);
    if (channels === 4) data[i * 4 + 3] = sourcePixel(i + 5);
  }
  return { width, height, channels, data };
}

describe('resizeBilinear', () => {
  for (const { from, to, float, bytes } of GOLDEN.cases) {
    for (const channels of [3, 4] as const) {
      it(`equals Pillow from ${from} to ${to} with ${channels} channels`, () => {
        const resized = resizeBilinear(sourceImage(...from, channels), ...to);
        const plane = to[0] * to[1];
        expect(resized.length).toBe(3 * plane);
        for (let i = 0; i < plane; i++) {
          expect(Math.abs(resized[i]! - float[i]!)).toBeLessThan(1e-3);
          expect(Math.abs(resized[plane + i]! - (255 - float[i]!))).toBeLessThan(1e-3);
          expect(Math.abs(resized[2 * plane + i]! - 77)).toBeLessThan(1e-3);
          // Pillow rounds bytes twice, by half a level each.
          expect(Math.abs(resized[i]! - bytes[i]!)).toBeLessThan(1.01);
        }
      });
    }
  }

  it('takes a 12-megapixel photo within its budget', () => {
    const photo = sourceImage(4000, 3000, 4);
    const cpuMs = [1, 2, 3].map(() => {
      const before = process.cpuUsage();
      resizeBilinear(photo, 320, 256);
      return process.cpuUsage(before).user / 1000;
    });
    // CPU time, and the best of three: tests share their machine. The goal is 250 ms.
    expect(Math.min(...cpuMs)).toBeLessThan(500);
  });
});
