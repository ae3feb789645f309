// What the trainer and its batch workers say to each other.
import type { PlainError } from '../../errors.ts';
import type { AugmentationPreset } from '../../training/augment/presets.ts';
import type { Batch, BatchPlan } from '../../training/data/batch.ts';
import type { PairBatch } from '../../training/matcher/make-pairs.ts';
import type { KnownMatches } from '../../training/matcher/truth.ts';

/** What a worker is started with. */
export type BatchWorkerData = ImageWorkerData | PairWorkerData;

interface WorkerFiles {
  /** Absolute path of every photo. */
  readonly files: readonly string[];
  /** Most bytes of decoded photos to keep. */
  readonly cacheBytes: number;
}

export interface ImageWorkerData extends WorkerFiles {
  readonly kind: 'images';
  readonly labels: Int32Array;
  readonly augmentation: AugmentationPreset;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Two photos of one place. */
export interface KnownPair {
  readonly files: readonly [string, string];
  readonly known: KnownMatches;
}

export interface PairWorkerData extends WorkerFiles {
  readonly kind: 'pairs';
  /** Plans name them by their place after all files. */
  readonly pairs: readonly KnownPair[];
}

export interface BatchRequest {
  readonly id: number;
  readonly plan: BatchPlan;
}

export type BatchAnswer =
  | { readonly kind: 'batch'; readonly id: number; readonly batch: Batch | PairBatch }
  | { readonly kind: 'error'; readonly id: number; readonly error: PlainError };
