// What the page can do with taught landmarks: the interface that the place Teach is written against.
import type { ReadonlySignal } from '@preact/signals';
import type { PlainError } from '../../errors.ts';
import type { LongWork } from '../../progress.ts';
import type { LabelFacts } from '../../retrieval/labels.ts';

/** The subject of the error that says so: another landmark that was taught has the name. */
export const NAME_TAKEN = 'name-taken';

export interface TaughtPhoto {
  /** First half of the SHA-256 of the file, hex. */
  readonly id: string;
}

export interface TaughtLandmark {
  readonly facts: LabelFacts;
  /** What the user noted; empty where nothing. */
  readonly note: string;
  readonly photos: readonly TaughtPhoto[];
  /** True where the photos add to a landmark of the default collection. */
  readonly known: boolean;
}

export interface PhotoToTeach {
  readonly name: string;
  readonly blob: Blob;
}

/** What became of one photo. */
export type PhotoOutcome =
  | { readonly at: 'taught' }
  /** The same file was taught before, for the landmark of this label. */
  | { readonly at: 'duplicate'; readonly label: string }
  | { readonly at: 'failed'; readonly error: PlainError };

export interface TeachWork extends LongWork {
  /** The photo at this place is at work, or settled. */
  readonly onPhoto?: (place: number, outcome: PhotoOutcome | { readonly at: 'working' }) => void;
}

/** What the last removal took away. */
export interface Removal {
  readonly facts: LabelFacts;
  readonly photos: number;
  /** Whether the landmark itself went. */
  readonly whole: boolean;
}

/** What came of a file. */
export interface Imported {
  /** Landmarks that got photos. */
  readonly landmarks: number;
  /** Photos that were not here before. */
  readonly photos: number;
  /** Photos that another encoder described, and of which the file holds no copy to look at. */
  readonly leftOut: number;
}

export interface Teaching {
  readonly landmarks: ReadonlySignal<readonly TaughtLandmark[]>;
  /** The last removal, while it can be undone. */
  readonly removal: ReadonlySignal<Removal | null>;
  /**
   * Describes the photos one after the other and stores those that could be; found from then on. A title
   * that is known already, taught or of the default collection, gets the photos added.
   * @returns label of the landmark, or null when no photo could be taken
   * @throws CairnError `aborted` only when nothing was done before; `storage-*`, `worker-crashed`
   */
  teach(
    title: string,
    note: string,
    photos: readonly PhotoToTeach[],
    work?: TeachWork,
  ): Promise<{ readonly label: string | null; readonly taught: number }>;
  /** Throws `usage` for a title that another taught landmark has. */
  rename(label: string, title: string, note: string): Promise<void>;
  removePhoto(label: string, id: string): Promise<void>;
  remove(label: string): Promise<void>;
  undo(): Promise<void>;
  /** As `Library.exported`: what was taught as one file. */
  exported(work?: LongWork): Promise<Blob>;
  /** As `Library.import`: adds what such a file holds, all or nothing. */
  import(file: Blob, work?: LongWork): Promise<Imported>;
  /** The small copy of a photo; null where it is gone. */
  picture(id: string): Promise<{ readonly blob: Blob; readonly name: string } | null>;
}
