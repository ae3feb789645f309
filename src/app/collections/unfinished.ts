// Downloads of collections that have begun: remembered until they are done, so that a later visit goes on with them.
import { type Collection, collectionBytes } from '../../retrieval/collection.ts';
import type { CairnStore } from '../../retrieval/store.ts';

const KEY = 'collections/unfinished';

interface Begun {
  readonly url: string;
  readonly name: string;
  /** Bytes of all shards. */
  readonly total: number;
  readonly shards: readonly { readonly sha256: string; readonly bytes: number }[];
}

/** A download that has begun, with the bytes that are here. */
export interface Unfinished extends Pick<Begun, 'url' | 'name' | 'total'> {
  readonly done: number;
}

async function readBegun(store: CairnStore): Promise<readonly Begun[]> {
  const value = await store.getValue(KEY);
  return Array.isArray(value) ? value.filter(isBegun) : [];
}

function isBegun(value: unknown): value is Begun {
  const { url, name, total, shards } = (value ?? {}) as Partial<Begun>;
  return (
    typeof url === 'string' &&
    typeof name === 'string' &&
    typeof total === 'number' &&
    Array.isArray(shards)
  );
}

export async function readUnfinished(store: CairnStore): Promise<Unfinished[]> {
  const begun = await readBegun(store);
  if (begun.length === 0) return [];
  const here = await sizesHere(store);
  return begun.map(({ url, name, total, shards }) => {
    const done = shards.reduce((sum, shard) => sum + here(shard), 0);
    return { url, name, total, done };
  });
}

/** Hashes of the shards of all downloads that have begun. */
export async function shardsBegun(store: CairnStore): Promise<ReadonlySet<string>> {
  const begun = await readBegun(store);
  return new Set(begun.flatMap(({ shards }) => shards.map(({ sha256 }) => sha256)));
}

/** Remembers a download, in place of an earlier one from there. Throws `storage-full`, `storage-failed`. */
export async function rememberBegun(
  store: CairnStore,
  url: string,
  collection: Collection,
): Promise<void> {
  const others = (await readBegun(store)).filter((one) => one.url !== url);
  const shards = collection.shards.map(({ sha256, bytes }) => ({ sha256, bytes }));
  const begun = { url, name: collection.name, total: collectionBytes(collection), shards };
  await store.putValue(KEY, [...others, begun]);
}

/** @param drop also removes what has come of it, where no installed collection needs it */
export async function forgetBegun(store: CairnStore, url: string, drop: boolean): Promise<void> {
  const begun = await readBegun(store);
  const gone = begun.filter((one) => one.url === url);
  const others = begun.filter((one) => one.url !== url);
  if (gone.length === 0) return;
  if (drop) {
    const needed = new Set((await store.listCollections()).flatMap(({ files }) => files));
    for (const { sha256 } of gone.flatMap(({ shards }) => shards)) {
      if (needed.has(sha256)) continue;
      await store.deletePartial(sha256);
      await store.deleteFile(sha256);
    }
  }
  if (others.length > 0) await store.putValue(KEY, others);
  else await store.deleteValue(KEY);
}

/** Bytes of a file that the store has, whole or in part. */
export async function sizesHere(
  store: CairnStore,
): Promise<(file: { readonly sha256: string; readonly bytes: number }) => number> {
  const files = new Set(await store.listFiles());
  const partials = new Map(
    (await store.listPartials()).map(({ sha256, bytes }) => [sha256, bytes]),
  );
  return ({ sha256, bytes }) => (files.has(sha256) ? bytes : (partials.get(sha256) ?? 0));
}
