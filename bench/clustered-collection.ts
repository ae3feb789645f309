// A collection of drawn vectors, a label for each place.
import { parseCollection } from '../src/retrieval/collection.ts';
import type { LoadedCollection } from '../src/retrieval/loaded.ts';
import { openShard, type Shard } from '../src/retrieval/shard.ts';
import {
  type CollectionFile,
  type CollectionRow,
  writeCollection,
} from '../src/retrieval/writer.ts';
import type { ClusteredVectors } from './clustered.ts';

/** Rows in an order that mixes places: the first of them are a smaller collection of the same kind. */
export function clusteredFiles(
  vectors: ClusteredVectors,
  count: number,
  dim: number,
): AsyncGenerator<CollectionFile> {
  function* rows(): Generator<CollectionRow> {
    const { places } = vectors;
    for (let i = 0; i < count; i++) {
      const embedding = vectors.photo(i % places.length, Math.floor(i / places.length));
      yield { embedding, label: i % places.length, bankSimilarity: 0 };
    }
  }
  const head = {
    name: 'bench',
    encoder: { id: 'bench', weightsSha256: '0'.repeat(64) },
    bank: { sha256: '0'.repeat(64) },
    dimension: dim,
    licence: 'CC0-1.0',
    attribution: '',
    labels: vectors.places.map((_, i) => ({
      label: `place_${i}`,
      title: { en: `Place ${i}`, zh: `地点 ${i}` },
      country: null,
      lat: null,
      lon: null,
      wikidata: null,
    })),
  };
  return writeCollection(head, rows());
}

/** The same, open. */
export async function clusteredCollection(
  vectors: ClusteredVectors,
  count: number,
  dim: number,
): Promise<LoadedCollection> {
  const files: Uint8Array<ArrayBuffer>[] = [];
  for await (const { bytes } of clusteredFiles(vectors, count, dim)) files.push(bytes);
  const collection = parseCollection(files.at(-1)!);
  const expected = { dim, labels: collection.labels.length };
  const shards: Shard[] = [];
  for (const [i, entry] of collection.shards.entries()) {
    shards.push(await openShard(files[i]!, entry, expected));
  }
  return { collection, shards };
}
