// R-MAC's regions of a feature map: square windows at several scales, spread evenly with some overlap.
// Tolias, Sicre and Jégou, "Particular object retrieval with integral max-pooling of CNN activations",
// 2016, section 4.1; rounding as in the authors' code and in filipradenovic/cnnimageretrieval-pytorch.

/** A square window of a map, in cells. */
export interface Region {
  readonly top: number;
  readonly left: number;
  readonly side: number;
}

export const REGIONS = {
  /** Scales 1 to this; a window of scale l has the side 2 · min(H, W) / (l + 1). */
  scales: 3,
  /** Neighbours of the first scale overlap by about this share. */
  overlap: 0.4,
  /** Most windows along the longer side at the first scale are one more than this. */
  maxExtra: 6,
} as const;

/**
 * Scale after scale, row by row: l × l windows on a square map, more along the longer side of others
 * (1 + 4 + 9 = 14, and 2 + 6 + 12 = 20 at 4 : 3). The whole map itself is no region: only the square
 * windows of the paper are. Windows of no cell (maps of one row or column) are left out.
 */
export function rmacRegions(height: number, width: number): Region[] {
  const short = Math.min(height, width);
  const extra = extraWindows(short, Math.max(height, width));
  const regions: Region[] = [];
  for (let scale = 1; scale <= REGIONS.scales; scale++) {
    const side = Math.floor((2 * short) / (scale + 1));
    if (side === 0) continue;
    const tops = spread(height, side, scale + (height > width ? extra : 0));
    const lefts = spread(width, side, scale + (width > height ? extra : 0));
    for (const top of tops) for (const left of lefts) regions.push({ top, left, side });
  }
  return regions;
}

/** How many windows more the longer side takes, so that those of scale 1 overlap as nearly as wanted. */
function extraWindows(short: number, long: number): number {
  if (long === short) return 0;
  let best = 1;
  let least = Number.POSITIVE_INFINITY;
  for (let extra = 1; extra <= REGIONS.maxExtra; extra++) {
    const step = (long - short) / extra;
    const off = Math.abs((short * short - short * step) / (short * short) - REGIONS.overlap);
    if (off < least) {
      least = off;
      best = extra;
    }
  }
  return best;
}

/** Where `count` windows begin that reach evenly from one end to the other. */
function spread(length: number, side: number, count: number): number[] {
  const step = count === 1 ? 0 : (length - side) / (count - 1);
  // The published code rounds the windows' centres, then goes back to their corners.
  const half = Math.floor(side / 2 - 1);
  return Array.from({ length: count }, (_, i) => Math.floor(half + i * step) - half);
}

/** The cells of a region as row-major indices into its map. */
export function cellsOf({ top, left, side }: Region, width: number): number[] {
  return Array.from(
    { length: side * side },
    (_, i) => (top + Math.floor(i / side)) * width + left + (i % side),
  );
}

/**
 * Means over the regions of a map as a matrix [H · W, R], row-major: what each cell weighs in each region,
 * 1 / side² or 0.
 */
export function regionWeights(height: number, width: number) {
  const regions = rmacRegions(height, width);
  const values = new Float32Array(height * width * regions.length);
  for (const [r, region] of regions.entries()) {
    for (const cell of cellsOf(region, width)) {
      values[cell * regions.length + r] = 1 / region.side ** 2;
    }
  }
  return { values, shape: [height * width, regions.length] as const };
}
