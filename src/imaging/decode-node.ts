// Decoding in Node, by sharp (libvips), libheif and our own code: the same answers as decode-browser.ts.
import sharp from 'sharp';
import { CairnError, throwIfAborted } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import { decodeBmp } from './bmp.ts';
import { type Bitmap8, flattenOnWhite } from './decode.ts';
import { decodeHeic } from './heic/decode-heic.ts';
import { libheifFiles } from './heic/files-node.ts';
import { inspectPhoto, type PhotoHeader } from './inspect.ts';
import { decodedSize, PHOTO_LIMITS } from './limits.ts';
import { corruptPhoto } from './photo-errors.ts';

interface RawPixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** CMYK without a profile as Chromium shows it: plain multiplication without rounding, 0 = no ink. In place. */
function cmykToRgbx(pixels: Uint8Array): void {
  for (let i = 0; i < pixels.length; i += 4) {
    const light = 255 - pixels[i + 3]!;
    for (let c = i; c < i + 3; c++) pixels[c] = Math.floor(((255 - pixels[c]!) * light) / 255);
  }
}

/** Grey and grey + alpha to RGB and RGBA; anything else as it is. */
function spreadGrey(raw: RawPixels): RawPixels {
  if (raw.channels > 2) return raw;
  const channels = raw.channels + 2;
  const pixels = raw.width * raw.height;
  const data = new Uint8Array(pixels * channels);
  for (let i = 0; i < pixels; i++) {
    data.fill(raw.data[i * raw.channels]!, i * channels, i * channels + 3);
    if (channels === 4) data[i * 4 + 3] = raw.data[i * 2 + 1]!;
  }
  return { ...raw, data, channels };
}

async function decodeRaw(bytes: Uint8Array, header: PhotoHeader) {
  // One page is the default: the first frame of an animation.
  const image = sharp(bytes, {
    failOn: 'truncated',
    limitInputPixels: PHOTO_LIMITS.maxPixels,
    sequentialRead: true,
    // libheif turns AVIF by itself; WebP's EXIF is left alone, as in browsers.
    autoOrient: header.mime === 'image/jpeg' || header.mime === 'image/png',
  });
  const { space, hasProfile, depth } = await image.metadata();
  const inks = space === 'cmyk' && !hasProfile;
  if (inks) image.pipelineColourspace('cmyk').toColourspace('cmyk');
  else image.toColourspace('srgb');
  // With a profile, sharp works on 16 bits in Display P3, and would leave them so.
  if (hasProfile && depth === 'ushort') image.withIccProfile('srgb', { attach: false });
  const { data, info } = await image
    .resize({ ...decodedSize(header.width, header.height), fit: 'fill' })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (inks) cmykToRgbx(data);
  return { inks, raw: spreadGrey({ data, ...info }) };
}

/** What sharp reads, with alpha laid on white. */
async function decodeBySharp(bytes: Uint8Array, header: PhotoHeader): Promise<Bitmap8> {
  const { inks, raw } = await decodeRaw(bytes, header);
  const { data, width, height } = raw;
  const channels = raw.channels === 4 ? 4 : 3;
  if (channels === 4 && !inks) flattenOnWhite(data);
  return { width, height, channels, data, header };
}

async function decodeInspected(bytes: Uint8Array, header: PhotoHeader): Promise<Bitmap8> {
  const size = decodedSize(header.width, header.height);
  if (header.mime === 'image/bmp') {
    return { ...size, channels: 4, data: decodeBmp(bytes, size), header };
  }
  if (header.mime === 'image/heic') {
    const data = decodeHeic(bytes, header, size, await libheifFiles());
    return { ...size, channels: 4, data, header };
  }
  return decodeBySharp(bytes, header);
}

/** See {@link DecodePhoto}. An abort is noticed before and after decoding, not within. */
export async function decodePhoto(bytes: Uint8Array, work: LongWork = {}): Promise<Bitmap8> {
  throwIfAborted(work.signal);
  const header = inspectPhoto(bytes);
  const bitmap = await decodeInspected(bytes, header).catch((cause: unknown) => {
    throw cause instanceof CairnError ? cause : corruptPhoto('its pixels cannot be decoded', cause);
  });
  throwIfAborted(work.signal);
  return bitmap;
}
