// Reads a collection from a folder (Node): every shard is verified before a row of it is used.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CairnError, throwIfAborted } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import { COLLECTION_FILE, collectionBytes, parseCollection } from './collection.ts';
import type { LoadedCollection } from './loaded.ts';
import { openShard, type Shard } from './shard.ts';

/**
 * @param folder holds collection.json and its shards
 * @throws CairnError `collection-missing`, `collection-invalid`, `hash-mismatch`, `aborted`
 */
export async function readCollectionFolder(
  folder: string,
  work: LongWork = {},
): Promise<LoadedCollection> {
  const collection = parseCollection(await readFolderFile(folder, COLLECTION_FILE));
  const total = collectionBytes(collection);
  const shards: Shard[] = [];
  let done = 0;
  for (const entry of collection.shards) {
    throwIfAborted(work.signal);
    const bytes = await readFolderFile(folder, entry.file);
    shards.push(
      await openShard(bytes, entry, {
        dim: collection.dimension,
        labels: collection.labels.length,
      }),
    );
    done += entry.bytes;
    work.onProgress?.({ stage: 'open-collection', done, total, unit: 'bytes', item: entry.file });
  }
  return { collection, shards };
}

/** One of the folder's files, whole. Throws `collection-missing`. */
export async function readFolderFile(
  folder: string,
  file: string,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    // A copy of its own: small files come out of a shared pool at odd offsets.
    return new Uint8Array(await readFile(join(folder, file)));
  } catch (cause) {
    throw new CairnError(
      'collection-missing',
      `${join(folder, file)} cannot be read.`,
      file === COLLECTION_FILE
        ? 'Give a folder that `cairn index` wrote.'
        : 'A shard is missing: copy the whole folder again, or build it with `cairn index`.',
      { cause },
    );
  }
}
