// What a photo is, told from its bytes before any decoding; the gate that every photo passes first,
// in Node and in the browser alike, so that both refuse the same files for the same reasons.
import { readBmpHeader } from './bmp-header.ts';
import {
  type ContainerHeader,
  readGifHeader,
  readPngHeader,
  readWebpHeader,
} from './container-headers.ts';
import { type Orientation, swapsSides } from './exif.ts';
import { readHeifHeader } from './heif-header.ts';
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

const READERS: Readonly<Record<PhotoMime, (bytes: Uint8Array) => ContainerHeader>> = {
  'image/jpeg': readJpegHeader,
  'image/png': readPngHeader,
  'image/gif': readGifHeader,
  'image/webp': readWebpHeader,
  'image/avif': (bytes) => readHeifHeader(bytes, 'AVIF'),
  'image/heic': (bytes) => readHeifHeader(bytes, 'HEIC'),
  'image/bmp': readBmpHeader,
};

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
  const { orientation, animated, ...stored } = READERS[mime](bytes);
  const width = swapsSides(orientation) ? stored.height : stored.width;
  const height = swapsSides(orientation) ? stored.width : stored.height;
  if (width < 1 || height < 1) throw corruptPhoto('its header states a size of zero');
  if (width * height > PHOTO_LIMITS.maxPixels) {
    throw tooLargePhoto(
      `${width} × ${height} pixels, at most ${PHOTO_LIMITS.maxPixels / 1e6} million are read`,
    );
  }
  return { mime, width, height, orientation, animated };
}
