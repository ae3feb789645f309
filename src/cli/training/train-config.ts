// What a training run is told to do: the command's words, checked and completed from a preset.
import { network, specsOf } from '../../nets/networks.ts';
import { AUGMENTATIONS, type AugmentationName } from '../../training/augment/presets.ts';
import { TRAINING_LOSSES, type TrainingLoss } from '../../training/losses/presets.ts';
import type { StudentSpec } from '../../training/trainer/model.ts';
import type { Distillation } from '../../training/trainer/objective.ts';
import {
  type Stage,
  TRAINING_PRESETS,
  type TrainingPreset,
  type TrainingPresetName,
} from '../../training/trainer/presets.ts';
import { POOLINGS } from '../../weights/registry.ts';
import { type Range, readArch, readName, readNumber, readNumbers, WHOLE } from '../flags.ts';
import { HARNESS_WISHES, type HarnessWish } from '../harness/index.ts';
import { usage } from '../output.ts';

/** As commander gives them: text, or true for a flag. */
export interface TrainOptions {
  readonly manifest: string[];
  readonly arch: string;
  readonly spec?: string;
  readonly out?: string;
  readonly preset?: string;
  readonly loss?: string;
  readonly sizes?: string;
  readonly epochs?: string;
  readonly batch?: string;
  readonly lr?: string;
  readonly weightDecay?: string;
  readonly pooling?: string;
  readonly dim?: string;
  readonly augmentation?: string;
  readonly teacher?: string;
  readonly distil?: string;
  readonly classWeight?: string;
  readonly init?: string;
  readonly trains?: string;
  readonly frozenNorms?: boolean;
  readonly limit?: string;
  readonly seed?: string;
  readonly backend?: string;
  readonly software?: boolean;
  readonly processes?: string;
  readonly validateEvery?: string;
  readonly patience?: string;
  readonly saveEvery?: string;
  readonly stopAfter?: string;
  readonly resume?: boolean;
  readonly dryRun?: boolean;
}

export const TRAINS = ['all', 'head', 'last-stage'] as const;
export type Trains = (typeof TRAINS)[number];

export interface TrainConfig extends TrainingPreset {
  readonly student: StudentSpec;
  /** An encoder of the registry, whose embeddings are imitated. */
  readonly teacher: string | null;
  readonly distillation: Distillation;
  /** Of the loss on labels in the sum; 0 trains by the teacher alone. */
  readonly classWeight: number;
  /** Weights to start from. */
  readonly init: string | null;
  readonly trains: Trains;
  /** Batch norms keep the statistics that they start with. */
  readonly frozenNorms: boolean;
  /** Photos used, all when null. */
  readonly limit: number | null;
  readonly seed: number;
  readonly backend: HarnessWish;
  /** Whether `webgpu` may be an adapter that computes on the CPU. */
  readonly softwareAllowed: boolean;
  readonly processes: number;
  readonly validateEvery: number;
  readonly patience: number;
  readonly saveEvery: number;
  /** Steps in all after which the run ends, to be resumed. */
  readonly stopAfter: number | null;
}

/** What must be the same for a run to be resumed: what is computed, wherever and however it is watched. */
export function identityOf(config: TrainConfig, photos: number): string {
  const { saveEvery, validateEvery, patience, stopAfter, backend, softwareAllowed, ...numbers } =
    config;
  return JSON.stringify({ ...numbers, photos });
}

/** Published sizes are listed first; what is trained from nothing is usually this one. */
const USUAL_SPEC = 'compact';

/** Throws `usage` naming what can be given. */
export function trainConfig(options: TrainOptions): TrainConfig {
  const arch = readArch('--arch', options.arch);
  const specs = specsOf(arch);
  const spec = options.spec ?? (specs.includes(USUAL_SPEC) ? USUAL_SPEC : specs[0]!);
  const presets = Object.keys(TRAINING_PRESETS) as TrainingPresetName[];
  const preset = TRAINING_PRESETS[readName('--preset', options.preset ?? 'compact', presets)];
  const pooling = readName('--pooling', options.pooling ?? preset.pooling, POOLINGS);
  const dim = number('--dim', options.dim, preset.dim, { whole: true, least: 2 });
  const teacher = options.teacher ?? null;
  const [embedding = 1, relational = 0] = list('--distil', options.distil, []);
  network(arch, spec);
  return {
    stages: stagesOf(options, preset.stages),
    batch: number('--batch', options.batch, preset.batch, { whole: true, least: 2 }),
    learningRate: number('--lr', options.lr, preset.learningRate, { over: 0 }),
    weightDecay: number('--weight-decay', options.weightDecay, preset.weightDecay, { least: 0 }),
    warmUp: preset.warmUp,
    clipNorm: preset.clipNorm,
    averageDecay: preset.averageDecay,
    loss: readName('--loss', lossNamed(options.loss ?? preset.loss), TRAINING_LOSSES),
    pooling,
    dim,
    augmentation: readName(
      '--augmentation',
      options.augmentation ?? preset.augmentation,
      AUGMENTATION_NAMES,
    ),
    square: preset.square,
    student: { arch, spec, pooling: { kind: pooling, p: FIRST_POWER }, dim },
    teacher,
    distillation: { embedding, relational },
    classWeight: number('--class-weight', options.classWeight, teacher ? 0 : 1, { least: 0 }),
    init: options.init ?? null,
    trains: readName('--trains', options.trains ?? 'all', TRAINS),
    frozenNorms: options.frozenNorms === true,
    limit: options.limit === undefined ? null : readNumber('--limit', options.limit, WHOLE),
    seed: number('--seed', options.seed, 1, { whole: true, least: 0 }),
    backend: readName('--backend', options.backend ?? 'auto', HARNESS_WISHES),
    softwareAllowed: options.software === true,
    processes: number('--processes', options.processes, 1, WHOLE),
    validateEvery: number('--validate-every', options.validateEvery, 0, { whole: true, least: 0 }),
    patience: number('--patience', options.patience, 0, { whole: true, least: 0 }),
    saveEvery: number('--save-every', options.saveEvery, 100, WHOLE),
    stopAfter:
      options.stopAfter === undefined ? null : readNumber('--stop-after', options.stopAfter, WHOLE),
  };
}

const AUGMENTATION_NAMES = Object.keys(AUGMENTATIONS) as AugmentationName[];

/** Where a learned exponent of GeM starts (Radenović et al. 2018). */
const FIRST_POWER = 3;

function lossNamed(name: string): TrainingLoss {
  return (name === 'curricular' ? 'curricularface' : name) as TrainingLoss;
}

/** `--sizes 128,160 --epochs 8,4`, or one number of epochs for each size. */
function stagesOf(options: TrainOptions, preset: readonly Stage[]): readonly Stage[] {
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

function list(flag: string, text: string | undefined, given: readonly number[]): readonly number[] {
  return text === undefined ? given : readNumbers(flag, text, { least: 0 });
}

function number(flag: string, text: string | undefined, given: number, range: Range): number {
  return text === undefined ? given : readNumber(flag, text, range);
}
