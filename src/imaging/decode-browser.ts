// Decoding in a browser, in a page or a worker: the same answers as decode-node.ts.
import { CairnError, throwIfAborted } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import { decodeBmp } from './bmp.ts';
import { type Bitmap8, flattenOnWhite } from './decode.ts';
import { swapsSides } from './exif.ts';
import { inspectPhoto, type PhotoHeader } from './inspect.ts';
import { decodedSize } from './limits.ts';
import { corruptPhoto, heicReaderMissing } from './photo-errors.ts';
import { type QuarterTurns, turnPixels, turnUpright } from './turn.ts';
import { turnsPngs } from './turns-png.ts';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Orientation notes of a frame, which TypeScript's DOM library does not know yet. */
interface FrameOrientation {
  readonly rotation?: QuarterTurns;
  readonly flip?: boolean;
}

/** What to ask of `copyTo`: the bytes of a bitmap with 4 channels, in sRGB. */
const AS_SRGB: VideoFrameCopyToOptions = { format: 'RGBA', colorSpace: 'srgb' };

let copyConverts: Promise<boolean> | undefined;

/** Whether `copyTo` does what {@link AS_SRGB} asks: older browsers ignore it without a word. */
function doesCopyConvert(): Promise<boolean> {
  copyConverts ??= (async () => {
    if (typeof VideoFrame === 'undefined') return false;
    const init = { format: 'BGRA', codedWidth: 1, codedHeight: 1, timestamp: 0 } as const;
    const frame = new VideoFrame(new Uint8Array([30, 20, 10, 255]), init);
    try {
      const pixel = new Uint8Array(4);
      await frame.copyTo(pixel, AS_SRGB);
      return pixel[0] === 10 && pixel[2] === 30;
    } finally {
      frame.close();
    }
  })().catch(() => false);
  return copyConverts;
}

/**
 * Pixels by WebCodecs, exactly as decoded: Brave and Firefox add noise to what a canvas gives back.
 * @returns RGBA, or null where this way is not open
 */
async function readByVideoFrame(
  bitmap: ImageBitmap,
  header: PhotoHeader,
): Promise<Uint8Array | null> {
  if (!(await doesCopyConvert())) return null;
  let frame: (VideoFrame & FrameOrientation) | undefined;
  try {
    frame = new VideoFrame(bitmap, { timestamp: 0 });
    const rect = frame.visibleRect;
    if (!rect || rect.width * rect.height !== bitmap.width * bitmap.height) return null;
    // Chromium leaves a turned photo's pixels as stored and notes the turn on the frame.
    const { rotation, flip = false } = frame;
    if (rotation === undefined && header.orientation !== 1) return null;
    const pixels = new Uint8Array(rect.width * rect.height * 4);
    await frame.copyTo(pixels, { ...AS_SRGB, layout: [{ offset: 0, stride: rect.width * 4 }] });
    if (!rotation && !flip) return rect.width === bitmap.width ? pixels : null;
    const asStored = new Uint32Array(pixels.buffer);
    const upright = turnPixels(asStored, rect.width, rect.height, rotation ?? 0, flip);
    return new Uint8Array(upright.buffer);
  } catch {
    // Browsers differ in which bitmaps they take here; a canvas takes them all.
    return null;
  } finally {
    frame?.close();
  }
}

/** Pixels by a canvas, shrunk to `size` where createImageBitmap ignored the wish. */
function readByCanvas(bitmap: ImageBitmap, size: Size): Uint8ClampedArray {
  if (typeof OffscreenCanvas === 'undefined') throw noCanvas();
  const canvas = new OffscreenCanvas(size.width, size.height);
  const context = canvas.getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' });
  if (!context) throw new Error('no 2D canvas is to be had');
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, size.width, size.height);
  return context.getImageData(0, 0, size.width, size.height).data;
}

/** No fault of the photo. */
function noCanvas(): CairnError {
  return new CairnError(
    'backend-unavailable',
    'This browser gives no way to read the pixels of a photo.',
    'Update the browser, or use a recent Chrome, Edge, Firefox or Safari.',
  );
}

async function readPixels(bitmap: ImageBitmap, size: Size, header: PhotoHeader) {
  const asWished = bitmap.width === size.width && bitmap.height === size.height;
  return (asWished ? await readByVideoFrame(bitmap, header) : null) ?? readByCanvas(bitmap, size);
}

/** Turned by EXIF, and with the embedded profile minded: what reads the pixels asks for them in sRGB. */
function toImageBitmap(bytes: Uint8Array, header: PhotoHeader, size: Size): Promise<ImageBitmap> {
  // The type matters: browsers do not look at the bytes of a Blob that states one.
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>], { type: header.mime });
  const shrink = size.width < header.width || size.height < header.height;
  return createImageBitmap(blob, {
    premultiplyAlpha: 'none',
    imageOrientation: 'from-image',
    colorSpaceConversion: 'default',
    ...(shrink
      ? { resizeWidth: size.width, resizeHeight: size.height, resizeQuality: 'high' as const }
      : {}),
  });
}

type Pixels = Uint8Array | Uint8ClampedArray;

/** What the browser itself reads, with alpha laid on white. */
async function decodeByBrowser(
  bytes: Uint8Array,
  header: PhotoHeader,
  size: Size,
): Promise<Pixels> {
  const { mime, orientation } = header;
  if (mime === 'image/png' && orientation !== 1 && !(await turnsPngs())) {
    const stored = (sides: Size) =>
      swapsSides(orientation) ? { width: sides.height, height: sides.width } : sides;
    const asStored = stored(size);
    const pixels = await readUpright(
      bytes,
      { ...header, ...stored(header), orientation: 1 },
      asStored,
    );
    const packed = new Uint32Array(pixels.buffer, pixels.byteOffset, pixels.length / 4);
    const turned = turnUpright(packed, asStored.width, asStored.height, orientation);
    return new Uint8Array(turned.buffer);
  }
  return readUpright(bytes, header, size);
}

/** As {@link decodeByBrowser}, of what the browser turns. */
async function readUpright(bytes: Uint8Array, header: PhotoHeader, size: Size): Promise<Pixels> {
  const bitmap = await toImageBitmap(bytes, header, size);
  try {
    const data = await readPixels(bitmap, size, header);
    if (header.mime !== 'image/jpeg') flattenOnWhite(data);
    return data;
  } finally {
    bitmap.close();
  }
}

/** Safari reads HEIC by itself; elsewhere the code that does is fetched by the first one. */
async function decodeHeicAnyhow(
  bytes: Uint8Array,
  header: PhotoHeader,
  size: Size,
): Promise<Pixels> {
  try {
    return await decodeByBrowser(bytes, header, size);
  } catch {
    const part = await import('./heic/decode-in-browser.ts').catch((cause: unknown) => {
      throw heicReaderMissing(cause);
    });
    return part.decodeHeicInBrowser(bytes, header, size);
  }
}

function decodeInspected(bytes: Uint8Array, header: PhotoHeader, size: Size): Promise<Pixels> {
  if (header.mime === 'image/heic') return decodeHeicAnyhow(bytes, header, size);
  if (header.mime !== 'image/bmp') return decodeByBrowser(bytes, header, size);
  return Promise.resolve(decodeBmp(bytes, size));
}

/** See {@link DecodePhoto}. An abort is noticed before and after decoding, not within. */
export async function decodePhoto(bytes: Uint8Array, work: LongWork = {}): Promise<Bitmap8> {
  throwIfAborted(work.signal);
  const header = inspectPhoto(bytes);
  const size = decodedSize(header.width, header.height);
  try {
    const data = await decodeInspected(bytes, header, size);
    throwIfAborted(work.signal);
    return { ...size, channels: 4, data, header };
  } catch (cause) {
    throwIfAborted(work.signal);
    throw cause instanceof CairnError ? cause : corruptPhoto('its pixels cannot be decoded', cause);
  }
}
