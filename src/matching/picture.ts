// A picture as a matching network takes it: grey, shrunk, padded to whole cells; and the way back for points.
import { CairnError } from '../errors.ts';
import type { PixelGrid } from '../imaging/decode.ts';
import { resizeBilinear } from '../imaging/resize.ts';
import { MAX_SIDE } from './presets.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The coarse map of a padded picture. */
export interface CellGrid extends Size {
  /** Columns and rows, from the left and the top, whose cell begins on the picture. */
  readonly seenWidth: number;
  readonly seenHeight: number;
}

/** How a picture was made smaller. */
export interface Resized {
  /** What the picture was resized to, without the padding. */
  readonly shrunk: Size;
  /** The picture that points are given in. */
  readonly original: Size;
}

/** Where a picture lies on its padded canvas, of this size: all that is needed once it has been looked at. */
export interface PlacedPicture extends Size, Resized {
  readonly cells: CellGrid;
}

export interface MatchingPicture extends PlacedPicture {
  /** [height, width], 0..1: the picture in the top left corner, zeros elsewhere. */
  readonly pixels: Float32Array;
}

export interface PictureOptions {
  /** In pixels; at most {@link MAX_SIDE}, which it is when left out. Smaller pictures are not enlarged. */
  readonly longestSide?: number;
  /** Pixels along a cell. */
  readonly cell: number;
  /** The sides become multiples of it, itself one of `cell`, which it is when left out. */
  readonly multiple?: number;
  /** Pad to this size rather than to the next multiples, so that graphs see one shape only. */
  readonly canvas?: Size;
  /** The size that points are given in, where the bitmap was shrunk while it was decoded. */
  readonly original?: Size;
}

/** ITU-R BT.601's luma of sRGB values, as image libraries turn photos grey. */
export const LUMA = [0.299, 0.587, 0.114] as const;

/** Throws `usage` for a longest side over the limit and for a canvas that the picture does not fit. */
export function toMatchingPicture(bitmap: PixelGrid, options: PictureOptions): MatchingPicture {
  const { longestSide = MAX_SIDE, cell, multiple = cell, original } = options;
  if (!(longestSide >= cell && longestSide <= MAX_SIDE)) {
    throw new CairnError(
      'usage',
      `Pictures cannot be matched with a longest side of ${longestSide} pixels.`,
      `Choose a side of ${cell} to ${MAX_SIDE} pixels.`,
    );
  }
  const scale = Math.min(1, longestSide / Math.max(bitmap.width, bitmap.height));
  const shrink = (side: number) => Math.max(1, Math.round(side * scale));
  const shrunk = { width: shrink(bitmap.width), height: shrink(bitmap.height) };
  const whole = (side: number) => Math.ceil(side / multiple) * multiple;
  const { width, height } = options.canvas ?? {
    width: whole(shrunk.width),
    height: whole(shrunk.height),
  };
  if (width < shrunk.width || height < shrunk.height || width % multiple || height % multiple) {
    throw new CairnError(
      'usage',
      `A picture of ${shrunk.width} × ${shrunk.height} pixels cannot be laid on ${width} × ${height}.`,
      `Choose a canvas that is large enough, with sides that are multiples of ${multiple}.`,
    );
  }
  const cells: CellGrid = {
    width: width / cell,
    height: height / cell,
    seenWidth: Math.ceil(shrunk.width / cell),
    seenHeight: Math.ceil(shrunk.height / cell),
  };
  const pixels = greyOn(bitmap, shrunk, { width, height });
  const { width: ownWidth, height: ownHeight } = original ?? bitmap;
  return {
    width,
    height,
    pixels,
    cells,
    shrunk,
    original: { width: ownWidth, height: ownHeight },
  };
}

/** Without the pixels: what is kept of many pictures must not hold them all. */
export function placeOf({ width, height, cells, shrunk, original }: PlacedPicture): PlacedPicture {
  return { width, height, cells, shrunk, original };
}

function greyOn(bitmap: PixelGrid, shrunk: Size, canvas: Size): Float32Array {
  const planes = resizeBilinear(bitmap, shrunk.width, shrunk.height);
  const area = shrunk.width * shrunk.height;
  const pixels = new Float32Array(canvas.width * canvas.height);
  for (let y = 0; y < shrunk.height; y++) {
    for (let x = 0; x < shrunk.width; x++) {
      const i = y * shrunk.width + x;
      const [r, g, b] = [planes[i]!, planes[area + i]!, planes[2 * area + i]!];
      pixels[y * canvas.width + x] = (LUMA[0] * r + LUMA[1] * g + LUMA[2] * b) / 255;
    }
  }
  return pixels;
}

/** 1 for the cells of a grid that lie on the picture, 0 for padding; row by row. */
export function cellMask({ width, height, seenWidth, seenHeight }: CellGrid): Float32Array {
  const mask = new Float32Array(width * height);
  for (let y = 0; y < seenHeight; y++) mask.fill(1, y * width, y * width + seenWidth);
  return mask;
}

/**
 * A point of the padded picture in pixels of the original; there, the centre of the first pixel is at
 * (0, 0). `firstPixel` is where that centre lies in the given coordinates, in both directions.
 */
export function toOriginal(
  { shrunk, original }: Resized,
  x: number,
  y: number,
  firstPixel: number,
): [x: number, y: number] {
  // Resizing keeps the pictures' edges, which lie half a pixel before the first centre.
  const edge = 0.5 - firstPixel;
  return [
    ((x + edge) * original.width) / shrunk.width - 0.5,
    ((y + edge) * original.height) / shrunk.height - 0.5,
  ];
}
