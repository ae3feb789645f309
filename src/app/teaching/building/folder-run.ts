// The work of learning a folder: photo after photo, in batches that are each written as one change.
import { throwIfAborted, toPlainError } from '../../../errors.ts';
import { fold } from '../../landmarks/filter.ts';
import type { DescribedPhoto, ReadPhoto } from '../described-photo.ts';
import { isTitleOf } from '../merge-taught.ts';
import { type AlikeRow, AlikeRows } from './alike-rows.ts';
import type { AlikePhoto, BuildKeep, FileResult, KeptPlan } from './build-keep.ts';
import type { BuildLibrary, LandmarkLot } from './build-library.ts';
import type { Pending } from './resume.ts';

/** A batch is written when it has so many photos, or is so old in ms: what a crash can lose. */
const BATCH = { photos: 16, ms: 10_000 } as const;
/** Faults in a row that are not a photo's own: then something else is wrong, and going on wastes the folder. */
const FAULTS_IN_A_ROW = 3;

export interface RunParts {
  readonly keep: BuildKeep;
  readonly library: BuildLibrary;
  readonly dim: number;
  readonly plan: KeptPlan;
  readonly pending: readonly Pending[];
  /** Batches noted until now. */
  readonly batches: number;
  /** Whether small copies are kept, as things stand. */
  readonly copies: () => boolean;
  readonly now?: () => number;
  /** A landmark is at work. */
  readonly onLandmark: (place: number) => void;
  /** A file is settled; `described` where there is a picture to show. */
  readonly onResult: (result: FileResult, ms: number, described: DescribedPhoto | null) => void;
  readonly onAlike: (photo: AlikePhoto) => void;
}

interface Batch {
  readonly results: FileResult[];
  readonly taught: { readonly photo: DescribedPhoto; readonly landmark: number }[];
  readonly alike: AlikePhoto[];
  readonly since: number;
}

export class FolderRun {
  readonly #parts: RunParts;
  readonly #owners: readonly AlikeRow[];
  readonly #rows: AlikeRows;
  /** By id: everything that is there or was met in this run. */
  readonly #seen: Map<string, AlikeRow['title']>;
  #next = 0;
  #number: number;
  #batch: Batch | null = null;
  #faults = 0;

  private constructor(parts: RunParts, rows: AlikeRows, seen: Map<string, AlikeRow['title']>) {
    this.#parts = parts;
    this.#rows = rows;
    this.#seen = seen;
    this.#number = parts.batches;
    this.#owners = parts.plan.landmarks.map(({ title }) => ({
      id: '',
      owner: ownerOf(title, parts.library),
      title: { en: title, zh: title },
    }));
  }

  /** Throws `collection-*` and `storage-failed` where what was taught cannot be read. */
  static async open(parts: RunParts, heldAside: readonly AlikePhoto[]): Promise<FolderRun> {
    const rows = new AlikeRows(parts.dim);
    const seen = new Map<string, AlikeRow['title']>();
    for (const { facts, photos } of await parts.library.stored()) {
      for (const { id, embedding } of photos) {
        rows.add({ id, owner: facts.label, title: facts.title }, embedding);
        seen.set(id, facts.title);
      }
    }
    for (const { id, landmark } of heldAside) {
      const { title } = parts.plan.landmarks[landmark]!;
      seen.set(id, { en: title, zh: title });
    }
    return new FolderRun(parts, rows, seen);
  }

  /**
   * Goes on until all files are settled, or until told to stop: then after the photo under way.
   * @returns whether all are settled. All of them, and nothing else, have been written.
   * @throws CairnError `storage-full`, `storage-failed`, `worker-crashed`: what was not written is tried again by
   *   the next call
   */
  async advance(signal: AbortSignal): Promise<boolean> {
    const { pending, now = () => performance.now() } = this.#parts;
    await this.#commit(); // what the call before could not write
    while (this.#next < pending.length && !signal.aborted) {
      const one = pending[this.#next]!;
      this.#parts.onLandmark(this.#parts.plan.files[one.place]!.landmark);
      const began = now();
      const settled = await this.#settle(one, signal).catch((thrown) => {
        if (signal.aborted) return null;
        throw thrown;
      });
      if (!settled) break;
      this.#next++;
      this.#batch ??= { results: [], taught: [], alike: [], since: began };
      this.#note(settled);
      this.#parts.onResult(settled.result, now() - began, settled.photo);
      const { results, since } = this.#batch;
      if (results.length >= BATCH.photos || now() - since >= BATCH.ms) await this.#commit();
    }
    await this.#commit();
    return this.#next >= pending.length;
  }

  /** Writes what the last call could not write. @returns places of files that are not learned, where it fails again */
  async giveUp(): Promise<readonly number[]> {
    const places = this.#batch?.results.map(({ place }) => place) ?? [];
    try {
      await this.#commit();
      return [];
    } catch {
      this.#batch = null;
      await this.#parts.keep.dropBatch(this.#number).catch(() => undefined);
      return places;
    }
  }

  #note({ result, photo, alike }: Settled): void {
    const batch = this.#batch!; // made by the caller
    batch.results.push(result);
    const { landmark } = this.#parts.plan.files[result.place]!;
    if (alike) batch.alike.push(alike);
    if (!photo) return;
    const owner = this.#owners[landmark]!;
    this.#seen.set(photo.id, owner.title);
    if (result.at !== 'taught') return;
    this.#rows.add({ ...owner, id: photo.id }, photo.embedding);
    batch.taught.push({ photo, landmark });
  }

  async #settle({ place, file }: Pending, signal: AbortSignal): Promise<Settled> {
    const { library, plan } = this.#parts;
    if (!file) return { result: { place, at: 'gone' }, photo: null };
    let read: ReadPhoto;
    try {
      const blob = await file.open();
      read = await library.read({ name: blob.name, blob });
    } catch {
      // Moved, deleted or changed since the folder was listed: the browser tells no more.
      return { result: { place, at: 'gone' }, photo: null };
    }
    const there = this.#seen.get(read.id);
    if (there) return { result: { place, at: 'duplicate', title: there }, photo: null };
    try {
      const photo = await library.describe(read, signal);
      this.#faults = 0;
      return this.#compared(place, plan.files[place]!.landmark, photo);
    } catch (thrown) {
      throwIfAborted(signal);
      const { code } = toPlainError(thrown);
      // A fault that is not the photo's own may be gone with the next one.
      if (!code.startsWith('photo-') && ++this.#faults >= FAULTS_IN_A_ROW) {
        this.#faults = 0;
        throw thrown;
      }
      return { result: { place, at: 'failed', code }, photo: null };
    }
  }

  #compared(place: number, landmark: number, photo: DescribedPhoto): Settled {
    const { owner } = this.#owners[landmark]!;
    const found = this.#rows.find(photo.embedding, owner);
    if (!found) return { result: { place, at: 'taught', id: photo.id }, photo };
    const alike: AlikePhoto = {
      ...photo,
      landmark,
      other: found.row,
      conflict: found.row.owner !== owner,
      cosine: found.cosine,
    };
    return { result: { place, at: 'alike', id: photo.id }, photo, alike };
  }

  /** Noted first, then added: see build-keep.ts. */
  async #commit(): Promise<void> {
    const batch = this.#batch;
    if (!batch) return;
    const { keep, library, plan, copies } = this.#parts;
    for (const photo of batch.alike) await keep.writeAlike(photo);
    await keep.writeBatch(this.#number, batch.results);
    const lots = new Map<number, LandmarkLot & { photos: LandmarkLot['photos'][number][] }>();
    for (const { photo, landmark } of batch.taught) {
      const lot = lots.get(landmark) ?? { title: plan.landmarks[landmark]!.title, photos: [] };
      lot.photos.push(copies() ? photo : { ...photo, picture: null });
      lots.set(landmark, lot);
    }
    if (lots.size > 0) await library.add([...lots.values()]);
    this.#batch = null;
    this.#number++;
    for (const photo of batch.alike) this.#parts.onAlike(photo);
  }
}

interface Settled {
  readonly result: FileResult;
  readonly photo: DescribedPhoto | null;
  readonly alike?: AlikePhoto;
}

/** The same for titles that mean one landmark, whether it is there already or not. */
function ownerOf(title: string, { landmarks, known }: BuildLibrary): string {
  const here = [...landmarks.peek().map(({ facts }) => facts), ...known];
  const same = here.find((one) => isTitleOf(title, one));
  return same ? same.label : `title:${fold(title) || title}`;
}
