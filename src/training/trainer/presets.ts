// Named training runs: what the gold-medal recipe did, and what fits a small machine.
import type { PoolingKind } from '../../weights/registry.ts';
import type { AugmentationName } from '../augment/presets.ts';
import type { TrainingLoss } from '../losses/presets.ts';

/** A stretch of training at one image size. */
export interface Stage {
  /** Longest side of the images in pixels. */
  readonly size: number;
  readonly epochs: number;
}

/** How a run goes, whatever is trained. */
export interface CoursePreset {
  readonly stages: readonly Stage[];
  readonly batch: number;
  /** Peak learning rate of AdamW, after the warm-up. */
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Share of all steps during which the learning rate grows. */
  readonly warmUp: number;
  /** Gradients are scaled down to this global norm. */
  readonly clipNorm: number;
  /** Decay of the weights' moving average. */
  readonly averageDecay: number;
}

/** Of an encoder. */
export interface TrainingPreset extends CoursePreset {
  readonly loss: TrainingLoss;
  readonly pooling: PoolingKind;
  /** Length of the embedding. */
  readonly dim: number;
  readonly augmentation: AugmentationName;
  /** Square images as the recipe has them, or each photo's own aspect ratio, as recognition has it. */
  readonly square: boolean;
}

/**
 * The recipe of the customer's gold medal: CurricularFace s = 30, m = 0.4 on R-GeM, sides growing from 448
 * to 736 pixels over 28 epochs, AdamW with cosine annealing.
 */
const RECIPE: TrainingPreset = {
  stages: [
    { size: 448, epochs: 8 },
    { size: 512, epochs: 8 },
    { size: 640, epochs: 8 },
    { size: 736, epochs: 4 },
  ],
  batch: 32,
  learningRate: 5e-4,
  weightDecay: 0.01,
  warmUp: 0.05,
  clipNorm: 5,
  averageDecay: 0.999,
  loss: 'curricularface',
  pooling: 'r-gem',
  dim: 512,
  augmentation: 'recipe',
  square: true,
};

export const TRAINING_PRESETS = {
  recipe: RECIPE,
  /** The recipe scaled to compact networks on a CPU: stages of the same proportions, about a twelfth of the pixels. */
  compact: {
    ...RECIPE,
    stages: [
      { size: 128, epochs: 8 },
      { size: 160, epochs: 8 },
      { size: 192, epochs: 8 },
      { size: 224, epochs: 4 },
    ],
    learningRate: 1e-3,
    weightDecay: 0.05,
    square: false,
  },
  /** For tests and for looking whether everything works. */
  tiny: {
    ...RECIPE,
    stages: [{ size: 64, epochs: 1 }],
    batch: 8,
    learningRate: 2e-3,
    pooling: 'gem',
    dim: 32,
    square: false,
  },
} as const satisfies Readonly<Record<string, TrainingPreset>>;

export type TrainingPresetName = keyof typeof TRAINING_PRESETS;
