// Installed collections in the store: every change under one lock over all tabs, told to the other tabs, and
// put to use between two recognitions.
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { type PlainError, throwIfAborted, toPlainError } from '../../errors.ts';
import type { LongWork } from '../../progress.ts';
import type { Collection } from '../../retrieval/collection.ts';
import { damageBehind } from '../../retrieval/inspect.ts';
import { installCollection, readOffer } from '../../retrieval/install.ts';
import {
  dropIncoming,
  exportInstalled,
  importInstalled,
  readContainerHead,
} from '../../retrieval/installed-container.ts';
import type { CairnStore, InstalledCollection } from '../../retrieval/store.ts';
import type { VerifiedFile } from '../../weights/registry.ts';
import { refuseWithoutRoom } from '../teaching/storage-room.ts';
import { type Choices, choose, readChoices, writeChoices } from './choices.ts';
import type { Collections, ListedCollection, Offer } from './collections.ts';
import { listOf, type Problem, searchable } from './list.ts';
import { type Maker, offerOf, refuseUnfit } from './offers.ts';
import type { Shelf } from './shelf.ts';
import { StorageKeeper } from './storage-keeper.ts';
import { dropGraphs, graphsOf, missingBytes, readable, type StorageUse } from './storage-use.ts';
import { createTabs, exclusively, isBusy, type Tabs, whenFree } from './tabs.ts';
import { forgetBegun, readUnfinished, rememberBegun, type Unfinished } from './unfinished.ts';

/** What is known once the registry has been read. */
export interface Attached {
  readonly made: Maker;
  readonly models: readonly VerifiedFile[];
  readonly shelf: Shelf;
  /** Brings the shelf to what is wanted, between two recognitions. */
  readonly sync: (wanted: readonly InstalledCollection[]) => Promise<void>;
}

export class Keeper implements Collections {
  readonly defaultUrl: string;
  readonly list: ReadonlySignal<readonly ListedCollection[]>;
  readonly defaultMissing: ReadonlySignal<boolean>;
  readonly unfinished = signal<readonly Unfinished[]>([]);
  readonly storage: ReadonlySignal<StorageUse | null>;
  readonly #storage: StorageKeeper;
  readonly #open: () => Promise<CairnStore>;
  #store: Promise<CairnStore> | null = null;
  readonly #tabs: Tabs;
  readonly #records = signal<readonly InstalledCollection[]>([]);
  readonly #choices: Signal<Choices> = signal({ off: [], defaultGone: false });
  readonly #attached = signal<Attached | null>(null);
  /** By name, of those that could not be opened. */
  readonly #problems = signal<ReadonlyMap<string, Problem>>(new Map());
  #waiting: ((attached: Attached) => void)[] = [];

  constructor(defaultUrl: string, open: () => Promise<CairnStore>) {
    this.defaultUrl = defaultUrl;
    this.#open = open;
    this.#storage = new StorageKeeper(
      () => this.store(),
      () => this.#attached.peek()?.models ?? null,
    );
    this.storage = this.#storage.use;
    this.#tabs = createTabs(() => void this.follow().catch(() => undefined));
    this.list = computed(() =>
      listOf({
        records: this.#records.value,
        off: this.#choices.value.off,
        defaultUrl,
        states: this.#attached.value?.shelf.states.value ?? null,
        problems: this.#problems.value,
      }),
    );
    this.defaultMissing = computed(
      () =>
        !this.#records.value.some(({ url }) => url === defaultUrl) && this.#attached.value !== null,
    );
  }

  /** The page's store; opened anew where that has failed. Throws as `openStore`. */
  store(): Promise<CairnStore> {
    this.#store ??= this.#open().catch((thrown) => {
      this.#store = null;
      throw thrown;
    });
    return this.#store;
  }

  /** Whether the default collection is to be opened at the start. */
  async wantsDefault(): Promise<boolean> {
    const store = await this.store();
    const { off, defaultGone } = await readChoices(store);
    const record = (await store.listCollections()).find(({ url }) => url === this.defaultUrl);
    return record ? !off.includes(record.name) : !defaultGone;
  }

  /** From now on collections are opened as well. */
  async attach(attached: Attached): Promise<void> {
    this.#attached.value = attached;
    for (const resolve of this.#waiting.splice(0)) resolve(attached);
    const store = await this.store();
    await whenFree(() => dropIncoming(store)).catch(() => undefined);
    // Opening may have stored new versions. A worker of another tab that crashes comes back with those.
    this.#tabs.tell();
    await this.follow();
  }

  /** No longer open; a later {@link attach} follows. */
  detach(): void {
    this.#attached.value = null;
  }

  /** Looks at what was taught, which could not be opened. */
  async examine(name: string, thrown: unknown): Promise<void> {
    const record = await (await this.store()).getCollection(name);
    if (record) await this.#note(record, toPlainError(thrown));
  }

  measure(): Promise<void> {
    return this.#storage.measure();
  }

  turn(name: string, on: boolean): Promise<void> {
    return this.#change(async (store) => {
      const choices = await readChoices(store);
      const off = choices.off.filter((one) => one !== name);
      await writeChoices(store, { ...choices, off: on ? off : [...off, name] });
    });
  }

  async remove(name: string): Promise<void> {
    const store = await this.store();
    let graphs: readonly string[] = [];
    await this.#change(async () => {
      const record = await store.getCollection(name);
      if (!record) return;
      const collection = readable(record.json);
      graphs = collection ? graphsOf(collection) : [];
      const choices = await readChoices(store);
      const isDefault = record.url === this.defaultUrl;
      // First what keeps the default one from coming back by itself: a page that is closed now must not fetch it.
      await writeChoices(store, {
        off: choices.off.filter((one) => one !== name),
        defaultGone: choices.defaultGone || isDefault,
      }).catch((thrown) => {
        // Without room for even that, room is made all the same.
        if (toPlainError(thrown).code !== 'storage-full') throw thrown;
      });
      await store.deleteCollection(name);
    });
    // Its worker is gone by now: it would go on building them.
    await dropGraphs(store, graphs);
    await this.measure();
  }

  async exported(name: string, work?: LongWork): Promise<Blob> {
    return exportInstalled(name, await this.store(), work);
  }

  async offerOfFile(file: Blob): Promise<Offer> {
    const { made } = await this.#ready();
    return offerOf(await readContainerHead(file), await this.store(), made);
  }

  async offerOfAddress(url: string, work?: LongWork): Promise<Offer> {
    const { made } = await this.#ready();
    return offerOf(await readOffer(url, work), await this.store(), made);
  }

  async import(file: Blob, work: LongWork = {}): Promise<string> {
    const { made } = await this.#ready();
    const name = await this.#change(async (store) => {
      const ofDefault = async () =>
        (await store.listCollections()).find(({ url }) => url === this.defaultUrl);
      const replaced = await ofDefault();
      const check = (collection: Collection) => this.#check(collection, made, store);
      const { name } = await importInstalled(file, store, check, work);
      // The shipped one would come back over it at the next visit.
      const gone = replaced !== undefined && (await ofDefault()) === undefined;
      await choose(store, { on: name, ...(gone && { defaultGone: true }) });
      return name;
    }, work.signal);
    await this.measure();
    return name;
  }

  async install(url: string, work: LongWork = {}): Promise<string> {
    const { made } = await this.#ready();
    try {
      return await this.#change(async (store) => {
        const { name } = await installCollection(url, store, {
          ...work,
          check: async ({ collection }) => {
            await this.#check(collection, made, store);
            await rememberBegun(store, url, collection);
          },
        });
        await forgetBegun(store, url, false);
        await choose(store, {
          on: name,
          ...(url === this.defaultUrl && { defaultGone: false }),
        });
        return name;
      }, work.signal);
    } finally {
      this.unfinished.value = await readUnfinished(await this.store()).catch(() => []);
      await this.measure().catch(() => undefined);
    }
  }

  async forget(url: string): Promise<void> {
    await this.#change((store) => forgetBegun(store, url, true));
    await this.measure();
  }

  isBusy(): Promise<boolean> {
    return isBusy();
  }

  async clear(): Promise<void> {
    await this.#ready();
    await this.#change(() => this.#storage.clear());
    await this.measure();
  }

  keep(): Promise<boolean> {
    return this.#storage.keep();
  }

  /** Refuses what is unfit, and what there is no room for. */
  async #check(collection: Collection, made: Maker, store: CairnStore): Promise<void> {
    refuseUnfit(collection, made);
    if (store.persistent) await refuseWithoutRoom(await missingBytes(collection.shards, store));
  }

  /** A change in the store, and then whatever follows from it, here and in other tabs. */
  async #change<T>(work: (store: CairnStore) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const store = await this.store();
    try {
      const result = await exclusively(() => work(store), signal);
      this.#tabs.tell();
      await this.follow();
      return result;
    } catch (thrown) {
      // Waiting for the lock ends with the browser's own error.
      throwIfAborted(signal);
      throw thrown;
    }
  }

  /** Something that the keeper did not do itself: lists it, and tells the other tabs. */
  noticeChange(): void {
    this.#tabs.tell();
    this.follow().catch(() => undefined); // what fails shows where it is used
  }

  /** What is to be searched, in this order. */
  async wanted(): Promise<InstalledCollection[]> {
    const store = await this.store();
    return searchable(await store.listCollections(), (await readChoices(store)).off);
  }

  /** Brings list and shelf to what is stored. */
  async follow(): Promise<void> {
    const store = await this.store();
    const records = await store.listCollections();
    const choices = await readChoices(store);
    this.#records.value = records;
    this.#choices.value = choices;
    this.unfinished.value = await readUnfinished(store);
    const attached = this.#attached.peek();
    if (!attached) return;
    const wanted = searchable(records, choices.off);
    await attached.sync(wanted);
    const states = attached.shelf.states.peek();
    // Of what was taught the page tells itself (see examine): that stays for as long as it is the same.
    const same = ([name, { version }]: [string, Problem]) =>
      !states.has(name) && records.some((one) => one.name === name && one.installed === version);
    this.#problems.value = new Map([...this.#problems.peek()].filter(same));
    for (const record of wanted) {
      const state = states.get(record.name);
      if (state?.at === 'failed') await this.#note(record, state.error);
    }
  }

  async #note(record: InstalledCollection, error: PlainError): Promise<void> {
    const damage = await damageBehind(error, record, await this.store());
    this.#problems.value = new Map(this.#problems.peek()).set(record.name, {
      version: record.installed,
      error,
      damage,
    });
  }

  #ready(): Promise<Attached> {
    const attached = this.#attached.peek();
    return attached
      ? Promise.resolve(attached)
      : new Promise((resolve) => this.#waiting.push(resolve));
  }
}
