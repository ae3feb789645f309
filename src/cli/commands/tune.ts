// `cairn tune`: curves of the re-ranking constants on the validation split, and what they prefer.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Curve, lineCharts } from '../../evaluation/line-charts.ts';
import { predictionsByStage, rankQueries, scoreStages } from '../../evaluation/stages.ts';
import type { RerankPreset } from '../../rerank/presets.ts';
import { RERANK } from '../../rerank/presets.ts';
import type { RankingStage } from '../../rerank/rerank.ts';
import { makeTask, validationPhotos } from '../../training/descriptors.ts';
import { FIT } from '../../training/fit-recipe.ts';
import { metricOf } from '../../training/out-of-fold.ts';
import { readSafetensors } from '../../weights/safetensors.ts';
import { describePhotos } from '../describe-photos.ts';
import { ENCODER_RECIPES } from '../encoders.ts';
import { useWasmKernels } from '../fit-kernels.ts';
import { readNumber, WHOLE } from '../flags.ts';
import { modelsFolder } from '../models.ts';
import { note, printJson } from '../output.ts';

interface Sweep {
  readonly name: string;
  /** The stage whose GAP the constant moves. */
  readonly stage: RankingStage;
  readonly values: readonly number[];
  readonly set: (preset: RerankPreset, value: number) => RerankPreset;
}

const SWEEPS: readonly Sweep[] = [
  // The two constants of expansion depend on each other, so every alpha has a curve of its own.
  ...[0, 1, 3, 6, 10].map(
    (alpha): Sweep => ({
      name: `expansion.neighbours, alpha ${alpha}`,
      stage: '+qe',
      values: [0, 1, 2, 3, 5, 8],
      set: (p, neighbours) => ({ ...p, expansion: { neighbours, alpha } }),
    }),
  ),
  {
    name: 'voting.neighbours',
    stage: '+vote',
    values: [1, 3, 5, 8, 10, 15, 20, 50],
    set: (p, neighbours) => ({ ...p, voting: { ...p.voting, neighbours } }),
  },
  {
    name: 'voting.power',
    stage: '+vote',
    values: [1, 2, 4, 6, 8, 12, 16],
    set: (p, power) => ({ ...p, voting: { ...p.voting, power } }),
  },
  {
    name: 'penalty.reference',
    stage: '+penalty',
    values: [0, 0.25, 0.5, 0.75, 1],
    set: (p, reference) => ({ ...p, penalty: { ...p.penalty, reference } }),
  },
  {
    name: 'penalty.query',
    stage: '+penalty',
    values: [0, 0.25, 0.5, 0.75, 1, 1.5],
    set: (p, query) => ({ ...p, penalty: { ...p.penalty, query } }),
  },
  {
    name: 'penalty.queryNeighbours',
    stage: '+penalty',
    values: [1, 3, 5, 10, 20],
    set: (p, queryNeighbours) => ({ ...p, penalty: { ...p.penalty, queryNeighbours } }),
  },
  {
    name: 'mean.weight',
    stage: '+mean',
    values: [0, 0.15, 0.3, 0.45, 0.6, 0.8, 1, 1.5],
    set: (p, weight) => ({ ...p, mean: { weight } }),
  },
];

/**
 * Coordinate search in the order of the pipeline, `rounds` times over; a sweep's best value is kept
 * for the sweeps after it only if it beats what was there, so a constant that does nothing stays put.
 */
export async function tune(options: {
  manifest: string[];
  rounds: string;
  curves?: string;
}): Promise<void> {
  await useWasmKernels();
  const recipe = ENCODER_RECIPES[0]!;
  const weights = readSafetensors(await readFile(join(modelsFolder(), recipe.weightsFile)));
  const draft = { ...recipe, dim: FIT.dim };
  const photos = await describePhotos(options.manifest, draft, weights, recipe.descriptor);
  const task = makeTask(
    validationPhotos(photos),
    metricOf(photos, [{ length: recipe.descriptor, weight: 1 }]),
    RERANK.penalty.referenceNeighbours,
  );
  const score = async (preset: RerankPreset) => {
    const ranked = await rankQueries(task.queries, task.search, task.bank, preset);
    return scoreStages(predictionsByStage(ranked, task.labels, preset, null));
  };

  const rounds = readNumber('--rounds', options.rounds, WHOLE);
  let preset = RERANK;
  let curves: (Curve & { stage: RankingStage })[] = [];
  for (let round = 0; round < rounds; round += 1) {
    curves = [];
    for (const sweep of SWEEPS) {
      const points: { value: number; gap: number }[] = [];
      for (const value of sweep.values) {
        const scores = await score(sweep.set(preset, value));
        points.push({ value, gap: scores.find((s) => s.stage === sweep.stage)?.gap ?? 0 });
      }
      const best = points.reduce((a, b) => (b.gap > a.gap ? b : a));
      const before = (await score(preset)).find((s) => s.stage === sweep.stage)?.gap ?? 0;
      if (best.gap > before) preset = sweep.set(preset, best.value);
      curves.push({ name: sweep.name, stage: sweep.stage, best: best.value, points });
      note(
        `round ${round + 1}: ${sweep.name} = ${best.value} (${sweep.stage} ${best.gap.toFixed(4)})`,
      );
    }
  }
  if (options.curves) {
    const titled = curves.map((curve) => ({ ...curve, name: `${curve.name} (${curve.stage})` }));
    await writeFile(options.curves, lineCharts(titled, 'Validation GAP'));
  }
  printJson({ queries: task.queries.length, preset, validation: await score(preset), curves });
}
