// Collections on their way in or out: asked about first, one at a time, with progress and a way to stop.
import { type ReadonlySignal, signal } from '@preact/signals';
import { type PlainError, toPlainError } from '../../errors.ts';
import type { LongWork, Progress } from '../../progress.ts';
import { CONTAINER_ENDING } from '../../retrieval/container.ts';
import type { Collections, Offer } from './collections.ts';

export type Task = 'import' | 'install' | 'export';

export type Source =
  | { readonly kind: 'file'; readonly name: string; readonly file: Blob }
  | { readonly kind: 'address'; readonly url: string };

/** What the user is asked, in a dialog. */
export type Question =
  /** A link wants to add what lies there; nothing has been asked there yet. */
  | { readonly at: 'link'; readonly url: string }
  | { readonly at: 'looking'; readonly url: string }
  | { readonly at: 'offer'; readonly offer: Offer; readonly source: Source };

/** Bytes that are needed, and that are left where the browser says it. */
export interface Room {
  readonly needed: number;
  readonly left: number | null;
}

export type Job =
  /** `waiting`: for another tab. `name` is the collection's, or its file's or address's while that is unknown. */
  | {
      readonly at: 'running';
      readonly task: Task;
      readonly name: string;
      readonly progress: Progress | null;
      readonly waiting: boolean;
    }
  | {
      readonly at: 'done';
      readonly task: Task;
      readonly name: string;
      /** Of an export: what was saved. Of an import: whether it was here already. */
      readonly file: string | null;
      readonly bytes: number;
      readonly same: boolean;
    }
  | {
      readonly at: 'failed';
      readonly task: Task;
      readonly name: string;
      readonly error: PlainError;
      /** Of `storage-full`. */
      readonly room: Room | null;
      /** What can be tried again. */
      readonly source: Source | null;
    };

export interface JobsParts {
  readonly collections: Collections;
  /** Hands a file to the user. */
  readonly save: (file: Blob, name: string) => void;
  readonly onChange?: (job: Job) => void;
}

export interface Jobs {
  readonly question: ReadonlySignal<Question | null>;
  /** The one under way, or the last one until it is dismissed. */
  readonly job: ReadonlySignal<Job | null>;
  /** Asks before another collection of the same name is replaced. */
  import(file: Blob, name: string): Promise<void>;
  /** Of a link that somebody gave: asks before anything is contacted. */
  askAbout(url: string): void;
  /** Looks at what an address offers, and asks. */
  look(url: string): Promise<void>;
  /** What the question offers is wanted. */
  accept(): Promise<void>;
  decline(): void;
  /** Without asking: updates, goes on with, or fetches anew what was agreed to before. */
  install(url: string, name: string): Promise<void>;
  export(name: string): Promise<void>;
  stop(): void;
  dismiss(): void;
}

export function createJobs({ collections, save, onChange }: JobsParts): Jobs {
  const question = signal<Question | null>(null);
  const job = signal<Job | null>(null);
  let abort = new AbortController();
  let looking = new AbortController();

  function show(next: Job): void {
    job.value = next;
    onChange?.(next);
  }

  async function run(
    task: Task,
    name: string,
    source: Source | null,
    needed: () => number,
    work: (how: LongWork) => Promise<Job>,
  ): Promise<void> {
    if (job.peek()?.at === 'running') return;
    abort = new AbortController();
    const running = { at: 'running', task, name, progress: null, waiting: false } as const;
    show(running);
    const waiting = task !== 'export' && (await collections.isBusy().catch(() => false));
    if (waiting) show({ ...running, waiting });
    const onProgress = (progress: Progress) => {
      job.value = { ...running, progress };
    };
    try {
      show(await work({ signal: abort.signal, onProgress }));
    } catch (thrown) {
      show(await failed({ task, name, source, needed: needed() }, thrown));
    }
  }

  async function failed(
    { needed, ...what }: { task: Task; name: string; source: Source | null; needed: number },
    thrown: unknown,
  ): Promise<Job> {
    const error = toPlainError(thrown);
    const full = error.code === 'storage-full';
    if (full) await collections.measure().catch(() => undefined);
    const { quota = null, used = null } = (full && collections.storage.peek()) || {};
    const given = quota === null || used === null ? null : Math.max(0, quota - used);
    // Some browsers give more than they mean, lest pages learn how large the disk is.
    const left = given !== null && given < needed ? given : null;
    return { at: 'failed', ...what, error, room: full ? { needed, left } : null };
  }

  async function bring(source: Source, offer: Offer): Promise<void> {
    const { name, bytes } = offer;
    const task = source.kind === 'file' ? 'import' : 'install';
    await run(
      task,
      name,
      source,
      () => offer.needed,
      async (how) => {
        const added =
          source.kind === 'file'
            ? await collections.import(source.file, how)
            : await collections.install(source.url, how);
        // A user who has brought something in has a reason to keep it.
        void collections.keep();
        return {
          at: 'done',
          task,
          name: added,
          file: null,
          bytes,
          same: offer.replaces === 'same',
        };
      },
    );
  }

  return {
    question,
    job,
    async import(file, name) {
      if (job.peek()?.at === 'running') return;
      const source: Source = { kind: 'file', name, file };
      let offer: Offer;
      try {
        offer = await collections.offerOfFile(file);
      } catch (thrown) {
        show(await failed({ task: 'import', name, source: null, needed: file.size }, thrown));
        return;
      }
      if (offer.replaces === 'other') question.value = { at: 'offer', offer, source };
      else await bring(source, offer);
    },
    askAbout(url) {
      question.value = { at: 'link', url };
    },
    async look(url) {
      looking = new AbortController();
      const { signal: stop } = looking;
      question.value = { at: 'looking', url };
      try {
        const offer = await collections.offerOfAddress(url, { signal: stop });
        if (stop.aborted) return;
        question.value = { at: 'offer', offer, source: { kind: 'address', url } };
      } catch (thrown) {
        if (stop.aborted) return;
        question.value = null;
        const source: Source = { kind: 'address', url };
        show(await failed({ task: 'install', name: url, source, needed: 0 }, thrown));
      }
    },
    async accept() {
      const asked = question.peek();
      question.value = null;
      if (asked?.at === 'offer') await bring(asked.source, asked.offer);
    },
    decline() {
      looking.abort();
      question.value = null;
    },
    install: (url, name) =>
      run(
        'install',
        name,
        { kind: 'address', url },
        () => unfinishedBytes(collections, url),
        async (how) => {
          const added = await collections.install(url, how);
          return { at: 'done', task: 'install', name: added, file: null, bytes: 0, same: false };
        },
      ),
    export: (name) =>
      run(
        'export',
        name,
        null,
        () => 0,
        async (how) => {
          const file = await collections.exported(name, how);
          const as = name.replaceAll(' ', '-') + CONTAINER_ENDING;
          save(file, as);
          return { at: 'done', task: 'export', name, file: as, bytes: file.size, same: false };
        },
      ),
    stop: () => abort.abort(),
    dismiss() {
      if (job.peek()?.at !== 'running') job.value = null;
    },
  };
}

/** Bytes that a download lacks which has begun; 0 where none has. */
function unfinishedBytes(collections: Collections, url: string): number {
  const one = collections.unfinished.peek().find((begun) => begun.url === url);
  return one ? one.total - one.done : 0;
}
