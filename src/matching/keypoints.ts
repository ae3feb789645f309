// From SuperPoint's maps to keypoints: the surest corner of each neighbourhood, off the edges, with what the
// picture looks like there. By the rules that its authors published with SuperGlue.
import type { MatchingPicture, Size } from './picture.ts';
import { CORNER_BORDER, CORNER_RADIUS, CORNER_THRESHOLD, MAX_KEYPOINTS } from './presets.ts';
import { suppressed } from './suppression.ts';
import type { TokenMap } from './windows.ts';

/** The surest first. */
export interface Keypoints {
  readonly count: number;
  /** Rows of x and y in whole pixels, the centre of the first pixel at (0, 0): [count, 2]. */
  readonly places: Float32Array;
  /** How surely each is a corner, in 0..1: [count]. */
  readonly scores: Float32Array;
}

export interface KeypointOptions {
  /** No two keypoints are nearer in both directions; {@link CORNER_RADIUS} when left out. */
  readonly radius?: number;
  /** A keypoint is surer than this; {@link CORNER_THRESHOLD} when left out. */
  readonly threshold?: number;
  /** Pixels along the edge that hold none; {@link CORNER_BORDER} when left out. */
  readonly border?: number;
  /** The surest are kept; {@link MAX_KEYPOINTS} when left out. */
  readonly most?: number;
}

/**
 * Cells' pixels at their places: [cells, cell² + 1] → [height, width] in pixels, without the last of each
 * cell's numbers, which stands for no corner.
 */
export function pixelScores(corners: Float32Array, { width, height }: Size): Float32Array {
  const classes = corners.length / (width * height);
  const cell = Math.sqrt(classes - 1);
  const across = width * cell;
  const scores = new Float32Array(width * height * cell * cell);
  for (let at = 0; at < width * height; at++) {
    const left = (at % width) * cell;
    const top = Math.floor(at / width) * cell;
    for (let y = 0; y < cell; y++) {
      const from = at * classes + y * cell;
      scores.set(corners.subarray(from, from + cell), (top + y) * across + left);
    }
  }
  return scores;
}

/**
 * @param scores of a whole map's pixels: [map.height, map.width]
 * @param seen the part of the map, from the top left corner, that is no padding: what is beyond neither
 * counts nor suppresses
 */
export function findKeypoints(
  scores: Float32Array,
  map: Size,
  seen: Size,
  options: KeypointOptions = {},
): Keypoints {
  const {
    radius = CORNER_RADIUS,
    threshold = CORNER_THRESHOLD,
    border = CORNER_BORDER,
    most = MAX_KEYPOINTS,
  } = options;
  const maxima = suppressed(cropped(scores, map, seen), seen, radius);
  const found: number[] = [];
  for (let y = border; y < seen.height - border; y++) {
    for (let x = border; x < seen.width - border; x++) {
      const at = y * seen.width + x;
      if (maxima[at]! > threshold) found.push(at);
    }
  }
  // Sorting is stable: of equally sure ones, the upper left comes first.
  const kept = found.sort((a, b) => maxima[b]! - maxima[a]!).slice(0, most);
  const places = kept.flatMap((at) => [at % seen.width, Math.floor(at / seen.width)]);
  return {
    count: kept.length,
    places: Float32Array.from(places),
    scores: Float32Array.from(kept, (at) => maxima[at]!),
  };
}

function cropped(values: Float32Array, map: Size, { width, height }: Size): Float32Array {
  if (map.width === width) return values.slice(0, width * height);
  const part = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    part.set(values.subarray(y * map.width, y * map.width + width), y * width);
  }
  return part;
}

/** Keeps descriptors of nothing but zeros finite; PyTorch's. */
const LEAST_NORM = 1e-12;

/**
 * The map between its cells, bilinear, zeros beyond it, each of length 1: [count, channels].
 * @param places rows of x and y in pixels
 * @param cell pixels along a cell
 */
export function sampleDescriptors(
  { values, width, height, channels }: TokenMap,
  places: Float32Array,
  cell: number,
): Float32Array {
  const count = places.length / 2;
  const sampled = new Float32Array(count * channels);
  for (let i = 0; i < count; i++) {
    const x = cellAt(places[2 * i]!, width, cell);
    const y = cellAt(places[2 * i + 1]!, height, cell);
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const own = sampled.subarray(i * channels, (i + 1) * channels);
    for (const [column, row] of CORNERS) {
      const [cx, cy] = [left + column, top + row];
      if (cx < 0 || cy < 0 || cx >= width || cy >= height) continue;
      const weight = (1 - Math.abs(x - cx)) * (1 - Math.abs(y - cy));
      const from = (cy * width + cx) * channels;
      for (let c = 0; c < channels; c++) own[c] = own[c]! + weight * values[from + c]!;
    }
    const norm = Math.max(Math.hypot(...own), LEAST_NORM);
    for (let c = 0; c < channels; c++) own[c] = own[c]! / norm;
  }
  return sampled;
}

const CORNERS = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
] as const;

/**
 * Where a pixel lies in the map. The middle of the first cell is 0, as it should be; but the last *pixel*
 * is `cells` − 1, half a cell beyond the middle of the last cell: the networks were trained so.
 */
function cellAt(pixel: number, cells: number, cell: number): number {
  const first = (cell - 1) / 2;
  return ((pixel - first) / (cells * cell - 1 - first)) * (cells - 1);
}

/** Of the longer side, by which SuperGlue's coordinates are divided. */
const SHARE = 0.7;

/**
 * Rows of x, y and score as SuperGlue takes them, 0 in the middle of what is seen: [rows, 3], zeros after the
 * last keypoint.
 */
export function keypointPlaces(
  { count, places, scores }: Keypoints,
  { shrunk: { width, height } }: Pick<MatchingPicture, 'shrunk'>,
  rows = count,
): Float32Array {
  const scale = SHARE * Math.max(width, height);
  const placed = new Float32Array(3 * rows);
  for (let i = 0; i < count; i++) {
    placed[3 * i] = (places[2 * i]! - width / 2) / scale;
    placed[3 * i + 1] = (places[2 * i + 1]! - height / 2) / scale;
    placed[3 * i + 2] = scores[i]!;
  }
  return placed;
}
