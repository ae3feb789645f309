// What is right for a pair of views: for each coarse cell of the first its cell in the second, and by how
// much the true place misses that cell. Cell (x, y) stands at pixel (8x, 8y), as in the network.
import { COARSE_STRIDE, FINE_REACH } from '../../nets/loftr/specs.ts';
import type { Size } from '../augment/warp.ts';
import { inverse, moved, type Plane, times } from './plane.ts';

/** Both views have one size, whose sides are multiples of a cell's. */
export interface PairTruth {
  /** For each cell of the first view its cell in the second, row by row, or −1: no cell comes twice. */
  readonly matches: Int32Array;
  /** 1 for the cells of either view of which it is known whether they match, else 0. */
  readonly seen: readonly [Float32Array, Float32Array];
  /**
   * For each cell of the first view where it truly is, x and y from the cell in `matches`, in units of half
   * a fine window (−1..1); NaN where that is not known.
   */
  readonly offsets: Float32Array;
}

/** How many cells a view of that size has. */
export function cellsOf({ width, height }: Size): number {
  return (width / COARSE_STRIDE) * (height / COARSE_STRIDE);
}

/** Where a cell stands, in pixels. */
export function cellPlace(cell: number, { width }: Size): readonly [x: number, y: number] {
  const columns = width / COARSE_STRIDE;
  return [(cell % columns) * COARSE_STRIDE, Math.floor(cell / columns) * COARSE_STRIDE];
}

/** The cell that stands nearest to a pixel; −1 where none does. */
export function cellAt(place: readonly [number, number] | null, { width, height }: Size): number {
  if (!place) return -1;
  const [column, row] = place.map((value) => Math.round(value / COARSE_STRIDE)) as [number, number];
  const columns = width / COARSE_STRIDE;
  const within = column >= 0 && row >= 0 && column < columns && row < height / COARSE_STRIDE;
  return within ? row * columns + column : -1;
}

/**
 * Of two views of one photo. As the authors' `spvs_coarse`: centres of cells are warped both ways to the
 * nearest cell, and those count that come back to where they began. What a view shows beyond the photo's
 * edges is reflected: of such cells nothing is known.
 * @param toPhoto from each view's pixels to the photo's
 */
export function truthOfViews(toPhoto: readonly [Plane, Plane], photo: Size, view: Size): PairTruth {
  const [toFirst, toSecond] = toPhoto;
  const seen = toPhoto.map((plane) => cellsWithin(plane, photo, view)) as [
    Float32Array,
    Float32Array,
  ];
  const forth = times(inverse(toSecond), toFirst);
  const there = nearestCells(forth, seen, view);
  const back = nearestCells(inverse(forth), [seen[1], seen[0]], view);
  const matches = there.map((to, from) => (to >= 0 && back[to] === from ? to : -1));
  return { matches, seen, offsets: offsetsBy(forth, matches, view) };
}

/** 1 for the cells of a view whose place lies on the photo. */
function cellsWithin(toPhoto: Plane, photo: Size, view: Size): Float32Array {
  return Float32Array.from({ length: cellsOf(view) }, (_, cell) => {
    const place = moved(toPhoto, ...cellPlace(cell, view));
    if (!place) return 0;
    const [x, y] = place;
    return x >= 0 && y >= 0 && x <= photo.width - 1 && y <= photo.height - 1 ? 1 : 0;
  });
}

function nearestCells(
  plane: Plane,
  [from, to]: readonly [Float32Array, Float32Array],
  view: Size,
): Int32Array {
  return Int32Array.from(from, (known, cell) => {
    if (!known) return -1;
    const nearest = cellAt(moved(plane, ...cellPlace(cell, view)), view);
    return nearest >= 0 && to[nearest] ? nearest : -1;
  });
}

function offsetsBy(forth: Plane, matches: Int32Array, view: Size): Float32Array {
  const offsets = new Float32Array(2 * matches.length).fill(Number.NaN);
  matches.forEach((to, from) => {
    const place = to >= 0 ? moved(forth, ...cellPlace(from, view)) : null;
    if (!place) return;
    const [x, y] = cellPlace(to, view);
    offsets.set([(place[0] - x) / FINE_REACH, (place[1] - y) / FINE_REACH], 2 * from);
  });
  return offsets;
}

/** What is known of two photos of one place: points that show the same, and the plane that they lie on. */
export interface KnownMatches {
  /** Pixels of the first and the second photo, the centre of the first pixel at (0, 0). */
  readonly points: readonly (readonly [xa: number, ya: number, xb: number, yb: number])[];
  /** From the first photo's pixels to the second's; null where the points obey none. */
  readonly homography: Plane | null;
}

/**
 * Of views of two photos. Cells match that a point joins; of others nothing is known, so each matched cell
 * is set against the other matched ones alone. The homography, where there is one, says where the centre
 * of the cell is; without it, only the coarse step learns.
 */
export function truthOfMatches(
  { points, homography }: KnownMatches,
  [toFirst, toSecond]: readonly [Plane, Plane],
  view: Size,
): PairTruth {
  const matches = new Int32Array(cellsOf(view)).fill(-1);
  const [fromFirst, fromSecond] = [inverse(toFirst), inverse(toSecond)];
  const forth = homography && times(fromSecond, times(homography, toFirst));
  const taken = new Set<number>();
  for (const [xa, ya, xb, yb] of points) {
    const from = cellAt(moved(fromFirst, xa, ya), view);
    if (from < 0 || matches[from] !== -1) continue;
    const place = forth ? moved(forth, ...cellPlace(from, view)) : moved(fromSecond, xb, yb);
    const to = cellAt(place, view);
    if (to < 0 || taken.has(to)) continue;
    matches[from] = to;
    taken.add(to);
  }
  const seen = [new Float32Array(matches.length), new Float32Array(matches.length)] as const;
  matches.forEach((to, from) => {
    if (to < 0) return;
    seen[0][from] = 1;
    seen[1][to] = 1;
  });
  const none = () => new Float32Array(2 * matches.length).fill(Number.NaN);
  return { matches, seen, offsets: forth ? offsetsBy(forth, matches, view) : none() };
}
