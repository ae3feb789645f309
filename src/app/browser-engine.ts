// The machinery behind the page: workers, storage and re-ranking, wired together as an Engine.
import { computed, type Signal, signal } from '@preact/signals';
import { bridgeEncoder, bridgeTrainer } from '../../workers/spawn.ts';
import { type PlainError, toPlainError } from '../errors.ts';
import { backendInWords } from '../inference/backend.ts';
import { TaskQueue } from '../inference/task-queue.ts';
import type { LongWork, OnProgress, Progress } from '../progress.ts';
import { recognize, type Stages } from '../recognizer.ts';
import { loadReranker } from '../rerank/load-reranker.ts';
import { RERANK } from '../rerank/presets.ts';
import { type Collection, collectionBytes, collectionRows } from '../retrieval/collection.ts';
import type { CollectionLabel } from '../retrieval/labels.ts';
import { type CairnStore, openStore } from '../retrieval/store.ts';
import { TAUGHT_COLLECTION } from '../retrieval/taught-collection.ts';
import type { Verdict } from '../verdict.ts';
import { findMatcher, findServed, parseRegistry } from '../weights/load-registry.ts';
import { webSource } from '../weights/web-source.ts';
import type { Diagnostics, Engine, EngineStatus, Notice } from './engine.ts';
import { Gallery } from './teaching/galleries.ts';
import { type HeadInUse, headInUse } from './teaching/head.ts';
import { InUse } from './teaching/in-use.ts';
import { Library } from './teaching/library.ts';
import { picturesOf } from './teaching/pictures.ts';
import { teachingOf } from './teaching/teaching-of.ts';
import { tunableNetwork } from './teaching/tuned-network.ts';
import { createTuner, tuningsOf } from './teaching/tuner.ts';
import type { Tuning } from './teaching/tuning.ts';
import { pageVerifier } from './verifier.ts';

/** Addresses below the page's own: the build works under any path. */
const MODELS = 'models/';
const DEFAULT_COLLECTION = 'collections/default/collection.json';

/** Everything that is open once the engine is ready. */
interface Opened {
  readonly collection: Collection;
  readonly library: Library;
  readonly tuning: Tuning;
  /** As things stand: what the user taught comes and goes. */
  readonly stages: () => Stages;
  readonly indexStatus: () => Promise<{ hnswShards: number; shards: number; engine: string }>;
}

export function createEngine(): Engine {
  const status = signal<EngineStatus>({ state: 'loading', progress: null });
  const notices = signal<readonly Notice[]>([]);
  const labels = signal<readonly CollectionLabel[]>([]);
  const library = signal<Library | null>(null);
  const tuning = signal<Tuning | null>(null);
  const verifies = signal(false);
  const preparing = signal<Progress | null>(null);
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
    const opening = openAll({ status, labels, verifies, preparing, queue, notify, close });
    opening.then(
      (all) => {
        library.value = all.library;
        tuning.value = all.tuning;
      },
      (thrown) => {
        const error: PlainError = toPlainError(thrown);
        status.value = { state: 'failed', error };
      },
    );
    return opening;
  }

  return {
    status,
    notices,
    labels,
    verifies,
    preparing,
    tuning,
    teaching: teachingOf(library, async () => (await opened).library),
    recognize: (photo: Blob, work: LongWork = {}): Promise<Verdict> =>
      queue.run(async () => recognize(photo, (await opened).stages(), work), work.signal),
    retry() {
      for (const release of close.splice(0)) release();
      opened = start();
    },
    diagnostics: () => diagnose(status.value, opened),
  };
}

interface OpeningParts {
  readonly status: Signal<EngineStatus>;
  readonly labels: Signal<readonly CollectionLabel[]>;
  readonly verifies: Signal<boolean>;
  readonly preparing: Signal<Progress | null>;
  readonly queue: TaskQueue;
  readonly notify: (notice: Notice) => void;
  readonly close: (() => void)[];
}

async function openAll(parts: OpeningParts): Promise<Opened> {
  const { status, labels, verifies, preparing, queue, notify, close } = parts;
  const onProgress: OnProgress = (progress) => {
    if (status.value.state === 'loading') status.value = { state: 'loading', progress };
  };
  const store: CairnStore = await openStore();
  if (!store.persistent) {
    notify({ id: 'storage-unavailable', detail: 'Models are downloaded again on the next visit.' });
  }
  const models = new URL(MODELS, document.baseURI).href;
  const source = webSource(models, store);
  const registry = parseRegistry(await source.registry({ onProgress }));
  const entry = findServed(registry);
  const tunable = tunableNetwork(registry);
  const onCrash = (error: Error) => notify({ id: 'worker-restarted', detail: error.message });
  // What the user taught must never keep the default collection from answering.
  const onProblem = (thrown: unknown) =>
    notify({ id: 'taught-unavailable', detail: toPlainError(thrown).message });

  let inUse: InUse | null = null;
  const encoder = bridgeEncoder(
    { models },
    {
      onCrash,
      // Without it only what was taught is missing, which must not keep the encoder from working.
      prepare: async (api) => inUse?.giveBack(api).catch(onProblem),
    },
  );
  const trainer = bridgeTrainer();
  const verifier = pageVerifier({
    models,
    entry: registry.defaultMatcher === undefined ? null : findMatcher(registry),
    persistent: store.persistent,
    notify,
    onOpening: (progress) => {
      preparing.value = progress;
    },
  });
  const known = new Gallery({ onCrash, onProgress });
  const own = new Gallery({ onCrash });
  close.push(
    () => encoder.release(),
    () => trainer.release(),
    () => verifier.release(),
    () => known.release(),
    () => own.release(),
  );

  const made = { id: entry.id, weightsSha256: entry.weightsSha256, dim: entry.dim };
  const tunings = await tuningsOf(store);
  const loading = loadReranker(source, entry, { onProgress });
  let head: HeadInUse | null = null;
  const outdated = () =>
    notify({ id: 'head-outdated', detail: `It was made for another encoder than ${entry.id}.` });
  if (tunings.active?.scope === 'head') {
    head = headInUse(tunings.active.bytes, made, await loading);
    if (!head) outdated();
  }

  // The collection and the bank are small: they come first, so that the page can list its landmarks.
  const url = new URL(DEFAULT_COLLECTION, document.baseURI).href;
  const [reranker, collection] = await Promise.all([
    loading,
    known.open({ source: { kind: 'url', url }, encoder: made, adapter: head?.inUse }),
  ]);
  labels.value = collection.labels;
  const info = await encoder.api.open({ onProgress });
  if (info.backend.fellBack) notify({ id: 'self-test-failed', detail: info.backend.reason });

  const serving = new InUse(
    {
      store,
      encoder: encoder.api,
      made,
      tunable,
      reranker,
      known,
      own,
      onLabels: (all) => {
        labels.value = all;
      },
    },
    head,
  );
  inUse = serving;
  if (tunings.active?.scope === 'last-stage') {
    await serving
      .openNetwork(tunings.active.bytes)
      .catch((thrown) =>
        toPlainError(thrown).code === 'model-invalid' ? outdated() : onProblem(thrown),
      );
  }
  const library = await Library.open({
    store,
    encoder: encoder.api,
    queue,
    head: {
      encoder: { id: entry.id, weightsSha256: entry.weightsSha256 },
      bank: { sha256: reranker.bankSha256 },
      dimension: entry.dim,
    },
    bankSimilarity: (embedding) =>
      reranker.bank.similarity(embedding, RERANK.penalty.referenceNeighbours),
    known: collection.labels,
    onChange: () => serving.openTaught().catch(onProblem),
    onProblem,
  });
  await serving.openTaught().catch(onProblem);
  verifies.value = verifier.stage(serving.references) !== undefined;
  const rows = collectionRows(collection);
  const tuning = await createTuner({
    store,
    trainer,
    job: {
      known: collection.name,
      taught: TAUGHT_COLLECTION,
      encoder: made,
      bank: reranker.bank.rows,
    },
    needs: computed(() => {
      const taught = library.landmarks.value.map(({ photos }) => photos.length);
      return {
        taught,
        knownLandmarks: labels.value.length,
        rows: rows + taught.reduce((sum, photos) => sum + photos, 0),
        dim: entry.dim,
      };
    }),
    network: { models, ...tunable },
    pictures: () =>
      picturesOf(
        store,
        library.landmarks.value.flatMap(({ photos }) => photos.map(({ id }) => id)),
      ),
    tunings: { ...tunings, active: serving.tuned ? tunings.active : null },
    // Between two recognitions: none may meet references of one network and a query of another.
    use: (applied) => queue.run(() => serving.use(applied)),
    tidy: (kept) => serving.tidy(kept),
  });
  status.value = { state: 'ready', encoder: info };
  if (verifies.value) verifier.prepare();

  const backend = backendInWords(info.backend);
  return {
    collection,
    library,
    tuning,
    indexStatus: () => known.status(),
    stages: () => ({
      ...serving.stages(),
      preset: RERANK,
      backend,
      verifier: verifier.stage(serving.references),
    }),
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
