// What the page can do with installed collections: the interface that the place Collections is written against.
import type { ReadonlySignal } from '@preact/signals';
import type { PlainError } from '../../errors.ts';
import type { LongWork } from '../../progress.ts';
import type { Damage } from '../../retrieval/inspect.ts';
import type { StorageUse } from './storage-use.ts';
import type { Unfinished } from './unfinished.ts';

/** The shipped one, one from another address, one from a file, or what the user taught. */
export type Origin = 'default' | 'address' | 'file' | 'taught';

export interface CollectionFacts {
  readonly name: string;
  readonly landmarks: number;
  readonly photos: number;
  /** Of its shards. */
  readonly bytes: number;
  readonly licence: string;
  readonly attribution: string;
}

export type CollectionState =
  | { readonly at: 'open' | 'opening' | 'off' }
  /** The recognizer is not ready yet, or could not start. */
  | { readonly at: 'waiting' }
  | { readonly at: 'failed'; readonly error: PlainError; readonly damage: Damage | null };

export interface ListedCollection extends CollectionFacts {
  readonly origin: Origin;
  readonly url: string | null;
  /** ISO 8601, UTC. */
  readonly installed: string;
  readonly state: CollectionState;
}

/** What a file or an address holds, before anything of it is stored. */
export interface Offer extends CollectionFacts {
  /** Bytes that storage lacks of it. */
  readonly needed: number;
  /** Bytes that the browser would still store; null where it does not say. */
  readonly left: number | null;
  /** What is installed under its name: nothing, the very same, or another version or collection. */
  readonly replaces: 'nothing' | 'same' | 'other';
}

export interface Collections {
  readonly list: ReadonlySignal<readonly ListedCollection[]>;
  /** Whether the default collection is not installed, and can be fetched. */
  readonly defaultMissing: ReadonlySignal<boolean>;
  readonly unfinished: ReadonlySignal<readonly Unfinished[]>;
  /** As measured last; null until then. */
  readonly storage: ReadonlySignal<StorageUse | null>;
  measure(): Promise<void>;
  /** Whether it is searched. */
  turn(name: string, on: boolean): Promise<void>;
  /** Deletes it with its graphs; the default one stays away until it is fetched. */
  remove(name: string): Promise<void>;
  /** As one file. Throws `collection-missing`, `hash-mismatch`, `storage-failed`, `aborted`. */
  exported(name: string, work?: LongWork): Promise<Blob>;
  /**
   * What a file holds, by its beginning.
   * @throws CairnError `collection-invalid`, `hash-mismatch`; `collection-mismatch` for another encoder's;
   *   `usage` for what was taught in the page, which is imported in Teach
   */
  offerOfFile(file: Blob): Promise<Offer>;
  /** What an address offers. Throws likewise, and `download-failed`, `aborted`. */
  offerOfAddress(url: string, work?: LongWork): Promise<Offer>;
  /**
   * Verifies a file to its end, stores it, and searches it. Replaces what has its name.
   * @returns its name
   * @throws CairnError as {@link offerOfFile}; `storage-full`, `storage-failed`, `aborted`. Then nothing has changed.
   */
  import(file: Blob, work?: LongWork): Promise<string>;
  /** Likewise from an address; what has been downloaded when it fails is kept, and gone on with. */
  install(url: string, work?: LongWork): Promise<string>;
  /** Address of the default collection, which is installed as any other. */
  readonly defaultUrl: string;
  /** Forgets a download that has begun, and what has come of it. */
  forget(url: string): Promise<void>;
  /** Whether a tab is changing collections now. */
  isBusy(): Promise<boolean>;
  /** Removes what nothing needs: models of earlier versions, cut downloads, graphs without a collection. */
  clear(): Promise<void>;
  /** Asks the browser to keep this page's data for good. @returns whether it does */
  keep(): Promise<boolean>;
}
