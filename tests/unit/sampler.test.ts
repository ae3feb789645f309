// Sampling: probabilities, even epochs, shapes, and plans that depend on (seed, epoch, step) alone.
import { describe, expect, it } from 'vitest';
import { shareOf } from '../../src/training/data/batch.ts';
import { bucketPhotos } from '../../src/training/data/buckets.ts';
import {
  photoWeights,
  type SampledSet,
  Sampler,
  type SamplerOptions,
} from '../../src/training/data/sampler.ts';
import { mixSeeds } from '../../src/training/data/seeds.ts';

/** Classes of 1, 4, 16 and 64 photos, and 15 photos of none; of many shapes. */
const SIZES = [1, 4, 16, 64];
const labels = [
  ...SIZES.flatMap((n, label) => Array<number>(n).fill(label)),
  ...Array(15).fill(-1),
];
const ASPECTS = [1.5, 1.33, 1, 0.75, 1.78];
const set: SampledSet = { labels, aspects: labels.map((_, i) => ASPECTS[i % ASPECTS.length]!) };
const options: SamplerOptions = { seed: 7, batch: 8, steps: 12, longestSide: 160 };

function epochOf(sampler: Sampler, epoch: number, steps = options.steps) {
  return Array.from({ length: steps }, (_, step) => sampler.plan(epoch, step));
}

function countPhotos(sampler: Sampler, epochs: number, steps = options.steps): number[] {
  const counts = labels.map(() => 0);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const { photos } of epochOf(sampler, epoch, steps)) for (const p of photos) counts[p]!++;
  }
  return counts;
}

describe('probabilities', () => {
  const ofClasses = (exponent: number, unlabelled = false) => {
    const weights = photoWeights(labels, { ...options, exponent, unlabelled });
    return [0, 1, 2, 3, -1].map((label) =>
      weights.reduce((sum, weight, i) => (labels[i] === label ? sum + weight : sum), 0),
    );
  };

  it('of classes go with a power of their photos', () => {
    for (const [exponent, expected] of [
      [0, [1, 1, 1, 1]],
      [0.5, [1, 2, 4, 8]],
      [1, [1, 4, 16, 64]],
    ] as const) {
      const sum = expected.reduce((a: number, b) => a + b, 0);
      const classes = ofClasses(exponent);
      for (const [i, share] of expected.entries()) expect(classes[i]).toBeCloseTo(share / sum, 10);
      expect(classes[4]).toBe(0);
    }
  });

  it('of photos of no landmark are their share, when they are asked for', () => {
    const classes = ofClasses(0.5, true);
    expect(classes[4]).toBeCloseTo(0.15, 10);
    expect(classes[3]).toBeCloseTo((0.85 * 8) / 15, 10);
  });

  it('are met over many epochs', () => {
    const epochs = 400;
    const counts = countPhotos(new Sampler(set, { ...options, unlabelled: true }), epochs);
    const weights = photoWeights(labels, { ...options, unlabelled: true });
    const draws = epochs * options.steps * options.batch;
    for (const [photo, weight] of weights.entries()) {
      expect(counts[photo]! / draws / weight).toBeGreaterThan(0.8);
      expect(counts[photo]! / draws / weight).toBeLessThan(1.2);
    }
  });
});

describe('an epoch', () => {
  it('shows every photo once where all are alike', () => {
    const even = { labels: Array(96).fill(0), aspects: Array(96).fill(1.5) };
    const sampler = new Sampler(even, { ...options, exponent: 1 });
    for (const epoch of [0, 1, 2]) {
      const seen = epochOf(sampler, epoch).flatMap(({ photos }) => photos);
      expect([...seen].sort((a, b) => a - b)).toEqual([...Array(96).keys()]);
    }
  });

  it('shows each photo as often as expected, give or take one', () => {
    const sampler = new Sampler(set, { ...options, square: true });
    const weights = photoWeights(labels, options);
    for (const epoch of [0, 5]) {
      const counts = labels.map(() => 0);
      for (const { photos } of epochOf(sampler, epoch)) for (const p of photos) counts[p]!++;
      for (const [photo, weight] of weights.entries()) {
        expect(Math.abs(counts[photo]! - weight * 96)).toBeLessThan(1);
      }
    }
  });

  it('has full batches, none with a photo twice where it can be helped', () => {
    const sampler = new Sampler(set, options);
    for (const epoch of [0, 1, 2, 3]) {
      for (const { photos } of epochOf(sampler, epoch)) {
        expect(photos.length).toBe(8);
        expect(photos.every((photo) => labels[photo]! >= 0)).toBe(true);
      }
    }
    const square = new Sampler(set, { ...options, square: true });
    for (const { photos } of epochOf(square, 0)) expect(new Set(photos).size).toBe(8);
  });

  it('differs from the next one and from that of another seed', () => {
    const photos = (seed: number, epoch: number) =>
      epochOf(new Sampler(set, { ...options, seed }), epoch).map((plan) => plan.photos);
    expect(photos(7, 0)).not.toEqual(photos(7, 1));
    expect(photos(7, 0)).not.toEqual(photos(8, 0));
  });
});

describe('plans', () => {
  it('depend on epoch and step alone: a resumed run goes on as the first would have', () => {
    const whole = new Sampler(set, options);
    const wanted = [0, 1, 2, 3].flatMap((epoch) => epochOf(whole, epoch));
    const resumed = new Sampler(set, options);
    for (const at of [40, 41, 13, 47, 0]) {
      expect(resumed.plan(Math.floor(at / 12), at % 12)).toEqual(wanted[at]);
    }
    expect(new Set(wanted.map(({ seed }) => seed)).size).toBe(wanted.length);
  });

  it('beyond an epoch are refused, and so is a set of nothing', () => {
    expect(() => new Sampler(set, options).plan(0, 12)).toThrow(RangeError);
    expect(() => new Sampler({ labels: [-1], aspects: [1] }, options)).toThrow(RangeError);
  });

  it('are divided among processes without loss', () => {
    const plan = new Sampler(set, options).plan(0, 0);
    const shares = [0, 1, 2].map((rank) => shareOf(plan, rank, 3));
    expect(shares.flatMap(({ photos }) => photos)).toEqual(plan.photos);
    expect(shares.map(({ first }) => first)).toEqual([0, 2, 5]);
  });
});

describe('shapes', () => {
  it('are near the photos’ own, on multiples of 32, or square', () => {
    const sampler = new Sampler(set, { ...options, batch: 2, steps: 60 });
    const shapes = new Set<string>();
    for (const { photos, width, height } of epochOf(sampler, 0, 60)) {
      shapes.add(`${width}x${height}`);
      expect(width % 32).toBe(0);
      expect(height % 32).toBe(0);
      for (const photo of photos) {
        expect(Math.abs(Math.log(width / height / set.aspects[photo]!))).toBeLessThan(0.2);
      }
    }
    expect([...shapes].sort()).toEqual(['128x160', '160x128', '160x160', '160x96']);
    const square = new Sampler(set, { ...options, square: true });
    for (const { width, height } of epochOf(square, 0)) expect([width, height]).toEqual([160, 160]);
  });

  it('with too few photos are given up for the next nearest', () => {
    const aspects = [...Array(20).fill(1.3), ...Array(20).fill(1), 0.55, 1.8];
    const base = { longestSide: 160, multiple: 32, square: false };
    const all = [...aspects.keys()];
    const buckets = bucketPhotos(aspects, all, { ...base, minPhotos: 5 });
    expect(buckets.map(({ width, height, photos }) => [width, height, photos.length])).toEqual([
      [160, 128, 21],
      [160, 160, 21],
    ]);
    const one = bucketPhotos(aspects, all, { ...base, minPhotos: 100 });
    expect(one.length).toBe(1);
    expect(one[0]!.photos).toEqual(all);
  });
});

describe('mixSeeds', () => {
  it('tells places and orders apart, in 32 bits', () => {
    const seeds = new Set<number>();
    for (let a = 0; a < 60; a++) for (let b = 0; b < 60; b++) seeds.add(mixSeeds(a, b));
    expect(seeds.size).toBe(3600);
    expect(mixSeeds(1, 2)).not.toBe(mixSeeds(2, 1));
    expect(mixSeeds(0)).not.toBe(mixSeeds(0, 0));
    for (const seed of seeds)
      expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32).toBe(true);
  });
});

describe('photos together', () => {
  const grouped = new Sampler(set, { ...options, square: true, together: 4 });
  const batches = Array.from({ length: 20 }, (_, epoch) => epochOf(grouped, epoch)).flat();

  it('come in groups of their class, none twice in a batch', () => {
    for (const { photos } of batches) {
      expect(new Set(photos).size).toBe(options.batch);
      // Of a class with four photos or more: at most the last group is cut short.
      const large = photos.filter((photo) => labels[photo]! > 0);
      const lonely = large.filter((photo) => {
        const others = photos.filter((each) => labels[each] === labels[photo]);
        return others.length === 1;
      });
      expect(lonely.length).toBeLessThanOrEqual(1);
    }
  });

  it('take every photo in turn', () => {
    const seen = new Set(batches.flatMap(({ photos }) => photos));
    expect(seen.size).toBe(labels.filter((label) => label >= 0).length);
  });

  it('follow from seed, epoch and step', () => {
    const again = new Sampler(set, { ...options, square: true, together: 4 });
    expect(again.plan(3, 5)).toEqual(batches[3 * options.steps + 5]);
  });
});
