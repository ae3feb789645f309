// Taught landmarks at work: photos become embeddings, changes become a new version of the collection.
import { type Signal, signal } from '@preact/signals';
import { CairnError, toPlainError } from '../../errors.ts';
import type { TaskQueue } from '../../inference/task-queue.ts';
import type { LongWork } from '../../progress.ts';
import type { CollectionLabel } from '../../retrieval/labels.ts';
import {
  compactTaught,
  readTaught,
  type TaughtLabel,
  type TaughtRow,
  writeTaught,
} from '../../retrieval/taught-collection.ts';
import type { BuildLibrary, LandmarkLot, LotPhoto } from './building/build-library.ts';
import {
  type ChangeParts,
  changeTaught,
  isMadeBy,
  labelsNow,
  type TaughtChange,
  type WithPictures,
} from './change-taught.ts';
import { type DescribedPhoto, describePhoto, readPhoto } from './described-photo.ts';
import { importTaught } from './import-taught.ts';
import { locked } from './locks.ts';
import { dropNotes, readNotes } from './notes.ts';
import { dropPictures, pictureOf, type StoredPicture } from './pictures.ts';
import { factsOf, withoutPhotos, withPhotos, withRestored } from './taught-changes.ts';
import { exportTaught } from './taught-container.ts';
import {
  type Imported,
  NAME_TAKEN,
  type PhotoOutcome,
  type PhotoToTeach,
  type Removal,
  type TaughtLandmark,
  type TeachWork,
} from './teaching.ts';

export interface LibraryParts extends ChangeParts {
  /** Photos are described between recognitions, one at a time. */
  readonly queue: TaskQueue;
  /** Landmarks of the default collection. */
  readonly known: readonly CollectionLabel[];
  /** Opens what was written for search. */
  readonly onChange: () => Promise<void>;
  /** What is stored cannot be read. */
  readonly onProblem: (thrown: unknown) => void;
}

export class Library implements BuildLibrary {
  readonly landmarks: Signal<readonly TaughtLandmark[]> = signal([]);
  readonly removal: Signal<Removal | null> = signal(null);
  readonly #parts: LibraryParts;
  #removed: { readonly label: TaughtLabel; readonly at: number; readonly note: string } | null =
    null;

  private constructor(parts: LibraryParts) {
    this.#parts = parts;
  }

  /** Reads what is stored. What another encoder described is described anew from the small copies. */
  static async open(parts: LibraryParts): Promise<Library> {
    const library = new Library(parts);
    try {
      await library.#load();
    } catch (thrown) {
      parts.onProblem(thrown);
    }
    return library;
  }

  async #load(): Promise<void> {
    const { store, head, bankSimilarity } = this.#parts;
    // Under the lock: another tab may be teaching.
    await locked(async () => {
      const stored = await readTaught(store);
      if (stored && !isMadeBy(stored.head, head)) {
        const labels = await labelsNow(stored, this.#parts);
        await writeTaught(store, { head, labels }, bankSimilarity);
      }
      // Removals of an earlier visit cannot be undone any more. Where there is no room for it they wait for another.
      await compactTaught(store).catch(() => undefined);
      await this.#refresh();
      const { value } = this.landmarks;
      await dropPictures(store, new Set(value.flatMap(({ photos }) => photos.map(({ id }) => id))));
      await dropNotes(store, new Set(value.map(({ facts }) => facts.label)));
    });
  }

  async teach(
    title: string,
    note: string,
    photos: readonly PhotoToTeach[],
    work: TeachWork = {},
  ): Promise<{ label: string | null; taught: number }> {
    const seen = new Map<string, string>();
    for (const { facts, photos: old } of this.landmarks.value) {
      for (const { id } of old) seen.set(id, facts.label);
    }
    const facts = this.#factsFor(title);
    const rows: DescribedPhoto[] = [];
    for (const [place, photo] of photos.entries()) {
      if (work.signal?.aborted) break;
      work.onPhoto?.(place, { at: 'working' });
      const outcome = await this.#take(photo, seen, facts.label, rows, work);
      work.onPhoto?.(place, outcome);
    }
    if (rows.length === 0) return { label: null, taught: 0 };
    await this.#change(
      (labels, notes) => {
        const trimmed = note.trim();
        return {
          labels: withPhotos(labels, facts, rows),
          notes: trimmed ? { ...notes, [facts.label]: trimmed } : notes,
        };
      },
      { pictures: picturesOfRows(rows) },
    );
    return { label: facts.label, taught: rows.length };
  }

  get known(): readonly CollectionLabel[] {
    return this.#parts.known;
  }

  readonly read = readPhoto;

  describe(photo: Parameters<typeof describePhoto>[0], signal?: AbortSignal) {
    return describePhoto(photo, this.#parts, signal);
  }

  async stored(): Promise<readonly TaughtLabel[]> {
    return labelsNow(await readTaught(this.#parts.store), this.#parts);
  }

  async add(lots: readonly LandmarkLot[], without: ReadonlySet<string> = new Set()): Promise<void> {
    const { known } = this.#parts;
    await this.#change(
      (labels) => ({
        labels: lots.reduce<readonly TaughtLabel[]>(
          (now, { title, photos }) => {
            const taught = now.map(({ facts }) => facts);
            return withPhotos(now, factsOf(title, taught, known), photos);
          },
          withoutPhotos(labels, without),
        ),
      }),
      { pictures: picturesOfRows(lots.flatMap(({ photos }) => photos)) },
    );
  }

  async rename(label: string, title: string, note: string): Promise<void> {
    const facts = this.#factsFor(title, label);
    if (
      this.landmarks.value.some((one) => one.facts.label === facts.label && facts.label !== label)
    ) {
      throw new CairnError(
        'usage',
        `${title} has been taught already.`,
        'Choose another name, or add the photos to that landmark.',
        { subject: NAME_TAKEN },
      );
    }
    await this.#change((labels, notes) => {
      const { [label]: _old, ...others } = notes;
      const trimmed = note.trim();
      return {
        labels: labels.map((one) => (one.facts.label === label ? { ...one, facts } : one)),
        notes: trimmed ? { ...others, [facts.label]: trimmed } : others,
      };
    });
  }

  async removePhoto(label: string, id: string): Promise<void> {
    await this.#remove(label, (photo) => photo.id === id);
  }

  async remove(label: string): Promise<void> {
    await this.#remove(label, () => true);
  }

  async undo(): Promise<void> {
    const removed = this.#removed;
    if (!removed) return;
    const { label: was, at, note } = removed;
    const { label } = was.facts;
    await this.#change((labels, notes) => ({
      labels: withRestored(labels, was, at),
      notes: note ? { ...notes, [label]: notes[label] ?? note } : notes,
    }));
    this.#forgetRemoval();
  }

  /**
   * What was taught, as one file: embeddings, names, notes and the small copies of the photos.
   * @throws CairnError `collection-missing` where nothing was taught, `storage-failed`, `aborted`
   */
  exported(work: LongWork = {}): Promise<Blob> {
    return locked(() => exportTaught(this.#parts.store, work));
  }

  /** As {@link importTaught}. */
  import(file: Blob, work: LongWork = {}): Promise<Imported> {
    const change = (how: TaughtChange, copies: WithPictures) => this.#change(how, copies);
    return importTaught(file, { ...this.#parts, change }, work);
  }

  picture(id: string) {
    return pictureOf(this.#parts.store, id);
  }

  async #take(
    given: PhotoToTeach,
    seen: Map<string, string>,
    label: string,
    rows: DescribedPhoto[],
    { signal }: TeachWork,
  ): Promise<PhotoOutcome> {
    try {
      const photo = await this.read(given);
      const other = seen.get(photo.id);
      if (other !== undefined) return { at: 'duplicate', label: other };
      rows.push(await this.describe(photo, signal));
      seen.set(photo.id, label);
      return { at: 'taught' };
    } catch (thrown) {
      return { at: 'failed', error: toPlainError(thrown) };
    }
  }

  async #remove(label: string, gone: (photo: TaughtRow) => boolean): Promise<void> {
    let removed: typeof this.removal.value = null;
    await this.#change((labels, notes) => {
      const at = labels.findIndex((one) => one.facts.label === label);
      const was = labels[at];
      if (!was) return { labels };
      const left = was.photos.filter((photo) => !gone(photo));
      this.#removed = { label: was, at, note: notes[label] ?? '' };
      const count = was.photos.length - left.length;
      removed = { facts: was.facts, photos: count, whole: left.length === 0 };
      return {
        labels:
          left.length > 0 ? labels.with(at, { ...was, photos: left }) : labels.toSpliced(at, 1),
      };
    });
    this.removal.value = removed;
  }

  #forgetRemoval(): void {
    this.#removed = null;
    this.removal.value = null;
  }

  /** Lists what is stored, such as what another tab has taught. Throws as `readTaught`. */
  async follow(): Promise<void> {
    await this.#refresh();
  }

  /** Between two recognitions: none may see labels of one version and rows of another. */
  async #change(how: TaughtChange, copies: WithPictures = {}): Promise<void> {
    const { onChange, queue } = this.#parts;
    await queue.run(async () => {
      await changeTaught(this.#parts, how, copies);
      await this.#refresh();
      await onChange();
    });
  }

  async #refresh(): Promise<void> {
    const { store, known } = this.#parts;
    const stored = await readTaught(store);
    const notes = await readNotes(store);
    const knownKeys = new Set(known.map(({ label }) => label));
    this.landmarks.value = (stored?.labels ?? []).map(({ facts, photos }) => ({
      facts,
      note: notes[facts.label] ?? '',
      photos: photos.map(({ id }) => ({ id })),
      known: knownKeys.has(facts.label),
    }));
  }

  #factsFor(title: string, renamed?: string) {
    const { known } = this.#parts;
    const taught = this.landmarks.value.map(({ facts }) => facts);
    const others = taught.filter(({ label }) => label !== renamed);
    const own = known.every(({ label }) => label !== renamed);
    return factsOf(title, others, known, own ? renamed : undefined);
  }
}

function picturesOfRows(rows: readonly LotPhoto[]): ReadonlyMap<string, StoredPicture> {
  return new Map(rows.flatMap(({ id, picture }) => (picture ? [[id, picture] as const] : [])));
}
