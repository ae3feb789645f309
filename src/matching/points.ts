// From matches of cells or keypoints to points in pixels of the two pictures.
import type { CoarseMatches, Matches } from './coarse-matches.ts';
import type { Keypoints } from './keypoints.ts';
import { type PlacedPicture, type Resized, toOriginal } from './picture.ts';
import { type ReferenceView, viewCell } from './reference-view.ts';

export interface PointOptions {
  /** Pixels along a coarse cell. */
  readonly cell: number;
  /** Pixels of the padded picture that an offset of 1 moves a point by. */
  readonly reach: number;
  /** Where the centre of the first pixel lies in the network's coordinates. */
  readonly firstPixel: number;
}

/** Numbers of one match: xa, ya, xb, yb, confidence. */
export const POINT_NUMBERS = 5;

/**
 * The matches as rows [xa, ya, xb, yb, confidence], in pixels of the pictures' originals, where the centre
 * of the first pixel is at (0, 0); in the matches' order, the surest first.
 * @param offsets rows of [x, y, deviation] at least as many as matches, x and y in −1..1 within the second
 * picture's windows; left out, points stand on their cells (coarse geometry alone)
 */
export function matchedPoints(
  matches: CoarseMatches,
  pictures: readonly [PlacedPicture, PlacedPicture],
  options: PointOptions,
  offsets?: Float32Array,
): Float32Array {
  const { cell, reach, firstPixel } = options;
  const [a, b] = pictures;
  const corner = (index: number, { cells: { width } }: PlacedPicture) =>
    [(index % width) * cell, Math.floor(index / width) * cell] as const;
  return rowsOf(matches, pictures, firstPixel, (i) => {
    const [xa, ya] = corner(matches.first[i]!, a);
    const [xb, yb] = corner(matches.second[i]!, b);
    const [dx, dy] = offsets ? [offsets[3 * i]! * reach, offsets[3 * i + 1]! * reach] : [0, 0];
    return [xa, ya, xb + dx, yb + dy];
  });
}

/** Likewise with kept cells of a reference view: points stand on cells in both. */
export function pointsWithView(
  matches: CoarseMatches,
  picture: PlacedPicture,
  view: ReferenceView,
  { cell, firstPixel }: PointOptions,
): Float32Array {
  const { width } = picture.cells;
  return rowsOf(matches, [picture, view], firstPixel, (i) => {
    const own = matches.first[i]!;
    const [column, row] = viewCell(view, matches.second[i]!);
    return [(own % width) * cell, Math.floor(own / width) * cell, column * cell, row * cell];
  });
}

/** Likewise of matched keypoints, which stand on centres of pixels. */
export function keypointPoints(
  matches: Matches,
  pictures: readonly [PlacedPicture, PlacedPicture],
  [a, b]: readonly [Keypoints, Keypoints],
): Float32Array {
  const place = ({ places }: Keypoints, i: number) => [places[2 * i]!, places[2 * i + 1]!] as const;
  return rowsOf(matches, pictures, 0, (i) => [
    ...place(a, matches.first[i]!),
    ...place(b, matches.second[i]!),
  ]);
}

/** `pointsOf` gives xa, ya, xb, yb of a match in the padded pictures. */
function rowsOf(
  matches: Matches,
  [a, b]: readonly [Resized, Resized],
  firstPixel: number,
  pointsOf: (match: number) => readonly [number, number, number, number],
): Float32Array {
  const rows = new Float32Array(POINT_NUMBERS * matches.count);
  for (let i = 0; i < matches.count; i++) {
    const [xa, ya, xb, yb] = pointsOf(i);
    const ends = [...toOriginal(a, xa, ya, firstPixel), ...toOriginal(b, xb, yb, firstPixel)];
    rows.set([...ends, matches.confidence[i]!], POINT_NUMBERS * i);
  }
  return rows;
}
