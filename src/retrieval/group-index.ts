// Some shards of a collection that share an HNSW graph: searched exactly at once, by the graph from when it is there.
import type { LongWork } from '../progress.ts';
import type { Hit } from './exact/top-k.ts';
import { type GraphRows, groupSha256, rowsOfShards } from './graph-rows.ts';
import { keepGraph, restoreGraph } from './graph-store.ts';
import { HnswIndex } from './hnsw.ts';
import { type HnswParams, LEAST_FINDABLE } from './presets.ts';
import type { SearchEngine } from './search.ts';
import type { Findable, ShardIndex } from './shard-index.ts';
import type { CairnStore } from './store.ts';

export class GroupIndex {
  readonly #over: GraphRows;
  readonly #sha256: string;
  #graph: HnswIndex | null = null;
  #closed = false;

  /** @param shards at least one, following each other in the collection */
  constructor(
    readonly shards: readonly ShardIndex[],
    private readonly params: HnswParams,
  ) {
    this.#over = rowsOfShards(shards.map(({ shard }) => shard));
    this.#sha256 = groupSha256(shards.map(({ entry }) => entry));
  }

  get rows(): number {
    return this.#over.rows;
  }

  get hasGraph(): boolean {
    return this.#graph !== null;
  }

  /** Brings the graph from the store, or builds and keeps it. */
  async prepareGraph(store: CairnStore, work: LongWork): Promise<void> {
    let graph = await restoreGraph(store, this.#sha256, this.#over, this.params);
    if (!graph) {
      graph = await HnswIndex.build(this.#over, this.params, work);
      await keepGraph(store, this.#sha256, graph, this.params);
    }
    if (this.#closed) graph.close();
    else this.#graph = graph;
  }

  /**
   * The k best rows or more, in rows of the collection, and who found them.
   * @param allowed 1 for each label that may be found; null where all may
   */
  search(
    query: Float32Array,
    k: number,
    wanted: SearchEngine,
    allowed: Uint8Array | null = null,
  ): { readonly hits: readonly Hit[]; readonly by: SearchEngine } {
    const findable = this.shards.map((shard) => shard.findable(allowed));
    const count = findable.reduce((sum, one) => sum + one.count, 0);
    if (count === 0) return { hits: [], by: wanted };
    const size = Math.min(k, count);
    const byGraph = wanted === 'hnsw' && count >= LEAST_FINDABLE * this.rows;
    const found = byGraph ? this.#graph?.search(query, size, this.#mask(findable)) : undefined;
    // Rows that a graph cannot reach are a known failing of HNSW: fewer than k, and exact answers.
    if (found?.length === size) {
      const start = this.shards[0]?.start ?? 0;
      const hits = found.map(({ row, similarity }) => ({ row: row + start, similarity }));
      return { hits, by: 'hnsw' };
    }
    const hits = this.shards.flatMap((shard, i) => shard.search(query, k, findable[i]!));
    return { hits, by: 'exact' };
  }

  close(): void {
    this.#closed = true;
    this.#graph?.close();
    this.#graph = null;
  }

  /** Of the rows of all shards; null where all may be found. */
  #mask(findable: readonly Findable[]): Uint8Array | null {
    if (findable.every(({ mask }) => mask === null)) return null;
    const whole = new Uint8Array(this.rows).fill(1);
    let at = 0;
    for (const [i, { shard }] of this.shards.entries()) {
      const { mask } = findable[i]!;
      if (mask) whole.set(mask, at);
      at += shard.rows;
    }
    return whole;
  }
}
