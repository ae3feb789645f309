// What a head is tuned on: all embeddings with their classes, and which are held out to judge by.
import { seededRandom } from '../../random.ts';

/** A landmark's photos as rows. */
export interface TuningClass {
  readonly label: string;
  /** Whether the user taught any of its photos. */
  readonly taught: boolean;
  /** Rows of photos in training; at least one. */
  readonly train: readonly number[];
  /** Rows that only validation sees. */
  readonly heldOut: readonly number[];
}

export interface TuningData {
  readonly dim: number;
  /** L2-normalised, row-major. */
  readonly vectors: Float32Array;
  readonly classes: readonly TuningClass[];
  /** Photos without a landmark, L2-normalised, row-major. */
  readonly bank: Float32Array;
}

/** One photo as it comes from the collections. */
export interface TuningRow {
  readonly embedding: Float32Array;
  readonly label: string;
  readonly taught: boolean;
}

/** Photos from which on one is held out: fewer would leave too little to learn from. */
const HOLD_OUT_FROM = 3;

/**
 * Of each taught landmark with three or more taught photos the last one is held out, and one photo each of
 * up to `heldOutKnown` others.
 */
export function splitRows(
  rows: readonly TuningRow[],
  bank: Float32Array,
  options: { readonly heldOutKnown: number; readonly seed: number },
): TuningData {
  const dim = rows[0]?.embedding.length ?? 0;
  const vectors = new Float32Array(rows.length * dim);
  const byLabel = new Map<string, { own: number[]; others: number[] }>();
  for (const [row, { embedding, label, taught }] of rows.entries()) {
    vectors.set(embedding, row * dim);
    const group = byLabel.get(label) ?? { own: [], others: [] };
    byLabel.set(label, group);
    (taught ? group.own : group.others).push(row);
  }
  const random = seededRandom(options.seed);
  // A number for each label in their order, so that teaching more does not change the draw of the rest.
  const order = [...byLabel]
    .map(([label]) => ({ label, at: random() }))
    .sort((a, b) => a.at - b.at);
  const known = order.filter(({ label }) => byLabel.get(label)!.own.length === 0);
  const judged = new Set(known.slice(0, options.heldOutKnown).map(({ label }) => label));
  const classes = [...byLabel].map(([label, { own, others }]): TuningClass => {
    const all = [...others, ...own];
    const taught = own.length > 0;
    const last = own.at(-1);
    const pick = taught
      ? own.length >= HOLD_OUT_FROM
        ? last
        : undefined
      : judged.has(label) && others.length >= HOLD_OUT_FROM
        ? others[Math.floor(random() * others.length)]
        : undefined;
    return {
      label,
      taught,
      train: all.filter((row) => row !== pick),
      heldOut: pick === undefined ? [] : [pick],
    };
  });
  return { dim, vectors, classes, bank };
}

/** Why a head cannot be tuned. */
export type TuningRefusal =
  | 'nothing-taught'
  | 'one-landmark'
  | 'one-photo'
  | 'no-storage'
  | 'little-storage'
  | 'little-memory';

export interface TuningNeeds {
  /** Photos taught, by landmark. */
  readonly taught: readonly number[];
  readonly knownLandmarks: number;
  /** Photos in all. */
  readonly rows: number;
  readonly dim: number;
}

export interface DeviceFacts {
  readonly persistent: boolean;
  /** Bytes that the browser still gives; null where it does not say. */
  readonly storageLeft: number | null;
  /** Bytes, as far as the browser tells: it rounds and caps; null where it does not say. */
  readonly memory: number | null;
}

/** A checkpoint with moments, twice while it is replaced, and room to spare. */
const STORAGE_BYTES = 16e6;
/** Copies of all embeddings that training holds at once: here, on the backend, tuned, and sorted. */
const COPIES = 6;
/** The backend, its code and its buffers. */
const BACKEND_BYTES = 250e6;
/** Of the device's memory, what a page may plan with. */
const MEMORY_SHARE = 0.25;

/** Null when nothing stands in the way. */
export function refusalOf(needs: TuningNeeds, device: DeviceFacts): TuningRefusal | null {
  if (needs.taught.length === 0) return 'nothing-taught';
  if (needs.knownLandmarks < 2) return 'one-landmark';
  if (!needs.taught.some((photos) => photos >= 2)) return 'one-photo';
  if (!device.persistent) return 'no-storage';
  if (device.storageLeft !== null && device.storageLeft < STORAGE_BYTES) return 'little-storage';
  const bytes = BACKEND_BYTES + needs.rows * needs.dim * 4 * COPIES;
  if (device.memory !== null && device.memory * MEMORY_SHARE < bytes) return 'little-memory';
  return null;
}
