// A HEIC's pixels by libheif, in Node and in the browsers that cannot read one themselves: the same answer in both.
import { flattenOnWhite } from '../decode.ts';
import { readHeifHeader } from '../heif-header.ts';
import type { PhotoHeader } from '../inspect.ts';
import { PHOTO_LIMITS } from '../limits.ts';
import { corruptPhoto } from '../photo-errors.ts';
import { shrinkRgba } from '../shrink.ts';
import { srgbConverter } from './colours.ts';
import { type LibheifFiles, withPrimaryPicture } from './heif-decoder.ts';

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * @param bytes the whole file, inspected
 * @param size of the result, at most the photo's
 * @returns [height, width, 4], upright, sRGB, on white
 * @throws CairnError `photo-corrupt`, `backend-unavailable`
 */
export function decodeHeic(
  bytes: Uint8Array,
  header: PhotoHeader,
  size: Size,
  files: LibheifFiles,
): Uint8ClampedArray {
  const convert = srgbConverter(readHeifHeader(bytes, 'HEIC').colours);
  return withPrimaryPicture(files, bytes, PHOTO_LIMITS.maxPixels, (pixels) => {
    if (pixels.width !== header.width || pixels.height !== header.height) {
      throw corruptPhoto('it is of another size than its header tells');
    }
    const row = new Uint8ClampedArray(4 * pixels.width);
    return shrinkRgba(pixels, size, (y) => {
      row.set(pixels.row(y));
      if (pixels.premultiplied) separateAlpha(row);
      // White is white in sRGB alone, so colours come before it.
      convert(row);
      flattenOnWhite(row);
      return row;
    });
  });
}

/** Undoes that colours were multiplied by alpha, in place. */
function separateAlpha(rgba: Uint8ClampedArray): void {
  for (let i = 3; i < rgba.length; i += 4) {
    const alpha = rgba[i]!; // within the array
    if (alpha === 0 || alpha === 255) continue;
    for (let c = i - 3; c < i; c++) rgba[c] = Math.round((rgba[c]! * 255) / alpha);
  }
}
