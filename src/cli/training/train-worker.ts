// A thread that decodes and augments photos, so that the one that trains does not wait for them.
import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { toPlainError } from '../../errors.ts';
import { decodePhoto } from '../../imaging/decode-node.ts';
import { type PreparedPhoto, preparePhoto } from '../../training/augment/augment.ts';
import { jpegRoundTrip } from '../../training/augment/jpeg-node.ts';
import type { BatchPlan } from '../../training/data/batch.ts';
import { assembleBatch } from '../../training/data/make-batch.ts';
import { readPhoto } from '../encode-photos.ts';
import { PhotoCache } from './train-worker-cache.ts';
import type { BatchAnswer, BatchRequest, BatchWorkerData } from './train-worker-protocol.ts';

// Photos are small: libvips' own threads and its cache of operations cost more than they give.
sharp.concurrency(1);
sharp.cache(false);

const { files, cacheBytes, ...options } = workerData as BatchWorkerData;
const cache = new PhotoCache(cacheBytes);
const port = parentPort!; // never null in a worker

/** The cache holds photos at the size that this shape of image needs. */
async function prepared(photo: number, plan: BatchPlan): Promise<PreparedPhoto> {
  const key = `${photo} ${plan.width}x${plan.height}`;
  const known = cache.get(key);
  if (known) return known;
  const file = files[photo];
  if (file === undefined) throw new RangeError(`The data set has no photo ${photo}.`);
  const pixels = await decodePhoto(await readPhoto(file));
  const made = preparePhoto(pixels, plan, options.augmentation);
  cache.put(key, made);
  return made;
}

async function answer({ id, plan }: BatchRequest): Promise<void> {
  try {
    const photos = await Promise.all(plan.photos.map((photo) => prepared(photo, plan)));
    const batch = await assembleBatch(photos, plan, { ...options, jpeg: jpegRoundTrip });
    const { pixels, labels, flipped } = batch;
    port.postMessage({ kind: 'batch', id, batch } satisfies BatchAnswer, [
      pixels.buffer as ArrayBuffer,
      batch.photos.buffer as ArrayBuffer,
      labels.buffer as ArrayBuffer,
      flipped.buffer as ArrayBuffer,
    ]);
  } catch (thrown) {
    port.postMessage({ kind: 'error', id, error: toPlainError(thrown) } satisfies BatchAnswer);
  }
}

// One after another: batches are wanted in the order of their requests, not all at once and late.
let last: Promise<void> = Promise.resolve();
port.on('message', (request: BatchRequest) => {
  last = last.then(() => answer(request));
});
