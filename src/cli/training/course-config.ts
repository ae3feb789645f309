// What every training run is told alike, whatever it trains: stages, rates, seed, backend, what is kept.
import type { CoursePreset, Stage } from '../../training/trainer/presets.ts';
import { type Range, readName, readNumber, readNumbers, WHOLE } from '../flags.ts';
import { HARNESS_WISHES, type HarnessWish } from '../harness/index.ts';
import { usage } from '../output.ts';

/** As commander gives them: text, or true for a flag. */
export interface CourseOptions {
  readonly manifest: string[];
  readonly out?: string;
  readonly sizes?: string;
  readonly epochs?: string;
  readonly batch?: string;
  readonly lr?: string;
  readonly weightDecay?: string;
  readonly init?: string;
  readonly limit?: string;
  readonly seed?: string;
  readonly backend?: string;
  readonly software?: boolean;
  readonly validateEvery?: string;
  readonly patience?: string;
  readonly saveEvery?: string;
  readonly stopAfter?: string;
  readonly resume?: boolean;
  readonly dryRun?: boolean;
}

export interface RunConfig {
  /** Photos used, all when null. */
  readonly limit: number | null;
  readonly seed: number;
  readonly backend: HarnessWish;
  /** Whether `webgpu` may be an adapter that computes on the CPU. */
  readonly softwareAllowed: boolean;
  readonly validateEvery: number;
  readonly patience: number;
  readonly saveEvery: number;
  /** Steps in all after which the run ends, to be resumed. */
  readonly stopAfter: number | null;
}

/** The preset, with what was given in its place. @param leastBatch images or pairs. Throws `usage`. */
export function courseOf(
  options: CourseOptions,
  preset: CoursePreset,
  leastBatch: number,
): CoursePreset {
  return {
    stages: stagesOf(options, preset.stages),
    batch: number('--batch', options.batch, preset.batch, { whole: true, least: leastBatch }),
    learningRate: number('--lr', options.lr, preset.learningRate, { over: 0 }),
    weightDecay: number('--weight-decay', options.weightDecay, preset.weightDecay, { least: 0 }),
    warmUp: preset.warmUp,
    clipNorm: preset.clipNorm,
    averageDecay: preset.averageDecay,
  };
}

/** Throws `usage`. */
export function runOf(options: CourseOptions): RunConfig {
  return {
    limit: options.limit === undefined ? null : readNumber('--limit', options.limit, WHOLE),
    seed: number('--seed', options.seed, 1, { whole: true, least: 0 }),
    backend: readName('--backend', options.backend ?? 'auto', HARNESS_WISHES),
    softwareAllowed: options.software === true,
    validateEvery: number('--validate-every', options.validateEvery, 0, { whole: true, least: 0 }),
    patience: number('--patience', options.patience, 0, { whole: true, least: 0 }),
    saveEvery: number('--save-every', options.saveEvery, 100, WHOLE),
    stopAfter:
      options.stopAfter === undefined ? null : readNumber('--stop-after', options.stopAfter, WHOLE),
  };
}

/** What must be the same for a run to be resumed: what is computed, wherever and however it is watched. */
export function identityOf(config: RunConfig, photos: number): string {
  const { saveEvery, validateEvery, patience, stopAfter, backend, softwareAllowed, ...numbers } =
    config;
  return JSON.stringify({ ...numbers, photos });
}

/** `--sizes 128,160 --epochs 8,4`, or one number of epochs for each size. */
function stagesOf(options: CourseOptions, preset: readonly Stage[]): readonly Stage[] {
  const sizes = list(
    '--sizes',
    options.sizes,
    preset.map(({ size }) => size),
  );
  const presetEpochs = options.sizes === undefined ? preset.map(({ epochs }) => epochs) : [1];
  const epochs = list('--epochs', options.epochs, presetEpochs);
  if (epochs.length !== 1 && epochs.length !== sizes.length) {
    // One number for the whole of a preset's sizes shortens it to its first.
    throw usage(
      `${epochs.length} numbers of epochs were given for ${sizes.length} sizes.`,
      'Give one number, or one for each size.',
    );
  }
  if (epochs.length === 1 && options.sizes === undefined && options.epochs !== undefined) {
    return [{ size: sizes[0]!, epochs: epochs[0]! }];
  }
  return sizes.map((size, i) => ({ size, epochs: epochs[i] ?? epochs[0]! }));
}

export function list(
  flag: string,
  text: string | undefined,
  given: readonly number[],
): readonly number[] {
  return text === undefined ? given : readNumbers(flag, text, { least: 0 });
}

export function number(
  flag: string,
  text: string | undefined,
  given: number,
  range: Range,
): number {
  return text === undefined ? given : readNumber(flag, text, range);
}
