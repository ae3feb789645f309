// From a bitmap to what a network takes: whole-photo views with the aspect ratio kept, normalised.
import type { EncoderEntry } from '../weights/registry.ts';
import type { PixelGrid } from './decode.ts';
import { resizeBilinear } from './resize.ts';

/** A view has at least this many multiples a side, so that the network's last map is 2 × 2 or more. */
const MIN_MULTIPLES = 2;

/** One input image of a network. */
export interface View {
  readonly width: number;
  readonly height: number;
  /** [3, height, width], normalised per channel. */
  readonly data: Float32Array;
}

/**
 * The size of a view: the longest side as close to `longestSide` as rounding allows, the other in
 * proportion, both rounded to the nearest `multiple` and at least two of it. Small photos are
 * enlarged. Panoramas beyond about 1 : 7 are squeezed rather than cut, since the short side stops
 * at two multiples.
 */
export function viewSize(
  width: number,
  height: number,
  longestSide: number,
  multiple: number,
): { width: number; height: number } {
  const scale = longestSide / Math.max(width, height);
  const side = (pixels: number): number =>
    multiple * Math.max(MIN_MULTIPLES, Math.round((pixels * scale) / multiple));
  return { width: side(width), height: side(height) };
}

/**
 * The views that an encoder asks for, in the order of `input.views`: resized, then
 * (x − mean) / std per channel on 0..255 values.
 */
export function toViews(bitmap: PixelGrid, input: EncoderEntry['input']): View[] {
  return input.views.map((longestSide) => {
    const size = viewSize(bitmap.width, bitmap.height, longestSide, input.multiple);
    const data = resizeBilinear(bitmap, size.width, size.height);
    const plane = size.width * size.height;
    for (let channel = 0; channel < 3; channel++) {
      const mean = input.mean[channel]!;
      const scale = 1 / input.std[channel]!;
      const end = (channel + 1) * plane;
      for (let i = channel * plane; i < end; i++) data[i] = (data[i]! - mean) * scale;
    }
    return { ...size, data };
  });
}
