// Everything that lives as long as the page: engine, queue, settings, router, voice; wired once.
import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { jobText } from './collections/job-text.ts';
import { createJobs, type Jobs } from './collections/jobs.ts';
import type { Engine } from './engine.ts';
import { createRecorder } from './history/record-verdicts.ts';
import { errorText } from './i18n/error-text.ts';
import type { Format } from './i18n/format.ts';
import type { Language, Messages } from './i18n/messages.ts';
import { busyWith } from './offline/busy.ts';
import { createInstalling, type Installing } from './offline/install-prompt.ts';
import { createOffline, type Offline } from './offline/offline.ts';
import { type LabelMap, labelMap } from './recognize/names.ts';
import { type CopyToShow, createQueue, type PhotoQueue } from './recognize/queue.ts';
import type { PhotoItem, Queue } from './recognize/queue-state.ts';
import { spoken } from './recognize/result-text.ts';
import { type Announcer, createAnnouncer } from './shell/announcer.ts';
import { createRouter, type Router } from './shell/router.ts';
import { saveFile } from './shell/save-file.ts';
import type { Settings } from './shell/settings.ts';
import { announcement, progressOf } from './teach/build/build-text.ts';
import { createLessons, type Lesson, type Lessons } from './teach/lesson.ts';
import { createTransfers, type Transfers } from './teach/transfer.ts';
import { transferText } from './teach/transfer-text.ts';
import type { BuildState } from './teaching/building/building.ts';

export interface App {
  readonly engine: Engine;
  readonly queue: PhotoQueue;
  readonly lessons: Lessons;
  readonly transfers: Transfers;
  readonly jobs: Jobs;
  readonly settings: Settings;
  readonly router: Router;
  readonly announcer: Announcer;
  /** Why what a button was pressed for did not happen, in the user's words; null for nothing. */
  readonly failure: Signal<string | null>;
  readonly labels: ReadonlySignal<LabelMap>;
  readonly offline: Offline;
  readonly installing: Installing;
}

/** Fetched with the first photo. */
const copyToShow: CopyToShow = (photo, url) =>
  import('./photo-copies.ts').then(
    (copies) => copies.copyToShow(photo, url),
    () => null,
  );

export function createApp(engine: Engine, settings: Settings): App {
  const announcer = createAnnouncer();
  const labels = computed(() => labelMap(engine.labels.value));
  const text = () => settings.messages.peek();

  const record = createRecorder({
    history: engine.history,
    engine,
    labels: () => labels.peek(),
    wanted: () => settings.keepsHistory.peek(),
  });

  const queue = createQueue(
    engine,
    {
      onStart: (item, items) => announceStart(item, items),
      onSettled: (item) => {
        announceSettled(item);
        void record(item);
      },
    },
    copyToShow,
  );

  function announceStart(item: PhotoItem, items: Queue): void {
    const { count } = settings.format.peek();
    const place = items.findIndex(({ id }) => id === item.id) + 1;
    announcer.murmur(text().recognize.announceWorking(count(place), count(items.length)));
  }

  function announceSettled({ name, at }: PhotoItem): void {
    const { announceVerdict, announceFailed } = text().recognize;
    if (at.state === 'done') {
      const wording = {
        language: settings.language.peek(),
        messages: text(),
        format: settings.format.peek(),
        labels: labels.peek(),
      };
      announcer.say(announceVerdict(name, spoken(at.verdict, wording)));
    } else if (at.state === 'failed') {
      announcer.say(announceFailed(name, errorText(text(), at.error).what));
    }
  }

  const lessons = createLessons(
    engine.teaching,
    {
      onStart: ({ title, photos }) => {
        const { announceStart } = text().teach;
        announcer.say(announceStart(title, photos.length, number(photos.length)));
      },
      onOver: (lesson) => {
        announcer.say(lessonText(lesson));
        // A user who has taught something has a reason to keep it.
        if (lesson.taught > 0) void engine.collections.keep();
      },
    },
    copyToShow,
  );

  const transfers = createTransfers({
    teaching: engine.teaching,
    save: saveFile,
    left: async () => {
      const { storage } = await engine.diagnostics();
      return storage && Math.max(0, storage.quota - storage.usage);
    },
    onChange: (transfer) => announcer.say(transferText(transfer, text(), settings.format.peek())),
  });

  const jobs = createJobs({
    collections: engine.collections,
    save: saveFile,
    onChange: (job) => announcer.say(jobText(job, text(), settings.format.peek())),
  });

  // A download that a reload has cut goes on by itself, unless another tab is at it.
  const stopWaiting = effect(() => {
    if (engine.status.value.state !== 'ready') return;
    // Once: what is stopped later on stays so.
    queueMicrotask(() => stopWaiting());
    const [cut] = engine.collections.unfinished.peek();
    if (!cut) return;
    void engine.collections.isBusy().then((busy) => {
      if (!busy) void jobs.install(cut.url, cut.name);
    });
  });

  function number(n: number): string {
    return settings.format.peek().count(n);
  }

  function lessonText({ title, taught, photos, error }: Lesson): string {
    const { teach, errors } = text();
    if (error && error.code !== 'aborted') return teach.announceFailed(errors[error.code].what);
    const left = photos.length - taught;
    return [
      taught > 0 ? teach.announceDone(title, taught, number(taught)) : teach.announceNone(title),
      left > 0 ? teach.announceLeftOut(left, number(left)) : '',
      taught === 1 ? teach.announceFew : '',
    ].join(' ');
  }

  effect(() => {
    const status = engine.status.value;
    if (status.state === 'ready') announcer.say(text().engine.ready);
    if (status.state === 'failed') announcer.say(text().engine.failed);
    if (status.state === 'loading' && status.progress) {
      announcer.murmur(text().stages[status.progress.stage]);
    }
  });

  let building: BuildState['at'] = 'idle';
  effect(() => {
    const state = engine.building.state.value;
    if (state.at === building) {
      if (state.at === 'running')
        announcer.murmur(progressOf(state.run, text(), settings.format.peek()));
      return;
    }
    building = state.at;
    const said = announcement(state, text(), settings.format.peek());
    if (said) announcer.say(said);
    if (state.at === 'over' && state.run.tally.taught > 0) void engine.collections.keep();
  });

  const offline = createOffline({
    engine,
    busy: busyWith({ engine, queue, lessons, transfers, jobs }),
    onKept: () => announcer.say(text().offline.announceKept),
    onUpdate: () => announcer.say(text().offline.updateReady),
  });

  const installing = createInstalling();
  const router = createRouter();
  return {
    engine,
    queue,
    lessons,
    transfers,
    jobs,
    settings,
    router,
    announcer,
    failure: signal<string | null>(null),
    labels,
    offline,
    installing,
  };
}

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error('A component of Cairn was rendered outside its AppContext.');
  return app;
}

export interface Words {
  readonly t: Messages;
  readonly f: Format;
  readonly language: Language;
}

/** Texts and formats of the current language; the component re-renders when it is switched. */
export function useWords(): Words {
  const { settings } = useApp();
  return {
    t: settings.messages.value,
    f: settings.format.value,
    language: settings.language.value,
  };
}
