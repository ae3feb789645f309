// One run of the ablation: the product's head, trained on pooled vectors with one loss, then validated.

import { Sampler } from '../data/sampler.ts';
import type { DescribedPhoto } from '../descriptors.ts';
import { photosTogether, type TrainingLoss } from '../losses/presets.ts';
import { runLoop } from '../trainer/loop.ts';
import { headModel, type Vectors } from '../trainer/model.ts';
import { labelLoss, Objective } from '../trainer/objective.ts';
import { learningRate, planRun } from '../trainer/run-plan.ts';
import { Trainer } from '../trainer/trainer.ts';
import { scoreEmbeddings, type ValidationScores } from '../trainer/validation.ts';
import { ABLATION_RUN, type AblationSettings } from './presets.ts';

export interface HeadRun {
  readonly loss: TrainingLoss;
  readonly seed: number;
  readonly settings?: AblationSettings;
}

export interface HeadResult extends ValidationScores {
  /** Means over the last epoch. */
  readonly loss: number;
  /** Share of the batches' photos whose class is the nearest; null for losses without classes. */
  readonly accuracy: number | null;
  readonly steps: number;
  /** Of the training alone. */
  readonly seconds: number;
}

/** Vectors that are embedded at once. */
const ROWS = 512;

/**
 * Learns from the roles `train` and `train-extra` alone and scores on the validation protocol. Needs a
 * started harness.
 * @param photos with pooled vectors as descriptors, all of one length, L2-normalised
 */
export async function runHead(
  photos: readonly DescribedPhoto[],
  { loss, seed, settings = ABLATION_RUN }: HeadRun,
): Promise<HeadResult> {
  const channels = photos[0]?.descriptor.length ?? 0;
  const learned = photos.filter(({ role }) => role === 'train' || role === 'train-extra');
  const classes = [...new Set(learned.map(({ label }) => label))].sort();
  const labels = learned.map(({ label }) => classes.indexOf(label));
  const counts = classes.map((_, index) => labels.filter((label) => label === index).length);
  const { dim, batch, weightDecay, clipNorm, averageDecay } = settings;
  const chosen = labelLoss(loss, { classes: classes.length, dim, counts });
  const trainer = new Trainer({
    model: headModel(channels, dim),
    objective: new Objective({ loss: chosen, weight: 1 }, null),
    seed,
    weightDecay,
    clipNorm,
    averageDecay,
  });
  // Vectors have no size: one stage, one shape.
  const plan = planRun([{ size: 1, epochs: settings.epochs }], batch, learned.length);
  const { stepsPerEpoch } = plan.stages[0]!;
  const sampler = new Sampler(
    { labels, aspects: labels.map(() => 1) },
    {
      seed,
      batch,
      steps: stepsPerEpoch,
      longestSide: 1,
      multiple: 1,
      square: true,
      together: photosTogether(loss),
    },
  );
  const last = { loss: 0, accuracy: 0 };
  const progress = await runLoop(
    {
      trainer,
      plan,
      learningRate: learningRate(settings, plan),
      batch: async ({ epoch, index }) => {
        const rows = sampler.plan(epoch, index).photos;
        const targets = { labels: Int32Array.from(rows, (row) => labels[row]!) };
        return { batch: vectorsOf(rows.map((row) => learned[row]!)), targets };
      },
      save: async () => {},
      log: (line) => {
        if (line.kind !== 'step' || line.step <= plan.steps - stepsPerEpoch) return;
        last.loss += line.loss / stepsPerEpoch;
        last.accuracy += (line.parts.accuracy ?? Number.NaN) / stepsPerEpoch;
      },
    },
    { validateEvery: 0, saveEvery: Number.POSITIVE_INFINITY, patience: 0, stopAfter: null },
  );
  const embedded = await embedAll(trainer, photos);
  trainer.dispose();
  return {
    ...(await scoreEmbeddings(embedded)),
    loss: last.loss,
    accuracy: Number.isNaN(last.accuracy) ? null : last.accuracy,
    steps: progress.step,
    seconds: progress.seconds,
  };
}

function vectorsOf(photos: readonly DescribedPhoto[]): Vectors {
  const channels = photos[0]!.descriptor.length;
  const values = new Float32Array(photos.length * channels);
  for (const [n, { descriptor }] of photos.entries()) values.set(descriptor, n * channels);
  return { values, count: photos.length };
}

async function embedAll(
  trainer: Trainer<Vectors>,
  photos: readonly DescribedPhoto[],
): Promise<DescribedPhoto[]> {
  const embedded: DescribedPhoto[] = [];
  for (let from = 0; from < photos.length; from += ROWS) {
    const some = photos.slice(from, from + ROWS);
    const rows = await trainer.embed(vectorsOf(some));
    const dim = rows.length / some.length;
    for (const [n, photo] of some.entries()) {
      embedded.push({ ...photo, descriptor: rows.slice(n * dim, (n + 1) * dim) });
    }
  }
  return embedded;
}
