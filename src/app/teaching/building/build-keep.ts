// What is kept of learning a folder, so that a closed page can go on: the plan, and batch by batch what was done.
//
// A batch is noted before its photos are added to the collection, which is one atomic change. Only the newest batch
// can therefore be noted without being there, and that shows: none of its photos is in the collection.

import type { ErrorCode } from '../../../errors.ts';
import type { CairnStore } from '../../../retrieval/store.ts';
import { TAUGHT_KEYS } from '../../../retrieval/taught-collection.ts';
import type { DescribedPhoto } from '../described-photo.ts';
import type { AlikeRow } from './alike-rows.ts';
import type { LeftAside, PlannedFile } from './folder-plan.ts';

const PREFIX = `${TAUGHT_KEYS}build/`;
const PLAN = `${PREFIX}plan`;
const HANDLES = `${PREFIX}handles`;
const BATCH = `${PREFIX}done/`;
const ALIKE = `${PREFIX}alike/`;
/** Digits of a batch's number, so that keys sort as numbers do. */
const DIGITS = 6;
const VERSION = 1;

export interface KeptPlan {
  readonly version: typeof VERSION;
  readonly landmarks: readonly { readonly title: string }[];
  readonly files: readonly PlannedFile[];
  readonly aside: LeftAside;
  /** Whether small copies of the photos stay. */
  readonly copies: boolean;
  /** Nothing more is learned; photos that look alike may wait for a choice. */
  readonly over: boolean;
}

/** What became of a file. */
export type FileResult = { readonly place: number } & (
  | { readonly at: 'taught'; readonly id: string }
  /** The same bytes are there, of the landmark with this title. */
  | { readonly at: 'duplicate'; readonly title: AlikeRow['title'] }
  /** Held aside: see {@link AlikePhoto}. */
  | { readonly at: 'alike'; readonly id: string }
  | { readonly at: 'failed'; readonly code: ErrorCode }
  /** Not to be read any more, or not in the folder that was given again. */
  | { readonly at: 'gone' }
);

/** A photo that looks nearly like one that is there. */
export interface AlikePhoto extends DescribedPhoto {
  /** Place of its landmark in the plan. */
  readonly landmark: number;
  readonly other: AlikeRow;
  /** Whether the other one is of another landmark. */
  readonly conflict: boolean;
  readonly cosine: number;
}

export interface Kept {
  readonly plan: KeptPlan;
  readonly batches: readonly (readonly FileResult[])[];
}

export function newPlan(plan: Omit<KeptPlan, 'version' | 'over'>): KeptPlan {
  return { ...plan, version: VERSION, over: false };
}

/** All of it: `clear` forgets everything. Its methods throw `storage-full` and `storage-failed`. */
export class BuildKeep {
  readonly #store: CairnStore;

  constructor(store: CairnStore) {
    this.#store = store;
  }

  /** What an earlier visit left; null where nothing, or nothing that this version of the page understands. */
  async read(): Promise<Kept | null> {
    const plan = (await this.#store.getValue(PLAN)) as Partial<KeptPlan> | undefined;
    if (plan?.version !== VERSION || !Array.isArray(plan.files)) return null;
    const batches: (readonly FileResult[])[] = [];
    for (const key of (await this.#store.listValues(BATCH)).sort()) {
      batches.push(((await this.#store.getValue(key)) ?? []) as readonly FileResult[]);
    }
    return { plan: plan as KeptPlan, batches };
  }

  async writePlan(plan: KeptPlan): Promise<void> {
    await this.#store.putValue(PLAN, plan);
  }

  async writeBatch(number: number, results: readonly FileResult[]): Promise<void> {
    await this.#store.putValue(batchKey(number), results);
  }

  async dropBatch(number: number): Promise<void> {
    await this.#store.deleteValue(batchKey(number));
  }

  async writeAlike(photo: AlikePhoto): Promise<void> {
    await this.#store.putValue(ALIKE + photo.id, photo);
  }

  /** Those of the files that were noted as held aside. */
  async alike(results: Iterable<FileResult>): Promise<AlikePhoto[]> {
    const photos: AlikePhoto[] = [];
    for (const result of results) {
      const photo = result.at === 'alike' && (await this.#store.getValue(ALIKE + result.id));
      if (photo) photos.push(photo as AlikePhoto);
    }
    return photos;
  }

  /** Folders that another visit may ask to read again. Where the browser cannot keep them nothing is lost but that. */
  async writeHandles(handles: readonly FileSystemDirectoryHandle[]): Promise<void> {
    if (handles.length === 0) await this.#store.deleteValue(HANDLES);
    else await this.#store.putValue(HANDLES, handles).catch(() => undefined);
  }

  async handles(): Promise<readonly FileSystemDirectoryHandle[]> {
    const kept = await this.#store.getValue(HANDLES);
    return Array.isArray(kept) ? kept : [];
  }

  /** The plan first: without it the rest means nothing. */
  async clear(): Promise<void> {
    await this.#store.deleteValue(PLAN);
    for (const key of await this.#store.listValues(PREFIX)) await this.#store.deleteValue(key);
  }
}

function batchKey(number: number): string {
  return BATCH + String(number).padStart(DIGITS, '0');
}

/**
 * Batches that count: the newest one does not where its photos are not in the collection, because the page went
 * before they were added.
 * @param here ids of all photos in the collection
 */
export function settledBatches(
  batches: Kept['batches'],
  here: ReadonlySet<string>,
): Kept['batches'] {
  const taught = (batches.at(-1) ?? []).filter((one) => one.at === 'taught');
  const lost = taught.length > 0 && taught.every(({ id }) => !here.has(id));
  return lost ? batches.slice(0, -1) : batches;
}
