// Brings a whole collection into PostgreSQL, in one transaction: searches see the old one, then the new one.
import { throwIfAborted } from '../../errors.ts';
import type { LongWork } from '../../progress.ts';
import { collectionPhotos, collectionRows } from '../collection.ts';
import { type LoadedCollection, shardStarts } from '../loaded.ts';
import { encodeViews } from '../reference-section.ts';
import type { Shard } from '../shard.ts';
import { storedRows } from '../stored-rows.ts';
import { addLabels, createCollection, dropCollection, findEntry } from './catalog.ts';
import type { Database, Queryable } from './database.ts';
import { POSTGRES, type PostgresParams } from './presets.ts';
import { halfvecOid, insertRows, type NewRow } from './rows.ts';
import { createIndex, migrate, rowsTable } from './schema.ts';

export interface ImportOptions extends LongWork {
  /** What it is called there; its own name when left out. */
  readonly name?: string | undefined;
  readonly params?: PostgresParams;
}

export interface Imported {
  readonly name: string;
  readonly labels: number;
  /** Rows in the database. */
  readonly photos: number;
  /** Photos that a label had twice: their row numbers stay empty. */
  readonly duplicates: number;
}

/** Rows in one statement: about 600 KB of 512-d. */
const BATCH = 500;

/**
 * Rows keep the numbers that they have in the folder. One of the same name is replaced; one that is being indexed
 * goes with its queue, and its workers stop.
 * @throws CairnError `storage-*`, `usage`, `collection-invalid`, `aborted`; then nothing has changed
 */
export async function importCollection(
  db: Database,
  loaded: LoadedCollection,
  { name = loaded.collection.name, params = POSTGRES, ...work }: ImportOptions = {},
): Promise<Imported> {
  await migrate(db);
  const { collection } = loaded;
  const total = collectionRows(collection);
  const photos = await db.transaction(async (connection) => {
    // Two imports of one name: the later waits, and then replaces.
    await connection.query(`SELECT pg_advisory_xact_lock(hashtext('cairn/' || $1))`, [name]);
    const old = await findEntry(connection, name);
    // Out of the way of the unique name; its table stays until the end, so that searches go on meanwhile.
    if (old) {
      await connection.query(
        `UPDATE cairn.collections SET name = name || ' (replaced)' WHERE id = $1`,
        [old.id],
      );
    }
    const id = await createCollection(connection, { ...collection, name });
    await addLabels(connection, id, collection.labels);
    const oid = await halfvecOid(connection);
    const starts = shardStarts(loaded);
    let written = 0;
    for (const [i, shard] of loaded.shards.entries()) {
      for (const batch of batches(shard, starts[i]!)) {
        throwIfAborted(work.signal);
        written += await insertRows(connection, id, batch, oid);
        const done = (batch.at(-1)?.row ?? 0) + 1;
        work.onProgress?.({ stage: 'open-collection', done, total, unit: 'rows', item: name });
      }
    }
    throwIfAborted(work.signal);
    await buildIndex(connection, id, { rows: written, dim: collection.dimension }, params);
    await connection.query(`ANALYZE ${rowsTable(id)}`);
    throwIfAborted(work.signal);
    // Last: from here on until the commit, searches in the old one wait.
    if (old) await dropCollection(connection, old.id);
    return written;
  });
  return {
    name,
    labels: collection.labels.length,
    photos,
    duplicates: collectionPhotos(collection) - photos,
  };
}

/**
 * Bytes that pgvector keeps of a row while building, beside its embedding: 780 measured with m = 16, from where it
 * says that the graph no longer fits; and some more.
 */
const NODE_BYTES = 1024;
const MIB = 2 ** 20;

async function buildIndex(
  connection: Queryable,
  id: number,
  { rows, dim }: { readonly rows: number; readonly dim: number },
  params: PostgresParams,
): Promise<void> {
  const needed = Math.ceil((rows * (2 * dim + NODE_BYTES)) / MIB);
  const memory = Math.min(params.buildMemoryMb, Math.max(64, needed));
  await connection.query(`SET LOCAL maintenance_work_mem = '${memory}MB'`);
  await createIndex(connection, id, params);
}

function* batches(shard: Shard, start: number): Generator<NewRow[]> {
  let batch: NewRow[] = [];
  for (const { row, source, view, ...stored } of storedRows(shard)) {
    batch.push({
      ...stored,
      row: start + row,
      source: source ?? null,
      view: view ? encodeViews([{ row: 0, view }]) : null,
    });
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
