// Learning rates by step: a linear warm-up, then half a cosine down.
import { CairnError } from '../../errors.ts';

/** The learning rate of a step, counted from 0. */
export type Schedule = (step: number) => number;

export interface CosineOptions {
  /** Steps of each stage, in order. */
  readonly stages: readonly number[];
  /** Reached at the end of the warm-up. */
  readonly peak: number;
  /** Steps during which the rate grows from peak / warmUp to the peak; part of the first stage. */
  readonly warmUp?: number;
  /** What the rate falls to; 0 when left out. */
  readonly floor?: number;
  /** Whether each stage starts at the peak again (Loshchilov and Hutter, "SGDR", 2017); one arc if not. */
  readonly restarts?: boolean;
}

/**
 * Cosine annealing as torch's CosineAnnealingLR has it after a linear warm-up. Steps beyond the last have
 * the floor. Throws `usage` for stages without steps, or a warm-up that fills the first arc.
 */
export function cosineSchedule(options: CosineOptions): Schedule {
  const { stages, peak, warmUp = 0, floor = 0, restarts = false } = options;
  const total = stages.reduce((sum, steps) => sum + steps, 0);
  const arcs = restarts ? stages : [total];
  if (!(total > 0) || stages.some((steps) => !(steps >= 0))) {
    throw new CairnError(
      'usage',
      `Stages of ${stages.join(', ')} steps cannot be trained.`,
      'Give each stage at least one step.',
    );
  }
  if (!(warmUp >= 0 && warmUp < arcs[0]!)) {
    throw new CairnError(
      'usage',
      `A warm-up of ${warmUp} steps does not fit into ${arcs[0]}.`,
      'Train longer, or warm up for fewer steps.',
    );
  }
  return (step) => {
    if (step < warmUp) return (peak * (step + 1)) / warmUp;
    let begin = 0;
    for (const [i, length] of arcs.entries()) {
      if (step < begin + length) {
        const from = i === 0 ? warmUp : begin;
        const done = (step - from) / (begin + length - from);
        return floor + ((peak - floor) * (1 + Math.cos(Math.PI * done))) / 2;
      }
      begin += length;
    }
    return floor;
  };
}
