// Which kind of file this is, by its first bytes alone: names and MIME types lie.
import type { CairnError } from '../errors.ts';
import { BMP_HEADERS } from './bmp-header.ts';
import type { OtherFileKind } from './other-files.ts';
import { unsupportedPhoto } from './photo-errors.ts';

/** The formats that are read, in Node and in browsers. HEIC is everything in HEVC's container for stills. */
export type PhotoMime =
  | 'image/jpeg'
  | 'image/png'
  | 'image/webp'
  | 'image/gif'
  | 'image/avif'
  | 'image/heic'
  | 'image/bmp';

/** How far into a text the `<svg` of a drawing is looked for, in bytes. */
const TEXT_PROBE = 1024;

/** Signatures of files that people take for photos. */
const OTHERS: readonly (readonly [signature: string, kind: OtherFileKind])[] = [
  ['II*\0\x10\0\0\0CR', 'raw'],
  ['II*\0', 'tiff'],
  ['MM\0*', 'tiff'],
  ['II+\0', 'tiff'],
  ['MM\0+', 'tiff'],
  ['IIRO', 'raw'],
  ['IIRS', 'raw'],
  ['MMOR', 'raw'],
  ['IIU\0', 'raw'],
  ['FUJIFILMCCD-RAW', 'raw'],
  ['FOVb', 'raw'],
  ['\0MRM', 'raw'],
  ['\0\0\x01\0', 'icon'],
  ['8BPS', 'photoshop'],
  ['\xff\x0a', 'jpegxl'],
  ['\0\0\0\x0cJXL ', 'jpegxl'],
  ['\0\0\0\x0cjP  ', 'jpeg2000'],
  ['\xff\x4f\xff\x51', 'jpeg2000'],
  ['%PDF', 'pdf'],
  ['PK\x03\x04', 'archive'],
  ['\x1aE\xdf\xa3', 'video'],
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
  if (head.startsWith('BM') && isBitmap(bytes)) return 'image/bmp';
  if (head.slice(4, 8) === 'ftyp') return sniffIsoMedia(bytes);
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'AVI ') throw unsupportedPhoto('video');
  const other = OTHERS.find(([signature]) => head.startsWith(signature));
  if (other) throw unsupportedPhoto(other[1]);
  throw sniffText(bytes);
}

/** Two letters are little: the reserved zeros and a header size that exists must follow (BITMAPFILEHEADER). */
function isBitmap(bytes: Uint8Array): boolean {
  if (bytes.length < 18) return bytes.subarray(6).every((byte) => byte === 0); // cut off, as its reader will say
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(6, true) === 0 && BMP_HEADERS.has(view.getUint32(14, true));
}

/** Brands of still pictures in HEVC (ISO/IEC 23008-12, annex B). */
const HEVC_STILLS = new Set(['heic', 'heix', 'heim', 'heis']);
/** Brands of the container alone, of sequences, and of what phones write around them. */
const HEIF_CONTAINERS = new Set(['mif1', 'mif2', 'miaf', 'msf1', 'hevc', 'hevx', 'hevm', 'hevs']);

/** AVIF, HEIC and MP4 share a container; the brands in its first box tell them apart. */
function sniffIsoMedia(bytes: Uint8Array): PhotoMime {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, false);
  const box = latin1(bytes, 8, Math.min(size, 256));
  const major = box.slice(0, 4);
  const compatible: readonly string[] = box.slice(8).match(/.{4}/gs) ?? [];
  const container = HEIF_CONTAINERS.has(major);
  if (major === 'avif' || (container && compatible.includes('avif'))) return 'image/avif';
  if (major === 'avis') throw unsupportedPhoto('animated-avif');
  const still = compatible.some((brand) => HEVC_STILLS.has(brand));
  if (HEVC_STILLS.has(major) || (container && still)) return 'image/heic';
  if (container) throw unsupportedPhoto('rare-heif');
  throw unsupportedPhoto(major === 'crx ' ? 'raw' : 'video');
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
  if (text === null) return unsupportedPhoto('unknown');
  if (text.startsWith('<') && text.includes('<svg')) return unsupportedPhoto('svg');
  if (/^<(!doctype|html|head|\?xml)/.test(text)) return unsupportedPhoto('page');
  return unsupportedPhoto('text');
}
