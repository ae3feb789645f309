// What learning a folder needs of the library.
import type { ReadonlySignal } from '@preact/signals';
import type { LabelFacts } from '../../../retrieval/labels.ts';
import type { TaughtLabel } from '../../../retrieval/taught-collection.ts';
import type { DescribedPhoto, ReadPhoto } from '../described-photo.ts';
import type { StoredPicture } from '../pictures.ts';
import type { PhotoToTeach, TaughtLandmark } from '../teaching.ts';

export interface LotPhoto extends Omit<DescribedPhoto, 'picture'> {
  /** The copy to keep, or null for none. */
  readonly picture: StoredPicture | null;
}

/** Photos for the landmark that a title means. */
export interface LandmarkLot {
  readonly title: string;
  readonly photos: readonly LotPhoto[];
}

export interface BuildLibrary {
  readonly landmarks: ReadonlySignal<readonly TaughtLandmark[]>;
  /** Landmarks of the default collection. */
  readonly known: readonly LabelFacts[];
  /** As `readPhoto`. */
  read(photo: PhotoToTeach): Promise<ReadPhoto>;
  /** As `describePhoto`. */
  describe(photo: ReadPhoto, signal?: AbortSignal): Promise<DescribedPhoto>;
  /** All that was taught, with embeddings. Throws `collection-*`, `storage-failed`. */
  stored(): Promise<readonly TaughtLabel[]>;
  /**
   * Adds photos in one change, and takes others away in the same; found from then on.
   * @throws CairnError `storage-full`, `storage-failed`: then nothing has changed
   */
  add(lots: readonly LandmarkLot[], without?: ReadonlySet<string>): Promise<void>;
}
