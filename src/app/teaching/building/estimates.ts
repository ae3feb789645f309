// What learning a folder will take: room in the browser's storage, and time.

import { SOURCE_BYTES } from '../../../retrieval/shard.ts';
import type { CairnStore } from '../../../retrieval/store.ts';
import { picturesOf, storedPictures } from '../pictures.ts';
import type { FolderFile } from './folder-plan.ts';

/** Of a small copy, bytes, before any is there to be measured: a WebP of 512 pixels. */
export const USUAL_COPY = 60_000;
/** Copies that are looked at to know how large they are here, and the fewest that say anything. */
const SAMPLE = { most: 48, fewest: 8 } as const;
/** A row of a shard beside its fp16 numbers: label, closeness to the bank, half a SHA-256. */
const BESIDE = 4 + 4 + SOURCE_BYTES;
/** Shards of the new version and of the old one lie side by side until the change is written. */
const VERSIONS = 2;

export interface RoomNeeded {
  /** Bytes of the embeddings. */
  readonly rows: number;
  /** Bytes of the small copies. */
  readonly copies: number;
}

/** @param copyBytes of one small copy; a small file has a smaller one */
export function roomNeeded(
  files: readonly Pick<FolderFile, 'size'>[],
  dimension: number,
  copyBytes: number,
): RoomNeeded {
  return {
    rows: files.length * VERSIONS * (2 * dimension + BESIDE),
    copies: files.reduce((sum, { size }) => sum + Math.min(size, copyBytes), 0),
  };
}

/** Mean bytes of the small copies that are there, or the usual size. */
export async function copyBytes(store: CairnStore): Promise<number> {
  const ids = await storedPictures(store);
  if (ids.length < SAMPLE.fewest) return USUAL_COPY;
  const pictures = await picturesOf(store, ids.slice(0, SAMPLE.most));
  return pictures.reduce((sum, { blob }) => sum + blob.size, 0) / Math.max(1, pictures.length);
}

/** Photos whose times tell how long the rest will take: the speed of just now. */
const RECENT = 24;

/** How fast photos are settled, pauses left out. */
export class PhotoTimes {
  readonly #times: number[] = [];

  /** @param ms that a photo took */
  add(ms: number): void {
    this.#times.push(ms);
    if (this.#times.length > RECENT) this.#times.shift();
  }

  /** ms for so many more; null before the first is done. */
  left(photos: number): number | null {
    if (this.#times.length === 0) return null;
    const sum = this.#times.reduce((all, ms) => all + ms, 0);
    return (sum / this.#times.length) * photos;
  }
}
