// Photos that several workers put into one collection: a table of work, taken by lease, finished in one transaction.
//
// A worker takes the first photos that nobody holds (FOR UPDATE SKIP LOCKED: two never wait for each other) for as
// long as its lease lasts, and prolongs the lease while it works. One that was killed prolongs nothing, so that its
// photos are anybody's again. Rows and the note that a photo is done are written together, or neither is.
import { CairnError } from '../../errors.ts';
import type { LabelFacts } from '../labels.ts';
import { SOURCE_BYTES } from '../shard.ts';
import type { CollectionHead } from '../writer.ts';
import { addLabels, createCollection, findEntry, lockCollection } from './catalog.ts';
import type { Database, Queryable } from './database.ts';
import { POSTGRES, type PostgresParams } from './presets.ts';
import { halfvecOid, insertRows, type NewRow } from './rows.ts';
import { createIndex, migrate, rowsTable } from './schema.ts';

export interface QueuedPhoto {
  readonly path: string;
  readonly label: string;
}

/** A photo that this worker holds. */
export interface TakenPhoto extends QueuedPhoto {
  readonly id: string;
  /** Place of its label. */
  readonly place: number;
}

/** How a photo that was taken ended. */
export type Outcome =
  | { readonly photo: TakenPhoto; readonly source: Uint8Array; readonly row: NewRow | null }
  | { readonly photo: TakenPhoto; readonly problem: string };

export interface QueueCounts {
  readonly waiting: number;
  readonly done: number;
  readonly failed: number;
}

/** What there was to say of a queue when it was emptied. */
export interface ClosedQueue {
  /** Rows taken out because their photos are gone. */
  readonly takenOut: number;
  /** Photos that nobody could take in. */
  readonly failed: readonly { readonly path: string; readonly reason: string | null }[];
}

export interface QueueOptions {
  /** Tells workers apart; unique. */
  readonly worker: string;
  readonly leaseSeconds?: number;
  readonly params?: PostgresParams;
}

/** Long against a photo, which takes less than a second or two; short against a person who waits. */
export const LEASE_SECONDS = 60;
/** A photo that has ended so many workers is not given to another. */
export const MAX_ATTEMPTS = 3;

export class WorkQueue {
  private constructor(
    private readonly db: Database,
    /** Id of the collection. */
    readonly id: number,
    private readonly oid: number,
    private readonly worker: string,
    private readonly leaseSeconds: number,
  ) {}

  /**
   * Makes the collection where it is not there, and adds the photos that are not in its queue. Any number of workers
   * may do so at once, with the same photos.
   * @throws CairnError `collection-mismatch` where the collection was made by another encoder; `storage-*`
   */
  static async open(
    db: Database,
    head: Omit<CollectionHead, 'labels'>,
    facts: readonly LabelFacts[],
    photos: readonly QueuedPhoto[],
    options: QueueOptions,
  ): Promise<WorkQueue> {
    await migrate(db);
    return db.transaction(async (connection) => {
      await connection.query(`SELECT pg_advisory_xact_lock(hashtext('cairn/' || $1))`, [head.name]);
      const id = await collectionFor(connection, head, options.params ?? POSTGRES);
      const places = await addLabels(connection, id, facts);
      await connection.query(
        `INSERT INTO cairn.queue (collection_id, path, place)
         SELECT $1, path, place FROM unnest($2::text[], $3::integer[]) AS given (path, place)
         ON CONFLICT DO NOTHING`,
        [id, photos.map(({ path }) => path), photos.map(({ label }) => places.get(label))],
      );
      const oid = await halfvecOid(connection);
      return new WorkQueue(db, id, oid, options.worker, options.leaseSeconds ?? LEASE_SECONDS);
    });
  }

  /**
   * Takes up to `count` photos that nobody holds.
   * @param without ids that this worker has no file for
   */
  async take(count: number, without: readonly string[] = []): Promise<TakenPhoto[]> {
    const taken = await this.db.query<QueuedPhoto & TakenPhoto>(
      `UPDATE cairn.queue SET worker = $2, attempts = attempts + 1,
         leased_until = now() + make_interval(secs => $3)
       FROM (
         SELECT queue.id, labels.label FROM cairn.queue JOIN cairn.labels USING (collection_id, place)
         WHERE collection_id = $1 AND state = 'waiting' AND (leased_until IS NULL OR leased_until < now())
           AND attempts < $6 AND queue.id <> ALL($5::bigint[])
         ORDER BY queue.id LIMIT $4 FOR UPDATE OF queue SKIP LOCKED
       ) free
       WHERE queue.id = free.id
       RETURNING queue.id, path, place, free.label`,
      [this.id, this.worker, this.leaseSeconds, count, without, MAX_ATTEMPTS],
    );
    if (taken.length === 0) await this.#failHopeless();
    return taken;
  }

  async #failHopeless(): Promise<void> {
    await this.db.query(
      `UPDATE cairn.queue SET state = 'failed', reason = 'Every worker that took it ended.'
       WHERE collection_id = $1 AND state = 'waiting' AND attempts >= $2 AND leased_until < now()`,
      [this.id, MAX_ATTEMPTS],
    );
  }

  /** Prolongs the lease of everything that this worker holds. */
  async prolong(): Promise<void> {
    await this.db.query(
      `UPDATE cairn.queue SET leased_until = now() + make_interval(secs => $3)
       WHERE collection_id = $1 AND worker = $2 AND state = 'waiting'`,
      [this.id, this.worker, this.leaseSeconds],
    );
  }

  /** Gives photos back that were taken and not worked on. */
  async giveBack(photos: readonly TakenPhoto[]): Promise<void> {
    await this.db.query(
      `UPDATE cairn.queue SET worker = NULL, leased_until = NULL, attempts = attempts - 1
       WHERE collection_id = $1 AND worker = $2 AND state = 'waiting' AND id = ANY($3::bigint[])`,
      [this.id, this.worker, photos.map(({ id }) => id)],
    );
  }

  /**
   * Writes what came out, and that the photos are done, together. A photo that another worker has done meanwhile,
   * because this one's lease had run out, is the same row and comes in once.
   * @returns rows that were new. Throws `collection-missing` where the collection was taken away or replaced.
   */
  async finish(outcomes: readonly Outcome[]): Promise<number> {
    return this.db.transaction(async (connection) => {
      if (!(await lockCollection(connection, this.id))) throw gone();
      const rows = outcomes.flatMap((each) => ('row' in each && each.row ? [each.row] : []));
      const added = await insertRows(connection, this.id, rows, this.oid);
      await connection.query(
        `UPDATE cairn.queue SET state = CASE WHEN reason_given IS NULL THEN 'done' ELSE 'failed' END,
           reason = reason_given, source = source_given, worker = NULL, leased_until = NULL
         FROM unnest($2::bigint[], $3::text[], $4::bytea[]) AS given (id_given, reason_given, source_given)
         WHERE collection_id = $1 AND id = id_given`,
        [
          this.id,
          outcomes.map(({ photo }) => photo.id),
          outcomes.map((each) => ('problem' in each ? each.problem : null)),
          outcomes.map((each) => ('source' in each ? Buffer.from(each.source) : null)),
        ],
      );
      return added;
    });
  }

  /** Whether a label has a photo already. @param source its SHA-256, of which 16 bytes count */
  async has(source: Uint8Array, place: number): Promise<boolean> {
    const rows = await this.db.query(
      `SELECT FROM ${rowsTable(this.id)} WHERE source = $1 AND label = $2 AND NOT deleted`,
      [Buffer.from(source.subarray(0, SOURCE_BYTES)), place],
    );
    return rows.length > 0;
  }

  async counts(): Promise<QueueCounts> {
    return this.db.transaction(async (connection) => {
      const [counts] = await countsOf(connection, this.id);
      return counts ?? { waiting: 0, done: 0, failed: 0 };
    }, 'BEGIN READ ONLY');
  }

  /**
   * Empties the queue once nothing waits in it, so that the next run looks at every photo anew: what is in the
   * collection is recognised by its hash and not encoded again. Whoever comes second finds nothing to do.
   * @param prune take rows out whose photos were not in the queue, unless a photo of it failed
   */
  async close({ prune = false } = {}): Promise<ClosedQueue> {
    return this.db.transaction(async (connection) => {
      if (!(await lockCollection(connection, this.id))) throw gone();
      const [counts] = await countsOf(connection, this.id);
      if (!counts || counts.waiting > 0) return { takenOut: 0, failed: [] };
      const takenOut = prune && counts.failed === 0 ? await this.#takeOut(connection) : 0;
      const { rows } = await connection.query<{ path: string; reason: string | null }>(
        `WITH emptied AS (DELETE FROM cairn.queue WHERE collection_id = $1 RETURNING path, state, reason)
         SELECT path, reason FROM emptied WHERE state = 'failed' ORDER BY path`,
        [this.id],
      );
      return { takenOut, failed: rows };
    });
  }

  /** Marks rows instead of deleting them, so that no other photo ever gets the number of one that was shown. */
  async #takeOut(connection: Queryable): Promise<number> {
    const { rows } = await connection.query<{ count: number }>(
      `WITH gone AS (
         UPDATE ${rowsTable(this.id)} AS kept SET deleted = true
         WHERE NOT deleted AND source IS NOT NULL AND NOT EXISTS (
           SELECT FROM cairn.queue WHERE collection_id = $1 AND queue.source = kept.source
             AND queue.place = kept.label)
         RETURNING label, embedding
       ), sums AS (
         SELECT label, count(*)::integer AS photos, sum(embedding::vector) AS total FROM gone GROUP BY label
       ), counted AS (
         UPDATE cairn.labels SET photos = labels.photos - sums.photos, total = labels.total - sums.total
         FROM sums WHERE collection_id = $1 AND place = sums.label
       )
       UPDATE cairn.collections SET live_rows = live_rows - (SELECT count(*) FROM gone),
         revision = revision + 1 WHERE id = $1
       RETURNING (SELECT count(*)::integer FROM gone) AS count`,
      [this.id],
    );
    return rows[0]!.count;
  }
}

/** Nothing where the queue is empty. */
async function countsOf(connection: Queryable, id: number): Promise<QueueCounts[]> {
  const { rows } = await connection.query<QueueCounts>(
    `SELECT count(*) FILTER (WHERE state = 'waiting')::integer AS waiting,
       count(*) FILTER (WHERE state = 'done')::integer AS done,
       count(*) FILTER (WHERE state = 'failed')::integer AS failed
     FROM cairn.queue WHERE collection_id = $1 HAVING count(*) > 0`,
    [id],
  );
  return rows;
}

async function collectionFor(
  connection: Queryable,
  head: Omit<CollectionHead, 'labels'>,
  params: PostgresParams,
): Promise<number> {
  const there = await findEntry(connection, head.name);
  if (!there) {
    const id = await createCollection(connection, head);
    // Before the rows: encoding takes a hundred times longer than linking, and what is there can be searched.
    await createIndex(connection, id, params);
    return id;
  }
  const { encoder, bank } = there.description;
  const same =
    encoder.id === head.encoder.id &&
    encoder.weightsSha256 === head.encoder.weightsSha256 &&
    bank.sha256 === head.bank.sha256;
  if (same) return there.id;
  throw new CairnError(
    'collection-mismatch',
    `Collection ${head.name} in the database was made with ${encoder.id}, other weights or another bank.`,
    'Give another name with ?collection=NAME, or the encoder that it was made with.',
  );
}

function gone(): CairnError {
  return new CairnError(
    'collection-missing',
    'The collection was taken away or replaced while it was being indexed.',
    'Run the command again to build it anew.',
  );
}
