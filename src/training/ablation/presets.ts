// What the ablation compares, and the numbers that all of its runs share.
import { POOLINGS } from '../../weights/registry.ts';
import type { TrainingLoss } from '../losses/presets.ts';

export const ABLATION = {
  poolings: POOLINGS,
  losses: ['softmax', 'arcface', 'cosface', 'adacos', 'curricularface', 'triplet'],
} as const satisfies {
  readonly losses: readonly TrainingLoss[];
  readonly poolings: typeof POOLINGS;
};

/** The same for every pooling and every loss: what differs must come from these alone. */
export const ABLATION_RUN = {
  /** Exponent of GeM and R-GeM; not learned, since maps are pooled once. */
  power: 3,
  /** Length of the embedding. */
  dim: 256,
  epochs: 20,
  batch: 64,
  learningRate: 1e-3,
  weightDecay: 0.05,
  /** Share of all steps. */
  warmUp: 0.05,
  clipNorm: 5,
  averageDecay: 0.999,
} as const;

export type AblationSettings = { readonly [K in keyof typeof ABLATION_RUN]: number };

/** What needs no gradient, for comparison: vectors as pooled, and `cairn fit`'s whitening of them. */
export const REFERENCES = ['untrained', 'whitening'] as const;
export type Reference = (typeof REFERENCES)[number];

/** Everything that turns pooled vectors into embeddings here. */
export const METHODS = [...REFERENCES, ...ABLATION.losses] as const;
export type Method = (typeof METHODS)[number];
