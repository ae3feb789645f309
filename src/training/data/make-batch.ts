// A batch from decoded photos and a plan: the same code in Node's workers and in the page's.

import type { PixelGrid } from '../../imaging/decode.ts';
import { seededRandom } from '../../random.ts';
import { augment, type PreparedPhoto, preparePhoto } from '../augment/augment.ts';
import type { JpegRoundTrip } from '../augment/jpeg.ts';
import type { AugmentationPreset } from '../augment/presets.ts';
import type { Batch, BatchPlan } from './batch.ts';
import { mixSeeds } from './seeds.ts';

export interface BatchOptions {
  readonly augmentation: AugmentationPreset;
  /** Of 0..255 values, by channel, as in the encoder's `input`. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Class of every photo of the data set, −1 = none; all −1 when left out. */
  readonly labels?: ArrayLike<number>;
  /** `jpegRoundTrip` of augment/jpeg-node.ts or augment/jpeg-browser.ts. */
  readonly jpeg: JpegRoundTrip;
}

/** @param photos those of the plan, in its order, decoded */
export function makeBatch(
  photos: readonly PixelGrid[],
  plan: BatchPlan,
  options: BatchOptions,
): Promise<Batch> {
  const prepared = photos.map((photo) => preparePhoto(photo, plan, options.augmentation));
  return assembleBatch(prepared, plan, options);
}

/** {@link makeBatch} from photos that are prepared already, for this size and augmentation. */
export async function assembleBatch(
  photos: readonly PreparedPhoto[],
  plan: BatchPlan,
  options: BatchOptions,
): Promise<Batch> {
  const { width, height, seed, first = 0 } = plan;
  const count = plan.photos.length;
  if (photos.length !== count) {
    throw new RangeError(`The plan has ${count} photos, ${photos.length} were given.`);
  }
  const size = width * height * 3;
  const pixels = new Float32Array(count * size);
  const flipped = new Uint8Array(count);
  const one = async (photo: PreparedPhoto, n: number): Promise<void> => {
    const out = pixels.subarray(n * size, (n + 1) * size);
    const random = seededRandom(mixSeeds(seed, first + n));
    const draw = await augment(photo, options.augmentation, random, plan, options.jpeg, out);
    normalise(out, options);
    flipped[n] = draw.flip ? 1 : 0;
  };
  await Promise.all(photos.map(one));
  return {
    pixels,
    count,
    height,
    width,
    photos: Int32Array.from(plan.photos),
    labels: Int32Array.from(plan.photos, (photo) => options.labels?.[photo] ?? -1),
    flipped,
  };
}

function normalise(pixels: Float32Array, { mean, std }: Pick<BatchOptions, 'mean' | 'std'>): void {
  for (let c = 0; c < 3; c++) {
    const centre = mean[c]!;
    const scale = 1 / std[c]!;
    for (let i = c; i < pixels.length; i += 3) pixels[i] = (pixels[i]! - centre) * scale;
  }
}
