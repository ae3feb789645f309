// What Cairn keeps in the browser: files by hash, cut downloads, installed collections, small values.
import { CairnError } from '../errors.ts';
import type { ByteStore } from '../weights/byte-store.ts';
import type { Bytes } from '../weights/sha256.ts';
import { IdbStore } from './idb-store.ts';
import { MemoryStore } from './memory-store.ts';

/** A collection whose shards are all in the store. */
export interface InstalledCollection {
  readonly name: string;
  /** Where its collection.json came from, or null for one made here. */
  readonly url: string | null;
  /** collection.json, byte for byte: it is parsed and checked again whenever it is opened. */
  readonly json: Bytes;
  /** SHA-256 of its shards, in order. */
  readonly files: readonly string[];
  /** ISO 8601, UTC; the store makes it later than that of a version that it replaces. */
  readonly installed: string;
}

export interface PartialSize {
  /** Of the whole file. */
  readonly sha256: string;
  readonly bytes: number;
}

/** What a value may be: anything that structured clone takes. */
export type StoredValue = object | string | number | boolean;

export interface CairnStore extends ByteStore {
  /** False when nothing outlives this page (private windows, blocked storage): worth a notice. */
  readonly persistent: boolean;
  hasFile(sha256: string): Promise<boolean>;
  /** Hashes of all finished files, models and shards alike. */
  listFiles(): Promise<string[]>;
  /** Downloads that were cut, with the bytes that are here. */
  listPartials(): Promise<PartialSize[]>;
  getCollection(name: string): Promise<InstalledCollection | undefined>;
  listCollections(): Promise<InstalledCollection[]>;
  putCollection(collection: InstalledCollection): Promise<void>;
  /** Removes the record and those of its files that no other collection names. */
  deleteCollection(name: string): Promise<void>;
  getValue(key: string): Promise<StoredValue | undefined>;
  putValue(key: string, value: StoredValue): Promise<void>;
  deleteValue(key: string): Promise<void>;
  /** Keys that begin with `prefix`. */
  listValues(prefix: string): Promise<string[]>;
  /** The same with what is under them, in the order of the keys. */
  getValues(prefix: string): Promise<[key: string, value: StoredValue][]>;
  /** All of them or none. */
  deleteValues(keys: readonly string[]): Promise<void>;
  close(): void;
}

export interface StoreOptions {
  /** Name of the database; tests take their own. */
  readonly name?: string;
  /** How long another tab may block an upgrade before opening fails. */
  readonly blockedMs?: number;
}

/**
 * Opens the store of this origin. Where IndexedDB cannot be used at all, gives one in memory, with
 * `persistent` false, so that recognition goes on.
 * @throws CairnError `storage-failed` when another tab keeps an old version open
 */
export async function openStore(options: StoreOptions = {}): Promise<CairnStore> {
  if (typeof indexedDB === 'undefined') return new MemoryStore();
  const store = new IdbStore(options);
  try {
    await store.connect();
    return store;
  } catch (error) {
    if (error instanceof CairnError && error.cause instanceof DOMException) {
      // A newer version of the page made the database: memory would hide that, a reload cures it.
      if (error.cause.name !== 'VersionError') return new MemoryStore();
    }
    throw error;
  }
}
