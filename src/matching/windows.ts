// What the fine step looks at: windows of the fine map around matched cells, and those cells' own features.

/** A map row by row: [height · width, channels]. */
export interface TokenMap {
  readonly values: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

export interface WindowOptions {
  /** Side of the square windows: odd. */
  readonly side: number;
  /** Fine cells along a coarse cell. */
  readonly stride: number;
  /** Width of the coarse grid that `cells` count in. */
  readonly columns: number;
}

/**
 * For each coarse cell the window of the fine map around the fine cell that it stands on, zeros beyond
 * the edges: [cells, side², channels]. With `rows` more than there are cells, the rest is zeros.
 */
export function gatherWindows(
  map: TokenMap,
  cells: Int32Array,
  { side, stride, columns }: WindowOptions,
  rows = cells.length,
): Float32Array {
  const { values, width, height, channels } = map;
  const radius = (side - 1) / 2;
  const windows = new Float32Array(rows * side * side * channels);
  let to = 0;
  for (const cell of cells) {
    const left = (cell % columns) * stride - radius;
    const top = Math.floor(cell / columns) * stride - radius;
    for (let y = top; y < top + side; y++) {
      for (let x = left; x < left + side; x++, to += channels) {
        if (x < 0 || y < 0 || x >= width || y >= height) continue;
        const from = (y * width + x) * channels;
        windows.set(values.subarray(from, from + channels), to);
      }
    }
  }
  return windows;
}

/** The features of chosen cells: [rows, channels], zeros after the last cell. */
export function gatherCells(
  tokens: Float32Array,
  channels: number,
  cells: Int32Array,
  rows = cells.length,
): Float32Array {
  const gathered = new Float32Array(rows * channels);
  cells.forEach((cell, i) => {
    gathered.set(tokens.subarray(cell * channels, (cell + 1) * channels), i * channels);
  });
  return gathered;
}

/** 1 for the first `count` of `rows`, else 0. */
export function usedRows(count: number, rows: number): Float32Array {
  return new Float32Array(rows).fill(1, 0, count);
}
