// The size of a picture as the command line takes it.
import { usage } from './output.ts';

const MAX_SIDE = 4096;

/** `SIDE` or `WIDTHxHEIGHT`. Throws `usage`. */
export function parseSize(text: string): { readonly width: number; readonly height: number } {
  const [width, height = width] = text.split('x').map(Number);
  const fine = (side: number | undefined) =>
    Number.isInteger(side) && side! > 0 && side! <= MAX_SIDE;
  if (/^\d+(x\d+)?$/.test(text) && fine(width) && fine(height)) {
    return { width: width!, height: height! };
  }
  throw usage(`--size takes a side or WIDTHxHEIGHT in pixels, not "${text}".`);
}
