// The live rows of a shard as a writer takes them: to write them again, elsewhere or in another space.
import { bytesToHex } from '@noble/hashes/utils.js';
import { viewsOfShard } from './reference-section.ts';
import { liveRows, rowVector, type Shard, SOURCE_BYTES } from './shard.ts';
import type { CollectionRow } from './writer.ts';

export interface StoredRow extends CollectionRow {
  /** In the shard. */
  readonly row: number;
}

/**
 * Written in the same number type, embeddings of int8 keep their codes, and those of fp16 change in the last
 * place at most. Throws `collection-invalid` on views that cannot be read.
 */
export function* storedRows(shard: Shard): Generator<StoredRow> {
  const views = new Map(viewsOfShard(shard).map(({ row, view }) => [row, view]));
  const { sources } = shard;
  for (const row of liveRows(shard)) {
    const embedding = new Float32Array(shard.dim);
    rowVector(shard, row, embedding);
    yield {
      row,
      embedding,
      label: shard.labels[row]!,
      bankSimilarity: shard.bankSimilarity[row]!,
      source: sources?.subarray(row * SOURCE_BYTES, (row + 1) * SOURCE_BYTES),
      view: views.get(row),
    };
  }
}

/** First half of the SHA-256 of the row's photo, hex; what stands for it where none is recorded. */
export function sourceId({ sources }: Pick<Shard, 'sources'>, row: number): string {
  const own = sources?.subarray(row * SOURCE_BYTES, (row + 1) * SOURCE_BYTES);
  return bytesToHex(own ?? Uint8Array.of(row));
}
