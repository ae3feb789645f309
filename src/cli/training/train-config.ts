// What a training run is told to do: the command's words, checked and completed from a preset.
import { network, specsOf } from '../../nets/networks.ts';
import { AUGMENTATIONS, type AugmentationName } from '../../training/augment/presets.ts';
import { TRAINING_LOSSES, type TrainingLoss } from '../../training/losses/presets.ts';
import type { StudentSpec } from '../../training/trainer/model.ts';
import type { Distillation } from '../../training/trainer/objective.ts';
import {
  TRAINING_PRESETS,
  type TrainingPreset,
  type TrainingPresetName,
} from '../../training/trainer/presets.ts';
import { POOLINGS } from '../../weights/registry.ts';
import { readArch, readName, WHOLE } from '../flags.ts';
import {
  type CourseOptions,
  courseOf,
  list,
  number,
  type RunConfig,
  runOf,
} from './course-config.ts';

/** As commander gives them: text, or true for a flag. */
export interface TrainOptions extends CourseOptions {
  readonly arch: string;
  readonly spec?: string;
  readonly preset?: string;
  readonly loss?: string;
  readonly pooling?: string;
  readonly dim?: string;
  readonly augmentation?: string;
  readonly teacher?: string;
  readonly distil?: string;
  readonly classWeight?: string;
  readonly trains?: string;
  readonly frozenNorms?: boolean;
  readonly processes?: string;
}

export const TRAINS = ['all', 'head', 'last-stage'] as const;
export type Trains = (typeof TRAINS)[number];

export interface TrainConfig extends TrainingPreset, RunConfig {
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
  readonly processes: number;
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
    ...courseOf(options, preset, 2),
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
    ...runOf(options),
    processes: number('--processes', options.processes, 1, WHOLE),
  };
}

const AUGMENTATION_NAMES = Object.keys(AUGMENTATIONS) as AugmentationName[];

/** Where a learned exponent of GeM starts (Radenović et al. 2018). */
const FIRST_POWER = 3;

function lossNamed(name: string): TrainingLoss {
  return (name === 'curricular' ? 'curricularface' : name) as TrainingLoss;
}
