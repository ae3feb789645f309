// The machinery behind the page: workers, storage and re-ranking, wired together as an Engine.
import { signal } from '@preact/signals';
import { type PlainError, toPlainError } from '../errors.ts';
import { TaskQueue } from '../inference/task-queue.ts';
import type { Progress } from '../progress.ts';
import { type RecognizeWork, recognize } from '../recognizer.ts';
import type { CollectionLabel } from '../retrieval/labels.ts';
import { openStore } from '../retrieval/store.ts';
import type { Verdict } from '../verdict.ts';
import { Keeper } from './collections/keeper.ts';
import { createTabs } from './collections/tabs.ts';
import { diagnose } from './diagnose.ts';
import type { Engine, EngineStatus, Notice } from './engine.ts';
import { StoredHistory } from './history/history.ts';
import { type Opened, openAll } from './open-engine.ts';
import { Services } from './services/service-list.ts';
import { createBuilder } from './teaching/building/builder.ts';
import type { Library } from './teaching/library.ts';
import { teachingOf } from './teaching/teaching-of.ts';
import type { Tuning } from './teaching/tuning.ts';

/** Below the page's own address: the build works under any path. */
const DEFAULT_COLLECTION = 'collections/default/collection.json';

const HISTORY_CHANNEL = 'cairn-history';

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
  const settle = (id: Notice['id']) => {
    notices.value = notices.value.filter((notice) => notice.id !== id);
  };
  const close: (() => void)[] = [];
  const keeper = new Keeper(new URL(DEFAULT_COLLECTION, document.baseURI).href, openStore);
  // The list does not wait for the recognizer; what fails here fails there too, and shows.
  keeper.follow().catch(() => undefined);
  const building = createBuilder(async () => (await opened).building);
  const services = new Services({
    store: () => keeper.store(),
    made: async () => (await opened).made,
    onChange: () =>
      void opened.then(
        ({ rejoin }) => queue.run(async () => rejoin()),
        () => undefined, // nothing is searched
      ),
    onProblem: (address, thrown) =>
      notify({ id: 'service-unavailable', detail: `${address}: ${toPlainError(thrown).message}` }),
  });
  const history = new StoredHistory({
    store: () => keeper.store(),
    tabs: (hear) => createTabs(hear, HISTORY_CHANNEL),
  });
  let opened = start();

  if (!crossOriginIsolated) {
    notify({ id: 'no-isolation', detail: 'WASM runs on one thread.' });
  }

  function start(): Promise<Opened> {
    status.value = { state: 'loading', progress: null };
    const opening = openAll({
      status,
      labels,
      verifies,
      preparing,
      queue,
      keeper,
      services,
      notify,
      settle,
      close,
    });
    opening.then(
      (all) => {
        library.value = all.library;
        tuning.value = all.tuning;
        building.look().catch(() => undefined); // what is left stays for another visit
        services.start().catch(() => undefined); // they are asked again at the next visit
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
    building,
    collections: keeper,
    services,
    history,
    teaching: teachingOf(library, async () => (await opened).library),
    recognize: (photo: Blob, work: RecognizeWork = {}): Promise<Verdict> =>
      queue.run(async () => recognize(photo, (await opened).stages(), work), work.signal),
    retry() {
      keeper.detach();
      for (const release of close.splice(0)) release();
      opened = start();
    },
    diagnostics: () => diagnose(status.value, opened),
  };
}
