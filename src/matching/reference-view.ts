// What a collection keeps of a reference photo for matching: coarse features of chosen cells, no picture.
import type { Resized } from './picture.ts';

/** A photo as others are matched with it, without its pixels. S cells of it are kept. */
export interface ReferenceView extends Resized {
  /** [S, 2]: column and row of each cell, 0..255. */
  readonly cells: Uint8Array;
  /** Numbers of a cell. */
  readonly channels: number;
  /** [S, channels]: coarse features, without positions. */
  readonly tokens: Float32Array;
}

export function cellsKept({ cells }: ReferenceView): number {
  return cells.length / 2;
}

/** Column and row of a kept cell. */
export function viewCell(
  { cells }: ReferenceView,
  index: number,
): readonly [column: number, row: number] {
  return [cells[2 * index]!, cells[2 * index + 1]!];
}
