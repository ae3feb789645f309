// What decoding gives, in Node and in the browser: upright sRGB pixels without alpha.
// decode-node.ts and decode-browser.ts implement it; callers choose one of them.
import type { LongWork } from '../progress.ts';
import type { PhotoHeader } from './inspect.ts';

/** Rows from the top, pixels from the left, 8-bit sRGB. */
export interface PixelGrid {
  readonly width: number;
  readonly height: number;
  /** 3 = RGB, 4 = RGBX: the fourth byte of a pixel says nothing. */
  readonly channels: 3 | 4;
  /** [height, width, channels], 0..255. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** A decoded photo. */
export interface Bitmap8 extends PixelGrid {
  /** Its size is the photo's own; `width` and `height` of the bitmap are smaller for huge photos. */
  readonly header: PhotoHeader;
}

/**
 * Decodes a photo: EXIF orientation applied once, colours converted to sRGB, alpha laid on white,
 * the first frame of an animation, pre-shrunk to `decodedSize` (limits.ts).
 * Throws the errors of `inspectPhoto`, `photo-corrupt` for pixels that cannot be decoded, `aborted`; where what
 * decodes is missing or cannot run, which is no fault of the photo, `backend-unavailable`, `download-failed`.
 */
export type DecodePhoto = (bytes: Uint8Array, work?: LongWork) => Promise<Bitmap8>;

/**
 * Lays RGBA pixels on white, in place: c' = c·a + 255·(1 − a), rounded, and a' = 255.
 * @param rgba [pixels, 4], alpha not premultiplied
 */
export function flattenOnWhite(rgba: Uint8Array | Uint8ClampedArray): void {
  for (let i = 3; i < rgba.length; i += 4) {
    const alpha = rgba[i]!;
    if (alpha === 255) continue;
    const white = 255 * (255 - alpha);
    for (let c = i - 3; c < i; c++) rgba[c] = Math.round((rgba[c]! * alpha + white) / 255);
    rgba[i] = 255;
  }
}
