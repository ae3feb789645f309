// What this device is doing, for the diagnostics panel.
import { type Collection, collectionBytes, collectionPhotos } from '../retrieval/collection.ts';
import type { IndexStatus } from '../retrieval/index-service.ts';
import { hasPhotos } from '../retrieval/labels.ts';
import type { Diagnostics, EngineStatus } from './engine.ts';

/** What is open. */
export interface Diagnosed {
  readonly collections: () => readonly Collection[];
  /** Of each open collection. */
  readonly indexes: () => Promise<readonly IndexStatus[]>;
}

/** Waits for nothing: what is not open yet is null. */
export async function diagnose(
  status: EngineStatus,
  opened: Promise<Diagnosed>,
): Promise<Diagnostics> {
  const parts = status.state === 'ready' ? await opened : null;
  const estimate = await navigator.storage?.estimate().catch(() => null);
  const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
  const collections = parts?.collections() ?? [];
  const indexes = (await parts?.indexes()) ?? [];
  return {
    crossOriginIsolated,
    encoder: status.state === 'ready' ? status.encoder : null,
    collection:
      collections.length > 0
        ? {
            name: collections.map(({ name }) => name).join(', '),
            labels: sum(collections.map(({ labels }) => labels.filter(hasPhotos).length)),
            photos: sum(collections.map(collectionPhotos)),
            bytes: sum(collections.map(collectionBytes)),
          }
        : null,
    index: indexes[0]
      ? {
          hnswShards: sum(indexes.map(({ hnswShards }) => hnswShards)),
          shards: sum(indexes.map(({ shards }) => shards)),
          engine: indexes.every(({ engine }) => engine === 'hnsw') ? 'hnsw' : 'exact',
        }
      : null,
    storage: estimate ? { usage: estimate.usage ?? 0, quota: estimate.quota ?? 0 } : null,
  };
}
