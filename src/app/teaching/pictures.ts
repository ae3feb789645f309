// The small copies of taught photos that stay in the browser: to look at, to tune by, to describe anew.

import { throwIfAborted } from '../../errors.ts';
import type { KnownPhoto } from '../../imaging/photo-copy.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import { TAUGHT_KEYS } from '../../retrieval/taught-collection.ts';

/** Longest side in pixels: more than any encoder here looks at. */
const LONGEST_SIDE = 512;
const PREFIX = `${TAUGHT_KEYS}picture/`;

export interface StoredPicture {
  readonly blob: Blob;
  /** The file's name when it was added. */
  readonly name: string;
}

function isStoredPicture(value: unknown): value is StoredPicture {
  const { blob, name } = (value ?? {}) as Partial<StoredPicture>;
  return blob instanceof Blob && typeof name === 'string';
}

/** Throws CairnError `photo-*`, and `download-failed` where what reads HEIC could not be fetched. */
export async function smallCopy(photo: Blob, known: KnownPhoto): Promise<Blob> {
  // Not before it is needed: most visits teach nothing.
  const { copyPhoto } = await import('../photo-copies.ts');
  return (await copyPhoto(photo, LONGEST_SIDE, known)).blob;
}

/** Throws `storage-full` and `storage-failed`. */
export async function keepPicture(
  store: CairnStore,
  id: string,
  picture: StoredPicture,
): Promise<void> {
  await store.putValue(PREFIX + id, picture);
}

export async function pictureOf(store: CairnStore, id: string): Promise<StoredPicture | null> {
  const value = await store.getValue(PREFIX + id);
  return isStoredPicture(value) ? value : null;
}

/** Those of the photos that have one. Throws `storage-failed`. */
export async function picturesOf(
  store: CairnStore,
  ids: readonly string[],
): Promise<{ readonly id: string; readonly blob: Blob }[]> {
  const pictures = [];
  for (const id of ids) {
    const picture = await pictureOf(store, id);
    if (picture) pictures.push({ id, blob: picture.blob });
  }
  return pictures;
}

/**
 * Keeps those of the pictures that are wanted and not there yet; all of them, or none.
 * @returns ids of the photos whose pictures are new. Throws `storage-full`, `storage-failed`, `aborted`.
 */
export async function keepMissing(
  store: CairnStore,
  pictures: ReadonlyMap<string, StoredPicture>,
  wanted: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<string[]> {
  const kept: string[] = [];
  try {
    for (const [id, picture] of pictures) {
      throwIfAborted(signal);
      if (!wanted.has(id) || (await pictureOf(store, id))) continue;
      kept.push(id);
      await keepPicture(store, id, picture);
    }
  } catch (thrown) {
    await dropThese(store, kept).catch(() => undefined);
    throw thrown;
  }
  return kept;
}

/** Removes the pictures of these photos. */
export async function dropThese(store: CairnStore, ids: readonly string[]): Promise<void> {
  for (const id of ids) await store.deleteValue(PREFIX + id);
}

/** How much the copies of photos take; each is read once only, however often it is asked. */
export class PictureSizes {
  readonly #store: CairnStore;
  readonly #bytes = new Map<string, number>();

  constructor(store: CairnStore) {
    this.#store = store;
  }

  /** @returns photos without a copy, and bytes of the others'. Throws `storage-failed`. */
  async of(ids: readonly string[]): Promise<{ readonly missing: number; readonly bytes: number }> {
    const there = new Set(await storedPictures(this.#store));
    let [missing, bytes] = [0, 0];
    for (const id of ids) {
      if (!there.has(id)) {
        missing++;
        continue;
      }
      const size = this.#bytes.get(id) ?? (await pictureOf(this.#store, id))?.blob.size ?? 0;
      this.#bytes.set(id, size);
      bytes += size;
    }
    return { missing, bytes };
  }
}

/** Ids of all photos that have one. */
export async function storedPictures(store: CairnStore): Promise<string[]> {
  return (await store.listValues(PREFIX)).map((key) => key.slice(PREFIX.length));
}

/** Removes pictures of photos that are no longer taught. */
export async function dropPictures(store: CairnStore, keep: ReadonlySet<string>): Promise<void> {
  const gone = (await storedPictures(store)).filter((id) => !keep.has(id));
  await dropThese(store, gone);
}
