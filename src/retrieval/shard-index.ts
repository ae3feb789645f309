// One shard ready for search: exact at once, by its HNSW graph from when that is built.
import type { LongWork } from '../progress.ts';
import type { ShardEntry } from './collection.ts';
import { createScorer, type ExactKernel, type ShardScorer } from './exact/scorer.ts';
import { type Hit, topK } from './exact/top-k.ts';
import { keepGraph, restoreGraph } from './graph-store.ts';
import { HnswShard } from './hnsw.ts';
import type { ViewedReference } from './nearest-references.ts';
import type { HnswParams } from './presets.ts';
import { rowsWithViews, viewsOfShard } from './reference-section.ts';
import type { SearchEngine, StoredReference } from './search.ts';
import { rowVector, type Shard } from './shard.ts';
import type { CairnStore } from './store.ts';

export class ShardIndex {
  #graph: HnswShard | null = null;
  #closed = false;

  private constructor(
    private readonly entry: ShardEntry,
    private readonly scorer: ShardScorer,
    private readonly params: HnswParams,
    /** Row of the whole collection at which this shard begins. */
    readonly start: number,
  ) {}

  static async open(
    shard: Shard,
    entry: ShardEntry,
    start: number,
    params: HnswParams,
  ): Promise<ShardIndex> {
    return new ShardIndex(entry, await createScorer(shard), params, start);
  }

  get shard(): Shard {
    return this.scorer.shard;
  }

  get kernel(): ExactKernel {
    return this.scorer.kernel;
  }

  get hasGraph(): boolean {
    return this.#graph !== null;
  }

  /** Brings the graph from the store, or builds and keeps it. */
  async prepareGraph(store: CairnStore, work: LongWork): Promise<void> {
    const { sha256 } = this.entry;
    let graph = await restoreGraph(store, sha256, this.shard, this.params);
    if (!graph) {
      graph = await HnswShard.build(this.shard, this.params, work);
      await keepGraph(store, sha256, graph, this.params);
    }
    if (this.#closed) graph.close();
    else this.#graph = graph;
  }

  /** The k best rows of this shard, in rows of the collection, and who found them. */
  search(query: Float32Array, k: number, wanted: SearchEngine): { hits: Hit[]; by: SearchEngine } {
    const count = Math.min(k, this.shard.rows);
    const found = wanted === 'hnsw' ? this.#graph?.search(query, count) : undefined;
    // Rows that a graph cannot reach are a known failing of HNSW: fewer than k, and exact answers.
    const by = found?.length === count ? 'hnsw' : 'exact';
    const hits = by === 'hnsw' ? found! : topK(this.scorer.score(query), count);
    return {
      hits: hits.map(({ row, similarity }) => ({ row: row + this.start, similarity })),
      by,
    };
  }

  /** Photos of the given labels of which something is kept for matching. Throws `collection-invalid`. */
  viewed(query: Float32Array, labels: readonly number[]): ViewedReference[] {
    const { shard, start } = this;
    const asked = new Set(labels);
    const vector = new Float32Array(shard.dim);
    return rowsWithViews(shard)
      .filter((row) => asked.has(shard.labels[row]!))
      .map((row) => {
        rowVector(shard, row, vector);
        const similarity = vector.reduce((sum, value, i) => sum + value * query[i]!, 0);
        return { row: row + start, label: shard.labels[row]!, similarity };
      });
  }

  /** References of this shard, of which {@link viewed} told, with their views. Throws `collection-invalid`. */
  withViews(references: readonly ViewedReference[]): StoredReference[] {
    const byRow = new Map(references.map((reference) => [reference.row - this.start, reference]));
    return viewsOfShard(this.shard, (row) => byRow.has(row)).map(({ row, view }) => ({
      ...byRow.get(row)!, // wanted by it
      view,
    }));
  }

  close(): void {
    this.#closed = true;
    this.#graph?.close();
    this.#graph = null;
  }
}
