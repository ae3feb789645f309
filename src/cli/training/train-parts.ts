// The parts of a training run in Node: what the trainer, its batches and its learning rate are made of.
import { network } from '../../nets/networks.ts';
import type { Batch } from '../../training/data/batch.ts';
import { shareOf } from '../../training/data/batch.ts';
import { SAMPLING, Sampler } from '../../training/data/sampler.ts';
import { photosTogether } from '../../training/losses/presets.ts';
import type { LogLine } from '../../training/trainer/loop.ts';
import { type Images, type StudentSpec, studentModel } from '../../training/trainer/model.ts';
import { labelLoss, Objective, type Targets } from '../../training/trainer/objective.ts';
import type { Place, RunPlan } from '../../training/trainer/run-plan.ts';
import type { Scores } from '../../training/trainer/scores.ts';
import { isHeadPath, lastStagePaths, type PathTest } from '../../training/trainer/trained-paths.ts';
import type { TrainerOptions } from '../../training/trainer/trainer.ts';
import type { EncoderEntry } from '../../weights/registry.ts';
import { readWeights } from '../network-model.ts';
import type { Rank } from './data-parallel.ts';
import type { TeacherTable } from './teacher.ts';
import type { TrainConfig, Trains } from './train-config.ts';
import { openBatches, type TrainingSet } from './training-photos.ts';

/** Throws as reading the initial weights does. */
export async function trainerOptions(
  config: TrainConfig,
  set: TrainingSet,
  rank: Rank,
): Promise<TrainerOptions<Images>> {
  const { student, seed, weightDecay, clipNorm, averageDecay, classWeight, trains } = config;
  const { dim } = student;
  const loss = labelLoss(config.loss, { classes: set.classes.length, dim, counts: set.counts });
  const objective = new Objective(
    classWeight > 0 ? { loss, weight: classWeight } : null,
    config.teacher === null ? null : config.distillation,
  );
  const only = trainedPaths(trains, student);
  return {
    model: studentModel(student),
    objective,
    seed,
    weightDecay,
    clipNorm,
    averageDecay,
    frozenNorms: config.frozenNorms,
    ...(config.init === null ? {} : { initial: await readWeights(config.init) }),
    ...(only ? { trains: only } : {}),
    ...(rank.count > 1 ? { exchange: (row: Float32Array) => rank.exchange(row) } : {}),
  };
}

function trainedPaths(trains: Trains, { arch, spec }: StudentSpec): PathTest | null {
  switch (trains) {
    case 'all':
      return null;
    case 'head':
      return isHeadPath;
    case 'last-stage':
      return lastStagePaths(arch, spec);
  }
}

/** What a student sees of a photo: one view of that longest side, in pixels. */
export function inputOf({ arch, spec }: StudentSpec, size: number): EncoderEntry['input'] {
  const { multiple, normalisation } = network(arch, spec);
  return { views: [size], multiple: Math.max(SAMPLING.multiple, multiple), ...normalisation };
}

export interface TrainingBatches {
  readonly batch: (place: Place) => Promise<{ batch: Batch; targets: Targets }>;
  close(): Promise<void>;
}

/** Batches of this process's share, with the teacher's embeddings of their photos. */
export function openTrainingBatches(
  config: TrainConfig,
  set: TrainingSet,
  plan: RunPlan,
  teacher: TeacherTable | null,
  rank: Rank,
): TrainingBatches {
  const { augmentation, student } = config;
  const source = openBatches(set, { augmentation, ...inputOf(student, 0) });
  const samplers = plan.stages.map(
    ({ size, stepsPerEpoch }) =>
      new Sampler(set, {
        seed: config.seed,
        batch: config.batch,
        steps: stepsPerEpoch,
        longestSide: size,
        multiple: inputOf(student, size).multiple,
        square: config.square,
        unlabelled: teacher !== null,
        together: config.classWeight > 0 ? photosTogether(config.loss) : 1,
      }),
  );
  return {
    async batch({ stage, epoch, index }) {
      const sampler = samplers[plan.stages.indexOf(stage)]!; // stages are the plan's
      const batch = await source.load(shareOf(sampler.plan(epoch, index), rank.rank, rank.count));
      return { batch, targets: { labels: batch.labels, teacher: rowsOf(teacher, batch.photos) } };
    },
    close: () => source.close(),
  };
}

function rowsOf(table: TeacherTable | null, photos: Int32Array): Float32Array | undefined {
  if (!table) return undefined;
  const rows = new Float32Array(photos.length * table.dim);
  for (const [n, photo] of photos.entries()) {
    rows.set(table.rows.subarray(photo * table.dim, (photo + 1) * table.dim), n * table.dim);
  }
  return rows;
}

/** One line for people who watch; `what` is trained on. */
export function progressOf(
  line: LogLine,
  plan: RunPlan,
  what: 'images' | 'pairs' = 'images',
): string {
  const at = `step ${line.step} of ${plan.steps}, epoch ${line.epoch + 1}`;
  if (line.kind === 'validation') return `${at}: validation ${inWords(line)}`;
  const parts = Object.entries(line.parts).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  const rate = `${line.imagesPerSecond.toFixed(1)} ${what}/s`;
  return `${at}, ${line.size} px: loss ${line.loss.toFixed(4)} (${parts.join(', ')}), ${rate}`;
}

function inWords(scores: Scores): string {
  if ('gap' in scores) {
    const { gap, top1, asymmetric } = scores;
    const mixed =
      asymmetric === undefined ? '' : `, asked of the teacher's gallery ${asymmetric.toFixed(4)}`;
    return `GAP ${gap.toFixed(4)}, top-1 ${top1.toFixed(4)}${mixed}`;
  }
  const { auc3, auc5, auc10, within3, matches } = scores;
  const areas = [auc3, auc5, auc10].map((area) => area.toFixed(3)).join(' / ');
  const share = `${(100 * within3).toFixed(1)} % of ${matches.toFixed(1)} matches a pair`;
  return `AUC at 3, 5 and 10 px ${areas}, ${share} within 3 px`;
}
