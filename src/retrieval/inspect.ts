// What is wrong with an installed collection: which shards are lost or damaged, and whose photos lay in them.
import type { PlainError } from '../errors.ts';
import { type Collection, parseCollection, type ShardEntry } from './collection.ts';
import { isLoss, verifiedShard } from './install.ts';
import type { CollectionLabel } from './labels.ts';
import type { CairnStore, InstalledCollection } from './store.ts';

export interface Damage {
  readonly shards: readonly { readonly file: string; readonly what: 'lost' | 'damaged' }[];
  /** Labels that have lost photos, those that lost most first. */
  readonly labels: readonly { readonly label: CollectionLabel; readonly photos: number }[];
}

/**
 * Looks at every shard of an installed collection. What lay in a lost one is known without it: the photos
 * that its labels count, less those in the other shards.
 * @returns null where all is whole
 * @throws CairnError `collection-invalid`, `hash-mismatch` where collection.json itself is damaged;
 *   `storage-failed`
 */
export async function inspectInstalled(
  { json }: InstalledCollection,
  store: CairnStore,
): Promise<Damage | null> {
  const collection = parseCollection(json);
  const left = collection.labels.map(({ photos }) => photos);
  const shards: Damage['shards'][number][] = [];
  for (const entry of collection.shards) {
    const labels = await labelsOf(entry, collection, store);
    if (typeof labels === 'string') {
      shards.push({ file: entry.file, what: labels });
      continue;
    }
    const deleted = new Set(entry.deleted);
    // Every label is a place in the list: that is checked when a shard is opened.
    for (const [row, label] of labels.entries()) if (!deleted.has(row)) left[label]!--;
  }
  if (shards.length === 0) return null;
  const labels = collection.labels
    .map((label, i) => ({ label, photos: left[i] ?? 0 }))
    .filter(({ photos }) => photos > 0)
    .sort((a, b) => b.photos - a.photos);
  return { shards, labels };
}

/** What an installed collection has lost, where that can be why it failed; null where it cannot be told. */
export async function damageBehind(
  { code }: PlainError,
  record: InstalledCollection,
  store: CairnStore,
): Promise<Damage | null> {
  if (!isLoss({ code }) && code !== 'download-failed') return null;
  return inspectInstalled(record, store).catch(() => null);
}

async function labelsOf(
  entry: ShardEntry,
  collection: Collection,
  store: CairnStore,
): Promise<Uint32Array | 'lost' | 'damaged'> {
  try {
    return (await verifiedShard(entry, collection, store)).labels;
  } catch (thrown) {
    if (!isLoss(thrown)) throw thrown;
    return (await store.hasFile(entry.sha256)) ? 'damaged' : 'lost';
  }
}
