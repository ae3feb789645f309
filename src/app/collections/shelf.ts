// Installed collections that are open for search, each in an index worker of its own.
import { type ReadonlySignal, signal } from '@preact/signals';
import { Gallery } from '../../browser/galleries.ts';
import { installedSource, urlSource } from '../../browser/sources.ts';
import { type PlainError, toPlainError } from '../../errors.ts';
import type { LongWork } from '../../progress.ts';
import type { Collection, EncoderIdentity } from '../../retrieval/collection.ts';
import type { CairnStore, InstalledCollection } from '../../retrieval/store.ts';
import type { AdapterInUse } from '../../retrieval/taught-adapter.ts';

export type ShelfState =
  | { readonly at: 'opening' }
  | { readonly at: 'open' }
  | { readonly at: 'failed'; readonly error: PlainError };

export interface ShelfParts {
  readonly store: CairnStore;
  /** What must have made them. */
  readonly made: EncoderIdentity & { readonly dim: number };
  readonly onCrash: (error: Error) => void;
}

interface Standing {
  readonly gallery: Gallery;
  /** When the version that is open was installed; null while none is. */
  version: string | null;
}

/** `release` ends every worker. */
export class Shelf {
  /** By name. */
  readonly states: ReadonlySignal<ReadonlyMap<string, ShelfState>>;
  readonly #states = signal<ReadonlyMap<string, ShelfState>>(new Map());
  readonly #parts: ShelfParts;
  /** In the order in which they are searched. */
  readonly #standing = new Map<string, Standing>();
  #adapter: AdapterInUse | undefined;

  constructor(parts: ShelfParts, adapter: AdapterInUse | undefined) {
    this.#parts = parts;
    this.#adapter = adapter;
    this.states = this.#states;
  }

  /** Open ones. */
  get galleries(): readonly Gallery[] {
    return [...this.#standing.values()].map(({ gallery }) => gallery);
  }

  get collections(): readonly Collection[] {
    return this.galleries.flatMap(({ collection }) => collection ?? []);
  }

  /** Why those that are wanted could not be opened. */
  get failures(): readonly PlainError[] {
    return [...this.#states.peek().values()].flatMap((state) =>
      state.at === 'failed' ? [state.error] : [],
    );
  }

  /**
   * Installs, or updates, what an address has, and opens it before all others.
   * @throws CairnError as `openFromUrl`; `collection-mismatch`
   */
  async openFrom(url: string, { onProgress }: Pick<LongWork, 'onProgress'>): Promise<Collection> {
    const { store, made, onCrash } = this.#parts;
    const gallery = new Gallery({ onCrash, ...(onProgress ? { onProgress } : {}) });
    try {
      const source = await urlSource(url, store, { onProgress });
      const collection = await gallery.open({ source, encoder: made, adapter: this.#adapter });
      const record = await store.getCollection(collection.name);
      const { name } = collection;
      this.#standing.set(name, { gallery, version: record?.installed ?? null });
      this.#say(name, { at: 'open' });
      return collection;
    } catch (thrown) {
      gallery.release();
      throw thrown;
    }
  }

  /**
   * Opens what is wanted, closes what is not, opens anew what has another version. What cannot be opened is
   * told in `states`; the others go on.
   */
  async sync(wanted: readonly InstalledCollection[]): Promise<void> {
    const names = new Set(wanted.map(({ name }) => name));
    for (const name of [...this.#standing.keys(), ...this.#states.peek().keys()]) {
      if (!names.has(name)) this.#close(name);
    }
    await Promise.all(
      wanted
        .filter(({ name, installed }) => this.#standing.get(name)?.version !== installed)
        .map((record) => this.#open(record)),
    );
  }

  /** Opens all anew as a tuned head sees them, or as they are. Throws what opening throws. */
  async seeThrough(adapter: AdapterInUse | undefined): Promise<void> {
    const { store, made } = this.#parts;
    this.#adapter = adapter;
    for (const [name, { gallery }] of this.#standing) {
      const source = await installedSource(store, name);
      await gallery.open({ source, encoder: made, adapter });
    }
  }

  release(): void {
    for (const name of this.#standing.keys()) this.#close(name);
  }

  async #open({ name, installed }: InstalledCollection): Promise<void> {
    const { store, made, onCrash } = this.#parts;
    const there = this.#standing.get(name);
    const gallery = there?.gallery ?? new Gallery({ onCrash });
    this.#say(name, { at: 'opening' });
    try {
      const source = await installedSource(store, name);
      await gallery.open({ source, encoder: made, adapter: this.#adapter });
      this.#standing.set(name, { gallery, version: installed });
      this.#say(name, { at: 'open' });
    } catch (thrown) {
      gallery.release();
      this.#standing.delete(name);
      this.#say(name, { at: 'failed', error: toPlainError(thrown) });
    }
  }

  #close(name: string): void {
    this.#standing.get(name)?.gallery.release();
    this.#standing.delete(name);
    const states = new Map(this.#states.peek());
    states.delete(name);
    this.#states.value = states;
  }

  #say(name: string, state: ShelfState): void {
    this.#states.value = new Map(this.#states.peek()).set(name, state);
  }
}
