// Photos on their way into training: which may be used, the same batch from whoever makes it, and workers
// that fail.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { contactSheet } from '../../src/cli/commands/contact-sheet.ts';
import { type ListedPhoto, readManifests } from '../../src/cli/photo-list.ts';
import { PhotoCache } from '../../src/cli/training/train-worker-cache.ts';
import { BATCH_WORKERS, BatchWorkers } from '../../src/cli/training/train-worker-pool.ts';
import { openBatches, trainingPhotos } from '../../src/cli/training/training-photos.ts';
import { roleOf, type ValidationSplit } from '../../src/evaluation/protocol.ts';
import type { PixelGrid } from '../../src/imaging/decode.ts';
import { decodePhoto } from '../../src/imaging/decode-node.ts';
import { drawScene } from '../../src/imaging/drawn.ts';
import { jpegRoundTrip } from '../../src/training/augment/jpeg-node.ts';
import { AUGMENTATIONS } from '../../src/training/augment/presets.ts';
import { type Batch, type BatchPlan, shareOf } from '../../src/training/data/batch.ts';
import { makeBatch } from '../../src/training/data/make-batch.ts';

const NUMBERS = { mean: [127, 120, 110], std: [60, 58, 57] };
const options = { ...NUMBERS, augmentation: AUGMENTATIONS.recipe, jpeg: jpegRoundTrip };
const labels = Int32Array.from([2, 0, -1, 1]);
const plan: BatchPlan = { photos: [3, 0, 1, 3, 2], width: 96, height: 64, seed: 99 };

let folder: string;
let files: string[];
let decoded: PixelGrid[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-training-'));
  files = [];
  for (const seed of labels.keys()) {
    const { data, width, height } = drawScene(seed, 0);
    const file = join(folder, `${seed}.jpg`);
    await sharp(data, { raw: { width, height, channels: 3 } })
      .jpeg()
      .toFile(file);
    files.push(file);
  }
  await writeFile(join(folder, 'broken.jpg'), 'this is no photo');
  decoded = await Promise.all(files.map(async (file) => decodePhoto(await readFile(file))));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const photosOf = ({ photos }: BatchPlan) => photos.map((photo) => decoded[photo]!);
const pure = (plan: BatchPlan) => makeBatch(photosOf(plan), plan, { ...options, labels });

/** `toEqual` takes seconds for so many numbers. */
function expectSame(batch: Batch, wanted: Batch): void {
  expect({ ...batch, pixels: null }).toEqual({ ...wanted, pixels: null });
  expect(sameNumbers(batch.pixels, wanted.pixels)).toBe(true);
}

function sameNumbers(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

describe('makeBatch', () => {
  it('says what it made', async () => {
    const batch = await pure(plan);
    expect(batch).toMatchObject({ count: 5, width: 96, height: 64 });
    expect(batch.pixels.length).toBe(5 * 96 * 64 * 3);
    expect([...batch.photos]).toEqual([3, 0, 1, 3, 2]);
    expect([...batch.labels]).toEqual([1, 2, 0, 1, -1]);
    expect(batch.pixels.every(Number.isFinite)).toBe(true);
  });

  it('makes the same batch again, other draws of one photo, and another by another seed', async () => {
    const batch = await pure(plan);
    expectSame(await pure(plan), batch);
    const size = batch.pixels.length / 5;
    const image = (n: number) => batch.pixels.subarray(n * size, (n + 1) * size);
    expect(sameNumbers(image(0), image(3))).toBe(false);
    const other = await pure({ ...plan, seed: 100 });
    expect(sameNumbers(other.pixels, batch.pixels)).toBe(false);
  });

  it('tells which images are mirrored', async () => {
    const flips = { ...options, augmentation: { ...AUGMENTATIONS.none, flip: 0.5 } };
    const many: BatchPlan = { photos: Array(16).fill(0), width: 64, height: 64, seed: 3 };
    const batch = await makeBatch(photosOf(many), many, flips);
    const size = batch.pixels.length / 16;
    const image = (n: number) => batch.pixels.subarray(n * size, (n + 1) * size);
    expect(new Set(batch.flipped)).toEqual(new Set([0, 1]));
    const plain = image(batch.flipped.indexOf(0));
    for (let n = 0; n < 16; n++) {
      for (const [x, other] of [
        [0, 63],
        [20, 43],
      ] as const) {
        expect(image(n)[3 * x]).toBe(plain[3 * (batch.flipped[n] ? other : x)]);
      }
    }
  });

  it('makes the same images when processes share the batch', async () => {
    const whole = await pure(plan);
    const parts = await Promise.all([0, 1].map((rank) => pure(shareOf(plan, rank, 2))));
    expect(parts.map(({ count }) => count)).toEqual([2, 3]);
    const joined = Float32Array.from(parts.flatMap(({ pixels }) => [...pixels]));
    expect(sameNumbers(joined, whole.pixels)).toBe(true);
  });
});

describe('batch workers', () => {
  it.each([1, 2])('%i of them make what the pure function makes', async (workers) => {
    const source = new BatchWorkers(files, labels, { ...NUMBERS, augmentation: 'recipe', workers });
    try {
      const plans = Array.from({ length: 2 * BATCH_WORKERS.prefetch + 2 }, (_, seed) =>
        seed % 2 ? { ...plan, seed } : { ...plan, width: 64, height: 96, seed },
      );
      const batches = await Promise.all(plans.map((each) => source.load(each)));
      for (const [i, each] of plans.entries()) expectSame(batches[i]!, await pure(each));
    } finally {
      await source.close();
    }
  });

  it('tell which photo cannot be read, and go on', async () => {
    const broken = [...files, join(folder, 'broken.jpg'), join(folder, 'missing.jpg')];
    const source = new BatchWorkers(broken, labels, { ...NUMBERS, augmentation: 'none' });
    try {
      const small = { width: 64, height: 64, seed: 1 };
      const bad = [4, 5, 6].map((photo) => source.load({ ...small, photos: [0, photo] }));
      const codes = (await Promise.allSettled(bad)).map((result) =>
        result.status === 'rejected' ? result.reason.code : 'none',
      );
      expect(codes).toEqual(['photo-unsupported', 'photo-corrupt', 'internal']);
      expect((await source.load({ ...small, photos: [0] })).count).toBe(1);
    } finally {
      await source.close();
    }
  });

  it('that die reject what was asked of them and what is asked later', async () => {
    const source = new BatchWorkers(files, labels, {
      ...NUMBERS,
      augmentation: 'recipe',
      workers: 2,
    });
    await source.load(plan);
    const pending = Array.from({ length: 12 }, (_, seed) => source.load({ ...plan, seed }));
    const settled = Promise.allSettled(pending);
    await source.workers[0]!.terminate();
    const results = await settled;
    const failed = results.filter((result) => result.status === 'rejected');
    expect(failed.length).toBeGreaterThan(0);
    for (const { reason } of failed) expect(reason.code).toBe('worker-crashed');
    await expect(source.load(plan)).rejects.toMatchObject({ code: 'worker-crashed' });
    await source.close();
  });

  it('that are closed reject what has not come', async () => {
    const source = new BatchWorkers(files, labels, { ...NUMBERS, augmentation: 'none' });
    const pending = source.load(plan);
    const rejected = expect(pending).rejects.toMatchObject({ code: 'aborted' });
    await source.close();
    await rejected;
    await expect(source.load(plan)).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('PhotoCache', () => {
  const photo = (bytes: number) => {
    const pixels = { width: 1, height: 1, channels: 3 as const, data: new Uint8Array(bytes) };
    return { pixels, shrunk: false };
  };

  it('gives up the longest unused, and never holds more than its limit', () => {
    const cache = new PhotoCache(100);
    cache.put('a', photo(40));
    cache.put('b', photo(40));
    expect(cache.get('a')).toBeDefined();
    cache.put('c', photo(40));
    expect(cache.get('b')).toBeUndefined();
    expect(cache.get('a')).toBeDefined();
    expect(cache.get('c')).toBeDefined();
    cache.put('a', photo(10));
    expect(cache.bytes).toBe(50);
    cache.put('huge', photo(101));
    expect(cache.get('huge')).toBeUndefined();
    expect(cache.bytes).toBe(50);
  });
});

describe('trainingPhotos', () => {
  const split: ValidationSplit = {
    version: 1,
    seed: 'test',
    newLandmarks: { newcomer: ['newcomer-0'] },
    unlistedLandmarks: ['unlisted'],
    negatives: { 'hard:h': 'bank', 'distractor:d': 'fit', 'distractor:v': 'validation' },
  };
  const rows = (count: number, label: string, fields: Partial<ListedPhoto>): ListedPhoto[] =>
    Array.from({ length: count }, (_, i) => ({
      path: `${label || 'none'}-${i}`,
      label,
      split: 'train',
      kind: 'landmark_seen',
      source: '',
      licence: '',
      file: files[i % files.length]!,
      ...fields,
    }));
  const extra = { split: 'train_extra', kind: 'landmark_extra' };
  const manifest = () => [
    ...rows(6, 'tower', {}),
    ...rows(3, 'arch', extra),
    ...rows(2, 'bridge', {}),
    ...rows(1, 'bridge', { file: join(folder, 'broken.jpg'), path: 'broken' }),
    ...rows(2, 'newcomer', extra),
    ...rows(2, 'unlisted', extra),
    ...rows(2, 'tower', { split: 'index' }),
    ...rows(2, 'tower', { split: 'query' }),
    ...rows(2, '', { split: 'train_extra', kind: 'nonlandmark_hard', source: 'h', path: 'bank' }),
    ...rows(3, '', { split: 'distractor', kind: 'nonlandmark_pet', source: 'd', path: 'fit' }),
    ...rows(2, '', { split: 'distractor', kind: 'nonlandmark_pet', source: 'v', path: 'kept' }),
  ];

  it('takes the landmarks of training alone, readable ones, with sorted classes', async () => {
    const set = await trainingPhotos(manifest(), { split });
    expect(set.classes).toEqual(['arch', 'bridge', 'tower']);
    expect(set.counts).toEqual([3, 2, 6]);
    expect(set.photos.length).toBe(11);
    expect(new Set(set.photos.map(({ split }) => split))).toEqual(
      new Set(['train', 'train_extra']),
    );
    expect([...set.labels]).toEqual([2, 2, 2, 2, 2, 2, 0, 0, 0, 1, 1]);
    expect(set.aspects[0]).toBeCloseTo(320 / 240, 5);
    expect(set.photos[0]).toMatchObject({ width: 320, height: 240, classIndex: 2 });
  });

  it('takes photos of no landmark when asked, never those of validation', async () => {
    const set = await trainingPhotos(manifest(), { split, unlabelled: true });
    expect(set.classes).toEqual(['arch', 'bridge', 'tower']);
    const others = set.photos.filter(({ classIndex }) => classIndex < 0);
    expect(others.map(({ path }) => path)).toEqual(['bank', 'bank', 'fit', 'fit', 'fit']);
  });

  it('limits photos, of all classes alike, or of fewer classes', async () => {
    const twelve = [...rows(10, 'a', {}), ...rows(5, 'b', {}), ...rows(9, 'c', {})];
    expect((await trainingPhotos(twelve, { split, limit: 12 })).counts).toEqual([4, 4, 4]);
    expect((await trainingPhotos(twelve, { split, limit: 20 })).counts).toEqual([8, 5, 7]);
    const few = await trainingPhotos(twelve, { split, limit: 8 });
    expect(few.classes).toEqual(['a', 'c']);
    expect(few.counts).toEqual([4, 4]);
    expect((await trainingPhotos(twelve, { split, limit: 999 })).photos.length).toBe(24);
    const some = await trainingPhotos(manifest(), { split, limit: 10, unlabelled: true });
    expect(some.photos.length).toBe(10);
    expect(some.labels.filter((label) => label < 0).length).toBe(3);
  });

  it('refuses a manifest without any', async () => {
    const unlisted = rows(2, 'unlisted', extra);
    await expect(trainingPhotos(unlisted, { split })).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('contact sheet', () => {
  const sheet = async (given: Partial<Parameters<typeof contactSheet>[0]>) => {
    const manifest = join(folder, 'manifest.csv');
    await writeFile(manifest, 'path,label,split\n0.jpg,x,train\n1.jpg,y,train\n');
    const usual = { preset: 'recipe', size: '64', photos: '8', draws: '3', seed: '1' };
    const out = join(folder, 'sheet.png');
    const silence = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      await contactSheet({ manifest: [manifest], out, ...usual, ...given });
    } finally {
      silence.mockRestore();
    }
    return sharp(out).raw().toBuffer({ resolveWithObject: true });
  };

  it('shows each photo as it is and its draws, the same for the same seed', async () => {
    const { data, info } = await sheet({});
    expect(info).toMatchObject({ width: 4 * 68 + 4, height: 2 * 68 + 4, channels: 3 });
    expect(data.equals((await sheet({})).data)).toBe(true);
    expect(data.equals((await sheet({ seed: '2' })).data)).toBe(false);
    // Without augmentation every column of a row is alike.
    const plain = await sheet({ preset: 'none' });
    const column = (n: number) =>
      sharp(plain.data, { raw: { width: 276, height: 140, channels: 3 } })
        .extract({ left: 4 + 68 * n, top: 0, width: 64, height: 140 })
        .raw()
        .toBuffer();
    expect((await column(3)).equals(await column(0))).toBe(true);
  });

  it.each([
    [{ preset: 'wild' }],
    [{ size: '9' }],
    [{ photos: '0' }],
    [{ draws: 'x' }],
    [{ out: 'sheet.txt' }],
  ])('refuses %j', async (given) => {
    await expect(sheet(given)).rejects.toMatchObject({ code: 'usage' });
  });
});

const data = fileURLToPath(new URL('../../../shared/data/manifest.csv', import.meta.url));
if (!existsSync(data)) console.log('skipped: ../shared/data is absent, no batch of real photos');

describe.skipIf(!existsSync(data))('the training data', () => {
  it('keeps to the committed protocol and goes through a worker', async () => {
    const listed = await readManifests([data]);
    const set = await trainingPhotos(listed, { limit: 60, unlabelled: true });
    const committed = new URL('../../models/validation-split.json', import.meta.url);
    const split: ValidationSplit = JSON.parse(await readFile(committed, 'utf8'));
    for (const photo of set.photos) {
      expect(['train', 'train-extra', 'negative-bank', 'negative-fit']).toContain(
        roleOf(photo, split),
      );
    }
    const source = openBatches(set, { ...NUMBERS, augmentation: 'light' });
    try {
      const photos = [...set.photos.keys()];
      const batch = await source.load({ photos, width: 96, height: 96, seed: 1 });
      expect([...batch.labels]).toEqual([...set.labels]);
      const mean = batch.pixels.reduce((a, b) => a + b, 0) / batch.pixels.length;
      expect(Math.abs(mean)).toBeLessThan(1);
    } finally {
      await source.close();
    }
  });
});
