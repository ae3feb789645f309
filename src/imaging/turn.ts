// Turns and mirrors pixels in memory, for frames that carry their orientation as a note.
import { type Orientation, TURNED, TURNED_AND_MIRRORED } from './exif.ts';

export type QuarterTurns = 0 | 90 | 180 | 270;

/**
 * Rotates clockwise by `rotation` degrees, then mirrors left and right when `flip` is set: the
 * order of WebCodecs' `VideoFrame.rotation` and `flip`.
 * @param pixels [height, width], one number a pixel
 * @returns [height', width']; the sides change places for 90 and 270 degrees
 */
export function turnPixels(
  pixels: Uint32Array,
  width: number,
  height: number,
  rotation: QuarterTurns,
  flip: boolean,
): Uint32Array {
  const result = new Uint32Array(pixels.length);
  const outWidth = rotation % 180 === 0 ? width : height;
  const outHeight = rotation % 180 === 0 ? height : width;
  // Walking right and down in the result is a fixed step in the source.
  const walk = {
    0: { start: 0, right: 1, down: width },
    90: { start: width * (height - 1), right: -width, down: 1 },
    180: { start: width * height - 1, right: -1, down: -width },
    270: { start: width - 1, right: width, down: -1 },
  }[rotation];
  const right = flip ? -walk.right : walk.right;
  const start = flip ? walk.start + (outWidth - 1) * walk.right : walk.start;
  for (let y = 0, to = 0; y < outHeight; y++) {
    for (let x = 0, from = start + y * walk.down; x < outWidth; x++, to++, from += right) {
      result[to] = pixels[from]!;
    }
  }
  return result;
}

/** Does to pixels as stored what an EXIF orientation asks for; otherwise as {@link turnPixels}. */
export function turnUpright(
  pixels: Uint32Array,
  width: number,
  height: number,
  orientation: Orientation,
): Uint32Array {
  const flip = TURNED_AND_MIRRORED.includes(orientation);
  const quarters = (flip ? TURNED_AND_MIRRORED : TURNED).indexOf(orientation);
  return turnPixels(pixels, width, height, (90 * quarters) as QuarterTurns, flip);
}
