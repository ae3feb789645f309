// The constants of tuning head and last stage in the page, in one place.
import type { LossName } from '../losses/presets.ts';

export interface LastStageSettings {
  readonly steps: number;
  /** Pictures of taught photos in a batch. */
  readonly batch: number;
  /** Corners beside them, held in place by `stay` alone. */
  readonly corners: number;
  /** Cut and recoloured pictures of each photo, beside the plain and the mirrored one. */
  readonly crops: number;
  readonly learningRate: number;
  readonly warmUp: number;
  readonly clipNorm: number;
  readonly loss: LossName;
  /** What cosines are multiplied by before the softmax. */
  readonly scale: number;
  /** As the loss has it: radians for angles. */
  readonly margin: number;
  /** Weight of 1 − cos(tuned, untuned): photos that nobody taught must stay where the decision expects them. */
  readonly stay: number;
  readonly validateEvery: number;
  readonly saveEvery: number;
  readonly seed: number;
}

/** docs/teaching.md says how it works, and has a trial. Few photos are learned in few steps. */
export const LAST_STAGE: LastStageSettings = {
  steps: 30,
  batch: 8,
  corners: 2,
  crops: 2,
  learningRate: 5e-5,
  warmUp: 3,
  clipNorm: 5,
  loss: 'arcface',
  scale: 16,
  margin: 0.2,
  stay: 4,
  validateEvery: 5,
  saveEvery: 10,
  seed: 1,
};
