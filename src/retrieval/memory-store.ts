// The store where the browser offers none: the same behaviour, for as long as the page lives.
import type { PartialDownload } from '../weights/byte-store.ts';
import type { Bytes } from '../weights/sha256.ts';
import { laterThan } from './record-time.ts';
import type { CairnStore, InstalledCollection, PartialSize, StoredValue } from './store.ts';

interface Partial {
  session: string;
  readonly validator: string | null;
  bytes: number;
  readonly chunks: Bytes[];
}

export class MemoryStore implements CairnStore {
  readonly persistent = false;
  readonly #files = new Map<string, Bytes>();
  readonly #partials = new Map<string, Partial>();
  readonly #collections = new Map<string, InstalledCollection>();
  readonly #values = new Map<string, StoredValue>();

  async getFile(sha256: string): Promise<Bytes | undefined> {
    return this.#files.get(sha256);
  }

  async hasFile(sha256: string): Promise<boolean> {
    return this.#files.has(sha256);
  }

  async listFiles(): Promise<string[]> {
    return [...this.#files.keys()];
  }

  async listPartials(): Promise<PartialSize[]> {
    return [...this.#partials].map(([sha256, { bytes }]) => ({ sha256, bytes }));
  }

  async putFile(sha256: string, bytes: Bytes): Promise<void> {
    this.#files.set(sha256, bytes);
    this.#partials.delete(sha256);
  }

  async deleteFile(sha256: string): Promise<void> {
    this.#files.delete(sha256);
  }

  async claimPartial(sha256: string, session: string): Promise<PartialDownload | undefined> {
    const partial = this.#partials.get(sha256);
    if (partial) {
      partial.session = session;
      return { validator: partial.validator, chunks: [...partial.chunks] };
    }
    await this.beginPartial(sha256, session, null);
    return undefined;
  }

  async beginPartial(sha256: string, session: string, validator: string | null): Promise<void> {
    this.#partials.set(sha256, { session, validator, bytes: 0, chunks: [] });
  }

  async appendPartial(
    sha256: string,
    session: string,
    offset: number,
    chunk: Bytes,
  ): Promise<boolean> {
    const partial = this.#partials.get(sha256);
    if (partial?.session !== session || partial.bytes !== offset) return false;
    partial.chunks.push(chunk);
    partial.bytes += chunk.length;
    return true;
  }

  async deletePartial(sha256: string): Promise<void> {
    this.#partials.delete(sha256);
  }

  async getCollection(name: string): Promise<InstalledCollection | undefined> {
    return this.#collections.get(name);
  }

  async listCollections(): Promise<InstalledCollection[]> {
    return [...this.#collections.values()];
  }

  async putCollection(collection: InstalledCollection): Promise<void> {
    const old = this.#collections.get(collection.name);
    this.#collections.set(collection.name, laterThan(old, collection));
    this.#dropUnused(old);
  }

  async deleteCollection(name: string): Promise<void> {
    const old = this.#collections.get(name);
    this.#collections.delete(name);
    this.#dropUnused(old);
  }

  async getValue(key: string): Promise<StoredValue | undefined> {
    return this.#values.get(key);
  }

  async putValue(key: string, value: StoredValue): Promise<void> {
    this.#values.set(key, structuredClone(value));
  }

  async deleteValue(key: string): Promise<void> {
    this.#values.delete(key);
  }

  async listValues(prefix: string): Promise<string[]> {
    return [...this.#values.keys()].filter((key) => key.startsWith(prefix));
  }

  async getValues(prefix: string): Promise<[key: string, value: StoredValue][]> {
    return [...this.#values]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  async deleteValues(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#values.delete(key);
  }

  close(): void {
    // Nothing is open; what is kept goes with the object.
  }

  #dropUnused(old: InstalledCollection | undefined): void {
    const used = new Set([...this.#collections.values()].flatMap((c) => c.files));
    for (const file of old?.files ?? []) {
      if (!used.has(file)) this.#files.delete(file);
    }
  }
}
