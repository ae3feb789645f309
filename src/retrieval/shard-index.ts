// One shard ready for exact search, with what is kept of its photos for matching.
import { dot } from '../tensor/dot.ts';
import type { ShardEntry } from './collection.ts';
import { createScorer, type ExactKernel, type ShardScorer } from './exact/scorer.ts';
import { type Hit, topK } from './exact/top-k.ts';
import type { ViewedReference } from './nearest-references.ts';
import { rowsWithViews, viewsOfShard } from './reference-section.ts';
import type { NamedReference, StoredReference } from './search.ts';
import { liveRows, rowVector, type Shard } from './shard.ts';
import { sourceId } from './stored-rows.ts';

/** Which of a shard's rows may be found. */
export interface Findable {
  /** [rows], 1 where it may; null where all may. */
  readonly mask: Uint8Array | null;
  readonly count: number;
}

export class ShardIndex {
  private constructor(
    readonly entry: ShardEntry,
    private readonly scorer: ShardScorer,
    /** Row of the whole collection at which this shard begins. */
    readonly start: number,
  ) {}

  static async open(shard: Shard, entry: ShardEntry, start: number): Promise<ShardIndex> {
    return new ShardIndex(entry, await createScorer(shard), start);
  }

  get shard(): Shard {
    return this.scorer.shard;
  }

  get kernel(): ExactKernel {
    return this.scorer.kernel;
  }

  /**
   * Which rows may be found, and how many; without a mask where all may.
   * @param allowed 1 for each label that may be found; null where all may
   */
  findable(allowed: Uint8Array | null): Findable {
    const { rows, labels, deleted } = this.shard;
    if (!allowed && deleted.size === 0) return { mask: null, count: rows };
    const mask = new Uint8Array(rows).fill(1);
    if (allowed) for (let row = 0; row < rows; row++) mask[row] = allowed[labels[row]!]!;
    for (const row of deleted) mask[row] = 0;
    return { mask, count: mask.reduce((sum, one) => sum + one, 0) };
  }

  /** The k best rows of this shard, in rows of the collection. */
  search(query: Float32Array, k: number, { mask, count }: Findable): Hit[] {
    const size = Math.min(k, count);
    if (size === 0) return [];
    const scores = this.scorer.score(query);
    if (mask) {
      for (let row = 0; row < scores.length; row++) {
        if (mask[row] === 0) scores[row] = Number.NEGATIVE_INFINITY;
      }
    }
    return topK(scores, size).map(({ row, similarity }) => ({ row: row + this.start, similarity }));
  }

  /** Photos of the given labels, with the names of their files. */
  named(query: Float32Array, labels: ReadonlySet<number>): NamedReference[] {
    const { shard } = this;
    return this.#references(query, [...liveRows(shard)], labels).map((reference) => ({
      ...reference,
      id: sourceId(shard, reference.row - this.start),
    }));
  }

  /** Photos of the given labels of which something is kept for matching. Throws `collection-invalid`. */
  viewed(query: Float32Array, labels: readonly number[]): ViewedReference[] {
    const { shard } = this;
    const live = rowsWithViews(shard).filter((row) => !shard.deleted.has(row));
    return this.#references(query, live, new Set(labels));
  }

  #references(
    query: Float32Array,
    rows: readonly number[],
    labels: ReadonlySet<number>,
  ): ViewedReference[] {
    const { shard, start } = this;
    const vector = new Float32Array(shard.dim);
    return rows
      .filter((row) => labels.has(shard.labels[row]!))
      .map((row) => {
        rowVector(shard, row, vector);
        return { row: row + start, label: shard.labels[row]!, similarity: dot(vector, query) };
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
}
