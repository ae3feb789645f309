// Which encoders serve together: every set of the recipes' encoders that fits into the page, by validation
// GAP and megabytes, as the part `ensembles` of docs/training.md.
//
// Usage: npx tsx scripts/choose-ensemble.ts MANIFEST.csv...
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describePhotos } from '../src/cli/describe-photos.ts';
import { ENCODER_RECIPES, type EncoderRecipe } from '../src/cli/encoders.ts';
import { useWasmKernels } from '../src/cli/fit-kernels.ts';
import { modelsFolder } from '../src/cli/models.ts';
import { predictionsByStage, rankQueries, scoreStages } from '../src/evaluation/stages.ts';
import { countMacs } from '../src/nets/cost.ts';
import { RERANK } from '../src/rerank/presets.ts';
import {
  type DescribedPhoto,
  makeTask,
  sideBySide,
  validationPhotos,
} from '../src/training/descriptors.ts';
import type { Metric } from '../src/training/metric.ts';
import { metricOf } from '../src/training/out-of-fold.ts';
import { readSafetensors } from '../src/weights/safetensors.ts';
import { tableRow, writePart } from './document.ts';

const DOCUMENT = 'docs/training.md';
/** What the page may download for its encoders (design, section 7). */
const MAX_MEGABYTES = 22;
/** GAP that a set must gain over a smaller one to be worth its weight: one of 489 queries. */
const WORTH = 0.002;
/** The last stage that needs no fitting. */
const STAGE = '+penalty';

interface Candidate {
  readonly recipe: EncoderRecipe;
  readonly bytes: number;
  readonly photos: readonly DescribedPhoto[];
  readonly metric: Metric;
}

async function candidate(recipe: EncoderRecipe, manifests: readonly string[]): Promise<Candidate> {
  const file = await readFile(join(modelsFolder(), recipe.weightsFile));
  const network = new Map(
    [...readSafetensors(file)].filter(([name]) => !name.startsWith('whitening.')),
  );
  const photos = await describePhotos(manifests, { ...recipe, dim: 0 }, network, recipe.descriptor);
  const metric = metricOf(photos, [{ length: recipe.descriptor, weight: 1 }]);
  return { recipe, bytes: file.length, photos, metric };
}

interface Scored {
  readonly members: readonly string[];
  readonly megabytes: number;
  /** Multiply-accumulates of one square photo, in thousand millions. */
  readonly gmac: number;
  readonly gap: number;
  readonly top1: number;
}

async function score(members: readonly Candidate[]): Promise<Scored> {
  const photos = sideBySide(members.map((member) => member.photos));
  const metric = members.flatMap((member) => member.metric);
  const task = makeTask(validationPhotos(photos), metric, RERANK.penalty.referenceNeighbours);
  const ranked = await rankQueries(task.queries, task.search, task.bank, RERANK);
  const scores = scoreStages(predictionsByStage(ranked, task.labels, RERANK, null));
  const last = scores.find(({ stage }) => stage === STAGE);
  return {
    members: members.map(({ recipe }) => recipe.id),
    megabytes: members.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6,
    gmac: members.reduce((sum, { recipe }) => sum + macs(recipe), 0) / 1e9,
    gap: last?.gap ?? 0,
    top1: last?.top1 ?? 0,
  };
}

function macs({ arch, spec, input }: EncoderRecipe): number {
  return input.views.reduce((sum, side) => sum + countMacs(arch, spec, side, side), 0);
}

function subsets<T>(items: readonly T[]): T[][] {
  const masks = Array.from({ length: 2 ** items.length - 1 }, (_, i) => i + 1);
  return masks.map((mask) => items.filter((_, bit) => mask & (1 << bit)));
}

const manifests = process.argv.slice(2);
if (manifests.length === 0) throw new Error('Give the manifest of the photos.');
await useWasmKernels();
const candidates: Candidate[] = [];
for (const recipe of ENCODER_RECIPES) candidates.push(await candidate(recipe, manifests));
const scored: Scored[] = [];
for (const set of subsets(candidates)) scored.push(await score(set));
scored.sort((a, b) => a.megabytes - b.megabytes || a.gmac - b.gmac);

const fitting = scored.filter(({ megabytes }) => megabytes <= MAX_MEGABYTES);
/** From light to heavy, each that beats the one kept before it by what is worth its weight. */
const chosen = fitting.reduce((best, set) => (set.gap >= best.gap + WORTH ? set : best));

const rows = fitting.map((set) =>
  tableRow([
    set === chosen ? `**${set.members.join(' + ')}**` : set.members.join(' + '),
    set.megabytes.toFixed(1),
    set.gmac.toFixed(2),
    set.gap.toFixed(4),
    set.top1.toFixed(4),
  ]),
);
writePart(
  DOCUMENT,
  'ensembles',
  [
    tableRow(['encoders', 'MB', 'GMAC', `validation GAP at ${STAGE}`, 'top-1']),
    tableRow(['---', '---', '---', '---', '---']),
    ...rows,
  ].join('\n'),
);
console.log(JSON.stringify({ chosen, scored }, null, 2));
