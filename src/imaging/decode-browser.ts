// Decoding in a browser, in a page or a worker: the same answers as decode-node.ts.
import { throwIfAborted } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import { type Bitmap8, flattenOnWhite } from './decode.ts';
import { inspectPhoto, type PhotoHeader } from './inspect.ts';
import { decodedSize } from './limits.ts';
import { corruptPhoto } from './photo-errors.ts';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Byte order of the pixel formats that are read as they are; others go by way of a canvas. */
const BLUE_FIRST: Readonly<Record<string, boolean>> = {
  RGBA: false,
  RGBX: false,
  BGRA: true,
  BGRX: true,
};

function swapRedAndBlue(pixels: Uint8Array): void {
  for (let i = 0; i < pixels.length; i += 4) {
    const first = pixels[i]!;
    pixels[i] = pixels[i + 2]!;
    pixels[i + 2] = first;
  }
}

/**
 * Pixels by WebCodecs, exactly as decoded: Brave and Firefox add noise to what a canvas gives back.
 * @returns RGBA, or null where this way is not open
 */
async function readByVideoFrame(bitmap: ImageBitmap): Promise<Uint8Array | null> {
  if (typeof VideoFrame === 'undefined') return null;
  let frame: VideoFrame | undefined;
  try {
    frame = new VideoFrame(bitmap, { timestamp: 0 });
    const blueFirst = frame.format === null ? undefined : BLUE_FIRST[frame.format];
    const { width, height } = bitmap;
    const whole = frame.visibleRect;
    if (blueFirst === undefined || whole?.width !== width || whole.height !== height) return null;
    const pixels = new Uint8Array(width * height * 4);
    await frame.copyTo(pixels, { layout: [{ offset: 0, stride: width * 4 }] });
    if (blueFirst) swapRedAndBlue(pixels);
    return pixels;
  } catch {
    // Browsers differ in which bitmaps they take here; a canvas takes them all.
    return null;
  } finally {
    frame?.close();
  }
}

/** Pixels by a canvas, shrunk to `size` where createImageBitmap ignored the wish. */
function readByCanvas(bitmap: ImageBitmap, size: Size): Uint8ClampedArray {
  const canvas = new OffscreenCanvas(size.width, size.height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('no 2D canvas is to be had');
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, size.width, size.height);
  return context.getImageData(0, 0, size.width, size.height).data;
}

async function readPixels(bitmap: ImageBitmap, size: Size) {
  const asWished = bitmap.width === size.width && bitmap.height === size.height;
  return (asWished ? await readByVideoFrame(bitmap) : null) ?? readByCanvas(bitmap, size);
}

/** `createImageBitmap` applies EXIF orientation and colour profiles by default. */
function toImageBitmap(bytes: Uint8Array, header: PhotoHeader, size: Size): Promise<ImageBitmap> {
  // The type matters: browsers do not look at the bytes of a Blob that states one.
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>], { type: header.mime });
  const shrink = size.width < header.width || size.height < header.height;
  return createImageBitmap(blob, {
    premultiplyAlpha: 'none',
    ...(shrink
      ? { resizeWidth: size.width, resizeHeight: size.height, resizeQuality: 'high' as const }
      : {}),
  });
}

/** See {@link DecodePhoto}. An abort is noticed before and after decoding, not within. */
export async function decodePhoto(bytes: Uint8Array, work: LongWork = {}): Promise<Bitmap8> {
  throwIfAborted(work.signal);
  const header = inspectPhoto(bytes);
  const size = decodedSize(header.width, header.height);
  let bitmap: ImageBitmap | undefined;
  try {
    bitmap = await toImageBitmap(bytes, header, size);
    throwIfAborted(work.signal);
    const data = await readPixels(bitmap, size);
    throwIfAborted(work.signal);
    if (header.mime !== 'image/jpeg') flattenOnWhite(data);
    return { ...size, channels: 4, data, header };
  } catch (cause) {
    throwIfAborted(work.signal);
    throw corruptPhoto('its pixels cannot be decoded', cause);
  } finally {
    bitmap?.close();
  }
}
