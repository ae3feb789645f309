// Everything that lives as long as the page: engine, queue, settings, router, voice; wired once.
import { computed, effect, type ReadonlySignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Engine } from './engine.ts';
import type { Format } from './i18n/format.ts';
import type { Language, Messages } from './i18n/messages.ts';
import { type LabelMap, labelMap } from './recognize/names.ts';
import { createQueue, type PhotoQueue } from './recognize/queue.ts';
import type { PhotoItem, Queue } from './recognize/queue-state.ts';
import { spoken } from './recognize/result-text.ts';
import { type Announcer, createAnnouncer } from './shell/announcer.ts';
import { createRouter, type Router } from './shell/router.ts';
import { createSettings, type Settings } from './shell/settings.ts';
import { createLessons, type Lesson, type Lessons } from './teach/lesson.ts';
import { saveFile } from './teach/save-file.ts';
import { createTransfers, type Transfers } from './teach/transfer.ts';
import { transferText } from './teach/transfer-text.ts';

export interface App {
  readonly engine: Engine;
  readonly queue: PhotoQueue;
  readonly lessons: Lessons;
  readonly transfers: Transfers;
  readonly settings: Settings;
  readonly router: Router;
  readonly announcer: Announcer;
  readonly labels: ReadonlySignal<LabelMap>;
}

export function createApp(engine: Engine): App {
  const settings = createSettings();
  const announcer = createAnnouncer();
  const labels = computed(() => labelMap(engine.labels.value));
  const text = () => settings.messages.peek();

  const queue = createQueue(engine, {
    onStart: (item, items) => announceStart(item, items),
    onSettled: (item) => announceSettled(item),
  });

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
      announcer.say(announceFailed(name, text().errors[at.error.code].what));
    }
  }

  const lessons = createLessons(engine.teaching, {
    onStart: ({ title, photos }) => {
      const { announceStart } = text().teach;
      announcer.say(announceStart(title, photos.length, number(photos.length)));
    },
    onOver: (lesson) => announcer.say(lessonText(lesson)),
  });

  const transfers = createTransfers({
    teaching: engine.teaching,
    save: saveFile,
    left: async () => {
      const { storage } = await engine.diagnostics();
      return storage && Math.max(0, storage.quota - storage.usage);
    },
    onChange: (transfer) => announcer.say(transferText(transfer, text(), settings.format.peek())),
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

  const router = createRouter();
  return { engine, queue, lessons, transfers, settings, router, announcer, labels };
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
