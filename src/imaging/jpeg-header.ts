// Walks a JPEG's segments: size, orientation, and whether its end is there.
import type { ContainerHeader } from './container-headers.ts';
import { type Orientation, tiffOrientation } from './exif.ts';
import { corruptPhoto, truncatedPhoto } from './photo-errors.ts';
import { latin1 } from './sniff.ts';

const SOF_FIRST = 0xc0;
const SOF_LAST = 0xcf;
/** Within SOF_FIRST..SOF_LAST but not frame headers: DHT, JPG, DAC. */
const NOT_SOF = new Set([0xc4, 0xc8, 0xcc]);
const RST_FIRST = 0xd0;
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP1 = 0xe1;
const TEM = 0x01;

/**
 * Thumbnails with end markers of their own lie inside APP segments, so segments are stepped over,
 * never searched. What follows the first end marker (MPF, UltraHDR gain maps, motion photos) is of
 * no concern. Throws `photo-truncated` when there is no end marker, `photo-corrupt` without a frame.
 */
export function readJpegHeader(bytes: Uint8Array): ContainerHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let size: { width: number; height: number } | undefined;
  let orientation: Orientation | undefined;
  let scans = 0;
  let at = 2;
  for (;;) {
    // Decoders skip stray bytes before a marker, and any number of 0xff may fill up before one.
    at = bytes.indexOf(0xff, at);
    while (at >= 0 && bytes[at + 1] === 0xff) at++;
    if (at < 0 || at + 1 >= bytes.length) throw truncatedPhoto('the end of the JPEG data');
    const marker = bytes[at + 1]!;
    at += 2;
    if (marker === EOI) break;
    // A stuffed zero is a data byte 0xff; restart markers stand inside scans; none has a length.
    if (marker === 0 || marker === TEM || (marker >= RST_FIRST && marker <= SOI)) continue;
    if (at + 2 > bytes.length) throw truncatedPhoto('the end of the JPEG data');
    const length = view.getUint16(at, false);
    if (length < 2) throw corruptPhoto('a JPEG segment has no length');
    const end = at + length;
    if (end > bytes.length) throw truncatedPhoto('the end of the JPEG data');
    if (marker >= SOF_FIRST && marker <= SOF_LAST && !NOT_SOF.has(marker)) {
      if (length < 8) throw corruptPhoto('the JPEG frame header is too short');
      size ??= { height: view.getUint16(at + 3, false), width: view.getUint16(at + 5, false) };
    } else if (marker === APP1 && latin1(bytes, at + 2, at + 8) === 'Exif\0\0') {
      orientation ??= tiffOrientation(bytes.subarray(at + 8, end));
    } else if (marker === SOS) {
      scans++;
    }
    at = end;
  }
  if (!size || scans === 0) throw corruptPhoto('it has no picture in it');
  return { ...size, orientation: orientation ?? 1, animated: false };
}
