// What tuning head and last stage needs of a device and of what was taught, before anything is loaded.
import {
  type DeviceFacts,
  refusalOf,
  type TuningNeeds,
  type TuningRefusal,
} from '../adapter/tuning-data.ts';

/** Why head and last stage cannot be tuned: as a head cannot, or for want of photos. */
export type LastStageRefusal = TuningRefusal | 'few-photos' | 'no-pictures';

/** Copies of taught photos that the browser keeps. */
export interface PictureFacts {
  /** Taught photos without a copy. */
  readonly missing: number;
  readonly bytes: number;
}

/** One to judge by, and two that say what a landmark's photos have in common. */
const LEAST_PHOTOS = 3;
/** A checkpoint of a shipped network with moments, twice while it is replaced, and three results. */
const STORAGE_BYTES = 100e6;
/** Networks, and what a step keeps for its gradients. */
const STEP_BYTES = 500e6;
/** What reaches the last stage of all pictures of a photo, with room for a larger network. */
const PHOTO_BYTES = 2e6;
/** Of the device's memory, what a page may plan with. */
const MEMORY_SHARE = 0.25;

/** Null when nothing stands in the way. */
export function lastStageRefusal(
  needs: TuningNeeds,
  device: DeviceFacts,
  pictures: PictureFacts,
): LastStageRefusal | null {
  const common = refusalOf(needs, device);
  if (common && common !== 'one-photo') return common;
  if (!needs.taught.some((photos) => photos >= LEAST_PHOTOS)) return 'few-photos';
  if (pictures.missing > 0) return 'no-pictures';
  const { storageLeft, memory } = device;
  if (storageLeft !== null && storageLeft < STORAGE_BYTES) return 'little-storage';
  const photos = needs.taught.reduce((sum, each) => sum + each, 0);
  const bytes = STEP_BYTES + photos * PHOTO_BYTES;
  return memory !== null && memory * MEMORY_SHARE < bytes ? 'little-memory' : null;
}
