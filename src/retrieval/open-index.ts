// All shards of one open collection, and the one background job that prepares their graphs.
import { CairnError, throwIfAborted } from '../errors.ts';
import type { LongWork, OnProgress } from '../progress.ts';
import { type Collection, collectionRows } from './collection.ts';
import { graphBytes, graphGroups } from './graph-rows.ts';
import { GroupIndex } from './group-index.ts';
import { LabelMeans, NO_LABEL } from './label-means.ts';
import { type LoadedCollection, shardStarts } from './loaded.ts';
import { GRAPH_BYTES, type HnswParams } from './presets.ts';
import { rowVector } from './shard.ts';
import { ShardIndex } from './shard-index.ts';
import type { CairnStore } from './store.ts';

export class OpenIndex {
  readonly rows: number;
  #preparing: Promise<void> | null = null;
  #failure: CairnError | null = null;
  #means: LabelMeans | null = null;
  readonly #closing = new AbortController();
  readonly #listeners = new Set<OnProgress>();

  private constructor(
    readonly collection: Collection,
    readonly shards: readonly ShardIndex[],
    /** The same shards, by the graphs that they share. */
    readonly groups: readonly GroupIndex[],
    private readonly store: CairnStore,
  ) {
    this.rows = collectionRows(collection);
  }

  static async open(
    loaded: LoadedCollection,
    store: CairnStore,
    params: HnswParams,
  ): Promise<OpenIndex> {
    const { collection, shards } = loaded;
    const starts = shardStarts(loaded);
    const indexes = await Promise.all(
      shards.map((shard, i) => ShardIndex.open(shard, collection.shards[i]!, starts[i]!)),
    );
    const byEntry = new Map(indexes.map((index) => [index.entry, index]));
    const groups = graphGroups(collection.shards, collection.dimension).map(
      (entries) =>
        new GroupIndex(
          entries.map((entry) => byEntry.get(entry)!),
          params,
        ), // each has one
    );
    return new OpenIndex(collection, indexes, groups, store);
  }

  /** Shards whose graph is there. */
  get graphs(): number {
    return this.groups.reduce((n, { hasGraph, shards }) => n + (hasGraph ? shards.length : 0), 0);
  }

  /** Why graphs could not be prepared. */
  get failure(): CairnError | null {
    return this.#failure;
  }

  /** Of its labels, by the stored embeddings. */
  get means(): LabelMeans {
    this.#means ??= this.#makeMeans();
    return this.#means;
  }

  #makeMeans(): LabelMeans {
    const labels = new Uint32Array(this.rows);
    for (const { shard, start } of this.shards) {
      labels.set(shard.labels, start);
      for (const row of shard.deleted) labels[start + row] = NO_LABEL;
    }
    const { dimension } = this.collection;
    const vector = new Float32Array(dimension);
    return new LabelMeans(labels, dimension, (row) => {
      const { shard, start } = this.shardOf(row);
      rowVector(shard, row - start, vector);
      return vector;
    });
  }

  /** The shard that holds a row of the collection. */
  shardOf(row: number): ShardIndex {
    return this.shards.findLast((shard) => shard.start <= row)!;
  }

  /**
   * Prepares the graphs that are missing. All callers wait for one job: a caller's signal ends that
   * caller's waiting, only `close` ends the job. After a failure, the next call tries again.
   */
  async prepare(work: LongWork): Promise<void> {
    throwIfAborted(work.signal);
    if (this.graphs === this.shards.length) return;
    const { onProgress, signal } = work;
    if (onProgress) this.#listeners.add(onProgress);
    this.#preparing ??= this.#prepareAll().finally(() => {
      this.#preparing = null;
    });
    let stop = (): void => undefined;
    const stopped = new Promise<void>((done) => {
      stop = done;
      signal?.addEventListener('abort', stop, { once: true });
    });
    try {
      await Promise.race([this.#preparing, stopped]);
      throwIfAborted(signal);
    } finally {
      signal?.removeEventListener('abort', stop);
      if (onProgress) this.#listeners.delete(onProgress);
    }
  }

  close(): void {
    this.#closing.abort();
    for (const group of this.groups) group.close();
  }

  async #prepareAll(): Promise<void> {
    this.#failure = tooLarge(this.rows, this.collection.dimension);
    if (this.#failure) throw this.#failure;
    const { signal } = this.#closing;
    let before = 0;
    const onProgress: OnProgress = ({ stage, done, unit }) => {
      const progress = { stage, unit, done: before + done, total: this.rows };
      for (const listener of this.#listeners) listener({ ...progress, item: this.collection.name });
    };
    try {
      for (const group of this.groups) {
        if (!group.hasGraph) await group.prepareGraph(this.store, { signal, onProgress });
        throwIfAborted(signal);
        before += group.rows;
        onProgress({ stage: 'build-index', done: 0, total: 0, unit: 'rows' });
      }
    } catch (error) {
      if (error instanceof CairnError && error.code !== 'aborted') this.#failure = error;
      throw error;
    }
  }
}

/** Null where the graphs fit into memory. */
function tooLarge(rows: number, dim: number): CairnError | null {
  const bytes = graphBytes(rows, dim);
  if (bytes <= GRAPH_BYTES.all) return null;
  return new CairnError(
    'backend-unavailable',
    `HNSW graphs of ${rows} rows would take ${Math.round(bytes / 1e6)} MB of memory.`,
    'Exact search answers; for faster answers keep the collection in PostgreSQL (docs/scale.md).',
  );
}
