// What a photo is, told from its bytes before any decoding; the gate that every photo passes first,
// in Node and in the browser alike, so that both refuse the same files for the same reasons.

import {
  readAvifHeader,
  readGifHeader,
  readPngHeader,
  readWebpHeader,
} from './container-headers.ts';
import { type Orientation, swapsSides } from './exif.ts';
import { readJpegHeader } from './jpeg-header.ts';
import { PHOTO_LIMITS } from './limits.ts';
import { corruptPhoto, emptyPhoto, tooLargePhoto } from './photo-errors.ts';
import { type PhotoMime, sniffPhoto } from './sniff.ts';

export interface PhotoHeader {
  /** By the file's first bytes, never by its name. */
  readonly mime: PhotoMime;
  /** Pixels after EXIF orientation, at least 1. */
  readonly width: number;
  readonly height: number;
  /** As stored in the file; the decoders apply it, once. */
  readonly orientation: Orientation;
  /** Has several frames, of which only the first is looked at. */
  readonly animated: boolean;
}

function readHeader(mime: PhotoMime, bytes: Uint8Array): Omit<PhotoHeader, 'mime'> {
  switch (mime) {
    case 'image/jpeg': {
      const { width, height, orientation } = readJpegHeader(bytes);
      return swapsSides(orientation)
        ? { width: height, height: width, orientation, animated: false }
        : { width, height, orientation, animated: false };
    }
    case 'image/png':
      return { ...readPngHeader(bytes), orientation: 1 };
    case 'image/gif':
      return { ...readGifHeader(bytes), orientation: 1 };
    case 'image/webp':
      return { ...readWebpHeader(bytes), orientation: 1 };
    case 'image/avif':
      return { ...readAvifHeader(bytes), orientation: 1 };
  }
}

/**
 * Reads a photo's header and checks that the file is whole and within {@link PHOTO_LIMITS}.
 * @param bytes the whole file
 * @throws CairnError `photo-empty`, `photo-unsupported`, `photo-truncated`, `photo-too-large`, or
 * `photo-corrupt` when the structure makes no sense; damage inside the pixels shows on decoding
 */
export function inspectPhoto(bytes: Uint8Array): PhotoHeader {
  if (bytes.length === 0) throw emptyPhoto();
  const mime = sniffPhoto(bytes);
  if (bytes.length > PHOTO_LIMITS.maxBytes) {
    throw tooLargePhoto(
      `its file has ${Math.round(bytes.length / 2 ** 20)} MiB, at most ${PHOTO_LIMITS.maxBytes / 2 ** 20} are read`,
    );
  }
  const header = readHeader(mime, bytes);
  const { width, height } = header;
  if (width < 1 || height < 1) throw corruptPhoto('its header states a size of zero');
  if (width * height > PHOTO_LIMITS.maxPixels) {
    throw tooLargePhoto(
      `${width} × ${height} pixels, at most ${PHOTO_LIMITS.maxPixels / 1e6} million are read`,
    );
  }
  return { mime, ...header };
}
