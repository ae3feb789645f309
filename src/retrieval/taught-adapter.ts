// A collection as a tuned head sees it: every stored embedding adapted, nothing described anew.
import { NonLandmarkBank } from '../rerank/non-landmark-bank.ts';
import { type Adapter, adapt } from '../training/adapter/adapter.ts';
import type { Bytes } from '../weights/sha256.ts';
import { parseCollection } from './collection.ts';
import type { LoadedCollection } from './loaded.ts';
import { openShard, type Shard } from './shard.ts';
import { storedRows } from './stored-rows.ts';
import { type CollectionRow, writeCollection } from './writer.ts';

export interface AdapterInUse {
  readonly adapter: Adapter;
  /** Adapted rows of the non-landmark bank, row-major: what `bankSimilarity` is computed against. */
  readonly bank: Float32Array;
  readonly bankNeighbours: number;
}

/** A new collection in memory, with labels and live rows in the same order. Throws `model-invalid`. */
export async function adaptCollection(
  { collection, shards }: LoadedCollection,
  { adapter, bank, bankNeighbours }: AdapterInUse,
): Promise<LoadedCollection> {
  const nonLandmarks = new NonLandmarkBank(bank, collection.dimension);
  function* rows(): Generator<CollectionRow> {
    for (const shard of shards) {
      for (const stored of storedRows(shard)) {
        const embedding = adapt(adapter, stored.embedding);
        const bankSimilarity = nonLandmarks.similarity(embedding, bankNeighbours);
        yield { ...stored, embedding, bankSimilarity };
      }
    }
  }
  const files = new Map<string, Bytes>();
  let json: Bytes | undefined;
  const dtype = shards[0]?.dtype ?? 'int8';
  for await (const { file, bytes } of writeCollection(collection, rows(), { dtype })) {
    files.set(file, bytes);
    json = bytes; // collection.json comes last
  }
  const adapted = parseCollection(json!);
  const opened: Shard[] = [];
  for (const entry of adapted.shards) {
    const expected = { dim: adapted.dimension, labels: adapted.labels.length };
    opened.push(await openShard(files.get(entry.file)!, entry, expected));
  }
  return { collection: adapted, shards: opened };
}
