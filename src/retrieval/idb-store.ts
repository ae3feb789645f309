// The store on IndexedDB: one database, one transaction for each call, reopened when it was closed.
import { CairnError } from '../errors.ts';
import type { PartialDownload } from '../weights/byte-store.ts';
import type { Bytes } from '../weights/sha256.ts';
import {
  type Connection,
  openDatabase,
  type PartialRecord,
  type StoreName,
} from './idb-database.ts';
import { isAbort, isQuota, storageFailed } from './idb-errors.ts';
import { withBlobs, withoutBlobs } from './kept-blobs.ts';
import { laterThan } from './record-time.ts';
import type {
  CairnStore,
  InstalledCollection,
  PartialSize,
  StoredValue,
  StoreOptions,
} from './store.ts';

const DEFAULT_NAME = 'cairn';
const DEFAULT_BLOCKED_MS = 5000;

/** All of a file's chunks, whatever their number. */
function chunksOf(sha256: string): IDBKeyRange {
  return IDBKeyRange.bound([sha256, 0], [sha256, Number.MAX_SAFE_INTEGER]);
}

function beginningWith(prefix: string): IDBKeyRange {
  return IDBKeyRange.bound(prefix, `${prefix}\uffff`);
}

export class IdbStore implements CairnStore {
  readonly persistent = true;
  #connection: Promise<Connection> | null = null;
  readonly #name: string;
  readonly #blockedMs: number;

  constructor(options: StoreOptions) {
    this.#name = options.name ?? DEFAULT_NAME;
    this.#blockedMs = options.blockedMs ?? DEFAULT_BLOCKED_MS;
  }

  /** The connection; opened anew after the browser or another tab's upgrade has closed it. */
  connect(): Promise<Connection> {
    const forget = () => {
      this.#connection = null;
    };
    this.#connection ??= openDatabase(this.#name, this.#blockedMs, forget).catch((cause) => {
      forget();
      throw cause instanceof CairnError ? cause : storageFailed(cause);
    });
    return this.#connection;
  }

  /**
   * One transaction; its errors come out typed, a full disk as `storage-full`. Once more where the connection went from
   * under it (an upgrade, cleared site data, a browser that closed its database): then nothing of it has been written.
   */
  async #run<T>(
    stores: readonly StoreName[],
    mode: 'readonly' | 'readwrite',
    work: (tx: ReturnType<typeof begin>) => Promise<T>,
  ): Promise<T> {
    for (let again = true; ; again = false) {
      const db = await this.connect();
      let tx: ReturnType<typeof begin>;
      try {
        tx = begin(db, stores, mode);
      } catch (cause) {
        this.#connection = null;
        if (again && cause instanceof DOMException && cause.name === 'InvalidStateError') continue;
        throw storageFailed(cause);
      }
      const connection = this.#connection;
      const [result, done] = await Promise.allSettled([begun(work, tx), tx.done]);
      if (result.status === 'fulfilled' && done.status === 'fulfilled') return result.value;
      // A full disk shows on the transaction, often only there, and never mind which came first.
      const reasons = [done, result].flatMap((r) => (r.status === 'rejected' ? [r.reason] : []));
      if (again && this.#connection !== connection && reasons.some(isAbort)) continue;
      throw storageFailed(reasons.find(isQuota) ?? tx.error ?? reasons.at(-1));
    }
  }

  getFile(sha256: string): Promise<Bytes | undefined> {
    return this.#run(['files'], 'readonly', (tx) => tx.objectStore('files').get(sha256));
  }

  async hasFile(sha256: string): Promise<boolean> {
    const count = await this.#run(['files'], 'readonly', (tx) =>
      tx.objectStore('files').count(sha256),
    );
    return count > 0;
  }

  listFiles(): Promise<string[]> {
    return this.#run(['files'], 'readonly', (tx) => tx.objectStore('files').getAllKeys());
  }

  listPartials(): Promise<PartialSize[]> {
    return this.#run(['partials'], 'readonly', async (tx) => {
      const partials = tx.objectStore('partials');
      const [keys, records] = await Promise.all([partials.getAllKeys(), partials.getAll()]);
      return keys.map((sha256, i) => ({ sha256, bytes: records[i]?.bytes ?? 0 }));
    });
  }

  putFile(sha256: string, bytes: Bytes): Promise<void> {
    return this.#run(['files', 'partials', 'chunks'], 'readwrite', async (tx) => {
      await Promise.all([
        tx.objectStore('files').put!(bytes, sha256),
        tx.objectStore('partials').delete!(sha256),
        tx.objectStore('chunks').delete!(chunksOf(sha256)),
      ]);
    });
  }

  deleteFile(sha256: string): Promise<void> {
    return this.#run(['files'], 'readwrite', (tx) => tx.objectStore('files').delete!(sha256));
  }

  claimPartial(sha256: string, session: string): Promise<PartialDownload | undefined> {
    return this.#run(['partials', 'chunks'], 'readwrite', async (tx) => {
      const record = await tx.objectStore('partials').get(sha256);
      if (!record) {
        await tx.objectStore('partials').put!(emptyPartial(session, null), sha256);
        return undefined;
      }
      await tx.objectStore('partials').put!({ ...record, session }, sha256);
      const chunks = await tx.objectStore('chunks').getAll(chunksOf(sha256));
      return { validator: record.validator, chunks };
    });
  }

  beginPartial(sha256: string, session: string, validator: string | null): Promise<void> {
    return this.#run(['partials', 'chunks'], 'readwrite', async (tx) => {
      await Promise.all([
        tx.objectStore('chunks').delete!(chunksOf(sha256)),
        tx.objectStore('partials').put!(emptyPartial(session, validator), sha256),
      ]);
    });
  }

  appendPartial(sha256: string, session: string, offset: number, chunk: Bytes): Promise<boolean> {
    return this.#run(['partials', 'chunks'], 'readwrite', async (tx) => {
      const record = await tx.objectStore('partials').get(sha256);
      if (record?.session !== session || record.bytes !== offset) return false;
      const { bytes, chunks } = record;
      const next = { ...record, bytes: bytes + chunk.length, chunks: chunks + 1 };
      await Promise.all([
        tx.objectStore('chunks').put!(chunk, [sha256, chunks]),
        tx.objectStore('partials').put!(next, sha256),
      ]);
      return true;
    });
  }

  deletePartial(sha256: string): Promise<void> {
    return this.#run(['partials', 'chunks'], 'readwrite', async (tx) => {
      await Promise.all([
        tx.objectStore('partials').delete!(sha256),
        tx.objectStore('chunks').delete!(chunksOf(sha256)),
      ]);
    });
  }

  getCollection(name: string): Promise<InstalledCollection | undefined> {
    return this.#run(['collections'], 'readonly', (tx) => tx.objectStore('collections').get(name));
  }

  listCollections(): Promise<InstalledCollection[]> {
    return this.#run(['collections'], 'readonly', (tx) => tx.objectStore('collections').getAll());
  }

  putCollection(collection: InstalledCollection): Promise<void> {
    return this.#run(['collections', 'files'], 'readwrite', async (tx) => {
      const old = await tx.objectStore('collections').get(collection.name);
      await tx.objectStore('collections').put!(laterThan(old, collection), collection.name);
      await dropUnused(tx, old);
    });
  }

  deleteCollection(name: string): Promise<void> {
    return this.#run(['collections', 'files'], 'readwrite', async (tx) => {
      const old = await tx.objectStore('collections').get(name);
      await tx.objectStore('collections').delete!(name);
      await dropUnused(tx, old);
    });
  }

  async getValue(key: string): Promise<StoredValue | undefined> {
    return withBlobs(
      await this.#run(['values'], 'readonly', (tx) => tx.objectStore('values').get(key)),
    );
  }

  async putValue(key: string, value: StoredValue): Promise<void> {
    // Before the transaction, which would end while a Blob is read.
    const kept = await withoutBlobs(value).catch((cause) => Promise.reject(storageFailed(cause)));
    await this.#run(['values'], 'readwrite', (tx) => tx.objectStore('values').put!(kept, key));
  }

  deleteValue(key: string): Promise<void> {
    return this.#run(['values'], 'readwrite', (tx) => tx.objectStore('values').delete!(key));
  }

  listValues(prefix: string): Promise<string[]> {
    const range = beginningWith(prefix);
    return this.#run(['values'], 'readonly', (tx) => tx.objectStore('values').getAllKeys(range));
  }

  getValues(prefix: string): Promise<[key: string, value: StoredValue][]> {
    const range = beginningWith(prefix);
    return this.#run(['values'], 'readonly', async (tx) => {
      const store = tx.objectStore('values');
      const [keys, values] = await Promise.all([store.getAllKeys(range), store.getAll(range)]);
      return keys.flatMap((key, i) =>
        values[i] === undefined ? [] : [[key, withBlobs(values[i])]],
      );
    });
  }

  deleteValues(keys: readonly string[]): Promise<void> {
    return this.#run(['values'], 'readwrite', async (tx) => {
      await Promise.all(keys.map((key) => tx.objectStore('values').delete!(key)));
    });
  }

  close(): void {
    const connection = this.#connection;
    this.#connection = null;
    connection?.then(
      (db) => db.close(),
      () => undefined,
    );
  }
}

function begin(db: Connection, stores: readonly StoreName[], mode: 'readonly' | 'readwrite') {
  return db.transaction(stores as StoreName[], mode);
}

/** Where the work fails nothing of it is written, whatever it had put by then. */
async function begun<T>(
  work: (tx: ReturnType<typeof begin>) => Promise<T>,
  tx: ReturnType<typeof begin>,
): Promise<T> {
  try {
    return await work(tx);
  } catch (thrown) {
    try {
      tx.abort();
    } catch {
      // It was the transaction that failed.
    }
    throw thrown;
  }
}

/** Files of `old` that no installed collection names any more. */
async function dropUnused(
  tx: ReturnType<typeof begin>,
  old: InstalledCollection | undefined,
): Promise<void> {
  if (!old) return;
  const used = new Set((await tx.objectStore('collections').getAll()).flatMap((c) => c.files));
  for (const file of old.files) {
    if (!used.has(file)) await tx.objectStore('files').delete!(file);
  }
}

function emptyPartial(session: string, validator: string | null): PartialRecord {
  return { session, validator, bytes: 0, chunks: 0 };
}
