// BMP: where its pixels lie and how they are packed, from its two headers (BITMAPFILEHEADER, BITMAPINFOHEADER).
import type { ContainerHeader } from './container-headers.ts';
import { corruptPhoto, truncatedPhoto, unsupportedPhoto } from './photo-errors.ts';

const FILE_HEADER = 14;
const CORE_HEADER = 12;
/** Lengths of the second header, in bytes: OS/2 1, Windows 3, its two undocumented kin, OS/2 2, versions 4 and 5. */
export const BMP_HEADERS: ReadonlySet<number> = new Set([CORE_HEADER, 40, 52, 56, 64, 108, 124]);
/** Compression: none, and none with masks that say which bits are which colour. */
const RGB = 0;
const BITFIELDS = 3;
const ALPHA_BITFIELDS = 6;

export interface BmpLayout {
  readonly width: number;
  readonly height: number;
  /** Rows from the top; most files have them from the bottom. */
  readonly topDown: boolean;
  readonly bits: 1 | 4 | 8 | 16 | 24 | 32;
  /** Bit masks of red, green, blue and alpha within a pixel of 16 or 32 bits; 0 = not there. */
  readonly masks: readonly [red: number, green: number, blue: number, alpha: number];
  /** Where the colour table begins, how many colours it has, and bytes of each (blue, green, red, …). */
  readonly palette: { readonly at: number; readonly colours: number; readonly bytes: 3 | 4 };
  readonly pixelsAt: number;
  /** Rows are filled up to multiples of 4. */
  readonly rowBytes: number;
}

const BITS: ReadonlySet<number> = new Set([1, 4, 8, 16, 24, 32]);
const isBits = (bits: number): bits is BmpLayout['bits'] => BITS.has(bits);

/**
 * @param bytes the whole file, beginning with `BM`
 * @throws CairnError `photo-truncated`, `photo-corrupt`, and `photo-unsupported` for compressed pixels
 */
export function readBmpLayout(bytes: Uint8Array): BmpLayout {
  const missing = 'the end of the BMP data';
  if (bytes.length < FILE_HEADER + CORE_HEADER) throw truncatedPhoto(missing);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pixelsAt = view.getUint32(10, true);
  const header = view.getUint32(FILE_HEADER, true);
  if (!BMP_HEADERS.has(header)) throw corruptPhoto('its BMP header is of an unknown length');
  if (bytes.length < FILE_HEADER + header) throw truncatedPhoto(missing);
  const old = header === CORE_HEADER;
  const width = old ? view.getUint16(18, true) : view.getInt32(18, true);
  const signed = old ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(old ? 24 : 28, true);
  const compression = old ? RGB : view.getUint32(30, true);
  const height = Math.abs(signed);
  if (width < 1 || height < 1) throw corruptPhoto('its header states a size of zero');
  const masked = compression === BITFIELDS || compression === ALPHA_BITFIELDS;
  if (!isBits(bits) || !(compression === RGB || (masked && bits >= 16 && bits !== 24))) {
    throw unsupportedPhoto('rare-bmp');
  }
  const masksAt = FILE_HEADER + 40;
  // In the header of version 2 and later, or right behind that of version 1.
  const maskCount = header >= 56 || compression === ALPHA_BITFIELDS ? 4 : 3;
  const maskBytes = masked && header === 40 ? 4 * maskCount : 0;
  if (bytes.length < FILE_HEADER + header + maskBytes) throw truncatedPhoto(missing);
  const mask = (i: number) => (i < maskCount ? view.getUint32(masksAt + 4 * i, true) : 0);
  const used = old ? 0 : view.getUint32(46, true);
  const most = bits <= 8 ? 2 ** bits : 0;
  const rowBytes = 4 * Math.ceil((width * bits) / 32);
  if (pixelsAt + rowBytes * height > bytes.length) throw truncatedPhoto(missing);
  return {
    width,
    height,
    topDown: signed < 0,
    bits,
    masks: masked
      ? [mask(0), mask(1), mask(2), mask(3)]
      : bits === 16
        ? [0x7c00, 0x3e0, 0x1f, 0]
        : [0xff0000, 0xff00, 0xff, 0],
    palette: {
      at: FILE_HEADER + header + maskBytes,
      colours: used === 0 ? most : Math.min(used, most),
      bytes: old ? 3 : 4,
    },
    pixelsAt,
    rowBytes,
  };
}

export function readBmpHeader(bytes: Uint8Array): ContainerHeader {
  const { width, height } = readBmpLayout(bytes);
  return { width, height, orientation: 1, animated: false };
}
