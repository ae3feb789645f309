// Encodes many photos one after another, skipping none silently and none twice.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CairnError, throwIfAborted, toPlainError } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import type { OpenModel } from './models.ts';
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

export type EncodedPhoto<P> =
  | { readonly photo: P; readonly sha256: string; readonly vector: Float32Array }
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
  const cache = await VectorCache.open(CACHE_FOLDER, source.name, source.dim);
  for (const [done, photo] of photos.entries()) {
    throwIfAborted(work.signal);
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
    const known = cache.get(sha256);
    if (known) return { photo, sha256, vector: known };
    const vector = await source.encode(bytes);
    await cache.put(sha256, vector);
    return { photo, sha256, vector };
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
