// Pairs of views as pictures side by side, with what a matcher is told is true drawn over them.

import { FINE_REACH } from '../../nets/loftr/specs.ts';
import type { PairBatch } from '../../training/matcher/make-pairs.ts';
import { cellPlace } from '../../training/matcher/truth.ts';

/** Lines of a pair that are drawn: more hide the picture. */
const LINES = 24;
/** Half the side of a mark, in pixels. */
const CELL_HALF = 4;

/** Grey levels of a view as it lies in a batch, 0..255, [height · width]. */
export function viewLevels({ pixels, width, height }: PairBatch, n: number): Uint8Array {
  const area = width * height;
  return Uint8Array.from(pixels.subarray(n * area, (n + 1) * area), (v) => Math.round(255 * v));
}

/**
 * SVG over one pair, whose views' left upper corners are given: a line for each of some true matches, to
 * its place within the pixel, and a shade on cells of which nothing is known.
 */
export function truthOverlay(
  batch: PairBatch,
  n: number,
  corners: readonly [readonly [x: number, y: number], readonly [x: number, y: number]],
): string {
  const { count, matches, chosen, offsets, seen } = batch;
  const [cells, most] = [matches.length / count, chosen.length / count];
  const shapes: string[] = [];
  for (const side of [0, 1] as const) {
    const [left, top] = corners[side];
    for (let cell = 0; cell < cells; cell++) {
      if (seen[(side * count + n) * cells + cell]) continue;
      const [x, y] = cellPlace(cell, batch);
      const at = `x="${left + x - CELL_HALF}" y="${top + y - CELL_HALF}"`;
      const size = `width="${2 * CELL_HALF}" height="${2 * CELL_HALF}"`;
      shapes.push(`<rect ${at} ${size} fill="red" fill-opacity="0.25"/>`);
    }
  }
  const known = [...chosen.subarray(n * most, (n + 1) * most)].filter((cell) => cell >= 0);
  for (const [k, cell] of known.slice(0, LINES).entries()) {
    const from = cellPlace(cell, batch);
    const to = cellPlace(matches[n * cells + cell]!, batch);
    const [dx, dy] = offsets.subarray(2 * (n * most + k), 2 * (n * most + k) + 2);
    // Centres of pixels lie half a pixel from their corners.
    const [x1, y1] = [corners[0][0] + from[0] + 0.5, corners[0][1] + from[1] + 0.5];
    const x2 = corners[1][0] + to[0] + dx! * FINE_REACH + 0.5;
    const y2 = corners[1][1] + to[1] + dy! * FINE_REACH + 0.5;
    const colour = `hsl(${Math.round((360 * k) / LINES)} 90% 55%)`;
    const line = `x1="${x1}" y1="${y1}" x2="${x2.toFixed(2)}" y2="${y2.toFixed(2)}"`;
    shapes.push(`<line ${line} stroke="${colour}" stroke-width="0.8" stroke-opacity="0.8"/>`);
    for (const [x, y] of [
      [x1, y1],
      [x2, y2],
    ]) {
      shapes.push(`<circle cx="${x}" cy="${y}" r="2" fill="none" stroke="${colour}"/>`);
    }
  }
  return shapes.join('');
}
