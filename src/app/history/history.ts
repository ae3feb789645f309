// The history of recognitions in the store: the newest first, bounded, the same in every tab; in this page's memory alone
// what the store does not take.
import { type ReadonlySignal, signal } from '@preact/signals';
import { type PlainError, toPlainError } from '../../errors.ts';
import { TaskQueue } from '../../inference/task-queue.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import type { Change, Tabs } from '../collections/tabs.ts';
import { HISTORY_KEYS, HISTORY_MOST, type HistoryEntry, readEntry, storedOf } from './record.ts';

/** What is known of the history. */
export interface HistoryState {
  /** The newest first. */
  readonly entries: readonly HistoryEntry[];
  /** Entries that lie in the store and cannot be read, and why. */
  readonly damaged: number;
  readonly newer: number;
  /** Whether it outlives this page. */
  readonly lasts: boolean;
}

export interface RecognitionHistory {
  /** Null until it has been read. */
  readonly state: ReadonlySignal<HistoryState | null>;
  /** Why the last entry is here for as long as the page only; null where it is kept. */
  readonly problem: ReadonlySignal<PlainError | null>;
  /** The entry removed last, while that can be undone. */
  readonly removed: ReadonlySignal<HistoryEntry | null>;
  /** Reads it, once. Never throws: what cannot be read is told by `problem`. */
  load(): Promise<void>;
  /** Adds an entry and lets the oldest beyond the bound go. Never throws: see `problem`. */
  add(entry: HistoryEntry): Promise<void>;
  /** Throws `storage-failed`; then nothing has changed. */
  remove(key: string): Promise<void>;
  /** Puts back what was removed last. Never throws: see `problem`. */
  undo(): Promise<void>;
  /**
   * Removes all in every tab, what cannot be read and what can be undone included. Throws `storage-failed`; then all that
   * is stored is still there.
   */
  clear(): Promise<void>;
}

export interface HistoryParts {
  readonly store: () => Promise<CairnStore>;
  /** @param hear called when another tab has changed the history */
  readonly tabs: (hear: (change: Change) => void) => Tabs;
  /** How many are kept. */
  readonly most?: number;
}

export class StoredHistory implements RecognitionHistory {
  readonly state = signal<HistoryState | null>(null);
  readonly problem = signal<PlainError | null>(null);
  readonly removed = signal<HistoryEntry | null>(null);
  readonly #store: () => Promise<CairnStore>;
  readonly #tabs: Tabs;
  readonly #most: number;
  /** One change after the other. */
  readonly #queue = new TaskQueue();
  /** What the store did not take, by key. */
  readonly #loose = new Map<string, HistoryEntry>();

  constructor({ store, tabs, most = HISTORY_MOST }: HistoryParts) {
    this.#store = store;
    this.#most = most;
    this.#tabs = tabs((change) => {
      void this.#queue.run(async () => {
        if (change === 'cleared') await this.#followClearing();
        // A tab that has not looked yet has nothing to correct.
        if (this.state.peek()) await this.#read();
      });
    });
  }

  load(): Promise<void> {
    return this.#queue.run(async () => {
      if (!this.state.peek()) await this.#read();
    });
  }

  add(entry: HistoryEntry): Promise<void> {
    return this.#queue.run(async () => {
      if (await this.#keep(entry)) {
        await this.#trim(entry.key);
        this.#tabs.tell();
      }
      const { value } = this.state;
      if (!value) return this.#read();
      this.#show({ ...value, entries: [entry, ...value.entries] });
    });
  }

  remove(key: string): Promise<void> {
    return this.#queue.run(async () => {
      const { value } = this.state;
      const entry = value?.entries.find((one) => one.key === key);
      if (!value || !entry) return;
      if (!this.#loose.delete(key)) {
        await (await this.#store()).deleteValues([key]);
        this.#tabs.tell();
      }
      this.removed.value = entry;
      this.#show({ ...value, entries: value.entries.filter((one) => one !== entry) });
    });
  }

  undo(): Promise<void> {
    return this.#queue.run(async () => {
      const { value: entry } = this.removed;
      if (!entry) return;
      if (await this.#keep(entry)) this.#tabs.tell();
      this.removed.value = null;
      const { value } = this.state;
      if (value) this.#show({ ...value, entries: [entry, ...value.entries] });
    });
  }

  clear(): Promise<void> {
    return this.#queue.run(async () => {
      this.#forgetAll();
      try {
        const store = await this.#store();
        await store.deleteValues(await store.listValues(HISTORY_KEYS));
        this.#tabs.tell('cleared');
      } finally {
        await this.#read();
      }
    });
  }

  /** @returns whether it is in the store; where that does not take it, it is here for as long as the page */
  async #keep(entry: HistoryEntry): Promise<boolean> {
    try {
      await (await this.#store()).putValue(entry.key, storedOf(entry));
      this.problem.value = null;
      return true;
    } catch (thrown) {
      this.#loose.set(entry.key, entry);
      for (const key of beyond([...this.#loose.keys()], this.#most)) this.#loose.delete(key);
      this.problem.value = toPlainError(thrown);
      return false;
    }
  }

  /** Lets the oldest beyond the bound go, but not the new one, were it the oldest by a clock that has been set back. */
  async #trim(added: string): Promise<void> {
    try {
      const store = await this.#store();
      const others = (await store.listValues(HISTORY_KEYS)).filter((key) => key !== added);
      const gone = beyond(others, this.#most - 1);
      await store.deleteValues(gone);
      this.#forget(gone);
    } catch {
      // The new one is kept all the same; what is too many goes with the next.
    }
  }

  async #read(): Promise<void> {
    try {
      const store = await this.#store();
      const read = (await store.getValues(HISTORY_KEYS)).map(([key, value]) =>
        readEntry(key, value),
      );
      const stored = read.filter((one) => typeof one === 'object');
      this.#show({
        entries: [...stored, ...this.#loose.values()],
        damaged: read.filter((one) => one === 'damaged').length,
        newer: read.filter((one) => one === 'newer').length,
        lasts: store.persistent,
      });
    } catch (thrown) {
      this.problem.value = toPlainError(thrown);
      this.#show({ entries: [...this.#loose.values()], damaged: 0, newer: 0, lasts: false });
    }
  }

  /** What the tab that deleted all could not reach. */
  async #followClearing(): Promise<void> {
    this.#forgetAll();
    try {
      const store = await this.#store();
      // One in memory is each page's own.
      if (!store.persistent) await store.deleteValues(await store.listValues(HISTORY_KEYS));
    } catch {
      // A store that cannot be opened has nothing of this page's.
    }
  }

  /** What this page alone remembers of the history. */
  #forgetAll(): void {
    this.#loose.clear();
    this.removed.value = null;
    this.problem.value = null;
  }

  #forget(keys: readonly string[]): void {
    const { value } = this.state;
    if (!value || keys.length === 0) return;
    const gone = new Set(keys);
    this.state.value = { ...value, entries: value.entries.filter(({ key }) => !gone.has(key)) };
  }

  #show(state: HistoryState): void {
    const sorted = [...state.entries].sort((a, b) => (a.key < b.key ? 1 : -1));
    this.state.value = { ...state, entries: sorted.slice(0, this.#most) };
  }
}

/** The oldest keys that are too many. */
function beyond(keys: readonly string[], most: number): string[] {
  return [...keys].sort().slice(0, Math.max(0, keys.length - most));
}
