// Opens workers, storage, models and collections, and wires them together: what an Engine runs on.
import { effect, type Signal } from '@preact/signals';
import { bridgeEncoder } from '../../workers/spawn.ts';
import { bridgeTrainer } from '../../workers/spawn-trainer.ts';
import { Gallery, joinParts, openParts } from '../browser/galleries.ts';
import { pageVerifier } from '../browser/verifier.ts';
import { toPlainError } from '../errors.ts';
import { backendInWords } from '../inference/backend.ts';
import type { BackendReport } from '../inference/encoder.ts';
import type { TaskQueue } from '../inference/task-queue.ts';
import type { OnProgress, Progress } from '../progress.ts';
import type { Stages } from '../recognizer.ts';
import { loadReranker } from '../rerank/load-reranker.ts';
import { RERANK } from '../rerank/presets.ts';
import { type CollectionLabel, hasPhotos } from '../retrieval/labels.ts';
import { TAUGHT_COLLECTION } from '../retrieval/taught-collection.ts';
import { findMatcher, findServed, parseRegistry } from '../weights/load-registry.ts';
import { webSource } from '../weights/web-source.ts';
import { fillShelf } from './collections/fill-shelf.ts';
import type { Keeper } from './collections/keeper.ts';
import type { Maker } from './collections/offers.ts';
import { Shelf } from './collections/shelf.ts';
import { filesOf, missingBytes, neededFiles } from './collections/storage-use.ts';
import type { Diagnosed } from './diagnose.ts';
import type { EngineStatus, Notice } from './engine.ts';
import { pageTuner } from './page-tuner.ts';
import type { Services } from './services/service-list.ts';
import type { BuilderParts } from './teaching/building/builder.ts';
import { type HeadInUse, headInUse } from './teaching/head.ts';
import { InUse } from './teaching/in-use.ts';
import { Library } from './teaching/library.ts';
import { refuseWithoutRoom } from './teaching/storage-room.ts';
import { tunableNetwork } from './teaching/tuned-network.ts';
import { tuningsOf } from './teaching/tuner.ts';
import type { Tuning } from './teaching/tuning.ts';
import { watchBackend } from './watch-backend.ts';

/** Below the page's own address: the build works under any path. */
const MODELS = 'models/';

/** Everything that is open once the engine is ready. */
export interface Opened extends Diagnosed {
  /** What made the embeddings of everything that is searched. */
  readonly made: Maker;
  /** What is searched has changed. */
  readonly rejoin: () => void;
  readonly library: Library;
  readonly building: BuilderParts;
  readonly tuning: Tuning;
  /** As things stand: what the user taught comes and goes. */
  readonly stages: () => Stages;
}

export interface OpeningParts {
  readonly status: Signal<EngineStatus>;
  readonly labels: Signal<readonly CollectionLabel[]>;
  readonly verifies: Signal<boolean>;
  readonly preparing: Signal<Progress | null>;
  readonly queue: TaskQueue;
  readonly keeper: Keeper;
  readonly services: Services;
  readonly notify: (notice: Notice) => void;
  /** It is so no longer. */
  readonly settle: (id: Notice['id']) => void;
  readonly close: (() => void)[];
}

/** Throws what keeps recognition from working; what does not is told by notices. */
export async function openAll(parts: OpeningParts): Promise<Opened> {
  const { status, labels, verifies, preparing, queue, keeper, services, notify, settle, close } =
    parts;
  const onProgress: OnProgress = (progress) => {
    if (status.value.state === 'loading') status.value = { state: 'loading', progress };
  };
  const store = await keeper.store();
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
  const onProblem = (thrown: unknown) => {
    notify({ id: 'taught-unavailable', detail: toPlainError(thrown).message });
    void keeper.examine(TAUGHT_COLLECTION, thrown);
  };

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
  const matching = registry.defaultMatcher === undefined ? null : findMatcher(registry);
  const matcher = matching
    ? { id: matching.id, weightsSha256: matching.weights.sha256 }
    : undefined;
  const verifier = pageVerifier({
    models,
    entry: matching,
    persistent: store.persistent,
    notify,
    onOpening: (progress) => {
      preparing.value = progress;
    },
  });
  const own = new Gallery({ onCrash });
  close.push(
    () => encoder.release(),
    () => trainer.release(),
    () => verifier.release(),
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

  if (store.persistent) await refuseWithoutRoom(await missingBytes(neededFiles(registry), store));
  // Collections and the bank are small: they come first, so that the page can list its landmarks.
  const shelf = new Shelf({ store, made, onCrash }, head?.inUse);
  close.push(() => shelf.release());
  const [reranker] = await Promise.all([
    loading,
    fillShelf(shelf, { store, keeper, notify, onProgress }),
  ]);
  const known = () => joinParts(openParts(shelf.galleries)).labels.filter(hasPhotos);
  labels.value = known();
  const info = await encoder.api.open({ onProgress });
  const tellFallBack = ({ fellBack, reason }: BackendReport) => {
    if (fellBack) notify({ id: 'self-test-failed', detail: reason });
  };
  tellFallBack(info.backend);
  const watched = watchBackend(info, (now) => {
    if (status.peek().state === 'ready') status.value = { state: 'ready', encoder: now };
    tellFallBack(now.backend);
  });

  const serving = new InUse(
    {
      store,
      encoder: encoder.api,
      made,
      tunable,
      reranker,
      shelf,
      own,
      services: () => services.parts,
      matcher,
      onLabels: (all) => {
        labels.value = all.filter(hasPhotos);
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
    // As things stand: collections come and go.
    get known() {
      return known();
    },
    onChange: () =>
      serving
        .openTaught()
        .catch(onProblem)
        .finally(() => keeper.noticeChange()),
    onProblem,
  });
  await serving.openTaught().catch(onProblem);
  const tuning = await pageTuner({
    store,
    trainer,
    queue,
    models,
    tunable,
    encoder: made,
    bank: reranker.bank.rows,
    shelf,
    labels,
    library,
    serving,
    tunings,
  });
  status.value = { state: 'ready', encoder: info };
  const verification = () => verifier.stage(serving.references, serving.pictures);
  const checkVerifies = () => {
    const verified = verifies.peek();
    verifies.value = verification() !== undefined;
    if (verifies.peek() && !verified) verifier.prepare();
  };
  // With what is searched changes what there is to match.
  close.push(
    effect(() => {
      if (labels.value) checkVerifies();
    }),
  );
  void keeper.attach({
    made,
    models: filesOf(registry),
    shelf,
    sync: (wanted) =>
      queue.run(async () => {
        await shelf.sync(wanted);
        if (shelf.failures.length === 0) settle('collection-unavailable');
        await serving
          .catchUp()
          .then((changed) => (changed ? library.follow() : undefined))
          .catch(onProblem);
      }),
  });

  const backend = backendInWords(info.backend);
  return {
    made,
    rejoin: () => serving.rejoin(),
    library,
    building: { store, library, dim: entry.dim },
    tuning,
    collections: () => shelf.collections,
    indexes: () => Promise.all(shelf.galleries.map((gallery) => gallery.status())),
    stages: () => {
      const { encoder: seen, ...stages } = serving.stages();
      const verifier = verification();
      return { ...stages, encoder: watched(seen), preset: RERANK, backend, verifier };
    },
  };
}
