// Antialiased separable resize, our own, so that Node, the page and training see the same pixels:
// canvas interpolation is unspecified and differs between browsers.
import type { PixelGrid } from './decode.ts';

/** For one output position: which inputs it sums, with which weights. */
interface Taps {
  /** [out] first input of each output position. */
  readonly first: Int32Array;
  /** [out] number of inputs of each output position. */
  readonly count: Int32Array;
  /** [out, stride] weights that sum to 1. */
  readonly weights: Float64Array;
  readonly stride: number;
}

/** The triangle filter's half-width at scale 1. */
const SUPPORT = 1;

/**
 * Weights of the triangle filter as Pillow computes them (`precompute_coeffs` in Resample.c):
 * half-pixel centres, support widened by the scale when shrinking, weights normalised at the edges.
 */
function triangleTaps(inSize: number, outSize: number): Taps {
  const scale = inSize / outSize;
  const filterScale = Math.max(scale, 1);
  const support = SUPPORT * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outSize);
  const count = new Int32Array(outSize);
  const weights = new Float64Array(outSize * stride);
  for (let out = 0; out < outSize; out++) {
    const centre = (out + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - support + 0.5));
    const to = Math.min(inSize, Math.trunc(centre + support + 0.5));
    let sum = 0;
    for (let i = from; i < to; i++) {
      const weight = Math.max(0, 1 - Math.abs((i - centre + 0.5) / filterScale));
      weights[out * stride + i - from] = weight;
      sum += weight;
    }
    for (let i = from; i < to; i++) weights[out * stride + i - from]! /= sum;
    first[out] = from;
    count[out] = to - from;
  }
  return { first, count, weights, stride };
}

/** One row of pixels, resized: `row` [outWidth, 3] from the pixels that begin at `offset`. */
function resizeRow(image: PixelGrid, offset: number, taps: Taps, row: Float64Array): void {
  const { data, channels } = image;
  const { first, count, weights, stride } = taps;
  for (let out = 0, to = 0; to < row.length; out++, to += 3) {
    let r = 0;
    let g = 0;
    let b = 0;
    let pixel = offset + first[out]! * channels;
    const begin = out * stride;
    const end = begin + count[out]!;
    for (let w = begin; w < end; w++, pixel += channels) {
      const weight = weights[w]!;
      r += weight * data[pixel]!;
      g += weight * data[pixel + 1]!;
      b += weight * data[pixel + 2]!;
    }
    row[to] = r;
    row[to + 1] = g;
    row[to + 2] = b;
  }
}

/**
 * Resizes to width × height, each at least 1, shrinking or enlarging: Pillow's
 * `Image.resize(…, BILINEAR)` in float arithmetic. Nothing is rounded to 8 bit, neither between the
 * passes nor at the end, so values differ from Pillow's on 8-bit images by its roundings (under 1),
 * and agree with it on float images to float precision.
 * @returns [3, height, width], planes R, G, B, 0..255
 */
export function resizeBilinear(image: PixelGrid, width: number, height: number): Float32Array {
  const across = triangleTaps(image.width, width);
  const down = triangleTaps(image.height, height);
  const plane = width * height;
  const result = new Float32Array(3 * plane);
  const row = new Float64Array(width * 3);
  // Sums of the output rows that are open; an input row adds to a few neighbouring ones only.
  const sums = new Float64Array(height * width * 3);
  let open = 0;
  for (let y = 0; y < image.height && open < height; y++) {
    resizeRow(image, y * image.width * image.channels, across, row);
    while (open < height && down.first[open]! + down.count[open]! <= y) open++;
    for (let out = open; out < height && down.first[out]! <= y; out++) {
      const weight = down.weights[out * down.stride + y - down.first[out]!]!;
      const base = out * width * 3;
      for (let i = 0; i < row.length; i++) sums[base + i]! += weight * row[i]!;
    }
  }
  for (let i = 0, from = 0; i < plane; i++, from += 3) {
    result[i] = sums[from]!;
    result[plane + i] = sums[from + 1]!;
    result[2 * plane + i] = sums[from + 2]!;
  }
  return result;
}
