// What a file or an address holds, weighed before anything of it is stored: is it usable, is it here, is there room.
import { CairnError } from '../../errors.ts';
import {
  assertEncoder,
  type Collection,
  collectionBytes,
  collectionPhotos,
  type EncoderIdentity,
} from '../../retrieval/collection.ts';
import { equalBytes } from '../../retrieval/install.ts';
import { hasPhotos } from '../../retrieval/labels.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import { isTaught } from '../../retrieval/taught-collection.ts';
import type { Bytes } from '../../weights/sha256.ts';
import { storageLeft } from '../teaching/storage-room.ts';
import type { CollectionFacts, Offer } from './collections.ts';
import { missingBytes } from './storage-use.ts';

export type Maker = EncoderIdentity & { readonly dim: number };

export function factsOf(collection: Collection): CollectionFacts {
  const { name, labels, licence, attribution } = collection;
  return {
    name,
    landmarks: labels.filter(hasPhotos).length,
    photos: collectionPhotos(collection),
    bytes: collectionBytes(collection),
    licence,
    attribution,
  };
}

/**
 * Refuses what must not be installed: another encoder's collection, and one that has the name of what is taught
 * in the page, or of a tuned network's copy of that.
 * @throws CairnError `collection-mismatch`, `usage`
 */
export function refuseUnfit(collection: Collection, made: Maker): void {
  if (isTaught(collection.name)) {
    throw new CairnError(
      'usage',
      `${collection.name} is the name of what is taught in the page.`,
      'Import a file that was exported in Teach there.',
    );
  }
  assertEncoder(collection, made);
}

/** Throws as {@link refuseUnfit}; `storage-failed`. */
export async function offerOf(
  { collection, json }: { readonly collection: Collection; readonly json: Bytes },
  store: CairnStore,
  made: Maker,
): Promise<Offer> {
  refuseUnfit(collection, made);
  const there = await store.getCollection(collection.name);
  const same = there !== undefined && equalBytes(there.json, json);
  return {
    ...factsOf(collection),
    needed: await missingBytes(collection.shards, store),
    left: store.persistent ? await storageLeft() : null,
    replaces: there === undefined ? 'nothing' : same ? 'same' : 'other',
  };
}
