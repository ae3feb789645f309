// Encodes many photos one after another, skipping none silently and none twice.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CairnError, throwIfAborted, toPlainError } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import type { OpenModel } from './models.ts';
import { photoKey } from './photo-key.ts';
import { VectorCache } from './vector-cache.ts';

/** Where vectors are kept between runs: CAIRN_CACHE, or `.cache` in the working folder. */
export const CACHE_FOLDER = process.env.CAIRN_CACHE ?? '.cache';

/** From a photo's bytes to a vector. */
export interface VectorSource {
  /** Names everything that the vector depends on besides the photo. */
  readonly name: string;
  readonly dim: number;
  encode(photo: Uint8Array): Promise<Float32Array>;
}

export function embeddingsOf({ encoder, info }: OpenModel): VectorSource {
  return {
    name: `${info.id}-${info.weightsSha256.slice(0, 12)}-embedding`,
    dim: info.dim,
    encode: async (photo) => (await encoder.encode(photo)).embedding,
  };
}

/** Work that may have to stop between two steps. */
export interface CheckedWork extends LongWork {
  /** Awaited before each step; what it throws ends the work. */
  readonly before?: () => Promise<void>;
}

export type EncodedPhoto<P> =
  | {
      readonly photo: P;
      /** Of the file, hex. */
      readonly sha256: string;
      /** What the cache keeps the vector under. */
      readonly key: string;
      readonly vector: Float32Array;
    }
  | { readonly photo: P; readonly problem: string };

/**
 * Yields in the order given. A photo that cannot be read is yielded with its problem; a fault of
 * the encoder is thrown.
 */
export async function* encodePhotos<P extends { readonly file: string }>(
  photos: readonly P[],
  source: VectorSource,
  work: LongWork = {},
): AsyncGenerator<EncodedPhoto<P>> {
  const cache = await openCache(source);
  try {
    yield* encodeThrough(cache, photos, source, work);
  } finally {
    await cache.close();
  }
}

/** Where the vectors of a source are kept. The caller closes it. */
export function openCache({ name, dim }: VectorSource): Promise<VectorCache> {
  return VectorCache.open(CACHE_FOLDER, name, dim);
}

/** As {@link encodePhotos}, with a cache that stays open: each vector can be had from it again, by its key. */
export async function* encodeThrough<P extends { readonly file: string }>(
  cache: VectorCache,
  photos: readonly P[],
  source: VectorSource,
  work: CheckedWork = {},
): AsyncGenerator<EncodedPhoto<P>> {
  for (const [done, photo] of photos.entries()) {
    throwIfAborted(work.signal);
    await work.before?.();
    yield await encodeOne(photo, source, cache);
    work.onProgress?.({ stage: 'encode', done: done + 1, total: photos.length, unit: 'photos' });
  }
}

async function encodeOne<P extends { readonly file: string }>(
  photo: P,
  source: VectorSource,
  cache: VectorCache,
): Promise<EncodedPhoto<P>> {
  try {
    const bytes = await readPhoto(photo.file);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const key = await photoKey(bytes);
    const known = await cache.get(key);
    if (known) return { photo, sha256, key, vector: known };
    const vector = await source.encode(bytes);
    await cache.put(key, vector);
    return { photo, sha256, key, vector };
  } catch (thrown) {
    const { code, message } = toPlainError(thrown);
    if (!code.startsWith('photo-')) throw thrown;
    return { photo, problem: message };
  }
}

/** Throws `photo-corrupt` when the file cannot be read at all. */
export async function readPhoto(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new CairnError(
      'photo-corrupt',
      `The file cannot be read: ${detail}.`,
      'Check the path and your permission to read it.',
      { cause },
    );
  }
}
