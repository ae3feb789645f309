// Which photos training may learn from, as what, and batches of them.
import { toPlainError } from '../../errors.ts';
import { groupBy } from '../../evaluation/group.ts';
import { type Role, roleOf, type ValidationSplit } from '../../evaluation/protocol.ts';
import { inspectPhoto } from '../../imaging/inspect.ts';
import type { BatchSource } from '../../training/data/batch.ts';
import type { SampledSet } from '../../training/data/sampler.ts';
import { readSplit } from '../describe-photos.ts';
import { readPhoto } from '../encode-photos.ts';
import { note, usage } from '../output.ts';
import type { ListedPhoto } from '../photo-list.ts';
import { type BatchWorkerOptions, BatchWorkers } from './train-worker-pool.ts';

export interface TrainingPhoto extends ListedPhoto {
  /** Index into the set's classes, −1 = no landmark. */
  readonly classIndex: number;
  /** Upright pixels, from the file's header. */
  readonly width: number;
  readonly height: number;
}

export interface TrainingSet extends SampledSet {
  /** In the order of the manifests; batches name photos by their place here. */
  readonly photos: readonly TrainingPhoto[];
  /** Sorted labels, each with at least one photo. */
  readonly classes: readonly string[];
  /** Photos of each class. */
  readonly counts: readonly number[];
  /** Class index of each photo, −1 = no landmark. */
  readonly labels: Int32Array;
  /** width / height of each photo. */
  readonly aspects: Float32Array;
}

export interface TrainingPhotoOptions {
  /** Most photos to take, of all classes alike; all when null or left out. */
  readonly limit?: number | null;
  /** Also photos of no landmark that the protocol leaves for learning: for distillation. */
  readonly unlabelled?: boolean;
  /** The committed one when left out. */
  readonly split?: ValidationSplit;
}

const LANDMARKS: readonly Role[] = ['train', 'train-extra'];
/** Never `negative-validation`: validation must stay unseen, whatever the loss. */
const OTHERS: readonly Role[] = ['negative-bank', 'negative-fit'];
/** Under a limit, fewer classes are taken rather than fewer photos of each: less teaches nothing. */
const LEAST_PER_CLASS = 4;
/** Files that are read at once. */
const OPEN_FILES = 32;

/**
 * The photos that the validation protocol gives to training. Unreadable ones are told and left out.
 * Throws `usage` when no landmark is left.
 */
export async function trainingPhotos(
  listed: readonly ListedPhoto[],
  { limit = null, unlabelled = false, split }: TrainingPhotoOptions = {},
): Promise<TrainingSet> {
  const known = split ?? (await readSplit());
  const withRole = listed.map((photo) => ({ photo, role: roleOf(photo, known) }));
  const ofRoles = (roles: readonly Role[]) =>
    withRole.filter(({ role }) => roles.includes(role)).map(({ photo }) => photo);
  const landmarks = ofRoles(LANDMARKS).filter(({ label }) => label !== '');
  const others = unlabelled ? ofRoles(OTHERS) : [];
  const chosen = new Set(
    limit === null ? [...landmarks, ...others] : some(landmarks, others, limit),
  );
  const photos = await withSizes(listed.filter((photo) => chosen.has(photo)));
  return toSet(photos, new Set(landmarks.map(({ label }) => label)));
}

/** At most `limit` photos: landmarks and others by their shares, landmarks of all classes alike. */
function some(
  landmarks: readonly ListedPhoto[],
  others: readonly ListedPhoto[],
  limit: number,
): ListedPhoto[] {
  const all = landmarks.length + others.length;
  const fromLandmarks = Math.min(
    landmarks.length,
    Math.round((limit * landmarks.length) / Math.max(1, all)),
  );
  const fromOthers = Math.min(others.length, limit - fromLandmarks);
  const step = others.length / Math.max(1, fromOthers);
  return [
    ...balanced(landmarks, fromLandmarks),
    ...Array.from({ length: fromOthers }, (_, i) => others[Math.floor(i * step)]!),
  ];
}

/** One photo of each class in turn; of the largest classes only, where the limit is tight. */
function balanced(photos: readonly ListedPhoto[], limit: number): ListedPhoto[] {
  const classes: ListedPhoto[][] = [];
  let reached = 0;
  const bySize = [...groupBy(photos, ({ label }) => label)].sort(
    ([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1),
  );
  for (const [, members] of bySize) {
    if (reached >= limit && (classes.length + 1) * LEAST_PER_CLASS > limit) break;
    classes.push(members);
    reached += members.length;
  }
  const taken: ListedPhoto[] = [];
  for (let round = 0; taken.length < Math.min(limit, reached); round++) {
    const row = classes.flatMap((members) => members[round] ?? []);
    taken.push(...row.slice(0, limit - taken.length));
  }
  return taken;
}

export type SizedPhoto = Omit<TrainingPhoto, 'classIndex'>;

/** Unreadable ones are told and left out. */
export async function withSizes(photos: readonly ListedPhoto[]): Promise<SizedPhoto[]> {
  const sized: SizedPhoto[] = [];
  for (let from = 0; from < photos.length; from += OPEN_FILES) {
    const some = await Promise.all(photos.slice(from, from + OPEN_FILES).map(withSize));
    sized.push(...some.filter((photo) => photo !== null));
  }
  return sized;
}

async function withSize(photo: ListedPhoto): Promise<SizedPhoto | null> {
  try {
    const { width, height } = inspectPhoto(await readPhoto(photo.file));
    return { ...photo, width, height };
  } catch (thrown) {
    const { code, message } = toPlainError(thrown);
    if (!code.startsWith('photo-')) throw thrown;
    note(`skipped ${photo.path}: ${message}`);
    return null;
  }
}

function toSet(sized: readonly SizedPhoto[], landmarks: ReadonlySet<string>): TrainingSet {
  const labelled = sized.filter(({ label }) => landmarks.has(label));
  const classes = [...new Set(labelled.map(({ label }) => label))].sort();
  if (classes.length === 0) {
    throw usage(
      'The manifest has no photo of a landmark to train on.',
      'Give photos of the splits train or train_extra.',
    );
  }
  const index = new Map(classes.map((label, i) => [label, i]));
  const photos = sized.map((photo) => ({ ...photo, classIndex: index.get(photo.label) ?? -1 }));
  const counts = classes.map(() => 0);
  for (const { classIndex } of photos) if (classIndex >= 0) counts[classIndex]!++;
  return {
    photos,
    classes,
    counts,
    labels: Int32Array.from(photos, ({ classIndex }) => classIndex),
    aspects: Float32Array.from(photos, ({ width, height }) => width / height),
  };
}

/** Starts the workers that make batches of the set's photos. The caller closes them. */
export function openBatches(set: TrainingSet, options: BatchWorkerOptions): BatchSource {
  return new BatchWorkers(
    set.photos.map(({ file }) => file),
    set.labels,
    options,
  );
}
