// Augmentation: geometry against known points, exactness where nothing is drawn, and each step's bounds.
import { describe, expect, it } from 'vitest';
import type { PixelGrid } from '../../src/imaging/decode.ts';
import { drawScene } from '../../src/imaging/drawn.ts';
import { toViews } from '../../src/imaging/to-tensor.ts';
import { seededRandom } from '../../src/random.ts';
import { applyDraw, augment, preparePhoto } from '../../src/training/augment/augment.ts';
import { cutOut, cutoutBox, jitterColour } from '../../src/training/augment/colour.ts';
import { type Draw, drawAugmentation } from '../../src/training/augment/draw.ts';
import { jpegRoundTrip } from '../../src/training/augment/jpeg-node.ts';
import { AUGMENTATIONS, type AugmentationPreset } from '../../src/training/augment/presets.ts';
import { mapOf, type Size, warp } from '../../src/training/augment/warp.ts';
import { makeBatch } from '../../src/training/data/make-batch.ts';

const NOTHING: Draw = {
  flip: false,
  quality: null,
  crop: null,
  affine: null,
  colour: null,
  cutout: null,
};
const STILL = { shiftX: 0, shiftY: 0, scale: 1, angle: 0 };
const scene = drawScene(3, 0);

function photoOf(width: number, height: number, level: (x: number, y: number) => number) {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    data.fill(Math.round(level(i % width, Math.floor(i / width))), 3 * i, 3 * i + 3);
  }
  return { width, height, channels: 3, data } satisfies PixelGrid;
}

/** A soft dot around a point given in pixels from the corner. */
function dotAt(x: number, y: number, width: number, height: number) {
  return photoOf(
    width,
    height,
    (px, py) => 250 * Math.exp(-((px + 0.5 - x) ** 2 + (py + 0.5 - y) ** 2) / 18),
  );
}

/** The centre of brightness of an image [height, width, 3], in pixels from the corner. */
function centreOf(pixels: Float32Array, { width }: Size) {
  let sum = 0;
  let x = 0;
  let y = 0;
  for (let i = 0; i < pixels.length / 3; i++) {
    const level = pixels[3 * i]!;
    sum += level;
    x += level * ((i % width) + 0.5);
    y += level * (Math.floor(i / width) + 0.5);
  }
  return { x: x / sum, y: y / sum };
}

async function apply(photo: PixelGrid, draw: Partial<Draw>, image: Size): Promise<Float32Array> {
  const out = new Float32Array(image.width * image.height * 3);
  const prepared = { pixels: photo, shrunk: false };
  await applyDraw(prepared, { ...NOTHING, ...draw }, image, jpegRoundTrip, out);
  return out;
}

function meanDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / a.length;
}

describe('without augmentation', () => {
  it('images are exactly the views that recognition makes', async () => {
    const input = {
      views: [160],
      multiple: 32,
      mean: [124, 117, 104],
      std: [59, 57, 58],
    } as const;
    const view = toViews(scene, input)[0]!;
    const plan = { photos: [0], width: view.width, height: view.height, seed: 1 };
    const options = { ...input, augmentation: AUGMENTATIONS.none, jpeg: jpegRoundTrip };
    const { pixels } = await makeBatch([scene], plan, options);
    const plane = view.width * view.height;
    let most = 0;
    for (let i = 0; i < plane; i++) {
      for (let c = 0; c < 3; c++) {
        most = Math.max(most, Math.abs(pixels[3 * i + c]! - view.data[c * plane + i]!));
      }
    }
    expect(most).toBeLessThan(1e-5);
  });

  it('a shrunk and sampled photo is about as sharp as a view', async () => {
    const size = { width: 96, height: 72 };
    const plain = await apply(scene, {}, size);
    const prepared = preparePhoto(scene, size, AUGMENTATIONS.recipe);
    expect(prepared.shrunk).toBe(true);
    expect(prepared.pixels.width).toBe(Math.round(96 * Math.SQRT2));
    const out = new Float32Array(plain.length);
    await applyDraw(prepared, { ...NOTHING, affine: STILL }, size, jpegRoundTrip, out);
    expect(meanDifference(plain, out)).toBeLessThan(1.5);
    const contrast = (pixels: Float32Array) =>
      meanDifference(pixels.subarray(3), pixels.subarray(0, -3));
    expect(contrast(out) / contrast(plain)).toBeGreaterThan(0.93);
    expect(contrast(out) / contrast(plain)).toBeLessThan(1.07);
  });
});

describe('geometry', () => {
  const size = { width: 200, height: 160 };

  it('mirrors exactly, with and without other geometry', async () => {
    for (const affine of [null, STILL]) {
      const plain = await apply(scene, { affine }, size);
      const mirrored = await apply(scene, { affine, flip: true }, size);
      for (let i = 0; i < plain.length / 3; i++) {
        const row = Math.floor(i / size.width) * size.width;
        const other = row + size.width - 1 - (i - row);
        expect(mirrored[3 * other + 1]).toBeCloseTo(plain[3 * i + 1]!, 2);
      }
    }
  });

  // The dot lies 40 px right of and 30 px above the centre (100, 80).
  it.each<[string, Partial<Draw>, number, number]>([
    ['shifts', { affine: { ...STILL, shiftX: 0.1, shiftY: -0.05 } }, 160, 42],
    ['enlarges', { affine: { ...STILL, scale: 1.5 } }, 160, 35],
    ['turns clockwise', { affine: { ...STILL, angle: Math.PI / 2 } }, 130, 120],
    ['turns, then shifts', { affine: { ...STILL, angle: Math.PI, shiftX: 0.1 } }, 80, 110],
    ['mirrors, then turns', { flip: true, affine: { ...STILL, angle: Math.PI / 2 } }, 130, 40],
    ['crops', { crop: { left: 0.5, top: 0, width: 0.5, height: 0.5 } }, 80, 100],
  ])('%s a dot to where it belongs', async (_, draw, x, y) => {
    const out = await apply(dotAt(140, 50, size.width, size.height), draw, size);
    const centre = centreOf(out, size);
    expect(centre.x).toBeCloseTo(x, 1);
    expect(centre.y).toBeCloseTo(y, 1);
  });

  it('scales between photo and image of other sides', async () => {
    const out = await apply(dotAt(75, 200, 300, 240), { affine: STILL }, size);
    expect(centreOf(out, size).x).toBeCloseTo(50, 1);
    expect(centreOf(out, size).y).toBeCloseTo((200 * 160) / 240, 1);
  });

  it('reflects beyond the edges, repeating them', () => {
    const photo = photoOf(8, 4, (x) => 10 * x);
    const image = { width: 8, height: 4 };
    const out = new Float32Array(8 * 4 * 3);
    const affine = { ...STILL, shiftX: 3 / 8 };
    warp(photo, mapOf({ ...NOTHING, affine }, photo, image), image, out);
    const row = Array.from({ length: 8 }, (_, x) => Math.round(out[3 * x]!));
    expect(row).toEqual([20, 10, 0, 0, 10, 20, 30, 40]);
  });

  it('stays finite and within the photo far outside', () => {
    const photo = photoOf(5, 7, (x, y) => 100 + 10 * x + y);
    const image = { width: 16, height: 16 };
    const out = new Float32Array(16 * 16 * 3);
    const affine = { shiftX: 9, shiftY: -7, scale: 0.05, angle: 1 };
    warp(photo, mapOf({ ...NOTHING, affine }, photo, image), image, out);
    expect(Math.min(...out)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...out)).toBeLessThanOrEqual(146);
  });

  it('does not alias when it shrinks a lot', async () => {
    const fine = photoOf(512, 512, (x, y) => ((x + y) % 2 === 0 ? 0 : 255));
    const image = { width: 64, height: 64 };
    const out = new Float32Array(64 * 64 * 3);
    for (const photo of [
      preparePhoto(fine, image, AUGMENTATIONS.light),
      { pixels: fine, shrunk: false },
    ]) {
      await applyDraw(photo, { ...NOTHING, affine: STILL }, image, jpegRoundTrip, out);
      expect(Math.min(...out)).toBeGreaterThan(120);
      expect(Math.max(...out)).toBeLessThan(135);
    }
  });

  it('keeps enough pixels for the closest crop, and small photos as they are', () => {
    const preset: AugmentationPreset = {
      ...AUGMENTATIONS.none,
      crop: { probability: 1, area: [0.25, 1], aspect: [1, 1] },
    };
    const large = photoOf(800, 800, () => 1);
    const { pixels } = preparePhoto(large, { width: 100, height: 100 }, preset);
    expect(pixels.width).toBe(Math.round(100 * Math.SQRT2 * 2));
    expect(preparePhoto(scene, { width: 320, height: 256 }, preset).pixels).toBe(scene);
  });
});

describe('pixels', () => {
  it('JPEG damage grows as quality falls, within bounds', async () => {
    const size = { width: scene.width, height: scene.height };
    const plain = await apply(scene, {}, size);
    const damage: number[] = [];
    for (const quality of [100, 90, 60, 10]) {
      damage.push(meanDifference(plain, await apply(scene, { quality }, size)));
    }
    expect(damage[0]).toBeGreaterThan(0);
    expect(damage[0]).toBeLessThan(2);
    expect(damage[2]).toBeLessThan(6);
    expect([...damage].sort((a, b) => a - b)).toEqual(damage);
  });

  it('takes photos with a fourth byte', async () => {
    const data = new Uint8Array(scene.width * scene.height * 4);
    for (let i = 0; i < scene.width * scene.height; i++) {
      data.set(scene.data.subarray(3 * i, 3 * i + 3), 4 * i);
    }
    const size = { width: 128, height: 96 };
    const draw = { affine: { ...STILL, angle: 0.1 } };
    const padded = await apply({ ...scene, channels: 4, data }, draw, size);
    expect(meanDifference(padded, await apply(scene, draw, size))).toBeLessThan(1e-6);
    expect(padded.some((level) => level > 0)).toBe(true);
  });

  it('cuts out a square of 0.4 of the side, and what is left of it at a border', () => {
    const size = { width: 160, height: 160 };
    const covered = (x: number, y: number) => {
      const pixels = new Float32Array(size.width * size.height * 3).fill(50);
      cutOut(pixels, size, { x, y, side: 0.4, fill: 7 });
      return pixels.filter((level) => level === 7).length / 3;
    };
    expect(covered(0.5, 0.5)).toBe(64 * 64);
    expect(covered(0, 0.5)).toBe(32 * 64);
    expect(covered(0, 0)).toBe(32 * 32);
    const wide = cutoutBox({ x: 0.5, y: 0.5, side: 0.4, fill: 0 }, { width: 160, height: 96 });
    expect(wide.right - wide.left).toBe(Math.round(0.4 * Math.sqrt(160 * 96)));
    expect(wide.bottom - wide.top).toBe(wide.right - wide.left);
  });

  it('changes brightness, contrast and saturation by their definitions', () => {
    const pixels = Float32Array.from([100, 100, 100, 20, 20, 20]);
    jitterColour(pixels, { brightness: 1.5, contrast: 0.5, saturation: 1 });
    // 150 and 30, halfway to their mean 90.
    expect([...pixels].map(Math.round)).toEqual([120, 120, 120, 60, 60, 60]);
    const red = Float32Array.from([200, 0, 0]);
    jitterColour(red, { brightness: 1, contrast: 1, saturation: 0 });
    expect([...red].map(Math.round)).toEqual([60, 60, 60]);
    const bright = Float32Array.from([250, 10, 10, 250, 10, 10]);
    jitterColour(bright, { brightness: 2, contrast: 3, saturation: 3 });
    expect(Math.max(...bright)).toBe(255);
    expect(Math.min(...bright)).toBe(0);
  });
});

describe('draws', () => {
  const random = seededRandom(5);
  const draws = Array.from({ length: 5000 }, () => drawAugmentation(AUGMENTATIONS.recipe, random));
  const share = (holds: (draw: Draw) => boolean) => draws.filter(holds).length / draws.length;

  it('of the recipe happen as often as it says', () => {
    expect(share((d) => d.flip)).toBeCloseTo(0.5, 1);
    expect(share((d) => d.quality !== null)).toBeCloseTo(0.5, 1);
    expect(share((d) => d.affine !== null)).toBeCloseTo(0.7, 1);
    expect(share((d) => d.cutout !== null)).toBeCloseTo(0.5, 1);
    expect(share((d) => d.crop !== null || d.colour !== null)).toBe(0);
  });

  it('of the recipe stay within its ranges and fill them', () => {
    const spread = (values: number[]) => [Math.min(...values), Math.max(...values)] as const;
    const qualities = spread(draws.flatMap(({ quality }) => quality ?? []));
    expect(qualities).toEqual([60, 100]);
    const moved = draws.flatMap(({ affine }) => affine ?? []);
    for (const [values, reach, centre] of [
      [moved.map((m) => m.shiftX), 0.1, 0],
      [moved.map((m) => m.shiftY), 0.1, 0],
      [moved.map((m) => m.scale), 0.15, 1],
      [moved.map((m) => m.angle), (10 * Math.PI) / 180, 0],
    ] as const) {
      const [low, high] = spread(values);
      expect(low).toBeGreaterThanOrEqual(centre - reach);
      expect(high).toBeLessThanOrEqual(centre + reach);
      expect(high - low).toBeGreaterThan(1.95 * reach);
    }
  });

  it('of crops have the area and aspect asked for, inside the photo', () => {
    const chance = seededRandom(6);
    for (let i = 0; i < 1000; i++) {
      const { crop } = drawAugmentation(AUGMENTATIONS.light, chance);
      const { left, top, width, height } = crop!;
      expect(width * height).toBeGreaterThan(0.6);
      expect(width / height).toBeGreaterThan(0.89);
      expect(width / height).toBeLessThan(1.12);
      expect(Math.min(left, top)).toBeGreaterThanOrEqual(0);
      expect(Math.max(left + width, top + height)).toBeLessThanOrEqual(1 + 1e-9);
    }
  });

  it('are the same for the same seed, and the images too', async () => {
    const size = { width: 96, height: 64 };
    const image = async (seed: number) => {
      const out = new Float32Array(96 * 64 * 3);
      const prepared = preparePhoto(scene, size, AUGMENTATIONS.recipe);
      const random = seededRandom(seed);
      await augment(prepared, AUGMENTATIONS.recipe, random, size, jpegRoundTrip, out);
      return out;
    };
    expect(await image(11)).toEqual(await image(11));
    expect(await image(11)).not.toEqual(await image(12));
  });
});
