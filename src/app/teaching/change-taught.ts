// One change of what was taught, whole or not at all: read, changed and written under a lock that all tabs share.
import { throwIfAborted } from '../../errors.ts';
import type { Encoder } from '../../inference/encoder.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import {
  readTaught,
  type StoredTaught,
  type TaughtHead,
  type TaughtLabel,
  writeTaught,
} from '../../retrieval/taught-collection.ts';
import { describeAnew } from './describe-anew.ts';
import { locked } from './locks.ts';
import { sameEncoder } from './merge-taught.ts';
import { readNotes, writeNotes } from './notes.ts';
import { dropThese, keepMissing, pictureOf, type StoredPicture } from './pictures.ts';

type Notes = Readonly<Record<string, string>>;

/** What is taught and noted → what shall be; notes stay where none are given. */
export type TaughtChange = (
  labels: readonly TaughtLabel[],
  notes: Notes,
) => { readonly labels: readonly TaughtLabel[]; readonly notes?: Notes };

/** Small copies that are kept first where they are not there yet, and go again where the change fails. */
export interface WithPictures {
  /** By photo. */
  readonly pictures?: ReadonlyMap<string, StoredPicture>;
  readonly signal?: AbortSignal | undefined;
}

export interface ChangeParts {
  readonly store: CairnStore;
  readonly encoder: Encoder;
  readonly head: TaughtHead;
  readonly bankSimilarity: (embedding: Float32Array) => number;
}

/** Copies are kept under the lock as well, or another tab that opens meanwhile would drop them as nobody's. */
export function changeTaught(
  parts: ChangeParts,
  how: TaughtChange,
  { pictures, signal }: WithPictures = {},
): Promise<void> {
  const { store, head, bankSimilarity } = parts;
  return locked(async () => {
    throwIfAborted(signal);
    const wanted = new Set(pictures?.keys());
    const kept = pictures ? await keepMissing(store, pictures, wanted, signal) : [];
    const before = await readNotes(store);
    let notes: Notes | undefined;
    try {
      const next = how(await labelsNow(await readTaught(store), parts), before);
      notes = next.notes;
      await writeTaught(store, { head, labels: next.labels }, bankSimilarity);
    } catch (thrown) {
      // Why the change failed is worth more than why its copies stayed: they go at the next visit.
      await dropThese(store, kept).catch(() => undefined);
      throw thrown;
    }
    if (notes && notes !== before) await writeNotes(store, notes);
  });
}

/** What is stored, as the encoder in use describes it. */
export async function labelsNow(
  stored: StoredTaught | null,
  { store, encoder, head }: ChangeParts,
): Promise<readonly TaughtLabel[]> {
  if (!stored) return [];
  const { labels } = stored;
  return isMadeBy(stored.head, head)
    ? labels
    : describeAnew(labels, encoder, (id) => pictureOf(store, id));
}

export function isMadeBy(a: TaughtHead, b: TaughtHead): boolean {
  return sameEncoder(a, b) && a.bank.sha256 === b.bank.sha256;
}
