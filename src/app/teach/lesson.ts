// What is about to be taught and what is being taught: photos gathered under a name, then one lesson.
import { type ReadonlySignal, signal } from '@preact/signals';
import { type PlainError, toPlainError } from '../../errors.ts';
import type { CopyToShow } from '../recognize/queue.ts';
import type { PhotoOutcome, PhotoToTeach, Teaching } from '../teaching/teaching.ts';

export interface StagedPhoto extends PhotoToTeach {
  readonly id: number;
  /** Object URL; revoked when the photo leaves the page. */
  readonly url: string;
}

export interface LessonPhoto {
  readonly name: string;
  readonly outcome: PhotoOutcome | { readonly at: 'waiting' } | { readonly at: 'working' };
}

export interface Lesson {
  readonly title: string;
  readonly photos: readonly LessonPhoto[];
  readonly state: 'running' | 'over';
  readonly taught: number;
  /** Why it could not be stored. */
  readonly error: PlainError | null;
}

export interface LessonEvents {
  readonly onStart?: (lesson: Lesson) => void;
  readonly onOver?: (lesson: Lesson) => void;
}

export interface Lessons {
  readonly title: ReadonlySignal<string>;
  readonly note: ReadonlySignal<string>;
  readonly staged: ReadonlySignal<readonly StagedPhoto[]>;
  /** The one running, or the last one until it is dismissed. */
  readonly lesson: ReadonlySignal<Lesson | null>;
  write(title: string, note: string): void;
  stage(photos: readonly PhotoToTeach[]): void;
  unstage(id: number): void;
  /** Teaches what is staged under the title; nothing happens while a lesson runs. */
  start(): Promise<void>;
  /** Teaches photos of a landmark at once, apart from what is staged. */
  add(title: string, photos: readonly PhotoToTeach[]): Promise<void>;
  /** Keeps what was learned until now. */
  stop(): void;
  dismiss(): void;
}

export function createLessons(
  teaching: Pick<Teaching, 'teach'>,
  events: LessonEvents = {},
  copyToShow: CopyToShow = async () => null,
): Lessons {
  const title = signal('');
  const note = signal('');
  const staged = signal<readonly StagedPhoto[]>([]);
  const lesson = signal<Lesson | null>(null);
  let nextId = 1;
  let abort = new AbortController();
  let lastShown: Promise<void> = Promise.resolve();

  /** Puts a copy in the place of a photo that the browser cannot show. */
  async function show({ id, blob, url }: StagedPhoto): Promise<void> {
    const there = () => staged.peek().some((photo) => photo.id === id);
    const copy = there() ? await copyToShow(blob, url) : null;
    if (!copy || !there()) return;
    const instead = URL.createObjectURL(copy.blob);
    staged.value = staged
      .peek()
      .map((photo) => (photo.id === id ? { ...photo, url: instead } : photo));
    URL.revokeObjectURL(url);
  }

  async function run(
    name: string,
    text: string,
    photos: readonly PhotoToTeach[],
  ): Promise<boolean> {
    if (lesson.peek()?.state === 'running' || photos.length === 0) return false;
    abort = new AbortController();
    const waiting = photos.map((photo) => ({
      name: photo.name,
      outcome: { at: 'waiting' as const },
    }));
    let current: Lesson = {
      title: name,
      photos: waiting,
      state: 'running',
      taught: 0,
      error: null,
    };
    const show = (change: Partial<Lesson>) => {
      current = { ...current, ...change };
      lesson.value = current;
    };
    show({});
    events.onStart?.(current);
    try {
      const { taught } = await teaching.teach(name, text, photos, {
        signal: abort.signal,
        onPhoto: (place, outcome) => {
          const before = current.photos[place]!;
          show({ photos: current.photos.with(place, { ...before, outcome }) });
        },
      });
      show({ state: 'over', taught });
    } catch (thrown) {
      show({ state: 'over', error: toPlainError(thrown) });
    }
    events.onOver?.(current);
    return current.taught > 0;
  }

  return {
    title,
    note,
    staged,
    lesson,
    write(newTitle, newNote) {
      title.value = newTitle;
      note.value = newNote;
    },
    stage(photos) {
      const added = photos.map((photo) => ({
        ...photo,
        id: nextId++,
        url: URL.createObjectURL(photo.blob),
      }));
      staged.value = [...staged.peek(), ...added];
      for (const photo of added) lastShown = lastShown.then(() => show(photo));
    },
    unstage(id) {
      const photo = staged.peek().find((one) => one.id === id);
      if (!photo) return;
      staged.value = staged.peek().filter((one) => one !== photo);
      URL.revokeObjectURL(photo.url);
    },
    async start() {
      const photos = staged.peek();
      const name = title.peek().trim();
      if (name === '' || !(await run(name, note.peek(), photos))) return;
      // What came in meanwhile stays for the next lesson.
      const over = new Set(photos.map(({ id }) => id));
      for (const { id, url } of staged.peek()) if (over.has(id)) URL.revokeObjectURL(url);
      staged.value = staged.peek().filter(({ id }) => !over.has(id));
      if (title.peek().trim() === name) {
        title.value = '';
        note.value = '';
      }
    },
    async add(name, photos) {
      await run(name, '', photos);
    },
    stop: () => abort.abort(),
    dismiss() {
      if (lesson.peek()?.state === 'over') lesson.value = null;
    },
  };
}
