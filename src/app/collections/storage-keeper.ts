// How full this page's storage is, and whether the browser keeps it.
import { signal } from '@preact/signals';
import type { CairnStore } from '../../retrieval/store.ts';
import type { VerifiedFile } from '../../weights/registry.ts';
import { dropLeftovers, estimated, measureParts, type StorageUse } from './storage-use.ts';
import { shardsBegun } from './unfinished.ts';

export class StorageKeeper {
  /** As measured last. */
  readonly use = signal<StorageUse | null>(null);
  readonly #store: () => Promise<CairnStore>;
  readonly #models: () => readonly VerifiedFile[] | null;

  /** @param models null until the registry has been read */
  constructor(store: () => Promise<CairnStore>, models: () => readonly VerifiedFile[] | null) {
    this.#store = store;
    this.#models = models;
  }

  /** Throws `storage-failed`. */
  async measure(): Promise<void> {
    const { parts } = await this.#measured();
    this.use.value = { parts, ...(await estimated()) };
  }

  /** Removes what nothing needs. Throws `storage-failed`. */
  async clear(): Promise<void> {
    const { leftovers } = await this.#measured();
    await dropLeftovers(await this.#store(), leftovers);
  }

  /** @returns whether the browser keeps everything for good from now on */
  async keep(): Promise<boolean> {
    const kept = (await navigator.storage?.persist?.().catch(() => false)) ?? false;
    const { value } = this.use;
    if (value) this.use.value = { ...value, kept };
    return kept;
  }

  async #measured(): ReturnType<typeof measureParts> {
    const store = await this.#store();
    const expected = await shardsBegun(store);
    return measureParts({ store, models: this.#models(), expected });
  }
}
