// Installed collections as one file and back: blobs in and out of the store, never a whole collection in memory.
import { CairnError, throwIfAborted } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import type { Bytes } from '../weights/sha256.ts';
import type { Collection } from './collection.ts';
import { type ContainerContent, readContainer, writeContainer } from './container.ts';
import { equalBytes, recordOf, storedShard } from './install.ts';
import type { CairnStore } from './store.ts';

/** Hashes of shards that an import has put and that no collection names yet. */
const INCOMING = 'collections/incoming';

/**
 * The file of an installed collection; every shard is verified on its way.
 * @throws CairnError `collection-missing`, `collection-invalid`, `hash-mismatch`, `storage-failed`, `aborted`
 */
export async function exportInstalled(
  name: string,
  store: CairnStore,
  work: LongWork = {},
): Promise<Blob> {
  const record = await store.getCollection(name);
  if (!record) {
    throw new CairnError(
      'collection-missing',
      `The collection ${name} is not installed.`,
      'Choose one that is in the list.',
    );
  }
  const { json } = record;
  const content = {
    json,
    shard: (entry: Parameters<typeof storedShard>[0]) => storedShard(entry, name, store),
  };
  return containerBlob(content, work);
}

/** A container as one file. Throws as `writeContainer`. */
export async function containerBlob(content: ContainerContent, work: LongWork): Promise<Blob> {
  // Blobs of their own: a browser keeps them outside the page's memory, on the disk where they are many.
  const parts: Blob[] = [];
  for await (const chunk of writeContainer(content, work)) parts.push(new Blob([chunk]));
  return new Blob(parts, { type: 'application/x-tar' });
}

/** What a file holds, by its beginning alone. Throws as {@link importInstalled}. */
export async function readContainerHead(
  file: Blob,
  work: LongWork = {},
): Promise<{ readonly collection: Collection; readonly json: Bytes }> {
  for await (const part of readContainer(file.stream(), { ...work, total: file.size })) {
    if (part.kind === 'collection') return { collection: part.collection, json: part.bytes };
  }
  throw new CairnError(
    'collection-invalid',
    'The file holds no collection.',
    'Choose a file whose name ends in .cairn.',
  );
}

/**
 * Brings the collection of a file into the store. Shards are put as they are verified, but nothing names them
 * before the file has been read to its end; where it fails they go again.
 * @param check sees collection.json before a shard is read; throws to refuse it
 * @throws CairnError `collection-invalid`, `hash-mismatch`, `storage-full`, `storage-failed`, `aborted`, and
 *   what `check` throws
 */
export async function importInstalled(
  file: Blob,
  store: CairnStore,
  check: (collection: Collection) => void | Promise<void>,
  work: LongWork = {},
): Promise<Collection> {
  let found: { readonly collection: Collection; readonly json: Bytes } | null = null;
  try {
    for await (const part of readContainer(file.stream(), { ...work, total: file.size })) {
      if (part.kind === 'collection') {
        found = { collection: part.collection, json: part.bytes };
        await check(part.collection);
        await announceIncoming(part.collection, store);
      } else if (part.kind === 'shard') {
        const entry = found?.collection.shards.find((one) => one.file === part.file);
        // Over one of the same hash too: that may be damaged, and this one is verified.
        if (entry) await store.putFile(entry.sha256, part.bytes);
      }
    }
    throwIfAborted(work.signal);
    // The first part is always the collection, or reading has thrown.
    const { collection, json } = found!;
    const there = await store.getCollection(collection.name);
    // What is only mended came from where it came from.
    const url = there && equalBytes(there.json, json) ? there.url : null;
    await store.putCollection(recordOf(collection, json, url));
    await store.deleteValue(INCOMING).catch(() => undefined);
    return collection;
  } catch (thrown) {
    await dropIncoming(store).catch(() => undefined);
    throw thrown;
  }
}

/**
 * Removes shards of an import that came to no end, such as when the page was closed meanwhile. Only while
 * no other tab imports. Throws `storage-failed`.
 */
export async function dropIncoming(store: CairnStore): Promise<void> {
  const kept = await store.getValue(INCOMING);
  if (!Array.isArray(kept)) return;
  const named = new Set((await store.listCollections()).flatMap(({ files }) => files));
  for (const sha256 of kept) {
    if (typeof sha256 === 'string' && !named.has(sha256)) await store.deleteFile(sha256);
  }
  await store.deleteValue(INCOMING);
}

async function announceIncoming({ shards }: Collection, store: CairnStore): Promise<void> {
  const fresh: string[] = [];
  for (const { sha256 } of shards) if (!(await store.hasFile(sha256))) fresh.push(sha256);
  await store.putValue(INCOMING, fresh);
}
