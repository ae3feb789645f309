// A HEIC's pixels by libheif, in Node and in the browsers that cannot read one themselves: the same answer in both.
import { flattenOnWhite } from '../decode.ts';
import { readHeifHeader } from '../heif-header.ts';
import type { PhotoHeader } from '../inspect.ts';
import { PHOTO_LIMITS } from '../limits.ts';
import { corruptPhoto } from '../photo-errors.ts';
import { shrinkRgba } from '../shrink.ts';
import { convertToSrgb } from './colours.ts';
import { type LibheifFiles, withPrimaryPicture } from './libheif.ts';

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * @param bytes the whole file, inspected
 * @param size of the result, at most the photo's
 * @returns [height, width, 4], upright, sRGB, on white
 * @throws CairnError `photo-corrupt`
 */
export function decodeHeic(
  bytes: Uint8Array,
  header: PhotoHeader,
  size: Size,
  files: LibheifFiles,
): Uint8ClampedArray {
  const rgba = withPrimaryPicture(files, bytes, PHOTO_LIMITS.maxPixels, (pixels) => {
    if (pixels.width !== header.width || pixels.height !== header.height) {
      throw corruptPhoto('it is of another size than its header tells');
    }
    const result = shrinkRgba(pixels, size, (y) => pixels.row(y));
    if (pixels.premultiplied) separateAlpha(result);
    return result;
  });
  convertToSrgb(rgba, readHeifHeader(bytes, 'HEIC').colours);
  flattenOnWhite(rgba);
  return rgba;
}

/** Undoes that colours were multiplied by alpha, in place. */
function separateAlpha(rgba: Uint8ClampedArray): void {
  for (let i = 3; i < rgba.length; i += 4) {
    const alpha = rgba[i]!; // within the array
    if (alpha === 0 || alpha === 255) continue;
    for (let c = i - 3; c < i; c++) rgba[c] = Math.round((rgba[c]! * 255) / alpha);
  }
}
