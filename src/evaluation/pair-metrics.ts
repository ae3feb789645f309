// How far the geometry that was found of a pair of photos is from what is known of it: errors in pixels, and
// figures over many pairs. ROC figures are in recognition-metrics.ts and roc-curve.ts.

/** Nine numbers, row by row, known up to a factor. */
export type Matrix3 = ArrayLike<number>;

/** Sides in pixels; the centre of the first pixel is at (0, 0). */
export interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/** A point of photo a and the same point of photo b, in pixels. */
export type PointPair = readonly [xa: number, ya: number, xb: number, yb: number];

/** Points along each side of the grid of {@link commonError}. */
const GRID = 24;

/**
 * Mean distance in pixels of where a homography puts the corners of photo a from where they truly are in b
 * (DeTone et al. 2018, LoFTR and others); infinite without a homography and for corners on its horizon.
 */
export function cornerError(found: Matrix3 | null, truth: Matrix3, a: PixelSize): number {
  const [right, low] = [a.width - 1, a.height - 1];
  return meanTransfer(found, truth, [
    [0, 0],
    [right, 0],
    [right, low],
    [0, low],
  ]);
}

/**
 * The same over the part of photo a that b shows too, by a grid of points. Where the true homography brings
 * corners near its horizon, it moves them by thousands of pixels for what is no error within the photos; here
 * only what both photos show counts. Infinite without a homography, and where no point is shown by both.
 */
export function commonError(
  found: Matrix3 | null,
  truth: Matrix3,
  a: PixelSize,
  b: PixelSize,
): number {
  const shown: (readonly [number, number])[] = [];
  for (let row = 0; row < GRID; row++) {
    for (let column = 0; column < GRID; column++) {
      const x = (column * (a.width - 1)) / (GRID - 1);
      const y = (row * (a.height - 1)) / (GRID - 1);
      const [u, v] = transferred(truth, x, y);
      if (u >= 0 && v >= 0 && u <= b.width - 1 && v <= b.height - 1) shown.push([x, y]);
    }
  }
  return shown.length === 0 ? Number.POSITIVE_INFINITY : meanTransfer(found, truth, shown);
}

function meanTransfer(
  found: Matrix3 | null,
  truth: Matrix3,
  points: readonly (readonly [number, number])[],
): number {
  if (!found) return Number.POSITIVE_INFINITY;
  let sum = 0;
  for (const [x, y] of points) {
    const [u, v] = transferred(truth, x, y);
    const [s, t] = transferred(found, x, y);
    sum += Math.hypot(u - s, v - t);
  }
  return Number.isNaN(sum) ? Number.POSITIVE_INFINITY : sum / points.length;
}

function transferred(h: Matrix3, x: number, y: number): [x: number, y: number] {
  const w = h[6]! * x + h[7]! * y + h[8]!;
  return [(h[0]! * x + h[1]! * y + h[2]!) / w, (h[3]! * x + h[4]! * y + h[5]!) / w];
}

/**
 * Mean over pairs of the share of 0..limit that lies above their error: the area under the share of pairs
 * with at most that error (Sarlin et al. 2020, "AUC"), exactly rather than by trapezoids.
 */
export function areaUnder(errors: readonly number[], limit: number): number {
  const shares = errors.map((error) => Math.max(0, 1 - error / limit));
  return shares.reduce((sum, share) => sum + share, 0) / Math.max(1, errors.length);
}

/** Share of the errors that are smaller than the limit, 0..1; 0 of none. */
export function shareUnder(errors: readonly number[], limit: number): number {
  return errors.filter((error) => error < limit).length / Math.max(1, errors.length);
}

/**
 * To first order, how far the four coordinates of a pair of points must move together, in pixels, to satisfy
 * bᵀ F a = 0 (Hartley and Zisserman, Multiple View Geometry, 11.4). NaN where both epipolar lines vanish.
 */
export function sampsonDistance(f: Matrix3, [x, y, u, v]: PointPair): number {
  const [la, lb, lc] = [0, 3, 6].map((row) => f[row]! * x + f[row + 1]! * y + f[row + 2]!) as [
    number,
    number,
    number,
  ];
  const ma = f[0]! * u + f[3]! * v + f[6]!;
  const mb = f[1]! * u + f[4]! * v + f[7]!;
  return Math.abs(u * la + v * lb + lc) / Math.hypot(la, lb, ma, mb);
}

/** Share of true points that a fundamental matrix agrees with, 0..1; 0 without a matrix. */
export function sampsonShare(
  found: Matrix3 | null,
  points: readonly PointPair[],
  limit: number,
): number {
  if (!found) return 0;
  return shareUnder(
    points.map((point) => sampsonDistance(found, point)),
    limit,
  );
}
