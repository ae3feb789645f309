// The database itself: which stores it has, and opening it beside other tabs.
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { Bytes } from '../weights/sha256.ts';
import { blockedTooLong } from './idb-errors.ts';
import type { InstalledCollection, StoredValue } from './store.ts';

const SCHEMA_VERSION = 1;

interface Schema extends DBSchema {
  files: { key: string; value: Bytes };
  partials: { key: string; value: PartialRecord };
  chunks: { key: [string, number]; value: Bytes };
  collections: { key: string; value: InstalledCollection };
  values: { key: string; value: StoredValue };
}

export interface PartialRecord {
  readonly session: string;
  readonly validator: string | null;
  readonly bytes: number;
  readonly chunks: number;
}

export type Connection = IDBPDatabase<Schema>;
export type StoreName = 'files' | 'partials' | 'chunks' | 'collections' | 'values';

/**
 * @param blockedMs how long an older version of the page in another tab may keep it from being opened
 * @param onGone called when another tab or the browser has closed the connection
 * @throws CairnError `storage-failed` where that takes too long; else what the browser throws
 */
export async function openDatabase(
  name: string,
  blockedMs: number,
  onGone: () => void,
): Promise<Connection> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(blockedTooLong()), blockedMs);
  });
  tooLong.catch(() => undefined);
  const opening = openDB<Schema>(name, SCHEMA_VERSION, {
    upgrade(db, oldVersion) {
      // One step a version, none ever changed once released.
      if (oldVersion < 1) {
        for (const store of ['files', 'partials', 'chunks', 'collections', 'values'] as const) {
          db.createObjectStore(store);
        }
      }
    },
    // Another tab wants to upgrade: give way at once; the next use opens what it made.
    blocking: (_current, _blocked, event) => {
      onGone();
      (event.target as IDBDatabase).close();
    },
    terminated: onGone,
  });
  // One that comes too late must not hold the next upgrade up.
  let late = false;
  opening.then(
    (db) => late && db.close(),
    () => undefined,
  );
  try {
    return await Promise.race([opening, tooLong]);
  } catch (error) {
    late = true;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
