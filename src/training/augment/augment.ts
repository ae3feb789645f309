// One augmented image: JPEG damage, all geometry in one resampling, then colours and cutout.
import type { PixelGrid } from '../../imaging/decode.ts';
import { resizeBilinear } from '../../imaging/resize.ts';
import { cutOut, jitterColour } from './colour.ts';
import { type Draw, drawAugmentation } from './draw.ts';
import type { JpegRoundTrip } from './jpeg.ts';
import type { AugmentationPreset } from './presets.ts';
import { densityOf, mapOf, type Size, warp } from './warp.ts';

/**
 * Photo pixels for each image pixel to which photos are shrunk before they are sampled. The triangle
 * filter of resize.ts at √2, then bilinear interpolation, blur by the same variance, 1/6 pixel², as the
 * triangle filter alone, which recognition shrinks photos by: networks see equally sharp images.
 */
const DENSITY = Math.SQRT2;
/** A photo is worth shrinking above this; below, its own pixels serve as well. */
const DENSE = 1.6;
/** A single draw is worth it above this: beyond, bilinear interpolation would skip pixels. */
const SKIPS = 2;

/** A photo near the size at which it is needed: what is worth keeping in memory between epochs. */
export interface PreparedPhoto {
  readonly pixels: PixelGrid;
  /** Shrunk already; otherwise these are the photo's own pixels. */
  readonly shrunk: boolean;
}

/** Antialiased, 8 bit again. */
function resized(photo: PixelGrid, width: number, height: number): PixelGrid {
  const planes = resizeBilinear(photo, width, height);
  const plane = width * height;
  const data = new Uint8Array(plane * 3);
  for (let i = 0, to = 0; i < plane; i++, to += 3) {
    for (let c = 0; c < 3; c++) data[to + c] = Math.round(planes[c * plane + i]!);
  }
  return { width, height, channels: 3, data };
}

/** Both sides times `factor`, at least a pixel. */
export function shrunkBy(photo: PixelGrid, factor: number): PixelGrid {
  const side = (pixels: number) => Math.max(1, Math.round(pixels * factor));
  return resized(photo, side(photo.width), side(photo.height));
}

/**
 * A photo that is shown with so many of its pixels for each of the image's, along a side: shrunk first where
 * interpolation alone would skip some.
 */
export function sharpEnough(photo: PixelGrid, density: number): PixelGrid {
  return density > DENSE ? shrunkBy(photo, DENSITY / density) : photo;
}

/** Whether images are the photos as the encoder sees them, mirrored or recoloured at most. */
function keepsGeometry(preset: AugmentationPreset): boolean {
  return preset.crop === null && preset.shiftScaleRotate === null;
}

/** Shrinks a photo that is far larger than its images will ever need. */
export function preparePhoto(
  photo: PixelGrid,
  image: Size,
  preset: AugmentationPreset,
): PreparedPhoto {
  if (keepsGeometry(preset)) return { pixels: photo, shrunk: false };
  const closest = Math.sqrt(preset.crop?.area[0] ?? 1);
  const density = closest * Math.sqrt((photo.width / image.width) * (photo.height / image.height));
  if (density <= DENSE) return { pixels: photo, shrunk: false };
  return { pixels: shrunkBy(photo, DENSITY / density), shrunk: true };
}

/**
 * Carries out one draw.
 * @param out [height, width, 3], 0..255, not rounded
 */
export async function applyDraw(
  photo: PreparedPhoto,
  draw: Draw,
  image: Size,
  jpeg: JpegRoundTrip,
  out: Float32Array,
): Promise<void> {
  let { pixels } = photo;
  if (draw.quality !== null) pixels = await jpeg(pixels, draw.quality);
  if (!photo.shrunk && !draw.crop && !draw.affine) resizeInto(pixels, draw.flip, image, out);
  else sampleInto(pixels, draw, image, out);
  if (draw.colour) jitterColour(out, draw.colour);
  if (draw.cutout) cutOut(out, image, draw.cutout);
}

function sampleInto(photo: PixelGrid, draw: Draw, image: Size, out: Float32Array): void {
  const map = mapOf(draw, photo, image);
  const density = densityOf(map);
  if (density <= SKIPS) {
    warp(photo, map, image, out);
  } else {
    const smaller = shrunkBy(photo, DENSITY / density);
    warp(smaller, mapOf(draw, smaller, image), image, out);
  }
}

/** Without other geometry: exactly the pixels that recognition sees (imaging/to-tensor.ts). */
function resizeInto(
  photo: PixelGrid,
  flip: boolean,
  { width, height }: Size,
  out: Float32Array,
): void {
  const planes = resizeBilinear(photo, width, height);
  const plane = width * height;
  let to = 0;
  for (let row = 0; row < plane; row += width) {
    for (let x = 0; x < width; x++, to += 3) {
      const from = row + (flip ? width - 1 - x : x);
      out[to] = planes[from]!;
      out[to + 1] = planes[plane + from]!;
      out[to + 2] = planes[2 * plane + from]!;
    }
  }
}

/** Draws and carries it out. Returns the draw, of which training needs to know the flip. */
export async function augment(
  photo: PreparedPhoto,
  preset: AugmentationPreset,
  random: () => number,
  image: Size,
  jpeg: JpegRoundTrip,
  out: Float32Array,
): Promise<Draw> {
  const draw = drawAugmentation(preset, random);
  await applyDraw(photo, draw, image, jpeg, out);
  return draw;
}
