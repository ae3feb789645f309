// Which version of the decoder in Node a photo's pixels depend on: part of the keys under which what was computed of
// photos is kept between runs (src/cli/photo-key.ts).
import sharp from 'sharp';
import { type PhotoMime, sniffPhoto } from './sniff.ts';

/**
 * Raise it with every change to the pixels that decode-node.ts gives of any file, a new sharp included, and let
 * {@link decoderVersionOf} tell the files that they change for: what is kept of the others stays usable.
 *
 * - 1: as it began.
 * - 2: CMYK without a profile is rounded down; 16 bits with a profile become sRGB; HEIC and BMP are read, and laid on
 *   white before they are shrunk; a BMP whose alpha is 0 throughout is opaque.
 */
export const DECODER_VERSION = 2;

/** Kinds of files that version 1 did not read. */
const OURS_SINCE_2: ReadonlySet<PhotoMime> = new Set(['image/heic', 'image/bmp']);

/**
 * The last version that changed the pixels of such a file: 1 for nearly all.
 * @param bytes the whole file, of whatever kind: of what cannot be read there are no pixels, so any answer will do
 */
export async function decoderVersionOf(bytes: Uint8Array): Promise<number> {
  try {
    if (OURS_SINCE_2.has(sniffPhoto(bytes))) return DECODER_VERSION;
    const { space, hasProfile, depth } = await sharp(bytes).metadata();
    const changed = hasProfile ? depth === 'ushort' : space === 'cmyk';
    return changed ? DECODER_VERSION : 1;
  } catch {
    return DECODER_VERSION;
  }
}
