// Which photos a batch holds: class-balanced, in batches of one shape, from (seed, epoch, step) alone.
import { groupBy } from '../../evaluation/group.ts';
import { seededRandom } from '../../random.ts';
import type { BatchPlan } from './batch.ts';
import { type Bucket, bucketPhotos } from './buckets.ts';
import { mixSeeds } from './seeds.ts';

/** What sampling needs to know of a data set, one entry a photo. */
export interface SampledSet {
  /** Class index, −1 = no landmark. */
  readonly labels: ArrayLike<number>;
  /** width / height. */
  readonly aspects: ArrayLike<number>;
}

export interface SamplerOptions {
  readonly seed: number;
  /** Photos a batch. */
  readonly batch: number;
  /** Batches an epoch. */
  readonly steps: number;
  /** Longest side of the images in pixels. */
  readonly longestSide: number;
  /** Sides are multiples of this; {@link SAMPLING} when left out. */
  readonly multiple?: number;
  /** All images square instead of near the photos' own shapes. */
  readonly square?: boolean;
  /** p(class) ∝ photos^exponent: 1 = every photo alike, 0 = every class alike. */
  readonly exponent?: number;
  /** Photos of no landmark take part, by their share of all photos: for distillation. */
  readonly unlabelled?: boolean;
  /**
   * Photos of a class that come to a batch together, where it has so many of the batch's shape: for losses
   * that learn from pairs. 1, the default, draws every photo by itself, as probabilities want it; more keep
   * them only nearly.
   */
  readonly together?: number;
}

export const SAMPLING = {
  multiple: 32,
  /** Half-way, as in Mahajan et al. 2018 (square-root sampling). */
  exponent: 0.5,
  /** A shape needs photos for so many batches, or its batches would be the same few photos again. */
  bucketBatches: 2,
} as const;

/** What an epoch's batches hold before they get their seeds. */
type Schedule = readonly Pick<BatchPlan, 'photos' | 'width' | 'height'>[];

/**
 * Plans batches. An epoch is drawn as a whole by systematic sampling: a photo that is expected x times
 * comes ⌊x⌋ or ⌈x⌉ times in its shape's batches, and shapes get ⌊⌋ or ⌈⌉ of their share of the batches,
 * so that over epochs every photo has its exact probability, with as little left to chance as can be.
 */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #buckets: readonly WeighedBucket[];
  readonly #labels: ArrayLike<number>;
  /** For each bucket, its photos by class. */
  readonly #fellows: readonly ReadonlyMap<number, readonly number[]>[];
  #last: { readonly epoch: number; readonly schedule: Schedule } | null = null;

  /** Throws RangeError when no photo can be drawn. */
  constructor(set: SampledSet, options: SamplerOptions) {
    this.#options = options;
    this.#buckets = weighBuckets(set, options);
    this.#labels = set.labels;
    this.#fellows = this.#buckets.map(({ photos }) => {
      const labelled = photos.filter((photo) => set.labels[photo]! >= 0);
      return groupBy(labelled, (photo) => set.labels[photo]!);
    });
  }

  /**
   * Batch `step` (0..steps − 1) of an epoch: depends on the constructor's arguments and these two
   * numbers, not on what was asked before. Throws RangeError for a step that an epoch does not have.
   */
  plan(epoch: number, step: number): BatchPlan {
    if (this.#last?.epoch !== epoch) this.#last = { epoch, schedule: this.#draw(epoch) };
    const batch = this.#last.schedule[step];
    if (!batch)
      throw new RangeError(`An epoch has ${this.#options.steps} steps, not step ${step}.`);
    return { ...batch, seed: mixSeeds(this.#options.seed, epoch, step) };
  }

  /** Photos in their order, each followed by others of its class, until as many are there as before. */
  #joined(hand: readonly number[], bucket: number, random: () => number): readonly number[] {
    const { together = 1 } = this.#options;
    if (together === 1) return hand;
    const taken = new Set<number>();
    for (const photo of hand) {
      const fellows = (this.#fellows[bucket]!.get(this.#labels[photo]!) ?? []).slice();
      shuffle(fellows, random);
      const group = [photo, ...fellows.filter((each) => each !== photo)];
      for (const each of group.filter((one) => !taken.has(one)).slice(0, together)) taken.add(each);
      if (taken.size >= hand.length) break;
    }
    // A shape with fewer photos than a batch holds: the rest comes twice.
    return [...taken, ...hand].slice(0, hand.length);
  }

  #draw(epoch: number): Schedule {
    const { seed, batch, steps } = this.#options;
    const random = seededRandom(mixSeeds(seed, epoch));
    const shares = this.#buckets.map(({ share }) => share);
    const schedule: Schedule[number][] = [];
    for (const [i, batches] of countsOf(systematicSample(shares, steps, random))) {
      const { photos, weights, width, height } = this.#buckets[i]!;
      const drawn = systematicSample(weights, batches * batch, random);
      // Dealt like cards: the copies of a photo lie together and so come to different batches.
      for (let n = 0; n < batches; n++) {
        const hand = Array.from({ length: batch }, (_, k) => photos[drawn[k * batches + n]!]!);
        schedule.push({ photos: this.#joined(hand, i, random), width, height });
      }
    }
    shuffle(schedule, random);
    return schedule;
  }
}

interface WeighedBucket extends Bucket {
  /** Of each of its photos in all draws; they sum to `share`. */
  readonly weights: readonly number[];
  readonly share: number;
}

function weighBuckets(set: SampledSet, options: SamplerOptions): WeighedBucket[] {
  const weights = photoWeights(set.labels, options);
  const drawable = weights.flatMap((weight, photo) => (weight > 0 ? [photo] : []));
  if (drawable.length === 0) throw new RangeError('The data set has no photo to draw.');
  const buckets = bucketPhotos(set.aspects, drawable, {
    longestSide: options.longestSide,
    multiple: options.multiple ?? SAMPLING.multiple,
    square: options.square ?? false,
    minPhotos: SAMPLING.bucketBatches * options.batch,
  });
  return buckets.map((bucket) => {
    const own = bucket.photos.map((photo) => weights[photo]!);
    return { ...bucket, weights: own, share: own.reduce((a, b) => a + b, 0) };
  });
}

/** The probability of each photo in a single draw; 0 for those that take no part. */
export function photoWeights(
  labels: ArrayLike<number>,
  { exponent = SAMPLING.exponent, unlabelled = false }: SamplerOptions,
): number[] {
  const photos = Array.from(labels);
  const counts = countsOf(photos.filter((label) => label >= 0));
  let classes = 0;
  let labelled = 0;
  for (const count of counts.values()) {
    classes += count ** exponent;
    labelled += count;
  }
  const others = unlabelled ? photos.length - labelled : 0;
  const all = labelled + others;
  return photos.map((label) => {
    if (label < 0) return unlabelled ? 1 / all : 0;
    const count = counts.get(label)!;
    return ((labelled / all) * count ** (exponent - 1)) / classes;
  });
}

/** How often each value occurs, in the order of first occurrence. */
function countsOf(values: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/**
 * Draws `total` indices so that index i comes ⌊x⌋ or ⌈x⌉ times where x = total · weight / Σ weights, and
 * x times on average. Indices come in random order, copies of one beside each other.
 */
function systematicSample(
  weights: readonly number[],
  total: number,
  random: () => number,
): number[] {
  const order = [...weights.keys()];
  shuffle(order, random);
  const sum = weights.reduce((a, b) => a + b, 0);
  const drawn: number[] = [];
  // Marks lie at start, start + 1, … on a line on which every index has a stretch of its length x.
  const start = random();
  let end = 0;
  for (const [place, index] of order.entries()) {
    end += (total * weights[index]!) / sum;
    const marks = place === order.length - 1 ? total : Math.ceil(end - start);
    while (drawn.length < marks) drawn.push(index);
  }
  return drawn;
}

/** Fisher and Yates, in place. */
export function shuffle(items: unknown[], random: () => number): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
}
