// Which country names a map has room for, and where.
import type { GeoPath } from 'd3-geo';
import type { Piece } from './atlas.ts';
import type { Frame } from './projections.ts';

export interface PlacedName {
  readonly country: string;
  readonly name: string;
  /** Middle of the text, pixels. */
  readonly x: number;
  readonly y: number;
}

interface Box {
  readonly x: number;
  readonly y: number;
  /** Half of it. */
  readonly width: number;
  readonly height: number;
}

/** Pixels: as the style sheet sets names. */
const SIZE = 12;
/** Of the size: Latin letters on average, and Chinese characters. */
const NARROW = 0.56;
const WIDE = 1.05;
/** Share of a name's width that its country must be wide, or it seems to belong to the sea. */
const ROOM = 0.55;

/**
 * The names of countries, those with most land in the frame first; none over another one or over a mark. A country
 * has its name on its largest piece.
 * @param path draws to pixels of the frame, cut at its edges
 */
export function placeNames(
  pieces: readonly Piece[],
  path: GeoPath,
  frame: Frame,
  marks: readonly (readonly [x: number, y: number])[],
  nameOf: (country: string) => string,
): PlacedName[] {
  const largest = new Map<string, { readonly area: number; readonly piece: Piece }>();
  for (const piece of pieces) {
    if (piece.country === null) continue;
    const area = path.area(piece.polygon);
    if (area > (largest.get(piece.country)?.area ?? 0)) largest.set(piece.country, { area, piece });
  }
  const taken: Box[] = marks.map(([x, y]) => ({ x, y: y - 8, width: 10, height: 18 }));
  const placed: PlacedName[] = [];
  const ranked = [...largest].sort(([, a], [, b]) => b.area - a.area);
  for (const [country, { piece }] of ranked) {
    const name = nameOf(country);
    const [x, y] = path.centroid(piece.polygon);
    const box = { x, y, width: widthOf(name) / 2, height: SIZE * 0.65 };
    const [[left], [right]] = path.bounds(piece.polygon);
    if (right - left < ROOM * 2 * box.width) continue;
    if (!inside(box, frame) || taken.some((other) => overlap(box, other))) continue;
    taken.push(box);
    placed.push({ country, name, x, y });
  }
  return placed;
}

/** Pixels, about. */
function widthOf(name: string): number {
  const units = [...name].map((letter) => (/\p{Script=Han}/u.test(letter) ? WIDE : NARROW));
  return SIZE * units.reduce((sum, unit) => sum + unit, 0);
}

function inside({ x, y, width, height }: Box, frame: Frame): boolean {
  const edge = 4;
  return (
    x - width >= edge &&
    y - height >= edge &&
    x + width <= frame.width - edge &&
    y + height <= frame.height - edge
  );
}

function overlap(a: Box, b: Box): boolean {
  return Math.abs(a.x - b.x) < a.width + b.width && Math.abs(a.y - b.y) < a.height + b.height;
}
