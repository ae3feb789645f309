// Small copies of photos in a browser, to look at and to keep: upright, in sRGB, without any of the file's notes.
import { CairnError } from '../errors.ts';
import { decodePhoto } from './decode-browser.ts';
import { inspectPhoto, type PhotoHeader } from './inspect.ts';

interface Size {
  readonly width: number;
  readonly height: number;
}

export interface PhotoCopy {
  /** WebP, or JPEG where the browser cannot write that. */
  readonly blob: Blob;
  /** Of the photo itself, upright, in pixels. */
  readonly width: number;
  readonly height: number;
}

const QUALITY = 0.85;

/** The size of a copy: at most `longestSide` pixels along both sides, and never larger than the photo. */
export function copySize({ width, height }: Size, longestSide: number): Size {
  const scale = Math.min(1, longestSide / Math.max(width, height));
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale));
  return { width: side(width), height: side(height) };
}

/** What is known of a photo whose header was read before. */
export interface KnownPhoto extends Size {
  readonly mime: string;
}

/**
 * A copy by what the browser itself reads and turns; in a page the work is done beside it.
 * @throws CairnError those of `inspectPhoto`, `photo-corrupt` where the browser cannot read the photo
 */
export async function copyByBrowser(
  photo: Blob,
  longestSide: number,
  known?: KnownPhoto,
): Promise<PhotoCopy> {
  const header = known ?? (await read(photo)).header;
  const size = copySize(header, longestSide);
  // The type matters: browsers do not look at the bytes of a Blob that states one.
  const bitmap = await createImageBitmap(photo.slice(0, photo.size, header.mime), {
    resizeWidth: size.width,
    resizeHeight: size.height,
    resizeQuality: 'high',
  }).catch((cause) => {
    const message = 'The photo is damaged, or of a kind that this browser does not read.';
    throw new CairnError('photo-corrupt', message, 'Save it as a JPEG first.', { cause });
  });
  return copyOf(bitmap, size, header);
}

/** A copy by {@link decodePhoto}, for what the browser does not read; heavy work that belongs into a worker. */
export async function copyByDecoder(photo: Blob, longestSide: number): Promise<PhotoCopy> {
  const { header, bytes } = await read(photo);
  const size = copySize(header, longestSide);
  const { width, height, data } = await decodePhoto(bytes);
  const rgba = new Uint8ClampedArray(data.buffer as ArrayBuffer, data.byteOffset, data.length);
  const image = new ImageData(rgba, width, height, { colorSpace: 'srgb' });
  const bitmap = await createImageBitmap(image, {
    resizeWidth: size.width,
    resizeHeight: size.height,
    resizeQuality: 'high',
  });
  return copyOf(bitmap, size, header);
}

async function read(photo: Blob): Promise<{ header: PhotoHeader; bytes: Uint8Array<ArrayBuffer> }> {
  const bytes = new Uint8Array(await photo.arrayBuffer());
  return { header: inspectPhoto(bytes), bytes };
}

async function copyOf(bitmap: ImageBitmap, size: Size, header: Size): Promise<PhotoCopy> {
  try {
    const canvas = new OffscreenCanvas(size.width, size.height);
    const context = canvas.getContext('2d', { colorSpace: 'srgb' });
    if (!context) throw new Error('no 2D canvas is to be had');
    context.drawImage(bitmap, 0, 0, size.width, size.height);
    const copy = await canvas.convertToBlob({ type: 'image/webp', quality: QUALITY });
    // Safari has no WebP encoder and gives a PNG, four times as large as a JPEG.
    const blob =
      copy.type === 'image/webp'
        ? copy
        : await canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
    return { blob, width: header.width, height: header.height };
  } finally {
    bitmap.close();
  }
}
