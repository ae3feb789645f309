// A thread that decodes and augments photos, so that the one that trains does not wait for them.
import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { toPlainError } from '../../errors.ts';
import type { PixelGrid } from '../../imaging/decode.ts';
import { decodePhoto } from '../../imaging/decode-node.ts';
import { type PreparedPhoto, preparePhoto } from '../../training/augment/augment.ts';
import { jpegRoundTrip } from '../../training/augment/jpeg-node.ts';
import type { Batch, BatchPlan } from '../../training/data/batch.ts';
import { assembleBatch } from '../../training/data/make-batch.ts';
import { makePairs, type PairBatch, type PairPhotos } from '../../training/matcher/make-pairs.ts';
import { preparedForViews } from '../../training/matcher/views.ts';
import { readPhoto } from '../encode-photos.ts';
import { PhotoCache } from './train-worker-cache.ts';
import type {
  BatchAnswer,
  BatchRequest,
  BatchWorkerData,
  ImageWorkerData,
  PairWorkerData,
} from './train-worker-protocol.ts';

// Photos are small: libvips' own threads and its cache of operations cost more than they give.
sharp.concurrency(1);
sharp.cache(false);

const data = workerData as BatchWorkerData;
const cache = new PhotoCache(data.cacheBytes);
const port = parentPort!; // never null in a worker

/** The cache holds photos as they are needed; `key` says for what, besides the file. */
async function prepared(
  file: string | undefined,
  key: string,
  prepare: (pixels: PixelGrid) => PreparedPhoto,
): Promise<PreparedPhoto> {
  if (file === undefined) throw new RangeError('A plan names a photo that the data set has not.');
  const known = cache.get(`${key} ${file}`);
  if (known) return known;
  const made = prepare(await decodePhoto(await readPhoto(file)));
  cache.put(`${key} ${file}`, made);
  return made;
}

async function imagesOf(plan: BatchPlan, { files, ...options }: ImageWorkerData): Promise<Batch> {
  const key = `${plan.width}x${plan.height}`;
  const prepare = (pixels: PixelGrid) => preparePhoto(pixels, plan, options.augmentation);
  const photos = await Promise.all(plan.photos.map((n) => prepared(files[n], key, prepare)));
  return assembleBatch(photos, plan, { ...options, jpeg: jpegRoundTrip });
}

async function pairsOf(plan: BatchPlan, { files, pairs }: PairWorkerData): Promise<PairBatch> {
  const key = `${plan.width}x${plan.height}`;
  const entry = async (n: number): Promise<PairPhotos> => {
    const pair = pairs[n - files.length];
    if (!pair) {
      const { pixels } = await prepared(files[n], key, (photo) => preparedForViews(photo, plan));
      return { kind: 'one', photo: pixels };
    }
    // Known points are in the photos' own pixels.
    const whole = (file: string) =>
      prepared(file, 'whole', (pixels) => ({ pixels, shrunk: false }));
    const [first, second] = [await whole(pair.files[0]), await whole(pair.files[1])];
    return { kind: 'two', photos: [first.pixels, second.pixels], known: pair.known };
  };
  return makePairs(await Promise.all(plan.photos.map(entry)), plan, jpegRoundTrip);
}

async function answer({ id, plan }: BatchRequest): Promise<void> {
  try {
    const batch = data.kind === 'pairs' ? await pairsOf(plan, data) : await imagesOf(plan, data);
    const buffers = Object.values(batch).flatMap((value: unknown) =>
      ArrayBuffer.isView(value) ? [value.buffer as ArrayBuffer] : [],
    );
    port.postMessage({ kind: 'batch', id, batch } satisfies BatchAnswer, buffers);
  } catch (thrown) {
    port.postMessage({ kind: 'error', id, error: toPlainError(thrown) } satisfies BatchAnswer);
  }
}

// One after another: batches are wanted in the order of their requests, not all at once and late.
let last: Promise<void> = Promise.resolve();
port.on('message', (request: BatchRequest) => {
  last = last.then(() => answer(request));
});
