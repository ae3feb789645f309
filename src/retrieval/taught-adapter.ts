// A collection as a tuned head sees it: every stored embedding adapted, nothing described anew.
import { NonLandmarkBank } from '../rerank/non-landmark-bank.ts';
import { type Adapter, adapt } from '../training/adapter/adapter.ts';
import type { Bytes } from '../weights/sha256.ts';
import { parseCollection } from './collection.ts';
import type { LoadedCollection } from './loaded.ts';
import { viewsOfShard } from './reference-section.ts';
import { openShard, rowVector, type Shard, SOURCE_BYTES } from './shard.ts';
import { type CollectionRow, writeCollection } from './writer.ts';

export interface AdapterInUse {
  readonly adapter: Adapter;
  /** Adapted rows of the non-landmark bank, row-major: what `bankSimilarity` is computed against. */
  readonly bank: Float32Array;
  readonly bankNeighbours: number;
}

/** A new collection in memory, with labels and rows in the same order. Throws `model-invalid`. */
export async function adaptCollection(
  { collection, shards }: LoadedCollection,
  { adapter, bank, bankNeighbours }: AdapterInUse,
): Promise<LoadedCollection> {
  const nonLandmarks = new NonLandmarkBank(bank, collection.dimension);
  function* rows(): Generator<CollectionRow> {
    for (const shard of shards) {
      const vector = new Float32Array(shard.dim);
      const views = new Map(viewsOfShard(shard).map(({ row, view }) => [row, view]));
      for (let row = 0; row < shard.rows; row++) {
        rowVector(shard, row, vector);
        const embedding = adapt(adapter, vector);
        yield {
          embedding,
          label: shard.labels[row]!,
          bankSimilarity: nonLandmarks.similarity(embedding, bankNeighbours),
          source: shard.sources?.subarray(row * SOURCE_BYTES, (row + 1) * SOURCE_BYTES),
          view: views.get(row),
        };
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
