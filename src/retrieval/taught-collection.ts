// The user's own collection: what was taught, read whole from the store and written whole in one swap.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { sha256Hex } from '../weights/sha256.ts';
import { COLLECTION_FILE, type Collection, type EncoderIdentity } from './collection.ts';
import { openInstalled } from './install.ts';
import type { LabelFacts } from './labels.ts';
import type { LoadedCollection } from './loaded.ts';
import { rowVector, SOURCE_BYTES } from './shard.ts';
import type { CairnStore } from './store.ts';
import { type CollectionRow, writeCollection } from './writer.ts';

/** Its name in the store. */
export const TAUGHT_COLLECTION = 'My landmarks';

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
  const labels = collection.labels.map((facts) => ({ facts, photos: [] as TaughtRow[] }));
  for (const shard of shards) {
    for (let row = 0; row < shard.rows; row++) {
      const embedding = new Float32Array(shard.dim);
      rowVector(shard, row, embedding);
      const source = shard.sources?.subarray(row * SOURCE_BYTES, (row + 1) * SOURCE_BYTES);
      labels[shard.labels[row]!]!.photos.push({
        id: bytesToHex(source ?? Uint8Array.of(row)),
        embedding,
      });
    }
  }
  return { head: headOf(collection), labels };
}

/**
 * Replaces what is stored: shards first, then the record in one transaction, which also drops the old
 * shards. Without a label the collection goes.
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
  const rows = labels.flatMap(({ photos }, label) =>
    photos.map(({ id, embedding }): CollectionRow => {
      return {
        embedding,
        label,
        bankSimilarity: bankSimilarity(embedding),
        source: hexToBytes(id),
      };
    }),
  );
  const about = {
    ...head,
    name,
    licence: 'LicenseRef-own',
    attribution: '',
    labels: labels.map(({ facts }) => facts),
  };
  const files: string[] = [];
  const fresh: string[] = [];
  try {
    // fp16, unlike shipped collections: rows are read and written again at each change, and must not drift.
    for await (const { file, bytes } of writeCollection(about, rows, { dtype: 'fp16' })) {
      if (file !== COLLECTION_FILE) {
        const sha256 = await sha256Hex(bytes);
        if (!(await store.hasFile(sha256))) fresh.push(sha256);
        await store.putFile(sha256, bytes);
        files.push(sha256);
        continue;
      }
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
