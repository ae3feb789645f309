// Which cells of a reference photo are worth keeping: those by which other photos of the place are matched.
import { insideBorder } from './coarse-matches.ts';
import type { CellGrid, Resized } from './picture.ts';
import { BORDER_CELLS } from './presets.ts';

/** What matches say of each cell of one picture, [height · width] of its grid, row by row. */
export class CellWorth {
  readonly values: Float32Array;

  constructor(
    readonly grid: CellGrid,
    readonly picture: Resized,
    /** Pixels along a cell. */
    readonly cell: number,
  ) {
    this.values = new Float32Array(grid.width * grid.height);
  }

  /** Adds to the cell nearest to a point of the original picture. */
  add(x: number, y: number, worth: number): void {
    const { original, shrunk } = this.picture;
    const column = Math.round((((x + 0.5) * shrunk.width) / original.width - 0.5) / this.cell);
    const row = Math.round((((y + 0.5) * shrunk.height) / original.height - 0.5) / this.cell);
    if (column < 0 || row < 0 || column >= this.grid.width || row >= this.grid.height) return;
    this.values[row * this.grid.width + column]! += worth;
  }

  /**
   * The cells of the highest worth, at most `most`, off the edges, in the order of the grid. Those of no
   * worth are left out.
   */
  best(most: number): Int32Array {
    const inner = insideBorder(this.grid, BORDER_CELLS);
    const admitted = Array.from(this.values, (_, cell) => cell).filter(
      (cell) => this.values[cell]! > 0 && inner(cell),
    );
    // Sorting is stable: of equal ones, the upper left comes first.
    admitted.sort((a, b) => this.values[b]! - this.values[a]!);
    return Int32Array.from(admitted.slice(0, most)).sort();
  }
}
