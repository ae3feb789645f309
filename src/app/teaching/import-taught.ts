// A file of taught landmarks put to use: read and verified whole, then added in one change, or not at all.
import { throwIfAborted } from '../../errors.ts';
import type { Encoder } from '../../inference/encoder.ts';
import type { TaskQueue } from '../../inference/task-queue.ts';
import type { LongWork } from '../../progress.ts';
import type { LabelFacts } from '../../retrieval/labels.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import type { TaughtHead, TaughtLabel } from '../../retrieval/taught-collection.ts';
import type { TaughtChange, WithPictures } from './change-taught.ts';
import { describeAnew } from './describe-anew.ts';
import { mergeTaught, photoIds, sameEncoder } from './merge-taught.ts';
import { refuseWithoutRoom } from './storage-room.ts';
import { otherEncoder, type ReadTaughtContainer, readTaughtContainer } from './taught-container.ts';
import type { Imported } from './teaching.ts';

export interface ImportParts {
  readonly store: CairnStore;
  readonly head: TaughtHead;
  readonly encoder: Encoder;
  readonly queue: TaskQueue;
  readonly known: readonly LabelFacts[];
  /** Makes a change in one transaction and puts it to use. */
  readonly change: (how: TaughtChange, copies: WithPictures) => Promise<void>;
}

/**
 * Adds what a file of {@link exportTaught} holds to what was taught. Where it fails, nothing has changed.
 * @throws CairnError `collection-invalid`, `hash-mismatch`; `collection-mismatch` for another collection, or
 *   another encoder's without copies to describe anew; `storage-full`, `storage-failed`, `aborted`
 */
export async function importTaught(
  file: Blob,
  parts: ImportParts,
  work: LongWork = {},
): Promise<Imported> {
  const { store, known, change } = parts;
  if (store.persistent) await refuseWithoutRoom(file.size);
  const given = await readTaughtContainer(file, work);
  const labels = await labelsFor(given, parts, work);
  const ids = photoIds(labels);
  const pictures = new Map([...given.pictures].filter(([id]) => ids.has(id)));
  let added: Pick<Imported, 'landmarks' | 'photos'> = { landmarks: 0, photos: 0 };
  await change(
    (here, notes) => {
      throwIfAborted(work.signal);
      const merged = mergeTaught({ labels: here, notes }, { labels, notes: given.notes }, known);
      added = merged.added;
      return merged;
    },
    { pictures, signal: work.signal },
  );
  return { ...added, leftOut: photoIds(given.labels).size - ids.size };
}

/** The landmarks of a file as the encoder in use describes them. */
async function labelsFor(
  given: ReadTaughtContainer,
  { head, encoder, queue }: ImportParts,
  work: LongWork,
): Promise<readonly TaughtLabel[]> {
  if (sameEncoder(given.head, head)) return given.labels;
  // Between recognitions, one photo at a time.
  const { signal } = work;
  const encode = (photo: Blob) => queue.run(() => encoder.encode(photo, { signal }), signal);
  const copyOf = async (id: string) => given.pictures.get(id) ?? null;
  const labels = await describeAnew(given.labels, { encode }, copyOf, work);
  if (labels.length === 0) throw otherEncoder(given.head, head);
  return labels;
}
