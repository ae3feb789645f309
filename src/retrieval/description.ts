// What a collection says of itself where its rows stay elsewhere: in a database, or behind an address.
import { sha256Sync } from '../weights/sha256.ts';
import type { Collection } from './collection.ts';

/** A {@link Collection} without its files. */
export interface CollectionDescription extends Omit<Collection, 'formatVersion' | 'shards'> {
  /** One more than the highest row; photos taken out since leave gaps, which are counted here. */
  readonly rows: number;
}

/** @param rows as `collectionRows` counts them */
export function describeCollection(collection: Collection, rows: number): CollectionDescription {
  const { formatVersion: _format, shards: _shards, ...head } = collection;
  return { ...head, rows };
}

/**
 * Names what a label's place and an embedding mean in a collection; photos may come and go without changing it.
 * A question that names another is refused, because its answer would be misread.
 */
export function identityOf(description: CollectionDescription): string {
  const { name, encoder, bank, dimension, matcher, labels } = description;
  const parts = [
    name,
    encoder.id,
    encoder.weightsSha256,
    bank.sha256,
    dimension,
    matcher?.weightsSha256 ?? null,
    ...labels.map(({ label }) => label),
  ];
  return sha256Sync(new TextEncoder().encode(JSON.stringify(parts)));
}
