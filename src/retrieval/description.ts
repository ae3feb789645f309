// What a collection says of itself where its rows stay elsewhere: in a database, or behind an address.
import { sha256Sync } from '../weights/sha256.ts';
import type { Collection, EncoderIdentity, MatcherIdentity } from './collection.ts';
import type { CollectionLabel } from './labels.ts';

/** A {@link Collection} without its files. */
export interface CollectionDescription {
  readonly name: string;
  readonly encoder: EncoderIdentity;
  /** As {@link Collection.bank}. */
  readonly bank: { readonly sha256: string };
  readonly dimension: number;
  /** Which matcher's features its reference views are; absent where there are none. */
  readonly matcher?: MatcherIdentity;
  readonly labels: readonly CollectionLabel[];
  /** One more than the highest row; photos taken out since leave gaps, which are counted here. */
  readonly rows: number;
  readonly licence: string;
  readonly attribution: string;
  /** ISO 8601, UTC. */
  readonly created: string;
}

/** @param rows as `collectionRows` counts them */
export function describeCollection(collection: Collection, rows: number): CollectionDescription {
  const { name, encoder, bank, dimension, matcher, labels, licence, attribution, created } =
    collection;
  return {
    name,
    encoder,
    bank,
    dimension,
    ...(matcher ? { matcher } : {}),
    labels,
    rows,
    licence,
    attribution,
    created,
  };
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
