// A collection open for search: what the index worker exposes, and what Node uses in-process.
import { CairnError, throwIfAborted } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import { checkQuery } from './check-query.ts';
import { assertEncoder, type Collection, type EncoderIdentity } from './collection.ts';
import type { ExactKernel } from './exact/scorer.ts';
import { compareHits, type Hit } from './exact/top-k.ts';
import type { GroupIndex } from './group-index.ts';
import { openFromUrl, openInstalled } from './install.ts';
import type { LoadedCollection } from './loaded.ts';
import { nearestOfLabels } from './nearest-references.ts';
import { OpenIndex } from './open-index.ts';
import { labelsWithin } from './place-filter.ts';
import { CROSSOVER_ROWS, HNSW, type HnswParams } from './presets.ts';
import type {
  CollectionSearch,
  NamedReference,
  ReferenceSource,
  SearchEngine,
  SearchOptions,
  SearchResult,
  StoredReference,
} from './search.ts';
import { rowVector } from './shard.ts';
import { type CairnStore, openStore } from './store.ts';
import { type AdapterInUse, adaptCollection } from './taught-adapter.ts';

/** Where a collection comes from. */
export type CollectionSource =
  /** Of its collection.json: missing shards are downloaded into the store first. */
  | { readonly kind: 'url'; readonly url: string }
  /** By name, from the store. */
  | { readonly kind: 'installed'; readonly name: string }
  /** Already in memory: Node reads it from a folder, tests make it. */
  | { readonly kind: 'loaded'; readonly loaded: LoadedCollection };

export interface OpenOptions extends LongWork {
  /** Refuse a collection that another encoder made. */
  readonly encoder?: EncoderIdentity & { readonly dim?: number };
  /** Open it as a tuned head sees it; queries must then come from the same head. */
  readonly adapter?: AdapterInUse | undefined;
}

export interface IndexStatus {
  /** Name of the open collection, or null. */
  readonly name: string | null;
  /** Deleted ones included. */
  readonly rows: number;
  readonly shards: number;
  /** Shards whose HNSW graph is ready. */
  readonly hnswShards: number;
  /** The engine that answers at present when none is asked for. */
  readonly engine: SearchEngine;
  /** Which code computes exact scores. */
  readonly kernel: ExactKernel;
  /** Why there are no graphs, where the HNSW library cannot run; else null. */
  readonly hnswError: string | null;
  /** False where the collection and its graphs last no longer than the page. */
  readonly persistent: boolean;
}

export interface IndexServiceOptions {
  /** The browser's own unless given. */
  readonly store?: CairnStore;
  /**
   * When graphs are built: `eager`, the default, in the background of every opened collection;
   * `lazy`, when HNSW is first asked for, which suits a command that answers once and ends.
   */
  readonly graphs?: 'eager' | 'lazy';
  readonly hnsw?: HnswParams;
  /** Rows under one graph from which it is the default engine for them. */
  readonly crossoverRows?: number;
}

/** One collection at a time; opening another closes the first. `close()` when done with it. */
export class IndexService implements CollectionSearch, Pick<ReferenceSource, 'references'> {
  readonly #options: IndexServiceOptions;
  #store: Promise<CairnStore> | null;
  #persistent = false;
  #open: OpenIndex | null = null;
  /** Counts openings, so that one that was overtaken does not put itself in the place of a later. */
  #opening = 0;

  constructor(options: IndexServiceOptions = {}) {
    this.#options = options;
    this.#store = options.store ? Promise.resolve(options.store) : null;
  }

  get dim(): number {
    return this.#open?.collection.dimension ?? 0;
  }

  get rows(): number {
    return this.#open?.rows ?? 0;
  }

  /**
   * Opens a collection; exact search answers from then on, HNSW once its graphs are there.
   * Until it succeeds, the collection that was open before goes on answering.
   * `ready` tells how far the graphs are.
   * @throws CairnError `collection-*`, `hash-mismatch`, `download-failed`, `storage-*`, `aborted`
   */
  async open(source: CollectionSource, options: OpenOptions = {}): Promise<Collection> {
    const turn = ++this.#opening;
    throwIfAborted(options.signal);
    const store = await this.#getStore();
    const stored = await load(source, store, options);
    if (options.encoder) assertEncoder(stored.collection, options.encoder);
    const loaded = options.adapter ? await adaptCollection(stored, options.adapter) : stored;
    const index = await OpenIndex.open(loaded, store, this.#options.hnsw ?? HNSW);
    if (turn !== this.#opening || options.signal?.aborted) {
      index.close();
      throw new CairnError(
        'aborted',
        `Opening ${loaded.collection.name} was overtaken.`,
        'Open it again if needed.',
      );
    }
    this.#open?.close();
    this.#open = index;
    // Not waited for: what fails here shows in status() and when HNSW is insisted on.
    if (this.#options.graphs !== 'lazy') index.prepare({}).catch(() => undefined);
    return loaded.collection;
  }

  status(): IndexStatus {
    const open = this.#open;
    return {
      name: open?.collection.name ?? null,
      rows: this.rows,
      shards: open?.shards.length ?? 0,
      hnswShards: open?.graphs ?? 0,
      engine: open?.groups.some((group) => this.#choice(group) === 'hnsw') ? 'hnsw' : 'exact',
      kernel: open?.shards[0]?.kernel ?? 'plain',
      hnswError: open?.failure?.message ?? null,
      persistent: this.#persistent,
    };
  }

  /**
   * Waits until every graph is there.
   * @throws CairnError `backend-unavailable`, `collection-missing`, `aborted`
   */
  async ready(work: LongWork = {}): Promise<IndexStatus> {
    await this.#current().prepare(work);
    return this.status();
  }

  /**
   * Answers exactly while graphs are being built. Insisting on `hnsw` waits for them.
   * `engine` of the result is `exact` where every row was compared, so that nothing can be missed.
   * @throws CairnError `usage`, `collection-missing`, `aborted`, `backend-unavailable`
   */
  async search(query: Float32Array, options: SearchOptions): Promise<SearchResult> {
    throwIfAborted(options.signal);
    const open = this.#current();
    checkQuery(query, options, this.dim);
    if (options.engine === 'hnsw') {
      await open.prepare(options);
      if (this.#open !== open) throw noCollection();
    }
    const merged: Hit[] = [];
    let engine: SearchEngine = 'exact';
    const allowed = options.where ? labelsWithin(open.collection.labels, options.where) : null;
    for (const group of open.groups) {
      const wanted = options.engine ?? this.#choice(group);
      const { hits, by } = group.search(query, options.k, wanted, allowed);
      merged.push(...hits);
      if (by === 'hnsw') engine = by;
    }
    merged.sort(compareHits).splice(options.k);
    const described = describe(open, merged, options.vectors ?? 0);
    const means = options.means
      ? { means: open.means.similarities(query, described.neighbours) }
      : {};
    return { ...described, ...means, engine };
  }

  /**
   * As {@link ReferenceSource.references}; empty where nothing is kept. No other views are decoded.
   * @throws CairnError `usage`, `collection-missing`, `collection-invalid`
   */
  async references(
    query: Float32Array,
    labels: readonly number[],
    most: number,
  ): Promise<StoredReference[]> {
    const open = this.#current();
    checkQuery(query, { k: most }, this.dim);
    const viewed = open.shards.map((index) => index.viewed(query, labels));
    const chosen = new Set(nearestOfLabels(viewed.flat(), most));
    return open.shards.flatMap((index, i) =>
      index.withViews(viewed[i]!.filter((reference) => chosen.has(reference))),
    );
  }

  /**
   * Of each of the given labels the photos most similar to the query, by the names of their files, as
   * {@link references} gives those that have views. For small collections: every row of the labels is looked at.
   * @throws CairnError `usage`, `collection-missing`
   */
  async photos(
    query: Float32Array,
    labels: readonly number[],
    most: number,
  ): Promise<readonly NamedReference[]> {
    const open = this.#current();
    checkQuery(query, { k: most }, this.dim);
    const asked = new Set(labels);
    return nearestOfLabels(
      open.shards.flatMap((index) => index.named(query, asked)),
      most,
    );
  }

  /** Lets go of the collection and of every graph; stops building. */
  close(): void {
    this.#opening++;
    this.#open?.close();
    this.#open = null;
  }

  #current(): OpenIndex {
    if (!this.#open) throw noCollection();
    return this.#open;
  }

  /** Of a group of shards that share a graph: each is answered as is faster for it. */
  #choice(group: GroupIndex): SearchEngine {
    const large = group.rows >= (this.#options.crossoverRows ?? CROSSOVER_ROWS);
    return large && group.hasGraph ? 'hnsw' : 'exact';
  }

  async #getStore(): Promise<CairnStore> {
    this.#store ??= openStore();
    try {
      const store = await this.#store;
      this.#persistent = store.persistent;
      return store;
    } catch (error) {
      this.#store = null;
      throw error;
    }
  }
}

function load(
  source: CollectionSource,
  store: CairnStore,
  work: LongWork,
): Promise<LoadedCollection> {
  switch (source.kind) {
    case 'url':
      return openFromUrl(source.url, store, work);
    case 'installed':
      return openInstalled(source.name, store, work);
    case 'loaded':
      return Promise.resolve(source.loaded);
  }
}

/** What is known of the hits, and the embeddings of the first `count` of them. */
function describe(
  open: OpenIndex,
  hits: readonly Hit[],
  count: number,
): Pick<SearchResult, 'neighbours' | 'vectors'> {
  const dim = open.collection.dimension;
  const given = Math.min(count, hits.length);
  const vectors = new Float32Array(given * dim);
  const neighbours = hits.map(({ row, similarity }, i) => {
    const { shard, start } = open.shardOf(row);
    const local = row - start;
    if (i < given) rowVector(shard, local, vectors.subarray(i * dim, (i + 1) * dim));
    return {
      row,
      similarity,
      label: shard.labels[local]!,
      bankSimilarity: shard.bankSimilarity[local]!,
    };
  });
  return { neighbours, vectors };
}

function noCollection(): CairnError {
  return new CairnError('collection-missing', 'No collection is open.', 'Open one first.');
}
