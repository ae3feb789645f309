// The constants of tuning a head in the page, in one place.
import type { LossName } from '../losses/presets.ts';

export interface TuningSettings {
  readonly rank: number;
  readonly steps: number;
  /** Photos in a batch. */
  readonly batch: number;
  /** Share of a batch that comes from taught landmarks; the rest keeps what was known. */
  readonly taughtShare: number;
  readonly learningRate: number;
  /** Pulls the adapter back to the identity. */
  readonly weightDecay: number;
  readonly warmUp: number;
  readonly loss: LossName;
  /** What cosines are multiplied by before the softmax. */
  readonly scale: number;
  /** Weight of 1 − cos(tuned, untuned), which keeps embeddings where the decision expects them. */
  readonly stay: number;
  /** Photos without a landmark beside each batch, held in place by `stay` alone. */
  readonly bank: number;
  readonly validateEvery: number;
  readonly saveEvery: number;
  /** Photos of the default collection held out, at most. */
  readonly heldOutKnown: number;
  readonly seed: number;
}

/**
 * docs/teaching.md has the trials. A soft scale matters most: embeddings of the default collection are so
 * well apart that at 30 a batch has hardly any loss left, and margins teach the class directions alone.
 */
export const TUNING: TuningSettings = {
  rank: 64,
  steps: 200,
  batch: 64,
  taughtShare: 0.375,
  learningRate: 1e-3,
  weightDecay: 0.01,
  warmUp: 15,
  loss: 'softmax',
  scale: 8,
  stay: 1,
  bank: 16,
  validateEvery: 10,
  saveEvery: 10,
  heldOutKnown: 200,
  seed: 1,
};
