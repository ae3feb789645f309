// A collection in PostgreSQL, open for search: pgvector's HNSW index, or a plain scan where it must miss nothing.
import { CairnError, throwIfAborted } from '../../errors.ts';
import type { Bytes } from '../../weights/sha256.ts';
import { checkQuery } from '../check-query.ts';
import { type CollectionDescription, identityOf } from '../description.ts';
import { labelsWithin, type PlaceFilter } from '../place-filter.ts';
import { LEAST_FINDABLE } from '../presets.ts';
import { decodeViews } from '../reference-section.ts';
import type {
  CollectionSearch,
  Neighbour,
  ReferenceSource,
  SearchEngine,
  SearchOptions,
  SearchResult,
  StoredReference,
} from '../search.ts';
import { type CatalogEntry, readEntry } from './catalog.ts';
import { decodeHalfvec, encodeHalfvec, encodeVector } from './codec.ts';
import { type Database, isGone, type Queryable } from './database.ts';
import { candidatesFor, MAX_EF_SEARCH, POSTGRES, type PostgresParams } from './presets.ts';
import { requireSchema, rowsTable } from './schema.ts';

interface FoundRow {
  id: number;
  label: number;
  bank_similarity: number;
  similarity: number;
  embedding: Buffer | null;
}

interface ViewRow {
  id: number;
  label: number;
  similarity: number;
  view: Buffer;
}

/** Any number of searches may run at once. The database is its opener's to close. */
export class PostgresCollection implements CollectionSearch, Pick<ReferenceSource, 'references'> {
  #entry: CatalogEntry;

  private constructor(
    private readonly db: Database,
    entry: CatalogEntry,
    private readonly params: PostgresParams,
  ) {
    this.#entry = entry;
  }

  /** @throws CairnError `collection-missing`, `storage-failed`, `usage` for a newer schema */
  static async open(db: Database, params: PostgresParams = POSTGRES): Promise<PostgresCollection> {
    await requireSchema(db);
    return new PostgresCollection(db, await readEntry(db, db.address.collection), params);
  }

  /** As it was when it was last read. */
  get description(): CollectionDescription {
    return this.#entry.description;
  }

  get dim(): number {
    return this.description.dimension;
  }

  get rows(): number {
    return this.description.rows;
  }

  /** Reads the description again: photos come, and the whole may have been replaced. Throws as {@link open}. */
  async refresh(): Promise<CollectionDescription> {
    this.#entry = await readEntry(this.db, this.description.name, this.#entry);
    return this.description;
  }

  /**
   * As {@link CollectionSearch.search}. `engine` of the result says what answered: the index may give fewer rows
   * than asked for, and then the scan answers.
   * @throws CairnError `usage`, `timeout`, `storage-failed`, `collection-missing`, `aborted`, and
   * `collection-mismatch` where its landmarks have changed since they were last read
   */
  async search(query: Float32Array, options: SearchOptions): Promise<SearchResult> {
    throwIfAborted(options.signal);
    checkQuery(query, options, this.dim);
    const result = await this.#again(() => this.#search(query, options));
    throwIfAborted(options.signal);
    return result;
  }

  /** As {@link ReferenceSource.references}; empty where nothing is kept. Throws as {@link search}. */
  async references(
    query: Float32Array,
    labels: readonly number[],
    most: number,
  ): Promise<StoredReference[]> {
    checkQuery(query, { k: most }, this.dim);
    const rows = await this.#again(() =>
      this.db.query<ViewRow>(
        `SELECT id, label, similarity, view FROM (
           SELECT *, row_number() OVER (PARTITION BY label ORDER BY similarity DESC, id) AS nth FROM (
             SELECT id, label, view, 1 - (embedding::vector <=> $1::vector) AS similarity
             FROM ${rowsTable(this.#entry.id)}
             WHERE label = ANY($2::integer[]) AND view IS NOT NULL AND NOT deleted
           ) viewed
         ) ranked WHERE nth <= $3 ORDER BY id`,
        [encodeVector(query), [...labels], most],
      ),
    );
    return rows.map(({ id, label, similarity, view }) => {
      const [stored] = decodeViews(copyOf(view), 1);
      if (!stored) throw new CairnError('collection-invalid', `Row ${id} has no view.`, REBUILD);
      return { row: id, label, similarity, view: stored.view };
    });
  }

  /** A collection that was replaced meanwhile has another table: looks it up and tries once more. */
  async #again<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown;
      const now = await readEntry(this.db, this.description.name);
      if (identityOf(now.description) !== identityOf(this.description)) throw this.#changed();
      this.#entry = now;
      return work();
    }
  }

  /** Places of labels mean nothing to whoever opened it before; `refresh` is for who has read them anew. */
  #changed(): CairnError {
    return new CairnError(
      'collection-mismatch',
      `Collection ${this.description.name} has other landmarks than when it was opened.`,
      'Open it again.',
    );
  }

  #search(query: Float32Array, options: SearchOptions): Promise<SearchResult> {
    const { k, engine } = options;
    const within = this.#within(options.where);
    const few = within.findable <= Math.max(this.params.exactRows, LEAST_FINDABLE * within.of);
    const wanted: SearchEngine = engine ?? (few ? 'exact' : 'hnsw');
    const ef = Math.min(MAX_EF_SEARCH, candidatesFor(k, this.params));
    // A plan is a matter of statistics that a fresh table lacks: the engine that was chosen is made the only one.
    const begin = [
      'BEGIN READ ONLY',
      `SET LOCAL statement_timeout = ${this.params.searchTimeoutMs}`,
      'SET LOCAL jit = off',
      'SET LOCAL enable_seqscan = off',
      `SET LOCAL hnsw.ef_search = ${ef}`,
      'SET LOCAL hnsw.iterative_scan = strict_order',
    ].join('; ');
    return this.db.transaction(async (connection) => {
      let by = wanted;
      if (by === 'exact') await connection.query(EXACT);
      let rows = await this.#nearest(connection, query, options, within.places);
      if (by === 'hnsw' && rows.length < Math.min(k, within.findable)) {
        by = 'exact';
        await connection.query(EXACT);
        rows = await this.#nearest(connection, query, options, within.places);
      }
      const { labels } = this.description;
      if (rows.some(({ label }) => label >= labels.length)) throw this.#changed();
      return {
        neighbours: rows.map(neighbourOf),
        vectors: this.#vectorsOf(rows),
        ...(options.means ? { means: await this.#means(connection, query, rows) } : {}),
        engine: by,
      };
    }, begin);
  }

  /** Places of the labels that may be found, null for all, and how many photos these have of how many. */
  #within(where: PlaceFilter | undefined) {
    const { liveRows } = this.#entry;
    if (!where) return { places: null, findable: liveRows, of: liveRows };
    const { labels } = this.description;
    const allowed = labelsWithin(labels, where);
    const places = [...labels.keys()].filter((place) => allowed[place] === 1);
    const findable = places.reduce((sum, place) => sum + labels[place]!.photos, 0);
    return { places, findable, of: liveRows };
  }

  /**
   * Candidates by the query in half precision, as the index compares, then put in order by the query as it is:
   * what comes out is as exact as the stored embeddings.
   */
  async #nearest(
    connection: Queryable,
    query: Float32Array,
    { k, vectors = 0 }: SearchOptions,
    places: readonly number[] | null,
  ): Promise<FoundRow[]> {
    const { rows } = await connection.query<FoundRow>(
      `SELECT id, label, bank_similarity, similarity,
         CASE WHEN nth <= $5 THEN halfvec_send(embedding) END AS embedding
       FROM (
         SELECT *, row_number() OVER (ORDER BY similarity DESC, id) AS nth FROM (
           SELECT *, 1 - (embedding::vector <=> $2::vector) AS similarity FROM (
             SELECT id, label, bank_similarity, embedding FROM ${rowsTable(this.#entry.id)}
             WHERE NOT deleted ${places ? 'AND label = ANY($6::integer[])' : ''} ORDER BY embedding <#> $1::halfvec LIMIT $3
           ) candidates
         ) scored
       ) ranked WHERE nth <= $4 ORDER BY nth`,
      [
        encodeHalfvec(query),
        encodeVector(query),
        Math.max(k, candidatesFor(k, this.params)),
        k,
        vectors,
        ...(places ? [places] : []),
      ],
    );
    return rows;
  }

  #vectorsOf(rows: readonly FoundRow[]): Float32Array {
    const kept = rows.flatMap(({ embedding }) => (embedding ? [embedding] : []));
    const vectors = new Float32Array(kept.length * this.dim);
    for (const [i, embedding] of kept.entries()) {
      decodeHalfvec(embedding, vectors.subarray(i * this.dim, (i + 1) * this.dim));
    }
    return vectors;
  }

  async #means(
    connection: Queryable,
    query: Float32Array,
    rows: readonly FoundRow[],
  ): Promise<Map<number, number>> {
    const found = await connection.query<{ place: number; similarity: number }>(
      `SELECT place, 1 - (total <=> $1::vector) AS similarity FROM cairn.labels
       WHERE collection_id = $2 AND place = ANY($3::integer[])`,
      [encodeVector(query), this.#entry.id, [...new Set(rows.map(({ label }) => label))]],
    );
    // References that cancel out have no direction; as LabelMeans, they are called 0.
    return new Map(
      found.rows.map(({ place, similarity }) => [
        place,
        Number.isFinite(similarity) ? similarity : 0,
      ]),
    );
  }
}

const EXACT = 'SET LOCAL enable_indexscan = off; SET LOCAL enable_seqscan = on';
const REBUILD = 'Build the collection again with `cairn index`.';

function neighbourOf({ id, label, similarity, bank_similarity }: FoundRow): Neighbour {
  // A `real` arrives in the fewest digits that tell it from others; this is the float32 that they stand for.
  return { row: id, label, similarity, bankSimilarity: Math.fround(bank_similarity) };
}

/** A driver's Buffer is part of a larger one, at an odd offset. */
function copyOf(bytes: Buffer): Bytes {
  return new Uint8Array(bytes);
}
