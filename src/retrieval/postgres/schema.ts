// What Cairn keeps in PostgreSQL, by version. A step that has been released never changes: add the next one.
import { CairnError } from '../../errors.ts';
import type { Database, Queryable } from './database.ts';
import type { PostgresParams } from './presets.ts';

/** `hnsw.iterative_scan` came with it; older ones also lack what Debian ships. */
const LEAST_PGVECTOR = [0, 8] as const;

/** Step i brings version i to i + 1. */
const STEPS: readonly string[] = [
  `
  CREATE TABLE cairn.collections (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    encoder_id text NOT NULL,
    encoder_sha256 text NOT NULL,
    bank_sha256 text NOT NULL,
    dimension integer NOT NULL,
    matcher_id text,
    matcher_sha256 text,
    licence text NOT NULL,
    attribution text NOT NULL,
    created text NOT NULL,
    -- Rows are numbered upwards and keep their numbers: a photo taken out leaves a gap.
    next_row integer NOT NULL DEFAULT 0,
    live_rows integer NOT NULL DEFAULT 0,
    -- Counted up by every change to labels or rows: whoever knows it need not read them again.
    revision integer NOT NULL DEFAULT 0
  );
  CREATE TABLE cairn.labels (
    collection_id integer NOT NULL REFERENCES cairn.collections ON DELETE CASCADE,
    place integer NOT NULL,
    label text NOT NULL,
    title_en text NOT NULL,
    title_zh text NOT NULL,
    country text,
    lat double precision,
    lon double precision,
    wikidata text,
    photos integer NOT NULL DEFAULT 0,
    -- Of the embeddings of its photos: their mean is told from it without reading them.
    total vector,
    PRIMARY KEY (collection_id, place),
    UNIQUE (collection_id, label)
  );
  CREATE TABLE cairn.queue (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id integer NOT NULL REFERENCES cairn.collections ON DELETE CASCADE,
    path text NOT NULL,
    place integer NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'failed')),
    -- Taken until then; what is waiting and past it is anybody's.
    leased_until timestamptz,
    worker text,
    attempts integer NOT NULL DEFAULT 0,
    source bytea,
    reason text,
    UNIQUE (collection_id, path, place)
  );
  CREATE INDEX queue_waiting ON cairn.queue (collection_id, id) WHERE state = 'waiting';
  `,
];

export const SCHEMA_VERSION = STEPS.length;

/**
 * Brings the database to this version's schema; does nothing where it is there.
 * @throws CairnError `storage-failed` without pgvector or the right to make tables; `usage` for a newer schema
 */
export async function migrate(db: Database): Promise<void> {
  await db.transaction(async (connection) => {
    // One at a time, when several workers start on an empty database.
    await connection.query(`SELECT pg_advisory_xact_lock(hashtext('cairn/migrate'))`);
    const version = await schemaVersion(connection);
    if (version > SCHEMA_VERSION) throw tooNew(version);
    await connection.query('CREATE EXTENSION IF NOT EXISTS vector');
    await checkPgvector(connection);
    if (version === SCHEMA_VERSION) return;
    await connection.query('CREATE SCHEMA IF NOT EXISTS cairn');
    await connection.query(
      `CREATE TABLE IF NOT EXISTS cairn.migrations (
        version integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())`,
    );
    for (const [i, step] of STEPS.entries()) {
      if (i < version) continue;
      await connection.query(step);
      await connection.query('INSERT INTO cairn.migrations (version) VALUES ($1)', [i + 1]);
    }
  });
}

/** Throws `collection-missing` where there is no schema or an older one; `usage` for a newer one. Changes nothing. */
export async function requireSchema(db: Database): Promise<void> {
  const version = await db.transaction(schemaVersion, 'BEGIN READ ONLY');
  if (version > SCHEMA_VERSION) throw tooNew(version);
  if (version === SCHEMA_VERSION) return;
  throw new CairnError(
    'collection-missing',
    version === 0
      ? `The database ${db.address.shown} holds no collections.`
      : `The database ${db.address.shown} has schema version ${version}; this Cairn needs ${SCHEMA_VERSION}.`,
    'Run `cairn index SOURCE --collection postgres://…`, which makes the tables or brings them up to date.',
  );
}

async function schemaVersion(connection: Queryable): Promise<number> {
  // Not to_regclass: it may answer from what this connection remembers of before it waited for the lock.
  const { rows } = await connection.query(
    `SELECT FROM pg_catalog.pg_tables WHERE schemaname = 'cairn' AND tablename = 'migrations'`,
  );
  if (rows.length === 0) return 0;
  const found = await connection.query<{ version: number }>(
    'SELECT coalesce(max(version), 0) AS version FROM cairn.migrations',
  );
  return found.rows[0]?.version ?? 0;
}

async function checkPgvector(connection: Queryable): Promise<void> {
  const { rows } = await connection.query<{ extversion: string }>(
    `SELECT extversion FROM pg_extension WHERE extname = 'vector'`,
  );
  const version = rows[0]?.extversion ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_PGVECTOR;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new CairnError(
    'storage-failed',
    `pgvector ${version} is too old: ${LEAST_PGVECTOR.join('.')} is needed.`,
    'Install a newer one and run ALTER EXTENSION vector UPDATE.',
  );
}

function tooNew(version: number): CairnError {
  return new CairnError(
    'usage',
    `The database has schema version ${version}; this Cairn knows ${SCHEMA_VERSION}.`,
    'Update Cairn.',
  );
}

/** Name of the table that holds a collection's rows. Ids never come back, so a replaced collection's name neither. */
export function rowsTable(id: number): string {
  return `cairn.rows_${id}`;
}

/**
 * The table of a collection's rows. One of its own for each: pgvector's index needs a fixed length, and a collection
 * that is replaced goes with its table instead of leaving millions of dead rows.
 *
 * halfvec: half the size of `vector`, at a change in cosine of less than 0.0005, as int8 in the files; and a row of
 * 512-d stays in its page, where `vector` would be moved out of line and be fetched one by one.
 */
export async function createRows(
  connection: Queryable,
  id: number,
  dimension: number,
): Promise<void> {
  const table = rowsTable(id);
  await connection.query(`
    CREATE TABLE ${table} (
      -- Number of the row, as searches name it.
      id integer PRIMARY KEY,
      label integer NOT NULL,
      bank_similarity real NOT NULL,
      -- First half of the SHA-256 of the photo's file, as in the files of collections.
      source bytea CHECK (length(source) = 16),
      deleted boolean NOT NULL DEFAULT false,
      -- What matching needs of it, as a section "coarseFeatures" of one view.
      view bytea,
      embedding halfvec(${dimension}) NOT NULL
    );
    ALTER TABLE ${table} ALTER COLUMN embedding SET STORAGE PLAIN;
    CREATE UNIQUE INDEX ON ${table} (source, label) WHERE source IS NOT NULL AND NOT deleted;
    CREATE INDEX ON ${table} (label) WHERE view IS NOT NULL AND NOT deleted;
  `);
}

/**
 * The index for nearest rows. Embeddings have unit length, so the inner product, the cheapest of pgvector's, orders
 * them by cosine. Rows that were taken out are not in it.
 */
export async function createIndex(
  connection: Queryable,
  id: number,
  { m, efConstruction }: PostgresParams,
): Promise<void> {
  await connection.query(
    `CREATE INDEX ON ${rowsTable(id)} USING hnsw (embedding halfvec_ip_ops)
     WITH (m = ${m}, ef_construction = ${efConstruction}) WHERE NOT deleted`,
  );
}
