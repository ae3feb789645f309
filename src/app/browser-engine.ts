// The machinery behind the page: workers, storage and re-ranking, wired together as an Engine.
import { type Signal, signal } from '@preact/signals';
import { bridgeEncoder, bridgeIndex } from '../../workers/spawn.ts';
import { type PlainError, toPlainError } from '../errors.ts';
import { backendInWords } from '../inference/backend.ts';
import { TaskQueue } from '../inference/task-queue.ts';
import type { LongWork, OnProgress } from '../progress.ts';
import { recognize, type Stages } from '../recognizer.ts';
import { loadReranker } from '../rerank/load-reranker.ts';
import { RERANK } from '../rerank/presets.ts';
import { type Collection, collectionBytes, collectionRows } from '../retrieval/collection.ts';
import type { CollectionLabel } from '../retrieval/labels.ts';
import type { CairnStore } from '../retrieval/store.ts';
import { openStore } from '../retrieval/store.ts';
import type { Verdict } from '../verdict.ts';
import { findServed, parseRegistry } from '../weights/load-registry.ts';
import { webSource } from '../weights/web-source.ts';
import type { Diagnostics, Engine, EngineStatus, Notice } from './engine.ts';

/** Addresses below the page's own: the build works under any path. */
const MODELS = 'models/';
const DEFAULT_COLLECTION = 'collections/default/collection.json';

/** Everything that is open once the engine is ready. */
interface Opened {
  readonly stages: Stages;
  readonly collection: Collection;
  readonly indexStatus: () => Promise<{ hnswShards: number; shards: number; engine: string }>;
}

export function createEngine(): Engine {
  const status = signal<EngineStatus>({ state: 'loading', progress: null });
  const notices = signal<readonly Notice[]>([]);
  const labels = signal<readonly CollectionLabel[]>([]);
  const queue = new TaskQueue();
  const notify = (notice: Notice) => {
    notices.value = [...notices.value.filter((n) => n.id !== notice.id), notice];
  };
  const close: (() => void)[] = [];
  let opened = start();

  if (!crossOriginIsolated) {
    notify({ id: 'no-isolation', detail: 'WASM runs on one thread.' });
  }

  function start(): Promise<Opened> {
    status.value = { state: 'loading', progress: null };
    const opening = openAll(status, labels, notify, close);
    opening.catch((thrown) => {
      const error: PlainError = toPlainError(thrown);
      status.value = { state: 'failed', error };
    });
    return opening;
  }

  return {
    status,
    notices,
    labels,
    recognize: (photo: Blob, work: LongWork = {}): Promise<Verdict> =>
      queue.run(async () => recognize(photo, (await opened).stages, work), work.signal),
    retry() {
      for (const release of close.splice(0)) release();
      opened = start();
    },
    diagnostics: () => diagnose(status.value, opened),
  };
}

async function openAll(
  status: Signal<EngineStatus>,
  labels: Signal<readonly CollectionLabel[]>,
  notify: (notice: Notice) => void,
  close: (() => void)[],
): Promise<Opened> {
  const onProgress: OnProgress = (progress) => {
    if (status.value.state === 'loading') status.value = { state: 'loading', progress };
  };
  const store: CairnStore = await openStore();
  if (!store.persistent) {
    notify({ id: 'storage-unavailable', detail: 'Models are downloaded again on the next visit.' });
  }
  const models = new URL(MODELS, document.baseURI).href;
  const source = webSource(models, store);
  const entry = findServed(parseRegistry(await source.registry({ onProgress })));
  const onCrash = (error: Error) => notify({ id: 'worker-restarted', detail: error.message });

  const encoder = bridgeEncoder({ models }, { onCrash });
  const current: { collection: Collection | null } = { collection: null };
  const index = bridgeIndex({
    onCrash,
    // In every new worker, so that one that crashed comes back with its collection open.
    prepare: async (api) => {
      current.collection = await api.open(
        { kind: 'url', url: new URL(DEFAULT_COLLECTION, document.baseURI).href },
        {
          encoder: { id: entry.id, weightsSha256: entry.weightsSha256, dim: entry.dim },
          onProgress,
        },
      );
    },
  });
  close.push(
    () => encoder.release(),
    () => index.release(),
  );

  // The collection and the bank are small: they come first, so that the page can list its landmarks.
  const [reranker] = await Promise.all([
    loadReranker(source, entry, { onProgress }),
    index.api.status(),
  ]);
  const { collection } = current;
  if (!collection) throw new Error('The index answered before its collection was open.');
  labels.value = collection.labels;
  const info = await encoder.api.open({ onProgress });
  if (info.backend.fellBack) notify({ id: 'self-test-failed', detail: info.backend.reason });
  status.value = { state: 'ready', encoder: info };

  return {
    collection,
    indexStatus: () => index.api.status(),
    stages: {
      encoder: encoder.api,
      search: {
        dim: entry.dim,
        rows: collectionRows(collection),
        search: (query, options) => index.api.search(query, options),
      },
      labels: collection.labels,
      reranker,
      preset: RERANK,
      backend: backendInWords(info.backend),
    },
  };
}

async function diagnose(status: EngineStatus, opened: Promise<Opened>): Promise<Diagnostics> {
  const parts = status.state === 'ready' ? await opened : null;
  const estimate = await navigator.storage?.estimate().catch(() => null);
  return {
    crossOriginIsolated,
    encoder: status.state === 'ready' ? status.encoder : null,
    collection: parts
      ? {
          name: parts.collection.name,
          labels: parts.collection.labels.length,
          photos: collectionRows(parts.collection),
          bytes: collectionBytes(parts.collection),
        }
      : null,
    index: parts ? await parts.indexStatus() : null,
    storage: estimate ? { usage: estimate.usage ?? 0, quota: estimate.quota ?? 0 } : null,
  };
}
