// Which kind of file this is, by its first bytes alone: names and MIME types lie.
import type { CairnError } from '../errors.ts';
import { unsupportedPhoto } from './photo-errors.ts';

/** The formats that both decoders, browsers' and sharp's, read. */
export type PhotoMime = 'image/jpeg' | 'image/png' | 'image/webp' | 'image/gif' | 'image/avif';

const SAVE_AS_JPEG = 'Save or export it as a JPEG and choose that.';
const HEIC_REMEDY =
  'Export it as a JPEG; on an iPhone: Settings, Camera, Formats, Most Compatible.';
/** How far into a text the `<svg` of a drawing is looked for, in bytes. */
const TEXT_PROBE = 1024;

/** Signatures of files that people take for photos, with the words for them. */
const OTHERS: readonly (readonly [signature: string, what: string])[] = [
  ['II*\0', 'a TIFF or raw camera picture'],
  ['MM\0*', 'a TIFF or raw camera picture'],
  ['BM', 'a BMP picture'],
  ['\0\0\x01\0', 'an icon'],
  ['8BPS', 'a Photoshop document'],
  ['\xff\x0a', 'a JPEG XL picture'],
  ['\0\0\0\x0cJXL ', 'a JPEG XL picture'],
  ['\0\0\0\x0cjP  ', 'a JPEG 2000 picture'],
  ['%PDF', 'a PDF document'],
  ['PK\x03\x04', 'a ZIP archive or an office document'],
  ['\x1aE\xdf\xa3', 'a video'],
];

/** Bytes [start, end) as Latin-1 text; shorter where the file ends. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

/**
 * Tells the format, or throws `photo-unsupported` with words for what the file is instead.
 * @param bytes the file, not empty
 */
export function sniffPhoto(bytes: Uint8Array): PhotoMime {
  const head = latin1(bytes, 0, 16);
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'image/gif';
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return 'image/webp';
  if (head.slice(4, 8) === 'ftyp') return sniffIsoMedia(bytes);
  const other = OTHERS.find(([signature]) => head.startsWith(signature));
  if (other) throw unsupportedPhoto(other[1], SAVE_AS_JPEG);
  throw sniffText(bytes);
}

/** AVIF, HEIC and MP4 share a container; the brands in its first box tell them apart. */
function sniffIsoMedia(bytes: Uint8Array): PhotoMime {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, false);
  const box = latin1(bytes, 8, Math.min(size, 256));
  const major = box.slice(0, 4);
  const compatible: readonly string[] = box.slice(8).match(/.{4}/gs) ?? [];
  if (major === 'avif' || (['mif1', 'miaf'].includes(major) && compatible.includes('avif'))) {
    return 'image/avif';
  }
  if (major === 'avis') throw unsupportedPhoto('an animated AVIF picture', SAVE_AS_JPEG);
  if (/^(hei|hev|mif1|msf1)/.test(major)) {
    throw unsupportedPhoto('a HEIC photo', HEIC_REMEDY);
  }
  throw unsupportedPhoto('a video', 'Choose a photo, or a still of the video.');
}

/** The bytes as text, or null where they are none: not UTF-8, or with control characters. */
function asText(bytes: Uint8Array): string | null {
  try {
    // Streaming, since the end may fall within a character.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    return /[\x00-\x08\x0e-\x1f]/.test(text) ? null : text.trimStart().toLowerCase();
  } catch {
    return null;
  }
}

function sniffText(bytes: Uint8Array): CairnError {
  const text = asText(bytes.subarray(0, TEXT_PROBE));
  if (text === null) return unsupportedPhoto('of an unknown kind');
  if (text.startsWith('<') && text.includes('<svg')) {
    return unsupportedPhoto('an SVG drawing', 'Choose a photo; drawings have no landmark to find.');
  }
  if (/^<(!doctype|html|head|\?xml)/.test(text)) {
    return unsupportedPhoto('a web page', 'Save the picture itself, not the page around it.');
  }
  return unsupportedPhoto('a text');
}
