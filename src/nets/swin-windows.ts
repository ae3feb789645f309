// How Swin cuts a map into windows: which token goes where, who may not see whom, and where a pair of
// tokens stands in the table of relative positions. Pure arithmetic on indices, for one input size.
import type { AttentionMask } from '../tensor/ops.ts';

/** [height, width], in tokens. */
export type Size = readonly [number, number];

/** Keeps tokens apart that a shift brought together; Swin's constant. */
const FORBIDDEN = -100;

export interface Windows {
  readonly size: Size;
  /** Windows of one map. */
  readonly count: number;
  /** Token of the map (or −1 for padding) at each place in the windows, one window after another. */
  readonly cut: readonly number[];
  /** Place in the windows of each token of the map: the way back. */
  readonly join: readonly number[];
  readonly mask: AttentionMask | null;
}

/** A window is never larger than the map, and does not shift along a side that it covers. */
export function windowFor(map: Size, window: number): Size {
  return [Math.min(map[0], window), Math.min(map[1], window)];
}

/**
 * Windows of `size` on a map; with `shifted`, the map is first rolled by half a window. Rolled, then padded
 * below and on the right: the order of timm, which matters where windows do not fit the map.
 */
export function cutWindows(map: Size, size: Size, shifted: boolean): Windows {
  const shift = [0, 1].map((axis) =>
    shifted && map[axis]! > size[axis]! ? Math.floor(size[axis]! / 2) : 0,
  ) as [number, number];
  const across = [Math.ceil(map[0] / size[0]), Math.ceil(map[1] / size[1])] as const;
  const cut: number[] = [];
  const join = new Array<number>(map[0] * map[1]);
  const regions: number[] = [];
  for (let row = 0; row < across[0]; row++) {
    for (let column = 0; column < across[1]; column++) {
      for (let i = row * size[0]; i < (row + 1) * size[0]; i++) {
        for (let j = column * size[1]; j < (column + 1) * size[1]; j++) {
          const outside = i >= map[0] || j >= map[1];
          const token = ((i + shift[0]) % map[0]) * map[1] + ((j + shift[1]) % map[1]);
          if (!outside) join[token] = cut.length;
          cut.push(outside ? -1 : token);
          const rowRegion = regionOf(i, across[0] * size[0], size[0], shift[0]);
          regions.push(3 * rowRegion + regionOf(j, across[1] * size[1], size[1], shift[1]));
        }
      }
    }
  }
  const count = across[0] * across[1];
  const mask = shift[0] || shift[1] ? maskOf(regions, count) : null;
  return { size, count, cut, join, mask };
}

/** Of a rolled and padded side: what never moved together (0), the last window's own (1), what came around (2). */
function regionOf(place: number, length: number, window: number, shift: number): number {
  if (shift === 0 || place < length - window) return 0;
  return place < length - shift ? 1 : 2;
}

function maskOf(regions: readonly number[], windows: number): AttentionMask {
  const length = regions.length / windows;
  const values = new Float32Array(windows * length * length);
  let at = 0;
  for (let window = 0; window < windows; window++) {
    const own = regions.slice(window * length, (window + 1) * length);
    for (const a of own) for (const b of own) values[at++] = a === b ? 0 : FORBIDDEN;
  }
  return { windows, values };
}

/** For each pair of tokens in a window the row of the table that holds their relative position. */
export function relativePositions([height, width]: Size): number[] {
  const rows: number[] = [];
  const tokens = Array.from({ length: height * width }, (_, t) => [
    Math.floor(t / width),
    t % width,
  ]);
  for (const [ai, aj] of tokens as [number, number][]) {
    for (const [bi, bj] of tokens as [number, number][]) {
      rows.push((ai - bi + height - 1) * (2 * width - 1) + (aj - bj + width - 1));
    }
  }
  return rows;
}

/**
 * The order in which 2 × 2 neighbours become one token of four times the channels, −1 where the map ends
 * before: [above, below] of the left column, then of the right one.
 */
export function mergeOrder([height, width]: Size): number[] {
  const order: number[] = [];
  for (let i = 0; i < height; i += 2) {
    for (let j = 0; j < width; j += 2) {
      for (const [y, x] of [
        [i, j],
        [i + 1, j],
        [i, j + 1],
        [i + 1, j + 1],
      ] as const) {
        order.push(y < height && x < width ? y * width + x : -1);
      }
    }
  }
  return order;
}
