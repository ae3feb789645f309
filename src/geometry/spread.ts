// How inliers lie in the photos: strewn over them or in one corner, the same way round or mirrored.
import { MATCH_FIELDS, type Matches } from './matches.ts';
import { CHOICE } from './presets.ts';

/**
 * Share of the cells of a grid over one photo that hold an inlier.
 *
 * @param field of x in a row of matches: 0 for photo a, 2 for b. @param size of the photo in pixels; what
 * all matches span when left out.
 */
export function spreadOver(
  matches: Matches,
  inliers: Uint32Array,
  field: 0 | 2,
  size?: { readonly width: number; readonly height: number },
): number {
  const { grid } = CHOICE;
  let [left, top, right, bottom] = [0, 0, size?.width ?? 0, size?.height ?? 0];
  if (!size) {
    left = top = Number.POSITIVE_INFINITY;
    right = bottom = Number.NEGATIVE_INFINITY;
    for (let at = field; at < matches.length; at += MATCH_FIELDS) {
      left = Math.min(left, matches[at]!);
      right = Math.max(right, matches[at]!);
      top = Math.min(top, matches[at + 1]!);
      bottom = Math.max(bottom, matches[at + 1]!);
    }
  }
  const cell = (value: number, from: number, to: number) =>
    Math.min(grid - 1, Math.max(0, Math.floor((grid * (value - from)) / (to - from || 1))));
  const taken = new Uint8Array(grid * grid);
  for (const row of inliers) {
    const at = row * MATCH_FIELDS + field;
    taken[grid * cell(matches[at + 1]!, top, bottom) + cell(matches[at]!, left, right)] = 1;
  }
  return taken.reduce((sum, one) => sum + one, 0) / taken.length;
}

/** Share of random triangles of inliers whose corners run the same way round in both photos; 0 of none. */
export function orientationKept(
  matches: Matches,
  inliers: Uint32Array,
  random: () => number,
): number {
  if (inliers.length < 3) return 0;
  const corner = () => inliers[Math.floor(random() * inliers.length)]! * MATCH_FIELDS;
  let kept = 0;
  let judged = 0;
  for (let i = 0; i < CHOICE.triangles; i++) {
    const [p, q, r] = [corner(), corner(), corner()];
    const product = area(matches, 0, p, q, r) * area(matches, 2, p, q, r);
    // Corners drawn twice or on a line say nothing.
    if (product === 0) continue;
    judged++;
    if (product > 0) kept++;
  }
  return judged === 0 ? 0 : kept / judged;
}

function area(matches: Matches, field: number, p: number, q: number, r: number): number {
  const [x, y] = [matches[p + field]!, matches[p + field + 1]!];
  return (
    (matches[q + field]! - x) * (matches[r + field + 1]! - y) -
    (matches[q + field + 1]! - y) * (matches[r + field]! - x)
  );
}
