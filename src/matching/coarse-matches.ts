// From confidences between all tokens of two pictures to matches: sure enough, mutual, cells off the edges.
import type { CellGrid } from './picture.ts';
import { BORDER_CELLS, CONFIDENCE_THRESHOLD, MAX_MATCHES } from './presets.ts';

/** Of a confidence matrix [L, S]: L cells or keypoints of the first picture, S of the second. */
export interface ConfidenceMaxima {
  /** The largest confidence of each row: [L]. */
  readonly rows: Float32Array;
  /** The column that it stands in: [L]. */
  readonly places: Float32Array;
  /** The largest confidence of each column: [S]. */
  readonly columns: Float32Array;
}

/** The first of equal ones counts. `confidence` is row-major; a NaN is never the largest. */
export function maximaOf(confidence: Float32Array, length: number): ConfidenceMaxima {
  const across = length === 0 ? 0 : confidence.length / length;
  const rows = new Float32Array(length).fill(Number.NEGATIVE_INFINITY);
  const places = new Float32Array(length);
  const columns = new Float32Array(across).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0, at = 0; i < length; i++) {
    for (let j = 0; j < across; j++, at++) {
      const value = confidence[at]!;
      if (value > rows[i]!) {
        rows[i] = value;
        places[i] = j;
      }
      if (value > columns[j]!) columns[j] = value;
    }
  }
  return { rows, places, columns };
}

export interface MatchOptions {
  /** A match is surer than this; {@link CONFIDENCE_THRESHOLD} when left out. */
  readonly threshold?: number;
  /** The surest are kept; {@link MAX_MATCHES} when left out. */
  readonly most?: number;
}

export interface CoarseOptions extends MatchOptions {
  /**
   * Cells along the edge of what is seen that never match; {@link BORDER_CELLS} when left out. Keypoints keep
   * off the edges by themselves.
   */
  readonly border?: number;
}

/** Pairs of tokens (cells or keypoints), the surest first. */
export interface Matches {
  readonly count: number;
  /** Those of the first picture and those of the second that they match; cells row by row in their grids: [count]. */
  readonly first: Int32Array;
  readonly second: Int32Array;
  /** [count], in 0..1. */
  readonly confidence: Float32Array;
}

export type CoarseMatches = Matches;

/** Cells that are each other's surest match and off the edges, as LoFTR's authors choose them. */
export function coarseMatches(
  maxima: ConfidenceMaxima,
  grids: readonly [CellGrid, CellGrid],
  options: CoarseOptions = {},
): CoarseMatches {
  const { border = BORDER_CELLS } = options;
  const [inner, other] = grids.map((grid) => insideBorder(grid, border)) as [Inside, Inside];
  return mutualMatches(maxima, options, (i, j) => inner(i) && other(j));
}

/** Likewise with kept cells of a reference view, which stand off the edges already; `second` counts these. */
export function matchesWithView(
  maxima: ConfidenceMaxima,
  grid: CellGrid,
  kept: number,
  options: CoarseOptions = {},
): CoarseMatches {
  const inner = insideBorder(grid, options.border ?? BORDER_CELLS);
  return mutualMatches(maxima, options, (i, j) => inner(i) && j < kept);
}

/**
 * Those that are each other's surest match. None matches twice. What has no match, such as a white wall,
 * gives a count of 0.
 * @param admits which pairs may match, all when left out
 */
export function mutualMatches(
  { rows, places, columns }: ConfidenceMaxima,
  { threshold = CONFIDENCE_THRESHOLD, most = MAX_MATCHES }: MatchOptions = {},
  admits: (i: number, j: number) => boolean = () => true,
): Matches {
  const taken = new Set<number>();
  const found: number[] = [];
  for (let i = 0; i < rows.length; i++) {
    const confidence = rows[i]!;
    const j = places[i]!;
    const mutual = confidence > Math.max(threshold, 0) && columns[j] === confidence;
    if (!mutual || taken.has(j) || !admits(i, j)) continue;
    taken.add(j);
    found.push(i);
  }
  // Sorting is stable: of equally sure ones, the upper left comes first.
  const kept = found.sort((a, b) => rows[b]! - rows[a]!).slice(0, most);
  return {
    count: kept.length,
    first: Int32Array.from(kept),
    second: Int32Array.from(kept, (i) => places[i]!),
    confidence: Float32Array.from(kept, (i) => rows[i]!),
  };
}

export type Inside = (cell: number) => boolean;

/** Whether a cell of the grid lies so many cells off the edges of what is seen. */
export function insideBorder({ width, seenWidth, seenHeight }: CellGrid, border: number): Inside {
  return (cell) => {
    const [x, y] = [cell % width, Math.floor(cell / width)];
    return x >= border && y >= border && x < seenWidth - border && y < seenHeight - border;
  };
}
