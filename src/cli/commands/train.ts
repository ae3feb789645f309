// `cairn train`: photos of a manifest → weights of an encoder, resumable, in one or more processes.
import { basename, resolve } from 'node:path';
import { runLoop, START, type Unsaved } from '../../training/trainer/loop.ts';
import { learningRate, planRun, type RunPlan } from '../../training/trainer/run-plan.ts';
import { Trainer } from '../../training/trainer/trainer.ts';
import {
  STORED_ROLES,
  type StoredEmbeddings,
  type ValidationScores,
} from '../../training/trainer/validation.ts';
import { writeSafetensors } from '../../weights/safetensors.ts';
import { startHarness } from '../harness/index.ts';
import { note, printJson, usage } from '../output.ts';
import { readManifests } from '../photo-list.ts';
import { identityOf } from '../training/course-config.ts';
import { joinRanks, type Rank } from '../training/data-parallel.ts';
import { RunFolder } from '../training/run-folder.ts';
import { shortened, type TeacherTable, teach } from '../training/teacher.ts';
import { type TrainConfig, type TrainOptions, trainConfig } from '../training/train-config.ts';
import { dryRun } from '../training/train-dry-run.ts';
import {
  inputOf,
  openTrainingBatches,
  progressOf,
  trainerOptions,
} from '../training/train-parts.ts';
import { type TrainingSet, trainingPhotos } from '../training/training-photos.ts';
import { type RolePhoto, validateStudent, validationSet } from '../training/validate-student.ts';

/** Trains as told; the last line on stdout is JSON, everything else goes to stderr and the run's folder. */
export async function train(options: TrainOptions): Promise<void> {
  const config = trainConfig(options);
  const listed = await readManifests(options.manifest);
  const set = await trainingPhotos(listed, {
    limit: config.limit,
    unlabelled: config.teacher !== null,
  });
  const plan = planRun(config.stages, config.batch, set.photos.length);
  if (options.dryRun) {
    printJson(await dryRun(config, plan, set.classes.length));
    return;
  }
  const rank = joinRanks(config.processes);
  try {
    await run(config, options, plan, set, rank);
  } finally {
    rank.close();
  }
}

async function run(
  config: TrainConfig,
  options: TrainOptions,
  plan: RunPlan,
  set: TrainingSet,
  rank: Rank,
): Promise<void> {
  const leads = rank.rank === 0;
  const resume = options.resume === true;
  const out = await folderOf(config, options);
  const folder = leads ? await RunFolder.open(out, resume) : null;
  const teacher = await teacherOf(config, set);
  const validates = leads && config.validateEvery > 0;
  const validation = validates ? await validationSet(await readManifests(options.manifest)) : [];
  const gallery = validates ? await teacherGallery(config, teacher, validation) : undefined;
  const harness = await startHarness(config);
  if (leads) note(`${harness.why} ${set.photos.length} photos of ${set.classes.length} landmarks.`);
  const trainer = new Trainer(await trainerOptions(config, set, rank));
  const identity = identityOf(config, set.photos.length);
  // Every process reads it: all must go on from the same numbers.
  const saved = resume ? await RunFolder.checkpointIn(out) : null;
  const from: Unsaved = saved ? trainer.restore(saved, identity) : START;
  await folder?.keepLog(from.step);
  const batches = openTrainingBatches(config, set, plan, teacher, rank);
  let latest: ValidationScores | null = null;
  const writeWeights = async () =>
    folder?.saveWeights(writeSafetensors(await trainer.weights(), metadataOf(config)));
  const title = `${config.student.arch} ${config.student.spec}`;
  const loop = runLoop(
    {
      trainer,
      plan,
      learningRate: learningRate(config, plan),
      batch: batches.batch,
      ...(validates
        ? {
            validate: async ({ stage }) => {
              latest = await validateStudent(
                trainer,
                validation,
                inputOf(config.student, stage.size),
                gallery,
              );
              return latest;
            },
          }
        : {}),
      save: async (at, best) => {
        if (!folder) return;
        await folder.saveCheckpoint(await trainer.save(at, identity));
        // Where nothing is validated, the newest weights are the best that are known.
        if (best || at.best === null) await writeWeights();
        await folder.drawCurves(title);
      },
      log: (line) => {
        folder?.log(line);
        if (leads) note(progressOf(line, plan));
      },
    },
    { ...config, signal: harness.lost },
    from,
  );
  const progress = await harness.guard(loop);
  await batches.close();
  await harness.dispose();
  if (!folder) return;
  const summary = {
    arch: config.student.arch,
    spec: config.student.spec,
    params: trainer.parameterCount,
    epochs: config.stages.reduce((sum, { epochs }) => sum + epochs, 0),
    backend: harness.backend,
    processes: config.processes,
    images_per_second: progress.images / progress.seconds,
    images: progress.images,
    seconds: progress.seconds,
    best: progress.best,
    val: latest,
    weights: folder.weights,
  };
  await folder.saveSummary(summary);
  printJson(summary, { lines: true });
}

async function teacherOf(config: TrainConfig, set: TrainingSet): Promise<TeacherTable | null> {
  if (config.teacher === null) return null;
  const table = await teach(config.teacher, set.photos);
  if (table.dim === config.dim) return table;
  // Whatever trains afterwards: here results are read at once, which WebGPU in Node cannot.
  const harness = await startHarness({ backend: 'wasm' });
  const teacher = shortened(table, config.dim);
  await harness.dispose();
  return teacher;
}

/** What the teacher would have stored; none where the student's embeddings are not of its length. */
async function teacherGallery(
  config: TrainConfig,
  teacher: TeacherTable | null,
  validation: readonly RolePhoto[],
): Promise<StoredEmbeddings | undefined> {
  if (config.teacher === null || !teacher?.exact) return undefined;
  const stored = validation.filter(({ role }) => STORED_ROLES.includes(role));
  const { rows, dim } = await teach(config.teacher, stored);
  return new Map(stored.map(({ path }, n) => [path, rows.slice(n * dim, (n + 1) * dim)]));
}

async function folderOf({ student }: TrainConfig, options: TrainOptions) {
  if (options.out !== undefined) return resolve(options.out);
  if (options.resume) {
    throw usage('The folder of the run is not known.', 'Give it with --out.');
  }
  return resolve(await RunFolder.fresh(`${student.arch}-${student.spec}`));
}

/** What a card must say of weights, in the file itself. */
function metadataOf(config: TrainConfig): Map<string, string> {
  // A path says nothing on other machines, and too much of this one.
  const init = config.init && basename(config.init);
  return new Map([
    ['network', `${config.student.arch}/${config.student.spec}`],
    ['trained-by', 'cairn train'],
    ['settings', JSON.stringify({ ...config, init })],
  ]);
}
