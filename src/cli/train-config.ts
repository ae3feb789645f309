// What a training run is told to do: the command's words, checked and completed from a preset.
import { ARCHS, network, specsOf } from '../nets/networks.ts';
import { TRAINING_LOSSES, type TrainingLoss } from '../training/losses/presets.ts';
import type { StudentSpec } from '../training/trainer/model.ts';
import type { Distillation } from '../training/trainer/objective.ts';
import {
  type Stage,
  TRAINING_PRESETS,
  type TrainingPreset,
  type TrainingPresetName,
} from '../training/trainer/presets.ts';
import { POOLINGS } from '../weights/registry.ts';
import { usage } from './output.ts';

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
  readonly processes: number;
  readonly validateEvery: number;
  readonly patience: number;
  readonly saveEvery: number;
  /** Steps in all after which the run ends, to be resumed. */
  readonly stopAfter: number | null;
}

/** What must be the same for a run to be resumed: whatever moves a number in it. */
export function identityOf(config: TrainConfig, photos: number): string {
  const { saveEvery, validateEvery, patience, stopAfter, ...numbers } = config;
  return JSON.stringify({ ...numbers, photos });
}

/** Names that others know our networks by. */
const ALIASES: Readonly<Record<string, string>> = {
  seresnet: 'se-resnet',
  efficientnet: 'efficientnet-lite',
};

/** Published sizes are listed first; what is trained from nothing is usually this one. */
const USUAL_SPEC = 'compact';

/** Throws `usage` naming what can be given. */
export function trainConfig(options: TrainOptions): TrainConfig {
  const arch = oneOf('--arch', ALIASES[options.arch] ?? options.arch, ARCHS);
  const specs = specsOf(arch);
  const spec = options.spec ?? (specs.includes(USUAL_SPEC) ? USUAL_SPEC : specs[0]!);
  const presets = Object.keys(TRAINING_PRESETS) as TrainingPresetName[];
  const preset = TRAINING_PRESETS[oneOf('--preset', options.preset ?? 'compact', presets)];
  const pooling = oneOf('--pooling', options.pooling ?? preset.pooling, POOLINGS);
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
    loss: oneOf('--loss', lossNamed(options.loss ?? preset.loss), TRAINING_LOSSES),
    pooling,
    dim,
    augmentation: oneOf('--augmentation', options.augmentation ?? preset.augmentation, [
      'recipe',
      'light',
      'none',
    ] as const),
    square: preset.square,
    student: { arch, spec, pooling: { kind: pooling, p: FIRST_POWER }, dim },
    teacher,
    distillation: { embedding, relational },
    classWeight: number('--class-weight', options.classWeight, teacher ? 0 : 1, { least: 0 }),
    init: options.init ?? null,
    trains: oneOf('--trains', options.trains ?? 'all', TRAINS),
    frozenNorms: options.frozenNorms === true,
    limit: options.limit === undefined ? null : number('--limit', options.limit, 0, WHOLE),
    seed: number('--seed', options.seed, 1, { whole: true, least: 0 }),
    processes: number('--processes', options.processes, 1, WHOLE),
    validateEvery: number('--validate-every', options.validateEvery, 0, { whole: true, least: 0 }),
    patience: number('--patience', options.patience, 0, { whole: true, least: 0 }),
    saveEvery: number('--save-every', options.saveEvery, 100, WHOLE),
    stopAfter:
      options.stopAfter === undefined ? null : number('--stop-after', options.stopAfter, 0, WHOLE),
  };
}

/** Where a learned exponent of GeM starts (Radenović et al. 2018). */
const FIRST_POWER = 3;
const WHOLE = { whole: true, least: 1 } as const;

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
  if (text === undefined) return given;
  return text.split(',').map((part) => number(flag, part.trim(), 0, { least: 0 }));
}

interface Range {
  readonly whole?: boolean;
  readonly least?: number;
  readonly over?: number;
}

function number(flag: string, text: string | undefined, given: number, range: Range): number {
  if (text === undefined) return given;
  const value = Number(text);
  const {
    whole = false,
    least = Number.NEGATIVE_INFINITY,
    over = Number.NEGATIVE_INFINITY,
  } = range;
  const fits =
    text !== '' && value >= least && value > over && (!whole || Number.isSafeInteger(value));
  if (fits) return value;
  const bound = range.over === undefined ? `of at least ${least}` : `over ${over}`;
  throw usage(`${flag} ${text} cannot be used.`, `Give a ${whole ? 'whole ' : ''}number ${bound}.`);
}

function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found !== undefined) return found;
  throw usage(`${flag} ${value} is not known.`, `Use one of: ${allowed.join(', ')}.`);
}
