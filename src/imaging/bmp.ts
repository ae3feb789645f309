// The pixels of a BMP by our own code: sharp reads none, and so Node and browsers cannot differ.
import { type BmpLayout, readBmpLayout } from './bmp-header.ts';
import { flattenOnWhite } from './decode.ts';
import { shrinkRgba } from './shrink.ts';

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * @param bytes the whole file
 * @param size of the result, at most that of the photo
 * @returns [height, width, 4], from the top left, on white
 * @throws what {@link readBmpLayout} throws
 */
export function decodeBmp(bytes: Uint8Array, size: Size): Uint8ClampedArray {
  const layout = readBmpLayout(bytes);
  const { width, height, bits, pixelsAt, rowBytes, topDown } = layout;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = bits <= 8 ? byPalette(bytes, layout) : byMasks(view, withTrueAlpha(view, layout));
  const row = new Uint8Array(width * 4);
  return shrinkRgba({ width, height }, size, (y) => {
    const at = pixelsAt + rowBytes * (topDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++) read(at, x, row, x * 4);
    flattenOnWhite(row);
    return row;
  });
}

type ReadPixel = (rowAt: number, x: number, into: Uint8Array, to: number) => void;

/** Colours that the table lacks are black. */
function byPalette(bytes: Uint8Array, { bits, palette, pixelsAt }: BmpLayout): ReadPixel {
  const colours = new Uint8Array(4 * 2 ** bits);
  for (let i = 0; i < colours.length / 4; i++) {
    const at = palette.at + i * palette.bytes;
    const there = i < palette.colours && at + palette.bytes <= pixelsAt;
    for (let c = 0; c < 3; c++) colours[4 * i + c] = there ? (bytes[at + 2 - c] ?? 0) : 0;
    colours[4 * i + 3] = 255;
  }
  const perByte = 8 / bits;
  const highest = 2 ** bits - 1;
  return (rowAt, x, into, to) => {
    const byte = bytes[rowAt + Math.floor(x / perByte)] ?? 0;
    // The first pixel lies in the highest bits.
    const colour = (byte >> (8 - bits * (1 + (x % perByte)))) & highest;
    into.set(colours.subarray(4 * colour, 4 * colour + 4), to);
  };
}

/** Programs that fill alpha's place with zeros mean opaque pictures: browsers show them so, and so do we. */
function withTrueAlpha(view: DataView, layout: BmpLayout): BmpLayout {
  const [red, green, blue, alpha] = layout.masks;
  if (alpha === 0 || anyAlpha(view, layout)) return layout;
  return { ...layout, masks: [red, green, blue, 0] };
}

function anyAlpha(view: DataView, { width, height, bits, masks, pixelsAt, rowBytes }: BmpLayout) {
  const alpha = masks[3];
  for (let y = 0; y < height; y++) {
    const row = pixelsAt + rowBytes * y;
    for (let x = 0; x < width; x++) {
      const pixel =
        bits === 32 ? view.getUint32(row + 4 * x, true) : view.getUint16(row + 2 * x, true);
      if ((pixel & alpha) !== 0) return true;
    }
  }
  return false;
}

function byMasks(view: DataView, { bits, masks }: BmpLayout): ReadPixel {
  const channels = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { mask, shift, highest: mask >>> shift };
  });
  const bytes = bits / 8;
  return (rowAt, x, into, to) => {
    const at = rowAt + x * bytes;
    const pixel =
      bits === 32
        ? view.getUint32(at, true)
        : view.getUint16(at, true) | (bits === 24 ? view.getUint8(at + 2) << 16 : 0);
    for (let c = 0; c < 4; c++) {
      const { mask, shift, highest } = channels[c]!; // there are four masks
      const value = ((pixel & mask) >>> shift) / (highest || 1);
      into[to + c] = highest === 0 ? (c === 3 ? 255 : 0) : Math.round(255 * value);
    }
  };
}
