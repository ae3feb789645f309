// `cairn fit`: whitening, non-landmark bank, decision, golden embedding and the registry of an encoder.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
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
import { decisionSamples, fitDecision, metricOf } from '../../training/fit-decision.ts';
import { FIT } from '../../training/fit-recipe.ts';
import type { MemberLayout, Metric } from '../../training/metric.ts';
import type { Whitening } from '../../training/whitening.ts';
import { float32ToHalf } from '../../weights/half.ts';
import { REGISTRY_FILE } from '../../weights/load-registry.ts';
import type {
  EncoderEntry,
  EnsembleEntry,
  Registry,
  VerifiedFile,
} from '../../weights/registry.ts';
import {
  fromFloat32,
  readSafetensors,
  readSafetensorsMetadata,
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
import { modelsFolder } from '../models.ts';
import { note, printJson } from '../output.ts';

/** Share of the validation photos without a landmark that may be named one (design: 1 %). */
const NAMED_WRONGLY = 0.01;

/**
 * Fits every recipe, then every ensemble of them, and writes the registry. Deterministic for given photos.
 */
export async function fit(options: { manifest: string[] }): Promise<void> {
  await useWasmKernels();
  const encoders: EncoderEntry[] = [];
  const described = new Map<string, DescribedPhoto[]>();
  const reports: FitReport[] = [];
  for (const recipe of ENCODER_RECIPES) {
    const { entry, photos, report } = await fitEncoder(recipe, options.manifest);
    encoders.push(entry);
    described.set(recipe.id, photos);
    reports.push(report);
  }
  const ensembles: EnsembleEntry[] = [];
  for (const recipe of ENSEMBLE_RECIPES) {
    const { entry, report } = await fitEnsemble(recipe, described);
    ensembles.push(entry);
    reports.push(report);
  }
  const registry: Registry = {
    version: 1,
    defaultEncoder: DEFAULT_MODEL,
    encoders,
    ...(ensembles.length > 0 ? { ensembles } : {}),
  };
  await writeModel(REGISTRY_FILE, Buffer.from(`${JSON.stringify(registry, null, 2)}\n`));
  printJson(reports);
}

async function fitEncoder(recipe: EncoderRecipe, manifests: string[]) {
  const { weightsFile, descriptor, ...fixed } = recipe;
  const file = await readFile(join(modelsFolder(), weightsFile));
  const metadata = readSafetensorsMetadata(file);
  const network = new Map(
    [...readSafetensors(file)].filter(([name]) => !name.startsWith('whitening.')),
  );
  const draft = { ...fixed, dim: FIT.dim };
  const photos = await describePhotos(manifests, draft, network, descriptor);
  const { metric, ...fitted } = await fitModel(recipe.id, photos, [
    { length: descriptor, weight: 1 },
  ]);

  const weights = withWhitening(network, metric[0]!.whitening, descriptor);
  const weightsEntry = await writeModel(weightsFile, writeSafetensors(weights, metadata));
  const embedding = await openNodeNetwork(draft, weights, 'embedding');
  const goldenFile = await makeGolden(embedding, draft.input);
  await embedding.release();
  const golden = await writeModel(`${recipe.id}-golden.json`, json(goldenFile));
  const { bank, decision, report } = fitted;
  return { entry: { ...draft, weights: weightsEntry, bank, decision, golden }, photos, report };
}

async function fitEnsemble(
  recipe: EnsembleRecipe,
  described: ReadonlyMap<string, readonly DescribedPhoto[]>,
): Promise<{ entry: EnsembleEntry; report: FitReport }> {
  const layout = recipe.members.map(({ encoder, weight }) => ({
    length: described.get(encoder)?.[0]?.descriptor.length ?? 0,
    weight,
  }));
  const members = recipe.members.map(({ encoder }) => described.get(encoder) ?? []);
  const { bank, decision, report } = await fitModel(recipe.id, sideBySide(members), layout);
  return { entry: { ...recipe, bank, decision }, report };
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

/** Metric, bank and decision of an encoder or an ensemble, the latter two written to files. */
async function fitModel(
  id: string,
  photos: readonly DescribedPhoto[],
  layout: readonly MemberLayout[],
) {
  note(`${id}: metric …`);
  const metric = metricOf(photos, layout);
  const bankPhotos = photos.filter((p) => p.role === 'negative-bank');
  const bankRows = embedAll(bankPhotos, metric);
  const dim = bankRows[0]?.length ?? 0;
  const bank = await writeModel(`${id}-bank.safetensors`, encodeBank(flatten(bankRows, dim), dim));

  note(`${id}: decision …`);
  const samples = await decisionSamples(photos, layout, RERANK, (done) => {
    note(`fold ${done} of ${FIT.folds}`);
  });
  const fitted = fitDecision(samples);
  const validation = await rankValidation(photos, metric, { ...fitted, accept: 0 });
  const accept = thresholdRefusing(validation.nonLandmarkScores, NAMED_WRONGLY);
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
  return { metric, bank, decision, report };
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

async function writeModel(file: string, bytes: Uint8Array): Promise<VerifiedFile> {
  await writeFile(join(modelsFolder(), file), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { file, bytes: bytes.length, sha256 };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}
