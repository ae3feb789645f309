// Image shapes for training: a batch has one shape, and every photo one that is near its own.
import { viewSize } from '../../imaging/to-tensor.ts';
import type { Size } from '../augment/warp.ts';

/** Usual shapes of photos, width / height; the nearest multiples make a handful of sizes of them. */
export const BUCKET_ASPECTS = [16 / 9, 3 / 2, 4 / 3, 1, 3 / 4, 2 / 3, 9 / 16] as const;

export interface Bucket extends Size {
  /** Indices of its photos, ascending. */
  readonly photos: readonly number[];
}

export interface BucketOptions {
  /** Pixels; rounded to `multiple` as for recognition. */
  readonly longestSide: number;
  readonly multiple: number;
  /** All images square, as in the recipe: photos are squeezed. */
  readonly square: boolean;
  /** A bucket with fewer photos is given up for the next nearest. */
  readonly minPhotos: number;
}

/**
 * Divides photos by shape, each into the bucket nearest to its aspect ratio, so that training sees
 * photos as the encoder does (imaging/to-tensor.ts).
 * @param aspects width / height of every photo
 * @param photos those to divide
 */
export function bucketPhotos(
  aspects: ArrayLike<number>,
  photos: readonly number[],
  options: BucketOptions,
): Bucket[] {
  let shapes = shapesOf(options);
  while (true) {
    const buckets = divide(aspects, photos, shapes).filter((bucket) => bucket.photos.length > 0);
    const smallest = buckets.reduce((a, b) => (b.photos.length < a.photos.length ? b : a));
    if (buckets.length === 1 || smallest.photos.length >= options.minPhotos) return buckets;
    shapes = buckets.filter((bucket) => bucket !== smallest);
  }
}

function shapesOf({ longestSide, multiple, square }: BucketOptions): Size[] {
  const shapes = new Map<string, Size>();
  for (const aspect of square ? [1] : BUCKET_ASPECTS) {
    const size = viewSize(aspect, 1, longestSide, multiple);
    shapes.set(`${size.width}x${size.height}`, size);
  }
  return [...shapes.values()];
}

function divide(
  aspects: ArrayLike<number>,
  photos: readonly number[],
  shapes: readonly Size[],
): Bucket[] {
  const members = shapes.map((): number[] => []);
  const logs = shapes.map(({ width, height }) => Math.log(width / height));
  for (const photo of photos) {
    const log = Math.log(aspects[photo]!);
    let nearest = 0;
    for (let i = 1; i < logs.length; i++) {
      if (Math.abs(logs[i]! - log) < Math.abs(logs[nearest]! - log)) nearest = i;
    }
    members[nearest]!.push(photo);
  }
  return shapes.map(({ width, height }, i) => ({ width, height, photos: members[i]! }));
}
