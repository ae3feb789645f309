// What happens to pixels where they are: brightness, contrast, saturation, cutout. All in place.
import type { Draw } from './draw.ts';
import type { Size } from './warp.ts';

/** Luma of Rec. 601, as Pillow and torchvision have it. */
const RED = 0.299;
const GREEN = 0.587;
const BLUE = 0.114;

function clamp(level: number): number {
  return Math.min(255, Math.max(0, level));
}

/**
 * Brightness multiplies; contrast spreads around the image's mean luma; saturation spreads around each
 * pixel's own luma (torchvision's definitions, in this order, clipped after each).
 * @param pixels [pixels, 3], 0..255
 */
export function jitterColour(pixels: Float32Array, factors: NonNullable<Draw['colour']>): void {
  const { brightness, contrast, saturation } = factors;
  let sum = 0;
  for (let i = 0; i < pixels.length; i += 3) {
    for (let c = i; c < i + 3; c++) pixels[c] = clamp(brightness * pixels[c]!);
    sum += RED * pixels[i]! + GREEN * pixels[i + 1]! + BLUE * pixels[i + 2]!;
  }
  const mean = sum / (pixels.length / 3);
  for (let i = 0; i < pixels.length; i += 3) {
    const r = clamp(mean + contrast * (pixels[i]! - mean));
    const g = clamp(mean + contrast * (pixels[i + 1]! - mean));
    const b = clamp(mean + contrast * (pixels[i + 2]! - mean));
    const luma = RED * r + GREEN * g + BLUE * b;
    pixels[i] = clamp(luma + saturation * (r - luma));
    pixels[i + 1] = clamp(luma + saturation * (g - luma));
    pixels[i + 2] = clamp(luma + saturation * (b - luma));
  }
}

/** The pixels that a cutout covers; right and bottom are the first that it does not. */
export function cutoutBox(cutout: NonNullable<Draw['cutout']>, { width, height }: Size) {
  const side = Math.round(cutout.side * Math.sqrt(width * height));
  const left = Math.floor(cutout.x * width) - (side >> 1);
  const top = Math.floor(cutout.y * height) - (side >> 1);
  return {
    left: Math.max(0, left),
    top: Math.max(0, top),
    right: Math.min(width, left + side),
    bottom: Math.min(height, top + side),
  };
}

/** @param pixels [height, width, 3] */
export function cutOut(
  pixels: Float32Array,
  size: Size,
  cutout: NonNullable<Draw['cutout']>,
): void {
  const { left, top, right, bottom } = cutoutBox(cutout, size);
  for (let y = top; y < bottom; y++) {
    const row = y * size.width;
    pixels.fill(cutout.fill, (row + left) * 3, (row + right) * 3);
  }
}
