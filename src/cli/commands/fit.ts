// `cairn fit`: whitening, non-landmark bank, decision, golden embedding and the registry of an encoder.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { thresholdRefusing } from '../../evaluation/recognition-metrics.ts';
import {
  predictionsByStage,
  rankQueries,
  type StageScore,
  scoreStages,
} from '../../evaluation/stages.ts';
import { makeGolden } from '../../inference/golden.ts';
import { type DecisionModel, KINDS } from '../../rerank/decision.ts';
import { encodeBank } from '../../rerank/load-reranker.ts';
import { RERANK } from '../../rerank/presets.ts';
import {
  type DescribedPhoto,
  embedAll,
  flatten,
  makeTask,
  sideBySide,
  validationPhotos,
} from '../../training/descriptors.ts';
import { decisionSamples, fitDecision } from '../../training/fit-decision.ts';
import { FIT } from '../../training/fit-recipe.ts';
import type { MemberLayout, Metric } from '../../training/metric.ts';
import { metricOf } from '../../training/out-of-fold.ts';
import type { Whitening } from '../../training/whitening.ts';
import { float32ToHalf } from '../../weights/half.ts';
import { parseRegistry, REGISTRY_FILE } from '../../weights/load-registry.ts';
import type { EncoderEntry, EnsembleEntry, Registry } from '../../weights/registry.ts';
import {
  fromFloat32,
  readSafetensors,
  readSafetensorsMetadata,
  toFloat32,
  type Weights,
  writeSafetensors,
} from '../../weights/safetensors.ts';
import { describePhotos, openNodeNetwork } from '../describe-photos.ts';
import {
  DEFAULT_MODEL,
  ENCODER_RECIPES,
  ENSEMBLE_RECIPES,
  type EncoderRecipe,
  type EnsembleRecipe,
} from '../encoders.ts';
import { useWasmKernels } from '../fit-kernels.ts';
import { modelsFolder, writeModel, writeRegistry } from '../models.ts';
import { note, printJson, usage } from '../output.ts';

export interface FitOptions {
  readonly manifest: string[];
  /** Ids of encoders and ensembles; all when left out. */
  readonly only?: string[];
  /** Fit decisions anew and nothing else: embeddings, and whatever was built of them, stay as they are. */
  readonly keepWhitening?: boolean;
}

/**
 * Fits the recipes, then the ensembles of them, and writes the registry. What is not to be fitted stays in
 * it as it is. Deterministic for given photos. Throws `usage` for an id without a recipe, and for one that
 * is left out but was never fitted; `model-*` for a registry that cannot be read.
 */
export async function fit({ manifest, only, keepWhitening }: FitOptions): Promise<void> {
  const before = await registryBefore();
  const wanted = (id: string) => only === undefined || only.includes(id);
  const ids: readonly string[] = [...ENCODER_RECIPES, ...ENSEMBLE_RECIPES].map(({ id }) => id);
  for (const id of only ?? []) {
    if (!ids.includes(id)) throw usage(`There is no recipe "${id}".`, `Use ${ids.join(', ')}.`);
  }
  await useWasmKernels();
  const described = new Map<string, DescribedEncoder>();
  const describe = async (recipe: EncoderRecipe) => {
    const known = described.get(recipe.id) ?? (await describeEncoder(recipe, manifest));
    described.set(recipe.id, known);
    return known;
  };
  const reports: FitReport[] = [];
  const encoders: EncoderEntry[] = [];
  for (const recipe of ENCODER_RECIPES) {
    if (!wanted(recipe.id)) {
      encoders.push(asBefore(before?.encoders, recipe.id));
      continue;
    }
    const kept = keepWhitening ? asBefore(before?.encoders, recipe.id) : null;
    const { entry, report } = await fitEncoder(recipe, await describe(recipe), kept);
    encoders.push(entry);
    reports.push(report);
  }
  const ensembles: EnsembleEntry[] = [];
  for (const recipe of ENSEMBLE_RECIPES) {
    if (!wanted(recipe.id)) {
      ensembles.push(asBefore(before?.ensembles, recipe.id));
      continue;
    }
    const members = new Map<string, readonly DescribedPhoto[]>();
    for (const { encoder } of recipe.members) {
      const own = ENCODER_RECIPES.find(({ id }) => id === encoder);
      if (own) members.set(encoder, (await describe(own)).photos);
    }
    const kept = keepWhitening ? asBefore(before?.ensembles, recipe.id) : null;
    const { entry, report } = await fitEnsemble(recipe, members, kept);
    ensembles.push(entry);
    reports.push(report);
  }
  const registry: Registry = {
    ...before,
    version: 1,
    defaultEncoder: DEFAULT_MODEL,
    encoders,
    ...(ensembles.length > 0 ? { ensembles } : {}),
  };
  await writeRegistry(registry);
  printJson(reports);
}

/** Null where there is none yet. */
async function registryBefore(): Promise<Registry | null> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(join(modelsFolder(), REGISTRY_FILE));
  } catch {
    return null;
  }
  return parseRegistry(bytes);
}

function asBefore<E extends { readonly id: string }>(
  entries: readonly E[] | undefined,
  id: string,
): E {
  const entry = entries?.find((each) => each.id === id);
  if (entry) return entry;
  throw usage(
    `"${id}" was never fitted.`,
    'Fit it too: name it after --only, or leave --only out.',
  );
}

/** What fitting an encoder starts from. */
interface DescribedEncoder {
  readonly draft: Omit<EncoderEntry, 'weights' | 'bank' | 'decision' | 'golden'>;
  /** Without a whitening. */
  readonly network: Weights;
  readonly metadata: ReadonlyMap<string, string>;
  readonly photos: readonly DescribedPhoto[];
}

async function describeEncoder(
  { weightsFile, descriptor, ...fixed }: EncoderRecipe,
  manifests: string[],
): Promise<DescribedEncoder> {
  const file = await readFile(join(modelsFolder(), weightsFile));
  const network = new Map(
    [...readSafetensors(file)].filter(([name]) => !name.startsWith('whitening.')),
  );
  const draft = { ...fixed, dim: FIT.dim };
  const photos = await describePhotos(manifests, draft, network, descriptor);
  return { draft, network, metadata: readSafetensorsMetadata(file), photos };
}

async function fitEncoder(
  { id, weightsFile, descriptor }: EncoderRecipe,
  { draft, network, metadata, photos }: DescribedEncoder,
  kept: EncoderEntry | null,
): Promise<{ entry: EncoderEntry; report: FitReport }> {
  const layout = [{ length: descriptor, weight: 1 }];
  if (kept) {
    const stored = await storedMetric([id], layout);
    const { decision, report } = await fitModel(id, photos, layout, stored, kept);
    return { entry: { ...kept, decision }, report };
  }
  const metric = metricOf(photos, layout);
  const fitted = await fitModel(id, photos, layout, metric);
  const weights = withWhitening(network, metric[0]!.whitening, descriptor);
  const weightsEntry = await writeModel(weightsFile, writeSafetensors(weights, metadata));
  const embedding = await openNodeNetwork(draft, weights, 'embedding');
  const goldenFile = await makeGolden(embedding, draft.input);
  await embedding.release();
  const golden = await writeModel(`${id}-golden.json`, json(goldenFile));
  const { bank, decision, report } = fitted;
  return { entry: { ...draft, weights: weightsEntry, bank, decision, golden }, report };
}

async function fitEnsemble(
  recipe: EnsembleRecipe,
  described: ReadonlyMap<string, readonly DescribedPhoto[]>,
  kept: EnsembleEntry | null,
): Promise<{ entry: EnsembleEntry; report: FitReport }> {
  const layout = recipe.members.map(({ encoder, weight }) => ({
    length: described.get(encoder)?.[0]?.descriptor.length ?? 0,
    weight,
  }));
  const members = recipe.members.map(({ encoder }) => described.get(encoder) ?? []);
  const metric = await storedMetric(
    recipe.members.map(({ encoder }) => encoder),
    layout,
  );
  const photos = sideBySide(members);
  const { bank, decision, report } = await fitModel(recipe.id, photos, layout, metric, kept);
  return { entry: { ...recipe, bank, decision }, report };
}

/**
 * The members' whitenings as they ship, which embeddings come from. Learned again they would be as good and another
 * basis of the same space: a bank in it would be compared with embeddings in the other.
 */
async function storedMetric(
  encoders: readonly string[],
  layout: readonly MemberLayout[],
): Promise<Metric> {
  return Promise.all(
    encoders.map(async (encoder, m) => {
      const { weightsFile = '' } = ENCODER_RECIPES.find(({ id }) => id === encoder) ?? {};
      const weights = readSafetensors(await readFile(join(modelsFolder(), weightsFile)));
      const read = (name: string) => {
        const tensor = weights.get(name);
        if (!tensor) throw usage(`"${encoder}" has no whitening yet.`, 'Fit it first.');
        return toFloat32(tensor, name);
      };
      const whitening = { mean: read('whitening.mean'), weight: read('whitening.weight') };
      return { ...layout[m]!, whitening }; // one for each member
    }),
  );
}

interface FitReport {
  readonly id: string;
  readonly photos: number;
  readonly bank: number;
  /** How many of each outcome the decision was fitted on. */
  readonly samples: Readonly<Record<string, number>>;
  readonly accept: number;
  readonly validation: readonly StageScore[];
}

/**
 * Metric, bank and decision of an encoder or an ensemble, the latter two written to files.
 * @param kept whose bank stays as it is
 */
async function fitModel(
  id: string,
  photos: readonly DescribedPhoto[],
  layout: readonly MemberLayout[],
  metric: Metric,
  kept: Pick<EncoderEntry, 'bank'> | null = null,
) {
  note(`${id}: bank …`);
  const bankPhotos = photos.filter((p) => p.role === 'negative-bank');
  const bank = kept?.bank ?? (await writeBank(id, embedAll(bankPhotos, metric)));

  note(`${id}: decision …`);
  const samples = await decisionSamples(photos, layout, RERANK, (done) => {
    note(`fold ${done} of ${FIT.folds}`);
  });
  const fitted = fitDecision(samples);
  const validation = await rankValidation(photos, metric, { ...fitted, accept: 0 });
  const accept = thresholdRefusing(validation.nonLandmarkScores, FIT.namedWrongly);
  const model: DecisionModel = { ...fitted, accept };
  const decision = await writeModel(`${id}-decision.json`, json(model));
  const report: FitReport = {
    id,
    photos: photos.length,
    bank: bankPhotos.length,
    samples: Object.fromEntries(
      KINDS.map((kind, k) => [kind, samples.filter((s) => s.outcome === k).length]),
    ),
    accept,
    validation: scoreStages(validation.byStage),
  };
  return { bank, decision, report };
}

function writeBank(id: string, rows: readonly Float32Array[]) {
  const dim = rows[0]?.length ?? 0;
  return writeModel(`${id}-bank.safetensors`, encodeBank(flatten(rows, dim), dim));
}

/** What each stage says on the validation split, which acceptance is chosen by. */
async function rankValidation(
  photos: readonly DescribedPhoto[],
  metric: Metric,
  model: DecisionModel,
) {
  const task = makeTask(validationPhotos(photos), metric, RERANK.penalty.referenceNeighbours);
  const ranked = await rankQueries(task.queries, task.search, task.bank, RERANK);
  const byStage = predictionsByStage(ranked, task.labels, RERANK, model);
  const final = byStage.get('+decision') ?? [];
  const nonLandmarkScores = final.filter((_, i) => !task.queries[i]?.landmark).map((p) => p.score);
  return { byStage, nonLandmarkScores };
}

function withWhitening(network: Weights, whitening: Whitening, input: number): Weights {
  const half = new Uint8Array(float32ToHalf(whitening.weight).buffer);
  return new Map([
    ...network,
    ['whitening.mean', fromFloat32(whitening.mean, [input])],
    ['whitening.weight', { dtype: 'F16' as const, shape: [FIT.dim, input], data: half }],
  ]);
}

function json(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}
