// A collection open for search: what the index worker exposes, and what Node uses in-process.
import { CairnError, throwIfAborted } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import {
  assertEncoder,
  type Collection,
  collectionRows,
  type EncoderIdentity,
} from './collection.ts';
import { scorePlain } from './exact/plain.ts';
import { compareHits, type Hit, topK } from './exact/top-k.ts';
import { type LoadedCollection, shardStarts } from './loaded.ts';
import type { CollectionSearch, SearchEngine, SearchOptions, SearchResult } from './search.ts';
import { rowVector } from './shard.ts';

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
}

export interface IndexStatus {
  /** Name of the open collection, or null. */
  readonly name: string | null;
  readonly rows: number;
  readonly shards: number;
  /** Shards whose HNSW graph is ready. */
  readonly hnswShards: number;
  /** The engine that answers at present when none is asked for. */
  readonly engine: SearchEngine;
}

/** One collection at a time; opening another closes the first. */
export class IndexService implements CollectionSearch {
  #open: { loaded: LoadedCollection; starts: Uint32Array } | null = null;

  get dim(): number {
    return this.#open?.loaded.collection.dimension ?? 0;
  }

  get rows(): number {
    return this.#open ? collectionRows(this.#open.loaded.collection) : 0;
  }

  /**
   * Opens a collection; searches are answered from then on.
   * @throws CairnError `collection-*`, `hash-mismatch`, `download-failed`, `storage-full`, `aborted`
   */
  async open(source: CollectionSource, options: OpenOptions = {}): Promise<Collection> {
    throwIfAborted(options.signal);
    if (source.kind !== 'loaded') throw noCollection();
    const { loaded } = source;
    if (options.encoder) assertEncoder(loaded.collection, options.encoder);
    this.#open = { loaded, starts: shardStarts(loaded) };
    return loaded.collection;
  }

  status(): IndexStatus {
    return {
      name: this.#open?.loaded.collection.name ?? null,
      rows: this.rows,
      shards: this.#open?.loaded.shards.length ?? 0,
      hnswShards: 0,
      engine: 'exact',
    };
  }

  async search(query: Float32Array, options: SearchOptions): Promise<SearchResult> {
    const { loaded, starts } = this.#open ?? raise(noCollection());
    const { shards } = loaded;
    const merged: Hit[] = [];
    for (const [i, shard] of shards.entries()) {
      const scores = new Float32Array(shard.rows);
      scorePlain(shard, query, scores);
      for (const hit of topK(scores, options.k)) {
        merged.push({ row: hit.row + starts[i]!, similarity: hit.similarity });
      }
    }
    merged.sort(compareHits).splice(options.k);
    const dim = this.dim;
    const count = Math.min(options.vectors ?? 0, merged.length);
    const vectors = new Float32Array(count * dim);
    const neighbours = merged.map((hit, i) => {
      const at = starts.findLastIndex((start) => start <= hit.row);
      const shard = shards[at]!;
      const row = hit.row - starts[at]!;
      if (i < count) rowVector(shard, row, vectors.subarray(i * dim, (i + 1) * dim));
      return {
        row: hit.row,
        similarity: hit.similarity,
        label: shard.labels[row]!,
        bankSimilarity: shard.bankSimilarity[row]!,
      };
    });
    return { neighbours, vectors, engine: 'exact' };
  }

  /** Lets go of the collection and of every graph. */
  close(): void {
    this.#open = null;
  }
}

function noCollection(): CairnError {
  return new CairnError('collection-missing', 'No collection is open.', 'Open one first.');
}

function raise(error: CairnError): never {
  throw error;
}
