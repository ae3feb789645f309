// Matches as estimators take them, checked, and as they work on them: shifted, scaled, shuffled.
import { CairnError } from '../errors.ts';

/**
 * Matches between photos a and b in rows of five numbers: x and y in a, x and y in b, both in pixels, and
 * a confidence, of which only the order counts.
 */
export type Matches = Float32Array;

export const MATCH_FIELDS = 5;

/** Throws `usage` for another length, `inference-failed` for numbers that are not finite. */
export function countMatches(matches: Matches): number {
  if (matches.length % MATCH_FIELDS !== 0) {
    throw new CairnError(
      'usage',
      `Matches come in rows of ${MATCH_FIELDS} numbers, and ${matches.length} are no whole rows.`,
      'Give x and y in the one photo, x and y in the other, and a confidence for each match.',
    );
  }
  const bad = matches.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new CairnError(
      'inference-failed',
      `Match ${Math.floor(bad / MATCH_FIELDS)} holds ${matches[bad]}, which is no finite number.`,
      'Check the matcher on this backend (cairn doctor), or run it on WASM.',
    );
  }
  return matches.length / MATCH_FIELDS;
}

/**
 * The coordinates of matches, each photo's around its own centre, both divided by one `scale` that brings
 * them to about unit spread. As the scale is common, errors are pixels divided by it. The matches are
 * shuffled, so that any run of them is a fair sample for tests that look at a few.
 */
export interface Points {
  readonly count: number;
  readonly ax: Float64Array;
  readonly ay: Float64Array;
  readonly bx: Float64Array;
  readonly by: Float64Array;
  /** Row in the matches of each point. */
  readonly rows: Uint32Array;
  /** Points by falling confidence, ties in shuffled order: a matcher lists neighbours together. */
  readonly ranked: Uint32Array;
  /** Pixels in one unit. */
  readonly scale: number;
  /** Pixel coordinates of the two centres: ax, ay, bx, by. */
  readonly centre: Float64Array;
}

/** Null when all matches of one photo lie in one place, which no model can be fitted to. */
export function preparePoints(
  matches: Matches,
  count: number,
  random: () => number,
): Points | null {
  const centre = new Float64Array(4);
  for (let at = 0; at < matches.length; at += MATCH_FIELDS) {
    for (let field = 0; field < 4; field++) {
      centre[field] = centre[field]! + matches[at + field]! / count;
    }
  }
  const squares = new Float64Array(2);
  for (let at = 0; at < matches.length; at += MATCH_FIELDS) {
    for (let field = 0; field < 4; field++) {
      const apart = matches[at + field]! - centre[field]!;
      squares[field >> 1] = squares[field >> 1]! + (apart * apart) / (2 * count);
    }
  }
  const [spreadA, spreadB] = [Math.sqrt(squares[0]!), Math.sqrt(squares[1]!)];
  const scale = Math.sqrt(spreadA * spreadB);
  // Rounding of the centre leaves a little spread to points that are all one.
  const farthest = Math.max(...centre.map(Math.abs), spreadA, spreadB);
  if (!(Math.min(spreadA, spreadB) > 1e-9 * farthest)) return null;

  const rows = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const j = Math.floor(random() * (i + 1));
    rows[i] = rows[j]!;
    rows[j] = i;
  }
  const columns = [0, 1, 2, 3, 4].map((field) => {
    const out = new Float64Array(count);
    const [middle, unit] = field < 4 ? [centre[field]!, scale] : [0, 1];
    for (let i = 0; i < count; i++) {
      out[i] = (matches[rows[i]! * MATCH_FIELDS + field]! - middle) / unit;
    }
    return out;
  });
  const [ax, ay, bx, by, confidence] = columns as [Column, Column, Column, Column, Column];
  const ranked = new Uint32Array(count);
  for (let i = 0; i < count; i++) ranked[i] = i;
  ranked.sort((p, q) => confidence[q]! - confidence[p]! || p - q);
  return { count, ax, ay, bx, by, rows, ranked, scale, centre };
}

type Column = Float64Array;
