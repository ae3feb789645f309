// `cairn train-matcher`: photos of a manifest → weights of a LoFTR of ours, resumable.
import { basename, resolve } from 'node:path';
import { loftrCost } from '../../nets/loftr/cost.ts';
import { isLent, lentWeights } from '../../nets/loftr/loftr.ts';
import { LOFTR } from '../../nets/loftr/specs.ts';
import { specNamed } from '../../nets/specs.ts';
import type { PairBatch } from '../../training/matcher/make-pairs.ts';
import { MATCHER_AIM, matcherModel, type PairOutput } from '../../training/matcher/model.ts';
import { FINE_MATCHES } from '../../training/matcher/presets.ts';
import type { MatcherScores } from '../../training/matcher/scores.ts';
import { runLoop, START, type Unsaved } from '../../training/trainer/loop.ts';
import {
  FLOPS_PER_MAC,
  learningRate,
  PASSES,
  planRun,
  type RunPlan,
} from '../../training/trainer/run-plan.ts';
import { BaseTrainer } from '../../training/trainer/trainer.ts';
import { type Weights, writeSafetensors } from '../../weights/safetensors.ts';
import { startHarness } from '../harness/index.ts';
import { networkWeights } from '../models.ts';
import { readWeights } from '../network-model.ts';
import { note, printJson, usage } from '../output.ts';
import { readManifests } from '../photo-list.ts';
import { identityOf } from '../training/course-config.ts';
import {
  type MatcherConfig,
  type MatcherOptions,
  matcherConfig,
} from '../training/matcher-config.ts';
import { openPairBatches, pairPhotos, validationPairs } from '../training/pair-batches.ts';
import { readPairs } from '../training/pair-file.ts';
import { RunFolder } from '../training/run-folder.ts';
import { hoursByBackend } from '../training/train-dry-run.ts';
import { progressOf } from '../training/train-parts.ts';
import type { KnownPair } from '../training/train-worker-protocol.ts';
import type { TrainingSet } from '../training/training-photos.ts';
import { validateMatcher } from '../training/validate-matcher.ts';

/** Trains as told; the last line on stdout is JSON, everything else goes to stderr and the run's folder. */
export async function trainMatcher(options: MatcherOptions): Promise<void> {
  const config = matcherConfig(options);
  const listed = await readManifests(options.manifest);
  const set = await pairPhotos(listed, config.limit);
  const pairs = config.pairs === null ? [] : await readPairs(config.pairs, listed);
  const plan = planRun(config.stages, config.batch, set.photos.length);
  if (options.dryRun) {
    printJson(await dryRun(config, plan, set));
    return;
  }
  const validation = config.validateEvery > 0 ? await validationOf(options, plan) : null;
  await run(config, options, plan, set, pairs, validation);
}

/** At the last stage's size in every stage, so that validations can be compared. Throws `usage` for none. */
async function validationOf({ manifest }: MatcherOptions, { stages }: RunPlan) {
  const pairs = await validationPairs(await readManifests(manifest), stages.at(-1)!.size);
  if (pairs.length > 0) return pairs;
  throw usage(
    'The manifest has no photo to validate on.',
    'Give one with photos of the validation protocol, or leave --validate-every out.',
  );
}

async function run(
  config: MatcherConfig,
  options: MatcherOptions,
  plan: RunPlan,
  set: TrainingSet,
  pairs: readonly KnownPair[],
  validation: readonly PairBatch[] | null,
): Promise<void> {
  const resume = options.resume === true;
  if (resume && options.out === undefined) {
    throw usage('The folder of the run is not known.', 'Give it with --out.');
  }
  const out = resolve(options.out ?? (await RunFolder.fresh(`${config.arch}-${config.spec}`)));
  const folder = await RunFolder.open(out, resume);
  const harness = await startHarness(config);
  note(`${harness.why} ${set.photos.length} photos, ${pairs.length} real pairs.`);
  const { seed, weightDecay, clipNorm, averageDecay } = config;
  const trainer = new BaseTrainer<PairBatch, PairOutput, PairBatch>({
    model: matcherModel(config.spec),
    objective: MATCHER_AIM,
    seed,
    weightDecay,
    clipNorm,
    averageDecay,
    initial: await startOf(config),
    trains: (path) => !isLent(path),
  });
  const identity = identityOf(config, set.photos.length + pairs.length);
  const saved = resume ? await RunFolder.checkpointIn(out) : null;
  const from: Unsaved = saved ? trainer.restore(saved, identity) : START;
  await folder.keepLog(from.step);
  const batches = openPairBatches(config, set, pairs, plan);
  let latest: MatcherScores | null = null;
  const loop = runLoop(
    {
      trainer,
      plan,
      learningRate: learningRate(config, plan),
      batch: batches.batch,
      ...(validation
        ? {
            validate: async () => {
              latest = await validateMatcher(await trainer.weights(), config.spec, validation);
              return latest;
            },
          }
        : {}),
      save: async (at, best) => {
        await folder.saveCheckpoint(await trainer.save(at, identity));
        // Where nothing is validated, the newest weights are the best that are known.
        if (best || at.best === null) {
          await folder.saveWeights(writeSafetensors(await trainer.weights(), metadataOf(config)));
        }
        await folder.drawCurves(`${config.arch} ${config.spec}`);
      },
      log: (line) => {
        folder.log(line);
        note(progressOf(line, plan, 'pairs'));
      },
    },
    { ...config, signal: harness.lost },
    from,
  );
  const progress = await harness.guard(loop);
  await batches.close();
  await harness.dispose();
  const summary = {
    arch: config.arch,
    spec: config.spec,
    params: trainer.parameterCount,
    epochs: config.stages.reduce((sum, { epochs }) => sum + epochs, 0),
    backend: harness.backend,
    pairs_per_second: progress.images / progress.seconds,
    pairs: progress.images,
    seconds: progress.seconds,
    best: progress.best,
    val: latest,
    weights: folder.weights,
  };
  await folder.saveSummary(summary);
  printJson(summary, { lines: true });
}

/**
 * The weights given, and what an encoder of the registry lends where they lack it. Throws `usage` where
 * neither has it: stages that are never trained must not be random.
 */
async function startOf({ spec: name, init }: MatcherConfig): Promise<Weights> {
  const given: Weights = init === null ? new Map() : await readWeights(init);
  const spec = specNamed(LOFTR, name);
  const { backbone } = spec;
  if (backbone.kind === 'resnet' || [...given.keys()].some(isLent)) return given;
  const lender = await networkWeights(backbone.kind, backbone.size);
  if (lender) return new Map([...lentWeights(lender, spec), ...given]);
  throw usage(
    `No encoder of the registry is an ${backbone.kind}/${backbone.size}, whose stages "${name}" needs.`,
    'Give weights of a matcher with --init, or choose another --spec.',
  );
}

/** Steps, and hours by each backend that starts here, of square views. */
async function dryRun(config: MatcherConfig, plan: RunPlan, set: TrainingSet) {
  const stages = plan.stages.map(({ size, epochs, from, to }) => {
    const cost = loftrCost(config.spec, { width: size, height: size }, FINE_MATCHES);
    const macs = 2 * cost.features + cost.coarse + cost.fine;
    const pairs = (to - from) * plan.batch;
    return { size, epochs, steps: to - from, pairs, flops: pairs * macs * PASSES * FLOPS_PER_MAC };
  });
  const flops = stages.reduce((sum, stage) => sum + stage.flops, 0);
  return {
    arch: config.arch,
    spec: config.spec,
    photos: set.photos.length,
    batch: plan.batch,
    steps: plan.steps,
    stages,
    flops,
    backends: await hoursByBackend(flops),
  };
}

/** What a card must say of weights, in the file itself; of paths, names only. */
function metadataOf(config: MatcherConfig): Map<string, string> {
  const named = (path: string | null) => path && basename(path);
  const settings = { ...config, init: named(config.init), pairs: named(config.pairs) };
  return new Map([
    ['network', `${config.arch}/${config.spec}`],
    ['trained-by', 'cairn train-matcher'],
    ['settings', JSON.stringify(settings)],
  ]);
}
