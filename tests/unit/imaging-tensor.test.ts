// View sizes, normalisation, flattening and turning.

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { flattenOnWhite } from '../../src/imaging/decode.ts';
import { inspectPhoto } from '../../src/imaging/inspect.ts';
import { resizeBilinear } from '../../src/imaging/resize.ts';
import { toViews, viewSize } from '../../src/imaging/to-tensor.ts';
import { type QuarterTurns, turnPixels, turnUpright } from '../../src/imaging/turn.ts';
import { SIDEWAYS } from '../../src/imaging/turns-png.ts';

describe('viewSize', () => {
  it.each([
    [4000, 3000, 320, 320, 256],
    [3000, 4000, 320, 256, 320],
    [4000, 3000, 224, 224, 160],
    [100, 100, 320, 320, 320],
    [1, 1, 224, 224, 224],
    [20_000, 10, 320, 320, 64],
    [10, 20_000, 320, 64, 320],
    [640, 427, 320, 320, 224],
  ])('shows %i × %i at %i as %i × %i', (width, height, longest, viewWidth, viewHeight) => {
    expect(viewSize(width, height, longest, 32)).toEqual({ width: viewWidth, height: viewHeight });
  });
});

describe('toViews', () => {
  const bitmap = {
    width: 100,
    height: 50,
    channels: 3,
    data: Uint8Array.from({ length: 15_000 }, (_, i) => (i * 7) % 256),
  } as const;

  it('resizes and normalises each channel by its own numbers', () => {
    const views = toViews(bitmap, {
      views: [128, 64],
      multiple: 32,
      mean: [127, 100, 50],
      std: [128, 2, 10],
    });
    expect(views.map(({ width, height }) => [width, height])).toEqual([
      [128, 64],
      [64, 64],
    ]);
    for (const { width, height, data } of views) {
      const plane = width * height;
      const plain = resizeBilinear(bitmap, width, height);
      expect(data.length).toBe(3 * plane);
      for (let i = 0; i < plane; i++) {
        expect(data[i]).toBeCloseTo((plain[i]! - 127) / 128, 4);
        expect(data[plane + i]).toBeCloseTo((plain[plane + i]! - 100) / 2, 3);
        expect(data[2 * plane + i]).toBeCloseTo((plain[2 * plane + i]! - 50) / 10, 4);
      }
    }
  });
});

describe('flattenOnWhite', () => {
  it('mixes with white by alpha and leaves opaque pixels alone', () => {
    const pixels = Uint8Array.from([200, 100, 50, 128, 9, 8, 7, 255, 10, 20, 30, 0]);
    flattenOnWhite(pixels);
    expect([...pixels]).toEqual([227, 177, 152, 255, 9, 8, 7, 255, 255, 255, 255, 255]);
  });
});

describe('turnPixels', () => {
  // 1 2 3
  // 4 5 6
  const pixels = Uint32Array.of(1, 2, 3, 4, 5, 6);
  it.each([
    [0, false, [1, 2, 3, 4, 5, 6]],
    [0, true, [3, 2, 1, 6, 5, 4]],
    [90, false, [4, 1, 5, 2, 6, 3]],
    [90, true, [1, 4, 2, 5, 3, 6]],
    [180, false, [6, 5, 4, 3, 2, 1]],
    [180, true, [4, 5, 6, 1, 2, 3]],
    [270, false, [3, 6, 2, 5, 1, 4]],
    [270, true, [6, 3, 5, 2, 4, 1]],
  ] as [QuarterTurns, boolean, number[]][])('turns by %i, flip %s', (rotation, flip, expected) => {
    expect([...turnPixels(pixels, 3, 2, rotation, flip)]).toEqual(expected);
  });
});

describe('turnUpright', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8] as const)('does what sharp does for %i', async (orientation) => {
    const pixels = Uint32Array.from([1, 2, 3, 4, 5, 6], (n) => n * 0x0f0e0d);
    const raw = { width: 3, height: 2, channels: 4 } as const;
    const stored = sharp(new Uint8Array(pixels.buffer), { raw }).withMetadata({ orientation });
    const upright = await sharp(await stored.png().toBuffer())
      .autoOrient()
      .raw()
      .toBuffer();
    const turned = turnUpright(pixels, 3, 2, orientation);
    expect(Buffer.from(turned.buffer).equals(upright)).toBe(true);
  });

  it('is looked for with a picture that has to be turned', () => {
    const sideways = new Uint8Array(Buffer.from(SIDEWAYS, 'base64'));
    expect(inspectPhoto(sideways)).toMatchObject({ width: 1, height: 2, orientation: 6 });
  });
});
