// Sizes and completeness of PNG, GIF and WebP files, from their chunks, before any decoding.
import { imageSize } from 'image-size';
import { type Orientation, tiffOrientation } from './exif.ts';
import { corruptPhoto, truncatedPhoto, unsupportedPhoto } from './photo-errors.ts';
import { latin1 } from './sniff.ts';

export interface ContainerHeader {
  /** Pixels as stored, before orientation. */
  readonly width: number;
  readonly height: number;
  readonly orientation: Orientation;
  readonly animated: boolean;
}

/** image-size needs no more than the head of a file; bounding it bounds its time too. */
const SIZE_PROBE = 1024 * 1024;

/** Asks image-size, which throws all kinds of errors on damaged headers. */
function probedSize(bytes: Uint8Array): { width: number; height: number } {
  try {
    const { width, height } = imageSize(bytes.subarray(0, SIZE_PROBE));
    return { width, height };
  } catch (cause) {
    throw corruptPhoto('its header does not tell its size', cause);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** PNG: chunks of length, type, data, CRC up to IEND. What follows IEND is ignored. */
export function readPngHeader(bytes: Uint8Array): ContainerHeader {
  const view = viewOf(bytes);
  let size: { width: number; height: number } | undefined;
  let orientation: Orientation = 1;
  let animated = false;
  let at = 8;
  for (;;) {
    if (at + 12 > bytes.length) throw truncatedPhoto('the end of the PNG data');
    const length = view.getUint32(at, false);
    const type = latin1(bytes, at + 4, at + 8);
    if (!/^[A-Za-z]{4}$/.test(type)) throw corruptPhoto('a PNG chunk has no proper name');
    if (type === 'CgBI') {
      throw unsupportedPhoto('apple-png');
    }
    const data = at + 8;
    const end = data + length + 4;
    if (end > bytes.length) throw truncatedPhoto('the end of the PNG data');
    if (type === 'IHDR' && length >= 13) {
      size ??= { width: view.getUint32(data, false), height: view.getUint32(data + 4, false) };
    } else if (!size) {
      throw corruptPhoto('the PNG does not begin with its header');
    }
    if (type === 'acTL') animated = true;
    if (type === 'eXIf') orientation = tiffOrientation(bytes.subarray(data, data + length));
    if (type === 'IEND') return { ...size!, orientation, animated };
    at = end;
  }
}

const GIF_EXTENSION = 0x21;
const GIF_IMAGE = 0x2c;
const GIF_TRAILER = 0x3b;

/** Bytes of a GIF colour table, from the flags byte before it. */
function colourTableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

/** GIF: blocks of length-prefixed sub-blocks up to the trailer; the canvas is the picture's size. */
export function readGifHeader(bytes: Uint8Array): ContainerHeader {
  const byteAt = (at: number): number => {
    const value = bytes[at];
    if (value === undefined) throw truncatedPhoto('the end of the GIF data');
    return value;
  };
  const skipSubBlocks = (from: number): number => {
    let at = from;
    for (let length = byteAt(at); length > 0; length = byteAt(at)) at += length + 1;
    return at + 1;
  };
  if (bytes.length < 13) throw truncatedPhoto('the end of the GIF data');
  const view = viewOf(bytes);
  const size = { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  let frames = 0;
  let at = 13 + colourTableBytes(byteAt(10));
  for (;;) {
    const block = byteAt(at);
    if (block === GIF_EXTENSION) {
      at = skipSubBlocks(at + 2);
    } else if (block === GIF_IMAGE) {
      // Descriptor of 10 bytes, local colour table, code size, sub-blocks.
      at = skipSubBlocks(at + 10 + colourTableBytes(byteAt(at + 9)) + 1);
      frames++;
    } else if (block === GIF_TRAILER || frames > 0) {
      // Decoders take unknown bytes after a frame as the end.
      break;
    } else {
      throw corruptPhoto('a GIF block is of an unknown kind');
    }
  }
  if (frames === 0) throw corruptPhoto('it has no picture in it');
  return { ...size, orientation: 1, animated: frames > 1 };
}

const VP8X_ANIMATION = 0x02;

/**
 * WebP: a RIFF whose stated size must be there in full. Its EXIF orientation is left alone: the
 * format does not give it a meaning, and Chromium shows such files as stored.
 */
export function readWebpHeader(bytes: Uint8Array): ContainerHeader {
  if (bytes.length < 30) throw truncatedPhoto('the end of the WebP data');
  const riffSize = viewOf(bytes).getUint32(4, true);
  if (riffSize + 8 > bytes.length) throw truncatedPhoto('the end of the WebP data');
  const animated = latin1(bytes, 12, 16) === 'VP8X' && (bytes[20]! & VP8X_ANIMATION) !== 0;
  return { ...probedSize(bytes), orientation: 1, animated };
}
