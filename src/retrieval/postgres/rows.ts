// Rows written to PostgreSQL: hundreds in a statement, with the counts and totals of their labels.
import { encodeHalfvecArray } from './codec.ts';
import type { Queryable } from './database.ts';
import { rowsTable } from './schema.ts';

/** A row to be written. */
export interface NewRow {
  /** Number of the row; the next one when left out. */
  readonly row?: number;
  readonly label: number;
  readonly bankSimilarity: number;
  /** 16 bytes. */
  readonly source: Uint8Array | null;
  /** A section "coarseFeatures" of one view. */
  readonly view: Uint8Array | null;
  /** [dimension], L2-normalised. */
  readonly embedding: Float32Array;
}

/** The oid of pgvector's type, which differs from database to database. */
export async function halfvecOid(connection: Queryable): Promise<number> {
  const { rows } = await connection.query<{ oid: number }>(`SELECT 'halfvec'::regtype::oid AS oid`);
  return Number(rows[0]!.oid);
}

/**
 * Writes rows and keeps the counts and totals of labels. A photo that its label has already is passed over: it may
 * be given again. Lock the collection first.
 * @returns rows that were new
 */
export async function insertRows(
  connection: Queryable,
  id: number,
  rows: readonly NewRow[],
  oid: number,
): Promise<number> {
  if (rows.length === 0) return 0;
  const reserved = await connection.query<{ first: number }>(
    `UPDATE cairn.collections SET next_row = greatest(next_row + $2, $3), revision = revision + 1
     WHERE id = $1
     RETURNING next_row - $2::integer AS first`,
    [
      id,
      rows.filter(({ row }) => row === undefined).length,
      rows.reduce((most, { row }) => Math.max(most, (row ?? -1) + 1), 0),
    ],
  );
  let next = reserved.rows[0]!.first;
  const added = await connection.query<{ count: number }>(
    `WITH added AS (
       INSERT INTO ${rowsTable(id)} (id, label, bank_similarity, source, view, embedding)
       SELECT * FROM unnest($2::integer[], $3::integer[], $4::real[], $5::bytea[], $6::bytea[], $7::halfvec[])
       ON CONFLICT DO NOTHING
       RETURNING label, embedding
     ), sums AS (
       SELECT label, count(*)::integer AS photos, sum(embedding::vector) AS total FROM added GROUP BY label
     ), counted AS (
       UPDATE cairn.labels SET photos = labels.photos + sums.photos,
         total = coalesce(labels.total + sums.total, sums.total)
       FROM sums WHERE collection_id = $1 AND place = sums.label
     )
     UPDATE cairn.collections SET live_rows = live_rows + (SELECT count(*) FROM added) WHERE id = $1
     RETURNING (SELECT count(*)::integer FROM added) AS count`,
    [
      id,
      rows.map(({ row }) => row ?? next++),
      rows.map(({ label }) => label),
      rows.map(({ bankSimilarity }) => bankSimilarity),
      rows.map(({ source }) => source && Buffer.from(source)),
      rows.map(({ view }) => view && Buffer.from(view)),
      encodeHalfvecArray(
        rows.map(({ embedding }) => embedding),
        oid,
      ),
    ],
  );
  return added.rows[0]!.count;
}
