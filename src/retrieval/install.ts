// Brings a collection into the store and opens it from there; what is in the store is verified again,
// and what is lost or damaged there is fetched again where the collection came from an address.
import { CairnError, type PlainError, throwIfAborted } from '../errors.ts';
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
import type { CairnStore, InstalledCollection } from './store.ts';

/** collection.json of an address, checked, before anything else is downloaded. */
export interface OfferedCollection {
  /** Of collection.json. */
  readonly url: string;
  readonly json: Bytes;
  readonly collection: Collection;
}

export interface InstallWork extends LongWork {
  /** Sees what is offered before its shards are downloaded; throws to refuse it. */
  readonly check?: (offered: OfferedCollection) => void | Promise<void>;
}

/**
 * Reads what an address offers; nothing is stored.
 * @param url of collection.json
 * @throws CairnError `collection-invalid`, `hash-mismatch`, `download-failed`, `aborted`
 */
export async function readOffer(url: string, work: LongWork = {}): Promise<OfferedCollection> {
  const json = await downloadSmall(url, LIMITS.jsonBytes, work);
  return { url, json, collection: parseManifest(json, url) };
}

/**
 * Downloads the shards that the store lacks, going on where an earlier try was cut, and records the
 * collection as installed once all are there: until then an older version of it stays whole.
 * @param url of collection.json; shards lie beside it
 * @throws CairnError `collection-invalid`, `hash-mismatch`, `download-failed`, `storage-full`,
 *   `storage-failed`, `aborted`, and what `check` throws
 */
export async function installCollection(
  url: string,
  store: CairnStore,
  work: InstallWork = {},
): Promise<Collection> {
  return bring(url, store, work, () => undefined);
}

/** As {@link installCollection}. @param take gets the verified shards in their order */
async function bring(
  url: string,
  store: CairnStore,
  work: InstallWork,
  take: (shard: Shard) => void,
): Promise<Collection> {
  const offered = await readOffer(url, work);
  await work.check?.(offered);
  const { json, collection } = offered;
  const total = collectionBytes(collection);
  let before = 0;
  for (const entry of collection.shards) {
    throwIfAborted(work.signal);
    const onProgress: LongWork['onProgress'] = ({ done }) =>
      work.onProgress?.({
        stage: 'download',
        done: before + done,
        total,
        unit: 'bytes',
        item: collection.name,
      });
    const bytes = await downloadShard(url, entry, store, { signal: work.signal, onProgress });
    // A well-formed file with senseless content is refused before it is called installed.
    take(await openShard(bytes, entry, expectationOf(collection)));
    before += entry.bytes;
  }
  const there = await store.getCollection(collection.name);
  // What is there already keeps the time at which it came.
  if (!there || there.url !== url || !equalBytes(there.json, json)) {
    await store.putCollection(recordOf(collection, json, url));
  }
  return collection;
}

/** What the store keeps of a collection whose shards are there. @param url null where it came from a file */
export function recordOf(
  { name, shards }: Collection,
  json: Bytes,
  url: string | null,
): InstalledCollection {
  const files = shards.map(({ sha256 }) => sha256);
  return { name, url, json, files, installed: new Date().toISOString() };
}

/**
 * Opens an installed collection; the network is asked only for shards that the store has lost or that are
 * damaged there, and only where the collection came from an address. Needs no lock: where another tab puts another
 * version in its place meanwhile, that one is opened.
 * @throws CairnError `collection-missing`, `collection-invalid`, `hash-mismatch`, `download-failed`,
 *   `storage-failed`, `aborted`
 */
export async function openInstalled(
  name: string,
  store: CairnStore,
  work: LongWork = {},
): Promise<LoadedCollection> {
  for (;;) {
    const record = await recordNamed(name, store);
    try {
      return await openRecord(record, store, work);
    } catch (thrown) {
      if (!(thrown instanceof Replaced)) throw thrown;
    }
  }
}

/** Another version has taken the place of the one that was being opened. */
class Replaced extends Error {}

/** Throws {@link Replaced} where a shard is lost because another tab has written another version. */
async function openRecord(
  record: InstalledCollection,
  store: CairnStore,
  work: LongWork,
): Promise<LoadedCollection> {
  const { name, url } = record;
  const collection = parseCollection(record.json);
  const total = collectionBytes(collection);
  const shards: Shard[] = [];
  let done = 0;
  for (const entry of collection.shards) {
    throwIfAborted(work.signal);
    const shard = await verifiedShard(entry, collection, store).catch(async (thrown: unknown) => {
      if (!isLoss(thrown)) throw thrown;
      const { json } = await recordNamed(name, store);
      if (!equalBytes(json, record.json)) throw new Replaced();
      if (url === null) throw thrown;
      return fetchedAgain(entry, { collection, url }, store, work);
    });
    shards.push(shard);
    done += entry.bytes;
    work.onProgress?.({ stage: 'open-collection', done, total, unit: 'bytes', item: name });
  }
  return { collection, shards };
}

async function recordNamed(name: string, store: CairnStore): Promise<InstalledCollection> {
  const record = await store.getCollection(name);
  if (record) return record;
  throw new CairnError(
    'collection-missing',
    `The collection ${name} is not installed.`,
    'Install it first.',
  );
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
    'Import its file again, or install it again; only what is missing is downloaded.',
  );
}

/**
 * A shard of the store, verified. Throws `collection-missing` where it is lost, `hash-mismatch` where it is
 * damaged, `storage-failed`.
 */
export async function verifiedShard(
  entry: ShardEntry,
  collection: Collection,
  store: CairnStore,
): Promise<Shard> {
  const bytes = await storedShard(entry, collection.name, store);
  try {
    return await openShard(bytes, entry, expectationOf(collection));
  } catch (cause) {
    if (!isLoss(cause)) throw cause;
    throw new CairnError(
      'hash-mismatch',
      `${entry.file} of the collection ${collection.name} is damaged in the browser's storage.`,
      'Import its file again, or install it again.',
      { cause },
    );
  }
}

/** Whether it says that something of a collection is no longer in the store as it was put there. */
export function isLoss(thrown: unknown): boolean {
  const { code } = (thrown ?? {}) as Partial<PlainError>;
  return code === 'collection-missing' || code === 'hash-mismatch';
}

/**
 * Installs or updates from `url` and opens; when that fails, as without a network, opens what was installed
 * from there before.
 * @throws CairnError as `installCollection` and `openInstalled`
 */
export async function openFromUrl(
  url: string,
  store: CairnStore,
  work: LongWork = {},
): Promise<LoadedCollection> {
  const shards: Shard[] = [];
  try {
    const check: InstallWork['check'] = ({ collection }) => keepOwn(collection.name, store);
    const collection = await bring(url, store, { ...work, check }, (shard) => shards.push(shard));
    return { collection, shards };
  } catch (error) {
    if (!(error instanceof CairnError) || error.code === 'aborted') throw error;
    const installed = (await store.listCollections()).find((record) => record.url === url);
    if (!installed) throw error;
    return openInstalled(installed.name, store, work);
  }
}

/** What the user imported is not replaced unasked by what an address has under the same name. */
async function keepOwn(name: string, store: CairnStore): Promise<void> {
  const there = await store.getCollection(name);
  if (there === undefined || there.url !== null) return;
  throw new CairnError(
    'usage',
    `Another collection with the name ${name} is installed, and it did not come from an address.`,
    'Export it to a file, delete it, and install again.',
  );
}

/** In place of what the store has lost; `downloadVerified` drops what is damaged there. */
async function fetchedAgain(
  entry: ShardEntry,
  { collection, url }: { readonly collection: Collection; readonly url: string },
  store: CairnStore,
  work: LongWork,
): Promise<Shard> {
  const bytes = await downloadShard(url, entry, store, work);
  return openShard(bytes, entry, expectationOf(collection));
}

function downloadShard(
  url: string,
  { file, sha256, bytes }: ShardEntry,
  store: CairnStore,
  work: LongWork,
): Promise<Bytes> {
  return downloadVerified({ url: shardUrl(url, file), sha256, bytes, name: file }, store, work);
}

/** Whether both hold the same. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
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
