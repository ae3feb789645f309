// The user's own collection: what was taught, read whole from the store and written whole in one swap.
import { hexToBytes } from '@noble/hashes/utils.js';
import { sha256Hex } from '../weights/sha256.ts';
import { changeCollection, compactCollection, hasDead } from './change-collection.ts';
import {
  COLLECTION_FILE,
  type Collection,
  type EncoderIdentity,
  parseCollection,
} from './collection.ts';
import { openInstalled } from './install.ts';
import type { LabelFacts } from './labels.ts';
import type { LoadedCollection } from './loaded.ts';
import type { CairnStore } from './store.ts';
import { sourceId, storedRows } from './stored-rows.ts';
import { changeFor } from './taught-change.ts';
import { type CollectionFile, type CollectionRow, writeCollection } from './writer.ts';

/** Its name in the store. */
export const TAUGHT_COLLECTION = 'My landmarks';

/** How the keys begin of what is kept beside it: copies of photos, notes, folders that are being learned. */
export const TAUGHT_KEYS = 'taught/';

/** Begins the names of {@link tunedCollection}s. */
export const TUNED_PREFIX = `${TAUGHT_COLLECTION} tuned `;

/** Hex digits of a tuned network's hash in the name of its collection. */
const NAME_DIGITS = 16;

/** Name of the same photos as a tuned network embeds them. @param sha256 of its file, hex */
export function tunedCollection(sha256: string): string {
  return TUNED_PREFIX + sha256.slice(0, NAME_DIGITS);
}

export interface TaughtRow {
  /** First half of the SHA-256 of the photo's file, hex. */
  readonly id: string;
  /** [dimension], L2-normalised. */
  readonly embedding: Float32Array;
}

export interface TaughtLabel {
  readonly facts: LabelFacts;
  /** In the order in which they were added. */
  readonly photos: readonly TaughtRow[];
}

/** What the collection says of how it was made. */
export interface TaughtHead {
  readonly encoder: EncoderIdentity;
  readonly bank: { readonly sha256: string };
  readonly dimension: number;
}

export interface StoredTaught {
  readonly head: TaughtHead;
  readonly labels: readonly TaughtLabel[];
}

/**
 * What is stored, whichever encoder made it; null where nothing was taught.
 * @throws CairnError `collection-invalid`, `collection-missing`, `hash-mismatch`, `storage-failed`
 */
export async function readTaught(
  store: CairnStore,
  name = TAUGHT_COLLECTION,
): Promise<StoredTaught | null> {
  if (!(await store.getCollection(name))) return null;
  return taughtRows(await openInstalled(name, store));
}

/** The photos of a collection, label by label. */
export function taughtRows({ collection, shards }: LoadedCollection): StoredTaught {
  const labels = collection.labels.map(({ photos: _, ...facts }) => ({
    facts,
    photos: [] as TaughtRow[],
  }));
  for (const shard of shards) {
    for (const { row, label, embedding } of storedRows(shard)) {
      labels[label]!.photos.push({ id: sourceId(shard, row), embedding });
    }
  }
  return { head: headOf(collection), labels: labels.filter(({ photos }) => photos.length > 0) };
}

/**
 * Replaces what is stored: shards first, then the record in one transaction, which also drops the old
 * shards. Where the same encoder made what is stored, only what was added is written, and what was removed is
 * marked. Without a label the collection goes.
 * @param bankSimilarity see `Neighbour.bankSimilarity`
 * @throws CairnError `storage-full`, `storage-failed`, `usage`
 */
export async function writeTaught(
  store: CairnStore,
  { head, labels }: StoredTaught,
  bankSimilarity: (embedding: Float32Array) => number,
  name = TAUGHT_COLLECTION,
): Promise<void> {
  if (labels.length === 0) {
    await store.deleteCollection(name);
    return;
  }
  const asRow = ({ id, embedding }: TaughtRow, label: number): CollectionRow => ({
    embedding,
    label,
    bankSimilarity: bankSimilarity(embedding),
    source: hexToBytes(id),
  });
  const before = await storedBy(head, store, name);
  const change = before && changeFor(before, labels, asRow);
  if (before && change) return keep(store, name, changeCollection(before, change));
  const about = {
    ...head,
    name,
    licence: 'LicenseRef-own',
    attribution: '',
    labels: labels.map(({ facts }) => facts),
  };
  const rows = labels.flatMap(({ photos }, label) => photos.map((photo) => asRow(photo, label)));
  // fp16, unlike shipped collections: rows are read and written again, and must not drift.
  return keep(store, name, writeCollection(about, rows, { dtype: 'fp16' }));
}

/** Whether it is what was taught, or a {@link tunedCollection} of it. */
export function isTaught(name: string): boolean {
  return name === TAUGHT_COLLECTION || name.startsWith(TUNED_PREFIX);
}

/**
 * Lets go of what was removed, in what was taught and in tuned networks' copies of it: until then its embeddings and
 * names stay on the disk, marked.
 * @returns whether there was anything. Throws as {@link readTaught}, `storage-full`
 */
export async function compactTaught(store: CairnStore): Promise<boolean> {
  let found = false;
  for (const { name, json } of await store.listCollections()) {
    if (!isTaught(name) || !hasDead(parseCollection(json))) continue;
    await keep(store, name, compactCollection(await openInstalled(name, store)));
    found = true;
  }
  return found;
}

/** What is stored, if this encoder made it and it can be read. */
async function storedBy(
  head: TaughtHead,
  store: CairnStore,
  name: string,
): Promise<LoadedCollection | null> {
  if (!(await store.getCollection(name))) return null;
  const loaded = await openInstalled(name, store).catch(() => null);
  if (!loaded) return null;
  const { encoder, bank, dimension } = headOf(loaded.collection);
  const same =
    encoder.id === head.encoder.id &&
    encoder.weightsSha256 === head.encoder.weightsSha256 &&
    bank.sha256 === head.bank.sha256 &&
    dimension === head.dimension &&
    loaded.shards.every(({ sources }) => sources);
  return same ? loaded : null;
}

async function keep(
  store: CairnStore,
  name: string,
  written: AsyncIterable<CollectionFile>,
): Promise<void> {
  const fresh: string[] = [];
  try {
    for await (const { file, bytes } of written) {
      if (file !== COLLECTION_FILE) {
        const sha256 = await sha256Hex(bytes);
        if (!(await store.hasFile(sha256))) fresh.push(sha256);
        await store.putFile(sha256, bytes);
        continue;
      }
      const files = parseCollection(bytes).shards.map(({ sha256 }) => sha256);
      const installed = new Date().toISOString();
      await store.putCollection({ name, url: null, json: bytes, files, installed });
    }
  } catch (thrown) {
    // Nothing names them: where there is no room they would only take more of it.
    for (const sha256 of fresh) await store.deleteFile(sha256).catch(() => undefined);
    throw thrown;
  }
}

function headOf({ encoder, bank, dimension }: Collection): TaughtHead {
  return { encoder, bank, dimension };
}
