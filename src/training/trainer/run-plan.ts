// What a run will do, before it starts: how many steps at which size, and what they cost.
import { countCost } from '../../nets/cost.ts';
import { cosineSchedule, type Schedule } from '../optimiser/schedules.ts';
import { type StudentSpec, studentParameters } from './model.ts';
import type { Stage, TrainingPreset } from './presets.ts';

export interface PlannedStage extends Stage {
  readonly stepsPerEpoch: number;
  /** The first step of the stage and the first after it. */
  readonly from: number;
  readonly to: number;
}

export interface RunPlan {
  readonly stages: readonly PlannedStage[];
  readonly batch: number;
  readonly steps: number;
}

/** Where a step lies; both count from 0. */
export interface Place {
  readonly stage: PlannedStage;
  /** Over all stages. */
  readonly epoch: number;
  /** Within the epoch. */
  readonly index: number;
}

/** @param photos how many an epoch shows; the last batch of an epoch is a full one too. */
export function planRun(stages: readonly Stage[], batch: number, photos: number): RunPlan {
  const stepsPerEpoch = Math.max(1, Math.ceil(photos / batch));
  const planned: PlannedStage[] = [];
  let from = 0;
  for (const stage of stages) {
    const to = from + stage.epochs * stepsPerEpoch;
    planned.push({ ...stage, stepsPerEpoch, from, to });
    from = to;
  }
  return { stages: planned, batch, steps: from };
}

/** Throws RangeError for a step that the plan does not have. */
export function placeOf(plan: RunPlan, step: number): Place {
  const found = plan.stages.findIndex(({ from, to }) => step >= from && step < to);
  const stage = plan.stages[found];
  if (!stage) throw new RangeError(`The plan has ${plan.steps} steps, not step ${step}.`);
  const before = plan.stages.slice(0, found).reduce((sum, { epochs }) => sum + epochs, 0);
  const within = step - stage.from;
  return {
    stage,
    epoch: before + Math.floor(within / stage.stepsPerEpoch),
    index: within % stage.stepsPerEpoch,
  };
}

/** One arc over all stages, after the warm-up. */
export function learningRate(
  { learningRate: peak, warmUp }: Pick<TrainingPreset, 'learningRate' | 'warmUp'>,
  plan: RunPlan,
): Schedule {
  return cosineSchedule({
    stages: plan.stages.map(({ from, to }) => to - from),
    peak,
    warmUp: Math.min(Math.round(warmUp * plan.steps), plan.steps - 1),
  });
}

/** Forward, gradients of the input and of the weights: a step computes each product three times. */
export const PASSES = 3;
export const FLOPS_PER_MAC = 2;
/** Parameter, gradient, two moments and the average: five float32 numbers for each parameter. */
const COPIES = 5;
const FLOAT_BYTES = 4;

export interface StageCost {
  readonly size: number;
  readonly epochs: number;
  readonly steps: number;
  readonly images: number;
  /** Floating-point operations of the whole stage. */
  readonly flops: number;
  /** Parameters with what the optimiser keeps, and the maps that gradients need, in bytes. */
  readonly memory: number;
}

/**
 * Costs of square images. Memory counts the outputs of all operations once: an estimate from below, which
 * the backend's own copies may double. Throws `model-invalid`, `usage` for a size that does not fit.
 */
export function costOf(plan: RunPlan, student: StudentSpec): StageCost[] {
  let parameters = 0;
  for (const { shape } of studentParameters(student).values()) {
    parameters += shape.reduce((product, side) => product * side, 1);
  }
  return plan.stages.map(({ size, epochs, from, to }) => {
    const { macs, activations } = countCost(student.arch, student.spec, size, size);
    const steps = to - from;
    const images = steps * plan.batch;
    return {
      size,
      epochs,
      steps,
      images,
      flops: images * macs * PASSES * FLOPS_PER_MAC,
      memory: FLOAT_BYTES * (COPIES * parameters + plan.batch * activations),
    };
  });
}
