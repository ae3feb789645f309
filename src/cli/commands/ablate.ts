// `cairn ablate`: every pooling with every loss on frozen features, over several seeds, scored on validation.
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  ABLATION,
  ABLATION_RUN,
  type AblationSettings,
  REFERENCES,
} from '../../training/ablation/presets.ts';
import { runReference } from '../../training/ablation/reference.ts';
import { runHead } from '../../training/ablation/run.ts';
import { type AblationLine, ablationTable, summarise } from '../../training/ablation/summary.ts';
import type { DescribedPhoto } from '../../training/descriptors.ts';
import type { PoolingKind } from '../../weights/registry.ts';
import { readSafetensors } from '../../weights/safetensors.ts';
import { CACHE_FOLDER } from '../encode-photos.ts';
import { ENCODER_RECIPES } from '../encoders.ts';
import { readNumber, WHOLE } from '../flags.ts';
import { startHarness } from '../harness/index.ts';
import { modelsFolder } from '../models.ts';
import { note, printJson, usage } from '../output.ts';
import { readManifests } from '../photo-list.ts';
import { type FrozenPhoto, frozenFeatures } from '../training/frozen-features.ts';
import { validationSet } from '../training/validate-student.ts';

export interface AblateOptions {
  readonly manifest: string[];
  readonly seeds: string;
  readonly epochs?: string;
  /** Longest side of the photos in pixels. */
  readonly size: string;
  /** JSON lines: runs that are there already are not repeated. */
  readonly out?: string;
  readonly json?: boolean;
}

/** Whose last maps are pooled. */
const NETWORK = 'efficientnet-lite0-gem';

type Job = Pick<AblationLine, 'pooling' | 'method' | 'seed'>;

/** A line of the results file: `conditions` tells runs of other settings or photos apart. */
type Kept = AblationLine & { readonly conditions: string };

/** Throws `usage`. */
export async function ablate(options: AblateOptions): Promise<void> {
  const seeds = readNumber('--seeds', options.seeds, WHOLE);
  const size = readNumber('--size', options.size, WHOLE);
  const epochs = readNumber('--epochs', options.epochs ?? String(ABLATION_RUN.epochs), WHOLE);
  const settings: AblationSettings = { ...ABLATION_RUN, epochs };
  const out = options.out ?? join(CACHE_FOLDER, 'ablation.jsonl');
  const listed = await readManifests(options.manifest);
  const harness = await startHarness();
  note(harness.why);
  const photos = await features(await validationSet(listed, ['train-extra']), size);
  const conditions = JSON.stringify({ network: NETWORK, size, photos: photos.length, settings });
  const kept = (await readLines(out)).filter((line) => line.conditions === conditions);
  const jobs = jobsOf(seeds);
  const missing = jobs.filter((job) => !kept.some((line) => same(line, job)));
  note(`${jobs.length - missing.length} of ${jobs.length} runs are there already`);
  await mkdir(dirname(out), { recursive: true });
  const began = performance.now();
  for (const [done, job] of missing.entries()) {
    const line = { ...job, ...(await run(photos, job, settings)), conditions };
    await appendFile(out, `${JSON.stringify(line)}\n`);
    kept.push(line);
    const seconds = (performance.now() - began) / 1000;
    const left = (seconds / (done + 1)) * (missing.length - done - 1);
    note(
      `${done + 1} of ${missing.length}: ${job.pooling}, ${job.method}, seed ${job.seed ?? '–'}: ` +
        `GAP ${line.gap.toFixed(4)}, top-1 ${line.top1.toFixed(4)}; ${Math.ceil(left / 60)} min left`,
    );
  }
  await harness.dispose();
  const cells = summarise(kept.filter((line) => jobs.some((job) => same(line, job))));
  if (options.json) printJson({ photos: photos.length, size, settings, seeds, out, cells });
  else note(`GAP\n${ablationTable(cells, 'gap')}\n\ntop-1\n${ablationTable(cells, 'top1')}`);
}

async function features(photos: Parameters<typeof frozenFeatures>[0], size: number) {
  const recipe = ENCODER_RECIPES.find(({ id }) => id === NETWORK);
  if (!recipe) throw usage(`There is no recipe of ${NETWORK}.`, 'Restore it in encoders.ts.');
  const weights = readSafetensors(await readFile(join(modelsFolder(), recipe.weightsFile)));
  const { arch, spec, input } = recipe;
  return frozenFeatures(photos, { arch, spec, weights, input: { ...input, views: [size] } });
}

/** Seed by seed, so that an interrupted ablation has compared everything. */
function jobsOf(seeds: number): Job[] {
  const { poolings, losses } = ABLATION;
  const drawn = Array.from({ length: seeds }, (_, i) => i + 1);
  return [
    ...poolings.flatMap((pooling) => REFERENCES.map((method) => ({ pooling, method, seed: null }))),
    ...drawn.flatMap((seed) =>
      poolings.flatMap((pooling) => losses.map((method) => ({ pooling, method, seed }))),
    ),
  ];
}

function same(a: Job, b: Job): boolean {
  return a.pooling === b.pooling && a.method === b.method && a.seed === b.seed;
}

function run(photos: readonly FrozenPhoto[], job: Job, settings: AblationSettings) {
  const described = withPooling(photos, job.pooling);
  const { method, seed } = job;
  return method === 'untrained' || method === 'whitening' || seed === null
    ? runReference(described, method === 'whitening' ? method : 'untrained')
    : runHead(described, { loss: method, seed, settings });
}

function withPooling(photos: readonly FrozenPhoto[], kind: PoolingKind): DescribedPhoto[] {
  return photos.map(({ path, label, role, pooled }) => ({
    path,
    label,
    role,
    descriptor: pooled[kind],
  }));
}

/** None where there is no file; a line that a kill tore is closed and left out. */
async function readLines(file: string): Promise<Kept[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  if (text !== '' && !text.endsWith('\n')) await appendFile(file, '\n');
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Kept];
    } catch {
      return [];
    }
  });
}
