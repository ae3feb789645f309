// Taught landmarks at work: photos become embeddings, changes become a new version of the collection.
import { type Signal, signal } from '@preact/signals';
import { CairnError, toPlainError } from '../../errors.ts';
import type { Encoder } from '../../inference/encoder.ts';
import type { TaskQueue } from '../../inference/task-queue.ts';
import type { LongWork } from '../../progress.ts';
import type { CollectionLabel, LabelFacts } from '../../retrieval/labels.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import {
  readTaught,
  type StoredTaught,
  type TaughtHead,
  type TaughtLabel,
  type TaughtRow,
  writeTaught,
} from '../../retrieval/taught-collection.ts';
import { sha256Hex } from '../../weights/sha256.ts';
import { describeAnew } from './describe-anew.ts';
import { importTaught, type TaughtChange } from './import-taught.ts';
import { freshLabel, isTitleOf, sameEncoder } from './merge-taught.ts';
import { readNotes, writeNotes } from './notes.ts';
import { dropPictures, keepPicture, pictureOf, smallCopy } from './pictures.ts';
import { exportTaught } from './taught-container.ts';
import type {
  Imported,
  PhotoOutcome,
  PhotoToTeach,
  Removal,
  TaughtLandmark,
  TeachWork,
} from './teaching.ts';

/** Hex digits of an id: half a SHA-256, as shards keep it. */
const ID_DIGITS = 32;
/** Two tabs may teach at the same time: each change reads, changes and writes under this lock. */
const LOCK = 'cairn-taught';

export interface LibraryParts {
  readonly store: CairnStore;
  readonly encoder: Encoder;
  /** Photos are described between recognitions, one at a time. */
  readonly queue: TaskQueue;
  readonly head: TaughtHead;
  readonly bankSimilarity: (embedding: Float32Array) => number;
  /** Landmarks of the default collection. */
  readonly known: readonly CollectionLabel[];
  /** Opens what was written for search. */
  readonly onChange: () => Promise<void>;
  /** What is stored cannot be read. */
  readonly onProblem: (thrown: unknown) => void;
}

export class Library {
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
      if (!stored || sameMaker(stored.head, head)) return;
      const labels = await this.#current(stored);
      await writeTaught(store, { head, labels }, bankSimilarity);
    });
    await this.#refresh();
    const ids = this.landmarks.value.flatMap(({ photos }) => photos.map(({ id }) => id));
    await dropPictures(store, new Set(ids));
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
    const rows: TaughtRow[] = [];
    for (const [place, photo] of photos.entries()) {
      if (work.signal?.aborted) break;
      work.onPhoto?.(place, { at: 'working' });
      const outcome = await this.#take(photo, seen, facts.label, rows, work);
      work.onPhoto?.(place, outcome);
    }
    if (rows.length === 0) return { label: null, taught: 0 };
    await this.#change((labels, notes) => {
      const taken = new Set(labels.flatMap((one) => one.photos.map(({ id }) => id)));
      const fresh = rows.filter(({ id }) => !taken.has(id));
      const there = labels.some((one) => one.facts.label === facts.label);
      const trimmed = note.trim();
      return {
        labels: there
          ? labels.map((one) =>
              one.facts.label === facts.label ? { ...one, photos: [...one.photos, ...fresh] } : one,
            )
          : [...labels, { facts, photos: fresh }],
        notes: trimmed ? { ...notes, [facts.label]: trimmed } : notes,
      };
    });
    return { label: facts.label, taught: rows.length };
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
    await this.#change((labels, notes) => {
      // What was added since stays; what was removed comes back in its old place.
      const now = labels.find((one) => one.facts.label === label);
      const old = new Set(was.photos.map(({ id }) => id));
      const added = now?.photos.filter(({ id }) => !old.has(id)) ?? [];
      const back = { facts: now?.facts ?? was.facts, photos: [...was.photos, ...added] };
      return {
        labels: now
          ? labels.map((one) => (one === now ? back : one))
          : labels.toSpliced(at, 0, back),
        notes: note ? { ...notes, [label]: notes[label] ?? note } : notes,
      };
    });
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
    return importTaught(file, { ...this.#parts, change: (how) => this.#change(how) }, work);
  }

  picture(id: string) {
    return pictureOf(this.#parts.store, id);
  }

  async #take(
    { name, blob }: PhotoToTeach,
    seen: Map<string, string>,
    label: string,
    rows: TaughtRow[],
    work: TeachWork,
  ): Promise<PhotoOutcome> {
    const { encoder, queue, store } = this.#parts;
    const { signal } = work;
    try {
      const bytes = new Uint8Array(await blob.arrayBuffer());
      const id = (await sha256Hex(bytes)).slice(0, ID_DIGITS);
      const other = seen.get(id);
      if (other !== undefined) return { at: 'duplicate', label: other };
      const { embedding, photo } = await queue.run(() => encoder.encode(bytes, { signal }), signal);
      await keepPicture(store, id, { blob: await smallCopy(blob, photo), name });
      seen.set(id, label);
      rows.push({ id, embedding });
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

  /** Between two recognitions: none may see labels of one version and rows of another. */
  async #change(how: TaughtChange): Promise<void> {
    const { store, head, bankSimilarity, onChange, queue } = this.#parts;
    await queue.run(async () => {
      await locked(async () => {
        const before = await readNotes(store);
        const { labels, notes } = how(await this.#current(await readTaught(store)), before);
        await writeTaught(store, { head, labels }, bankSimilarity);
        if (notes && notes !== before) await writeNotes(store, notes);
      });
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

  /** Facts of the landmark that a title means: one taught, one of the default collection, or a new one. */
  #factsFor(title: string, renamed?: string): LabelFacts {
    const trimmed = title.trim();
    const others = this.landmarks.value.map(({ facts }) => facts);
    const same = [...others.filter(({ label }) => label !== renamed), ...this.#parts.known].find(
      (one) => isTitleOf(trimmed, one),
    );
    if (same) {
      const { label, country, lat, lon, wikidata } = same;
      return { label, title: same.title, country, lat, lon, wikidata };
    }
    const keeps =
      renamed !== undefined && !this.#parts.known.some(({ label }) => label === renamed);
    return {
      label: keeps ? renamed : freshLabel(),
      title: { en: trimmed, zh: trimmed },
      country: null,
      lat: null,
      lon: null,
      wikidata: null,
    };
  }

  /** What is stored, as the encoder in use describes it. */
  async #current(stored: StoredTaught | null): Promise<readonly TaughtLabel[]> {
    if (!stored) return [];
    const { labels } = stored;
    return sameMaker(stored.head, this.#parts.head)
      ? labels
      : describeAnew(labels, this.#parts.encoder, (id) => pictureOf(this.#parts.store, id));
  }
}

function sameMaker(a: TaughtHead, b: TaughtHead): boolean {
  return sameEncoder(a, b) && a.bank.sha256 === b.bank.sha256;
}

/** Browsers without Web Locks have one tab's order only. */
function locked<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? navigator.locks.request(LOCK, work) : work();
}
