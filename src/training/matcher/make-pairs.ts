// A batch of pairs from decoded photos and a plan: two looks at each photo, or at two photos of one place.
import type { PixelGrid } from '../../imaging/decode.ts';
import { MAX_SIDE } from '../../matching/presets.ts';
import { COARSE_STRIDE } from '../../nets/loftr/specs.ts';
import { seededRandom } from '../../random.ts';
import type { JpegRoundTrip } from '../augment/jpeg.ts';
import type { Size } from '../augment/warp.ts';
import type { BatchPlan } from '../data/batch.ts';
import { shuffle } from '../data/sampler.ts';
import { mixSeeds } from '../data/seeds.ts';
import { inverse, type Plane, times } from './plane.ts';
import { FINE_MATCHES } from './presets.ts';
import { cellsOf, type KnownMatches, truthOfMatches, truthOfViews } from './truth.ts';
import { drawView, lookAt } from './views.ts';

/** Pairs that a matcher learns from. N pairs of views of one size, L cells each; K matches of each pair. */
export interface PairBatch {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** [2N, height, width], grey in 0..1: all first views, then all second ones. */
  readonly pixels: Float32Array;
  /** [N, L]: for each cell of the first view its cell in the second, −1 for none. */
  readonly matches: Int32Array;
  /** [2N, L], 1 where it is known whether a cell matches: of all first views, then of all second ones. */
  readonly seen: Float32Array;
  /** [N, K]: cells of the first view that the fine step learns from, drawn among the matches; −1 fills up. */
  readonly chosen: Int32Array;
  /** [N, K, 2]: where each truly is, x and y from its cell in the second view, −1..1; zeros fill up. */
  readonly offsets: Float32Array;
  /**
   * [2N, 2]: column and row that each view's first cell counts as. Recognition counts from 0, but over
   * pictures far larger than views: so all places that it knows are seen.
   */
  readonly origins: Int32Array;
  /** [N, 9]: from pixels of the first view to those of the second; NaN where no homography is known. */
  readonly between: Float64Array;
}

/** What a pair is made of. */
export type PairPhotos =
  | { readonly kind: 'one'; readonly photo: PixelGrid }
  | {
      readonly kind: 'two';
      readonly photos: readonly [PixelGrid, PixelGrid];
      readonly known: KnownMatches;
    };

/**
 * Everything follows from the plan's seed and the photos.
 * @param entries those of the plan, in its order; sides of the plan are multiples of 8
 */
export async function makePairs(
  entries: readonly PairPhotos[],
  plan: Omit<BatchPlan, 'photos'>,
  jpeg: JpegRoundTrip,
): Promise<PairBatch> {
  const { width, height, seed, first = 0 } = plan;
  const count = entries.length;
  const [area, cells] = [width * height, cellsOf(plan)];
  const batch = {
    count,
    height,
    width,
    pixels: new Float32Array(2 * count * area),
    matches: new Int32Array(count * cells),
    seen: new Float32Array(2 * count * cells),
    chosen: new Int32Array(count * FINE_MATCHES).fill(-1),
    offsets: new Float32Array(2 * count * FINE_MATCHES),
    origins: new Int32Array(4 * count),
    between: new Float64Array(9 * count).fill(Number.NaN),
  };
  const one = async (entry: PairPhotos, n: number): Promise<void> => {
    const random = seededRandom(mixSeeds(seed, first + n));
    const photos = entry.kind === 'one' ? ([entry.photo, entry.photo] as const) : entry.photos;
    const planes = [drawView(photos[0], plan, random), drawView(photos[1], plan, random)] as const;
    const truth =
      entry.kind === 'one'
        ? truthOfViews(planes, entry.photo, plan)
        : truthOfMatches(entry.known, planes, plan);
    batch.matches.set(truth.matches, n * cells);
    batch.seen.set(truth.seen[0], n * cells);
    batch.seen.set(truth.seen[1], (count + n) * cells);
    for (const [k, cell] of chosenOf(truth.offsets, random).entries()) {
      batch.chosen[n * FINE_MATCHES + k] = cell;
      const offset = truth.offsets.subarray(2 * cell, 2 * cell + 2);
      batch.offsets.set(offset, 2 * (n * FINE_MATCHES + k));
    }
    const between = betweenViews(entry, planes);
    if (between) batch.between.set(between, 9 * n);
    for (const side of [0, 1] as const) {
      const grey = await lookAt(photos[side], planes[side], plan, random, jpeg);
      batch.pixels.set(grey, (side * count + n) * area);
    }
    for (const side of [0, 1] as const) {
      batch.origins.set(drawOrigin(plan, random), 2 * (side * count + n));
    }
  };
  await Promise.all(entries.map(one));
  return batch;
}

/** Cells whose true place is known, in random order, as many as the fine step takes. */
function chosenOf(offsets: Float32Array, random: () => number): number[] {
  const known = Array.from({ length: offsets.length / 2 }, (_, cell) => cell).filter(
    (cell) => !Number.isNaN(offsets[2 * cell]!),
  );
  shuffle(known, random);
  return known.slice(0, FINE_MATCHES);
}

/** A place for the view within the largest picture that is matched. */
function drawOrigin({ width, height }: Size, random: () => number): [column: number, row: number] {
  const draw = (side: number) =>
    Math.floor(random() * (Math.max(0, MAX_SIDE - side) / COARSE_STRIDE + 1));
  return [draw(width), draw(height)];
}

function betweenViews(entry: PairPhotos, [toFirst, toSecond]: readonly [Plane, Plane]) {
  const homography = entry.kind === 'one' ? null : entry.known.homography;
  if (entry.kind === 'two' && !homography) return null;
  const forth = homography ? times(homography, toFirst) : toFirst;
  return times(inverse(toSecond), forth);
}
