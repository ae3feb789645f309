// The course of a run: batches ahead of time, steps, log, validation, checkpoints, and when to stop.
import { throwIfAborted } from '../../errors.ts';
import type { Batch } from '../data/batch.ts';
import type { Progress } from './checkpoint.ts';
import type { Targets } from './objective.ts';
import { type Place, placeOf, type RunPlan } from './run-plan.ts';
import { headline, type Scores } from './scores.ts';
import type { StepReport } from './trainer.ts';

/** One line of the log: a step, or a validation after it. */
export type LogLine =
  | {
      readonly kind: 'step';
      readonly step: number;
      readonly epoch: number;
      readonly size: number;
      readonly learningRate: number;
      readonly loss: number;
      readonly parts: Readonly<Record<string, number>>;
      readonly gradientNorm: number;
      /** Of a matcher: pairs. */
      readonly imagesPerSecond: number;
    }
  | ({
      readonly kind: 'validation';
      readonly step: number;
      readonly epoch: number;
    } & Scores);

/** Whatever a trainer takes, with the number of photos or pairs in it. */
type Counted = { readonly count: number };

export interface LoopParts<B extends Counted = Batch, T = Targets> {
  readonly trainer: { step(batch: B, targets: T, learningRate: number): Promise<StepReport> };
  readonly plan: RunPlan;
  /** By step, from 0. */
  readonly learningRate: (step: number) => number;
  /** The batch of a place in the plan; asked for several steps ahead. */
  readonly batch: (place: Place) => Promise<{ batch: B; targets: T }>;
  readonly validate?: ((place: Place) => Promise<Scores>) | undefined;
  /** Keeps a checkpoint, atomically. `best` is set when validation was never better. */
  readonly save: (progress: Unsaved, best: boolean) => Promise<void>;
  readonly log: (line: LogLine) => void;
}

/** A checkpoint's progress before the trainer adds the loss's own numbers. */
export type Unsaved = Omit<Progress, 'loss'>;

export interface LoopOptions {
  /** Epochs between two validations; never when 0. */
  readonly validateEvery: number;
  /** Steps between two checkpoints. */
  readonly saveEvery: number;
  /** Validations without a better one after which the run ends; never when 0. */
  readonly patience: number;
  /** Ends the run after so many steps in all, to be resumed; never when null. */
  readonly stopAfter: number | null;
  readonly signal?: AbortSignal | undefined;
}

export const START: Unsaved = { step: 0, best: null, stale: 0, seconds: 0, images: 0 };

/** Batches that are being made while a step is computed. */
const AHEAD = 3;

/**
 * Runs from `from` to the end of the plan, or until validation has not improved for long. Saves when it
 * is aborted, then throws `aborted`; throws what steps and batches throw.
 */
export async function runLoop<B extends Counted, T>(
  parts: LoopParts<B, T>,
  options: LoopOptions,
  from: Unsaved = START,
): Promise<Unsaved> {
  const { trainer, plan } = parts;
  const queue: ReturnType<LoopParts<B, T>['batch']>[] = [];
  let asked = from.step;
  let progress = from;
  const end = Math.min(plan.steps, options.stopAfter ?? plan.steps);
  try {
    while (progress.step < end) {
      throwIfAborted(options.signal);
      for (; asked < Math.min(end, progress.step + AHEAD); asked++) {
        const coming = parts.batch(placeOf(plan, asked));
        // Whoever waits for it sees the error; until then it must not count as unhandled.
        coming.catch(() => {});
        queue.push(coming);
      }
      const place = placeOf(plan, progress.step);
      const began = performance.now();
      const { batch, targets } = await queue.shift()!; // just filled
      const learningRate = parts.learningRate(progress.step);
      const report = await trainer.step(batch, targets, learningRate);
      const seconds = (performance.now() - began) / 1000;
      progress = {
        ...progress,
        step: progress.step + 1,
        seconds: progress.seconds + seconds,
        images: progress.images + plan.batch,
      };
      parts.log({
        kind: 'step',
        step: progress.step,
        epoch: place.epoch,
        size: place.stage.size,
        learningRate,
        ...report,
        imagesPerSecond: plan.batch / seconds,
      });
      progress = await afterStep(parts, options, place, progress);
      if (options.patience > 0 && progress.stale >= options.patience) break;
    }
  } catch (thrown) {
    // A failed step has changed nothing: what is saved is the state before it.
    if (progress.step > from.step) await parts.save(progress, false);
    throw thrown;
  }
  await parts.save(progress, false);
  return progress;
}

async function afterStep(
  parts: Pick<LoopParts, 'plan' | 'validate' | 'save' | 'log'>,
  options: LoopOptions,
  place: Place,
  progress: Unsaved,
): Promise<Unsaved> {
  const { validate, plan } = parts;
  const epochEnds = place.index === place.stage.stepsPerEpoch - 1;
  const due = options.validateEvery > 0 && (place.epoch + 1) % options.validateEvery === 0;
  if (validate && epochEnds && (due || progress.step === plan.steps)) {
    const scores = await validate(place);
    parts.log({ kind: 'validation', step: progress.step, epoch: place.epoch, ...scores });
    const { name, value } = headline(scores);
    const before = progress.best?.[name];
    const better = before === undefined || value > before;
    const next = better
      ? { ...progress, best: { [name]: value, step: progress.step }, stale: 0 }
      : { ...progress, stale: progress.stale + 1 };
    await parts.save(next, better);
    return next;
  }
  if (progress.step % options.saveEvery === 0) await parts.save(progress, false);
  return progress;
}
