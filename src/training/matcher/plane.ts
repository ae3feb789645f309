// Homographies as nine numbers, row by row: the few things that making views of photos needs.

/** Points are (x, y, 1); the matrix is known up to a factor. */
export type Plane = readonly number[];

export const STILL: Plane = [1, 0, 0, 0, 1, 0, 0, 0, 1];

type Nine = [number, number, number, number, number, number, number, number, number];

/** First `b`, then `a`. */
export function times(a: Plane, b: Plane): Plane {
  return Array.from({ length: 9 }, (_, i) => {
    const [row, column] = [3 * Math.floor(i / 3), i % 3];
    return a[row]! * b[column]! + a[row + 1]! * b[column + 3]! + a[row + 2]! * b[column + 6]!;
  });
}

/** The way back. Of a matrix that has one; its points stay before the camera. */
export function inverse(plane: Plane): Plane {
  const [a, b, c, d, e, f, g, h, i] = plane as Nine;
  const adjugate = [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ];
  const determinant = a * adjugate[0]! + b * adjugate[3]! + c * adjugate[6]!;
  return adjugate.map((value) => value / determinant);
}

/** Where a point goes; null where it goes behind the camera, the photo's own points being before it. */
export function moved(plane: Plane, x: number, y: number): readonly [number, number] | null {
  const [a, b, c, d, e, f, g, h, i] = plane as Nine;
  const w = g * x + h * y + i;
  if (!(w > 0)) return null;
  return [(a * x + b * y + c) / w, (d * x + e * y + f) / w];
}

export type Corner = readonly [x: number, y: number];

/**
 * From the unit square to a convex quadrilateral, whose corners are given from (0, 0) by (1, 0) and (1, 1)
 * to (0, 1) (Heckbert 1989, "Fundamentals of Texture Mapping", section 2.2.3).
 */
export function fromUnitSquare([p0, p1, p2, p3]: readonly [Corner, Corner, Corner, Corner]): Plane {
  const [dx1, dy1] = [p1[0] - p2[0], p1[1] - p2[1]];
  const [dx2, dy2] = [p3[0] - p2[0], p3[1] - p2[1]];
  const [sx, sy] = [p0[0] - p1[0] + p2[0] - p3[0], p0[1] - p1[1] + p2[1] - p3[1]];
  const det = dx1 * dy2 - dx2 * dy1;
  const g = (sx * dy2 - dx2 * sy) / det;
  const h = (dx1 * sy - sx * dy1) / det;
  return [
    p1[0] - p0[0] + g * p1[0],
    p3[0] - p0[0] + h * p3[0],
    p0[0],
    p1[1] - p0[1] + g * p1[1],
    p3[1] - p0[1] + h * p3[1],
    p0[1],
    g,
    h,
    1,
  ];
}
