// Brings a collection into the store and opens it from there; what is in the store is verified again.
import { CairnError, throwIfAborted } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import { downloadSmall, downloadVerified } from '../weights/download.ts';
import type { Bytes } from '../weights/sha256.ts';
import {
  COLLECTION_FILE,
  type Collection,
  collectionBytes,
  LIMITS,
  parseCollection,
  type ShardEntry,
} from './collection.ts';
import type { LoadedCollection } from './loaded.ts';
import { openShard, type Shard } from './shard.ts';
import type { CairnStore } from './store.ts';

/**
 * Downloads the shards that the store lacks, going on where an earlier try was cut, and records the
 * collection as installed once all are there: until then an older version of it stays whole.
 * @param url of collection.json; shards lie beside it
 * @throws CairnError `collection-invalid`, `hash-mismatch`, `download-failed`, `storage-full`,
 *   `storage-failed`, `aborted`
 */
export async function installCollection(
  url: string,
  store: CairnStore,
  work: LongWork = {},
): Promise<Collection> {
  const json = await downloadSmall(url, LIMITS.jsonBytes, work);
  const collection = parseManifest(json, url);
  const total = collectionBytes(collection);
  let before = 0;
  for (const shard of collection.shards) {
    throwIfAborted(work.signal);
    const bytes = await downloadVerified(
      {
        url: shardUrl(url, shard.file),
        sha256: shard.sha256,
        bytes: shard.bytes,
        name: shard.file,
      },
      store,
      {
        signal: work.signal,
        onProgress: ({ done }) =>
          work.onProgress?.({
            stage: 'download',
            done: before + done,
            total,
            unit: 'bytes',
            item: collection.name,
          }),
      },
    );
    // A well-formed file with senseless content is refused before it is called installed.
    await openShard(bytes, shard, expectationOf(collection));
    before += shard.bytes;
  }
  await store.putCollection({
    name: collection.name,
    url,
    json,
    files: collection.shards.map((shard) => shard.sha256),
    installed: new Date().toISOString(),
  });
  return collection;
}

/**
 * Opens an installed collection without the network.
 * @throws CairnError `collection-missing`, `collection-invalid`, `hash-mismatch`, `storage-failed`
 */
export async function openInstalled(
  name: string,
  store: CairnStore,
  work: LongWork = {},
): Promise<LoadedCollection> {
  const record = await store.getCollection(name);
  if (!record) {
    throw new CairnError(
      'collection-missing',
      `The collection ${name} is not installed.`,
      'Install it first.',
    );
  }
  const collection = parseCollection(record.json);
  const total = collectionBytes(collection);
  const shards: Shard[] = [];
  let done = 0;
  for (const entry of collection.shards) {
    throwIfAborted(work.signal);
    const bytes = await storedShard(entry, name, store);
    shards.push(await openShard(bytes, entry, expectationOf(collection)));
    done += entry.bytes;
    work.onProgress?.({ stage: 'open-collection', done, total, unit: 'bytes', item: name });
  }
  return { collection, shards };
}

/** Bytes of a shard, not verified. Throws `collection-missing` where the store has lost it, `storage-failed`. */
export async function storedShard(
  entry: ShardEntry,
  name: string,
  store: CairnStore,
): Promise<Bytes> {
  const bytes = await store.getFile(entry.sha256);
  if (bytes) return bytes;
  throw new CairnError(
    'collection-missing',
    `${entry.file} of the collection ${name} is gone from the browser's storage.`,
    'Install the collection again; only what is missing is downloaded.',
  );
}

/**
 * Installs or updates from `url` and opens; when that cannot be reached, opens what was installed
 * from there before.
 * @throws CairnError as `installCollection` and `openInstalled`
 */
export async function openFromUrl(
  url: string,
  store: CairnStore,
  work: LongWork = {},
): Promise<LoadedCollection> {
  let name: string;
  try {
    name = (await installCollection(url, store, work)).name;
  } catch (error) {
    if (!(error instanceof CairnError && error.code === 'download-failed')) throw error;
    const installed = (await store.listCollections()).find((record) => record.url === url);
    if (!installed) throw error;
    name = installed.name;
  }
  return openInstalled(name, store, work);
}

function expectationOf(collection: Collection): { dim: number; labels: number } {
  return { dim: collection.dimension, labels: collection.labels.length };
}

/** The file beside collection.json, whatever query string that has; names hold no path. */
function shardUrl(url: string, file: string): string {
  return url.replace(/[?#].*$/, '').replace(/[^/]*$/, file);
}

function parseManifest(json: Bytes, url: string): Collection {
  try {
    return parseCollection(json);
  } catch (error) {
    // The likeliest reason for a text that is no JSON: a server that answers with its start page.
    if (error instanceof CairnError && json[0] === '<'.charCodeAt(0)) {
      throw new CairnError(
        'collection-invalid',
        `${url} gives a web page instead of ${COLLECTION_FILE}.`,
        'Check the address; a server must answer 404 for missing files, not its start page.',
        { cause: error },
      );
    }
    throw error;
  }
}
