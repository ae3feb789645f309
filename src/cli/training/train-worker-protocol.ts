// What the trainer and its batch workers say to each other.
import type { PlainError } from '../../errors.ts';
import type { AugmentationPreset } from '../../training/augment/presets.ts';
import type { Batch, BatchPlan } from '../../training/data/batch.ts';

/** What a worker is started with. */
export interface BatchWorkerData {
  /** Absolute path of every photo. */
  readonly files: readonly string[];
  readonly labels: Int32Array;
  readonly augmentation: AugmentationPreset;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Most bytes of decoded photos to keep. */
  readonly cacheBytes: number;
}

export interface BatchRequest {
  readonly id: number;
  readonly plan: BatchPlan;
}

export type BatchAnswer =
  | { readonly kind: 'batch'; readonly id: number; readonly batch: Batch }
  | { readonly kind: 'error'; readonly id: number; readonly error: PlainError };
