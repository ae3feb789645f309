// The one EXIF field that decoding needs: the orientation tag of the first image directory (IFD0).

/** 1 = upright … 8 = rotated by 270°, as EXIF numbers them; 5 to 8 swap width and height. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const TAG_ORIENTATION = 0x0112;
const TYPE_SHORT = 3;
const ENTRY_BYTES = 12;

/**
 * Reads the orientation from a TIFF block (what follows `Exif\0\0` in a JPEG).
 * Anything malformed counts as upright, as it does for every decoder.
 */
export function tiffOrientation(tiff: Uint8Array): Orientation {
  if (tiff.length < 8) return 1;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const order = view.getUint16(0, false);
  if (order !== 0x4949 && order !== 0x4d4d) return 1;
  const little = order === 0x4949;
  if (view.getUint16(2, little) !== 42) return 1;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return 1;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + i * ENTRY_BYTES;
    if (at + ENTRY_BYTES > tiff.length) return 1;
    if (view.getUint16(at, little) !== TAG_ORIENTATION) continue;
    if (view.getUint16(at + 2, little) !== TYPE_SHORT) return 1;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? (value as Orientation) : 1;
  }
  return 1;
}

/** Whether width and height change places when the orientation is applied. */
export function swapsSides(orientation: Orientation): boolean {
  return orientation >= 5;
}

/** Numbers for a turn of 0, 90, 180, 270 degrees clockwise, and for the same mirrored left and right after it. */
export const TURNED: readonly Orientation[] = [1, 6, 3, 8];
export const TURNED_AND_MIRRORED: readonly Orientation[] = [2, 5, 4, 7];
