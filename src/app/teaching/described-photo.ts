// A photo as teaching needs it: who it is by its bytes, its embedding, and the small copy to keep.
import type { Encoder } from '../../inference/encoder.ts';
import type { TaskQueue } from '../../inference/task-queue.ts';
import type { TaughtRow } from '../../retrieval/taught-collection.ts';
import { type Bytes, sha256Hex } from '../../weights/sha256.ts';
import { type StoredPicture, smallCopy } from './pictures.ts';
import type { PhotoToTeach } from './teaching.ts';

/** Hex digits of an id: half a SHA-256, as shards keep it. */
const ID_DIGITS = 32;

export interface ReadPhoto extends PhotoToTeach {
  /** First half of the SHA-256 of the file, hex. */
  readonly id: string;
  readonly bytes: Bytes;
}

export interface DescribedPhoto extends TaughtRow {
  readonly picture: StoredPicture;
}

/** Throws what reading the file throws: `NotFoundError`, `NotReadableError`. */
export async function readPhoto({ name, blob }: PhotoToTeach): Promise<ReadPhoto> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return { id: (await sha256Hex(bytes)).slice(0, ID_DIGITS), name, blob, bytes };
}

/**
 * Between recognitions, one photo at a time.
 * @throws CairnError `photo-*`, `inference-failed`, `worker-crashed`, `aborted`
 */
export async function describePhoto(
  { id, name, blob, bytes }: ReadPhoto,
  { encoder, queue }: { readonly encoder: Encoder; readonly queue: TaskQueue },
  signal?: AbortSignal,
): Promise<DescribedPhoto> {
  const { embedding, photo } = await queue.run(() => encoder.encode(bytes, { signal }), signal);
  return { id, embedding, picture: { blob: await smallCopy(blob, photo), name } };
}
