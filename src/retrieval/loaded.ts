// A collection in memory: its description and its decoded, verified shards.
import { type Collection, collectionRows } from './collection.ts';
import { rowVector, type Shard } from './shard.ts';

export interface LoadedCollection {
  readonly collection: Collection;
  /** In the order of `collection.shards`. */
  readonly shards: readonly Shard[];
}

/** Row of the whole collection at which each shard begins; one more entry for the end. */
export function shardStarts(loaded: LoadedCollection): Uint32Array {
  const starts = new Uint32Array(loaded.shards.length + 1);
  for (const [i, shard] of loaded.shards.entries()) starts[i + 1] = starts[i]! + shard.rows;
  return starts;
}

/** Every embedding as float32, row-major [rows × dim], deleted rows included: for evaluation and whole-gallery work. */
export function allVectors(loaded: LoadedCollection): Float32Array {
  const dim = loaded.collection.dimension;
  const vectors = new Float32Array(collectionRows(loaded.collection) * dim);
  let at = 0;
  for (const shard of loaded.shards) {
    for (let row = 0; row < shard.rows; row++, at += dim) {
      rowVector(shard, row, vectors.subarray(at, at + dim));
    }
  }
  return vectors;
}
