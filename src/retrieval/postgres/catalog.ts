// Which collections a database holds, and what changes them: collections and their labels; rows.ts writes rows.
import { CairnError } from '../../errors.ts';
import type { CollectionDescription } from '../description.ts';
import type { CollectionLabel, LabelFacts } from '../labels.ts';
import type { CollectionHead } from '../writer.ts';
import type { Database, Queryable } from './database.ts';
import { MAX_DIMENSION } from './presets.ts';
import { createRows, rowsTable } from './schema.ts';

/** What searching and writing need of a collection. */
export interface CatalogEntry {
  readonly id: number;
  readonly description: CollectionDescription;
  /** Rows that have not been taken out. */
  readonly liveRows: number;
  /** Differs after every change. */
  readonly revision: number;
}

interface CollectionRecord {
  id: number;
  name: string;
  encoder_id: string;
  encoder_sha256: string;
  bank_sha256: string;
  dimension: number;
  matcher_id: string | null;
  matcher_sha256: string | null;
  licence: string;
  attribution: string;
  created: string;
  next_row: number;
  live_rows: number;
  revision: number;
}

interface LabelRecord {
  label: string;
  title_en: string;
  title_zh: string;
  country: string | null;
  lat: number | null;
  lon: number | null;
  wikidata: string | null;
  photos: number;
}

/** All names, sorted. */
export async function collectionNames(db: Database): Promise<string[]> {
  const rows = await db.query<{ name: string }>('SELECT name FROM cairn.collections ORDER BY name');
  return rows.map(({ name }) => name);
}

/**
 * A collection as it is now.
 * @param name the only one there is when null
 * @param last given back as it is where nothing has changed since
 * @throws CairnError `collection-missing`, `storage-failed`
 */
export async function readEntry(
  db: Database,
  name: string | null,
  last?: CatalogEntry,
): Promise<CatalogEntry> {
  const wanted = name ?? (await onlyName(db));
  if (last) {
    const same = await db.query(
      'SELECT FROM cairn.collections WHERE name = $1 AND id = $2 AND revision = $3',
      [wanted, last.id, last.revision],
    );
    if (same.length === 1) return last;
  }
  return db.transaction(
    async (connection) => {
      const entry = await findEntry(connection, wanted);
      if (entry) return entry;
      throw new CairnError(
        'collection-missing',
        `The database ${db.address.shown} has no collection "${wanted}".`,
        'Build it with `cairn index SOURCE --collection postgres://…?collection=NAME`.',
      );
    },
    // Labels and counts of one moment.
    'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
  );
}

async function onlyName(db: Database): Promise<string> {
  const names = await collectionNames(db);
  if (names.length === 1) return names[0]!;
  throw new CairnError(
    'collection-missing',
    names.length === 0
      ? `The database ${db.address.shown} holds no collections.`
      : `The database holds ${names.length} collections: ${names.slice(0, 10).join(', ')}.`,
    names.length === 0
      ? 'Build one with `cairn index SOURCE --collection postgres://…`.'
      : 'Say which: postgres://…?collection=NAME.',
  );
}

/** Null where there is none of that name. */
export async function findEntry(connection: Queryable, name: string): Promise<CatalogEntry | null> {
  const found = await connection.query<CollectionRecord>(
    'SELECT * FROM cairn.collections WHERE name = $1',
    [name],
  );
  const record = found.rows[0];
  if (!record) return null;
  const { rows } = await connection.query<LabelRecord>(
    `SELECT label, title_en, title_zh, country, lat, lon, wikidata, photos
     FROM cairn.labels WHERE collection_id = $1 ORDER BY place`,
    [record.id],
  );
  const { matcher_id: matcher, matcher_sha256: matcherSha256 } = record;
  return {
    id: record.id,
    liveRows: record.live_rows,
    revision: record.revision,
    description: {
      name: record.name,
      encoder: { id: record.encoder_id, weightsSha256: record.encoder_sha256 },
      bank: { sha256: record.bank_sha256 },
      dimension: record.dimension,
      ...(matcher && matcherSha256
        ? { matcher: { id: matcher, weightsSha256: matcherSha256 } }
        : {}),
      labels: rows.map(labelOf),
      rows: record.next_row,
      licence: record.licence,
      attribution: record.attribution,
      created: record.created,
    },
  };
}

function labelOf({ title_en: en, title_zh: zh, ...rest }: LabelRecord): CollectionLabel {
  const { label, country, lat, lon, wikidata, photos } = rest;
  return { label, title: { en, zh }, country, lat, lon, wikidata, photos };
}

/**
 * Makes an empty collection with its table; its index is made apart, since loading before is faster.
 * @returns its id. Throws `usage` for embeddings too long for pgvector.
 */
export async function createCollection(
  connection: Queryable,
  head: Omit<CollectionHead, 'labels'>,
): Promise<number> {
  const { dimension } = head;
  if (dimension > MAX_DIMENSION) {
    throw new CairnError(
      'usage',
      `pgvector cannot index embeddings of ${dimension} numbers.`,
      `Use an encoder of at most ${MAX_DIMENSION}.`,
    );
  }
  const { rows } = await connection.query<{ id: number }>(
    `INSERT INTO cairn.collections (name, encoder_id, encoder_sha256, bank_sha256, dimension,
       matcher_id, matcher_sha256, licence, attribution, created)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`,
    [
      head.name,
      head.encoder.id,
      head.encoder.weightsSha256,
      head.bank.sha256,
      dimension,
      head.matcher?.id ?? null,
      head.matcher?.weightsSha256 ?? null,
      head.licence,
      head.attribution,
      head.created ?? new Date().toISOString(),
    ],
  );
  const id = rows[0]!.id;
  await createRows(connection, id, dimension);
  return id;
}

/** Takes a collection away, with its table. Searches that run keep it until they are done. */
export async function dropCollection(connection: Queryable, id: number): Promise<void> {
  await connection.query('DELETE FROM cairn.collections WHERE id = $1', [id]);
  await connection.query(`DROP TABLE ${rowsTable(id)}`);
}

/**
 * Adds the labels that are not there yet, in the given order, after those that are. Lock the collection first.
 * @returns place of every label of the collection, by name
 */
export async function addLabels(
  connection: Queryable,
  id: number,
  labels: readonly LabelFacts[],
): Promise<Map<string, number>> {
  const column = <T>(read: (facts: LabelFacts) => T): T[] => labels.map(read);
  const added = await connection.query(
    `INSERT INTO cairn.labels (collection_id, place, label, title_en, title_zh, country, lat, lon, wikidata)
     SELECT $1, (SELECT count(*) FROM cairn.labels WHERE collection_id = $1)
       + row_number() OVER (ORDER BY given.at) - 1,
       given.label, given.en, given.zh, given.country, given.lat, given.lon, given.wikidata
     FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::float8[], $8::text[])
       WITH ORDINALITY AS given (label, en, zh, country, lat, lon, wikidata, at)
     WHERE NOT EXISTS (
       SELECT FROM cairn.labels known WHERE known.collection_id = $1 AND known.label = given.label)`,
    [
      id,
      column(({ label }) => label),
      column(({ title }) => title.en),
      column(({ title }) => title.zh),
      column(({ country }) => country),
      column(({ lat }) => lat),
      column(({ lon }) => lon),
      column(({ wikidata }) => wikidata),
    ],
  );
  if (added.rowCount) {
    await connection.query('UPDATE cairn.collections SET revision = revision + 1 WHERE id = $1', [
      id,
    ]);
  }
  const { rows } = await connection.query<{ label: string; place: number }>(
    'SELECT label, place FROM cairn.labels WHERE collection_id = $1',
    [id],
  );
  return new Map(rows.map(({ label, place }) => [label, place]));
}

/** Waits for other writers of the collection and keeps them out until the transaction ends. False where it is gone. */
export async function lockCollection(connection: Queryable, id: number): Promise<boolean> {
  const { rows } = await connection.query(
    'SELECT FROM cairn.collections WHERE id = $1 FOR NO KEY UPDATE',
    [id],
  );
  return rows.length === 1;
}
