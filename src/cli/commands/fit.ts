// `cairn fit`: whitening, non-landmark bank, decision, golden embedding and the registry of an encoder.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { thresholdRefusing } from '../../evaluation/recognition-metrics.ts';
import { predictionsByStage, rankQueries, scoreStages } from '../../evaluation/stages.ts';
import { makeGolden } from '../../inference/golden.ts';
import { type DecisionModel, KINDS } from '../../rerank/decision.ts';
import { encodeBank } from '../../rerank/load-reranker.ts';
import { RERANK } from '../../rerank/presets.ts';
import {
  type DescribedPhoto,
  embedAll,
  flatten,
  makeTask,
  validationPhotos,
} from '../../training/descriptors.ts';
import { decisionSamples, fitDecision, whiteningOf } from '../../training/fit-decision.ts';
import { FIT } from '../../training/fit-recipe.ts';
import type { Whitening } from '../../training/whitening.ts';
import { float32ToHalf } from '../../weights/half.ts';
import { REGISTRY_FILE } from '../../weights/load-registry.ts';
import type { EncoderEntry, Registry, VerifiedFile } from '../../weights/registry.ts';
import {
  fromFloat32,
  readSafetensors,
  readSafetensorsMetadata,
  type Weights,
  writeSafetensors,
} from '../../weights/safetensors.ts';
import { describePhotos, openNodeNetwork } from '../describe-photos.ts';
import { ENCODER_RECIPES, type EncoderRecipe } from '../encoders.ts';
import { useWasmKernels } from '../fit-kernels.ts';
import { modelsFolder } from '../models.ts';
import { note, printJson } from '../output.ts';

/** Share of the validation photos without a landmark that may be named one (design: 1 %). */
const NAMED_WRONGLY = 0.01;

/** Fits every recipe and writes the registry. Deterministic for given photos. */
export async function fit(options: { manifest: string[] }): Promise<void> {
  await useWasmKernels();
  const encoders: EncoderEntry[] = [];
  const reports: unknown[] = [];
  for (const recipe of ENCODER_RECIPES) {
    const { entry, report } = await fitEncoder(recipe, options.manifest);
    encoders.push(entry);
    reports.push(report);
  }
  const registry: Registry = { version: 1, defaultEncoder: ENCODER_RECIPES[0]!.id, encoders };
  await writeModel(REGISTRY_FILE, Buffer.from(`${JSON.stringify(registry, null, 2)}\n`));
  printJson(reports);
}

async function fitEncoder(
  recipe: EncoderRecipe,
  manifests: string[],
): Promise<{ entry: EncoderEntry; report: unknown }> {
  const { weightsFile, descriptor, ...fixed } = recipe;
  const file = await readFile(join(modelsFolder(), weightsFile));
  const metadata = readSafetensorsMetadata(file);
  const network = new Map(
    [...readSafetensors(file)].filter(([name]) => !name.startsWith('whitening.')),
  );
  const draft = { ...fixed, dim: FIT.dim };
  const photos = await describePhotos(manifests, draft, network, descriptor);

  note('whitening …');
  const whitening = whiteningOf(photos);
  const weights = withWhitening(network, whitening, descriptor);
  const id = recipe.id;
  const weightsEntry = await writeModel(weightsFile, writeSafetensors(weights, metadata));
  const bankPhotos = photos.filter((p) => p.role === 'negative-bank');
  const bankRows = flatten(embedAll(bankPhotos, whitening), FIT.dim);
  const bank = await writeModel(`${id}-bank.safetensors`, encodeBank(bankRows, FIT.dim));

  note('decision …');
  const samples = await decisionSamples(photos, RERANK, (done) => {
    note(`fold ${done} of ${FIT.folds}`);
  });
  const fitted = fitDecision(samples);
  const validation = await rankValidation(photos, whitening, { ...fitted, accept: 0 });
  const accept = thresholdRefusing(validation.nonLandmarkScores, NAMED_WRONGLY);
  const model: DecisionModel = { ...fitted, accept };
  const decision = await writeModel(`${id}-decision.json`, json(model));

  const embedding = await openNodeNetwork(draft, weights, 'embedding');
  const goldenFile = await makeGolden(embedding, draft.input);
  await embedding.release();
  const golden = await writeModel(`${id}-golden.json`, json(goldenFile));

  const report = {
    id,
    photos: photos.length,
    bank: bankPhotos.length,
    samples: Object.fromEntries(
      KINDS.map((kind, k) => [kind, samples.filter((s) => s.outcome === k).length]),
    ),
    accept,
    validation: scoreStages(validation.byStage),
  };
  return { entry: { ...draft, weights: weightsEntry, bank, decision, golden }, report };
}

/** What each stage says on the validation split, which acceptance is chosen by. */
async function rankValidation(
  photos: readonly DescribedPhoto[],
  whitening: Whitening,
  model: DecisionModel,
) {
  const task = makeTask(validationPhotos(photos), whitening, RERANK.penalty.referenceNeighbours);
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
