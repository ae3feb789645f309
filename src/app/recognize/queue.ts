// The queue of photos at work: hands them to the engine one at a time and owns their object URLs.
import { effect, type ReadonlySignal, signal } from '@preact/signals';
import { toPlainError } from '../../errors.ts';
import type { PhotoCopy } from '../../imaging/photo-copy.ts';
import type { Engine } from '../engine.ts';
import { nextUp, type PhotoItem, type Queue, type QueueAction, step } from './queue-state.ts';

/** A photo with the name to show for it. */
export interface NamedPhoto {
  readonly name: string;
  readonly blob: Blob;
}

export interface QueueEvents {
  readonly onStart?: (item: PhotoItem, queue: Queue) => void;
  /** After the photo is done or failed, but not when it was removed or stopped by the user. */
  readonly onSettled?: (item: PhotoItem) => void;
}

/**
 * Makes a copy of a photo that the browser cannot show; null where it can, or where none can be made. Never rejects.
 * @param url of the photo
 */
export type CopyToShow = (photo: Blob, url: string) => Promise<PhotoCopy | null>;

export interface PhotoQueue {
  readonly items: ReadonlySignal<Queue>;
  /** Where photos that are added from now on are looked for; null for everywhere. */
  readonly country: ReadonlySignal<string | null>;
  lookIn(country: string | null): void;
  add(photos: readonly NamedPhoto[]): void;
  /** Stops the photo being worked on; it stays in the list as failed with `aborted`. */
  stop(id: number): void;
  again(id: number): void;
  remove(id: number): void;
  clear(): void;
  /** Tells the pixels of the thumbnail once the browser has loaded it. */
  measure(id: number, width: number, height: number): void;
  /** Stops work, lets go of the engine and revokes every URL. */
  dispose(): void;
}

export function createQueue(
  engine: Pick<Engine, 'status' | 'recognize'>,
  events: QueueEvents = {},
  copyToShow: CopyToShow = async () => null,
): PhotoQueue {
  const items = signal<Queue>([]);
  const country = signal<string | null>(null);
  let nextId = 1;
  let running: { readonly id: number; readonly abort: AbortController } | null = null;

  const dispatch = (action: QueueAction) => {
    items.value = step(items.peek(), action);
  };
  const find = (id: number) => items.peek().find((item) => item.id === id);
  const interrupt = (id: number) => {
    if (running?.id === id) running.abort.abort();
  };

  /** Of the photos in the list: over once what there is to show of them is shown. */
  const shown = new Map<number, Promise<void>>();
  let lastShown: Promise<void> = Promise.resolve();

  async function show({ id, blob, url }: Pick<PhotoItem, 'id' | 'blob' | 'url'>): Promise<void> {
    const copy = find(id) ? await copyToShow(blob, url) : null;
    if (!copy || !find(id)) return;
    dispatch({
      do: 'show',
      id,
      url: URL.createObjectURL(copy.blob),
      width: copy.width,
      height: copy.height,
    });
    URL.revokeObjectURL(url);
  }

  async function work(item: PhotoItem): Promise<void> {
    const abort = new AbortController();
    running = { id: item.id, abort };
    dispatch({ do: 'start', id: item.id });
    events.onStart?.(item, items.peek());
    const started = performance.now();
    try {
      const verdict = await orAbort(
        engine.recognize(item.blob, {
          signal: abort.signal,
          where: item.country === null ? undefined : { countries: [item.country] },
          onProgress: (progress) => {
            // A run that was stopped may still report; the same photo may be at work again by then.
            if (!abort.signal.aborted) dispatch({ do: 'progress', id: item.id, progress });
          },
        }),
        abort.signal,
      );
      // Whoever keeps the result keeps what is shown with it.
      await orAbort(shown.get(item.id) ?? Promise.resolve(), abort.signal);
      dispatch({ do: 'finish', id: item.id, verdict, elapsed: performance.now() - started });
    } catch (thrown) {
      dispatch({ do: 'fail', id: item.id, error: toPlainError(thrown) });
    }
    running = null;
    const settled = find(item.id);
    if (settled && !abort.signal.aborted) events.onSettled?.(settled);
    pump();
  }

  function pump(): void {
    if (running || engine.status.peek().state !== 'ready') return;
    const item = nextUp(items.peek());
    if (item) void work(item);
  }

  const stopWatching = effect(() => {
    if (engine.status.value.state === 'ready') pump();
  });

  function clear(): void {
    const gone = items.peek();
    dispatch({ do: 'clear' });
    for (const item of gone) URL.revokeObjectURL(item.url);
    shown.clear();
    running?.abort.abort();
  }

  return {
    items,
    country,
    lookIn(code) {
      country.value = code;
    },
    add(photos) {
      const added = photos.map(({ name, blob }) => ({
        id: nextId++,
        name,
        blob,
        url: URL.createObjectURL(blob),
        country: country.peek(),
      }));
      dispatch({ do: 'add', items: added });
      // One after the other: each holds all pixels of a photo.
      for (const item of added) {
        lastShown = lastShown.then(() => show(item));
        shown.set(item.id, lastShown);
      }
      pump();
    },
    stop: interrupt,
    again(id) {
      dispatch({ do: 'again', id });
      pump();
    },
    remove(id) {
      const item = find(id);
      if (!item) return;
      dispatch({ do: 'remove', id });
      shown.delete(id);
      URL.revokeObjectURL(item.url);
      interrupt(id);
    },
    clear,
    measure(id, width, height) {
      dispatch({ do: 'measure', id, width, height });
    },
    dispose() {
      stopWatching();
      clear();
    },
  };
}

/** Stop means stop: the user does not wait for an engine that notices an abort late. */
function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    signal.addEventListener(
      'abort',
      () => reject(new DOMException('Stopped by the user.', 'AbortError')),
      { once: true },
    );
    work.then(resolve, reject);
  });
}
