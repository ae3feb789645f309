// `cairn train-reranker`: the re-ranker's table, LightGBM on it, and the model as a module of the product.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { thresholdRefusing } from '../../evaluation/recognition-metrics.ts';
import { reliability } from '../../evaluation/report.ts';
import { predictionsByStage, scoreStages } from '../../evaluation/stages.ts';
import { RERANK, VERIFICATION } from '../../rerank/presets.ts';
import {
  type LinearModel,
  openTreeDecision,
  type TreeTraining,
} from '../../rerank/tree-decision.ts';
import { emitModule } from '../../rerank/trees/emit-module.ts';
import { exportTrees } from '../../rerank/trees/exported-trees.ts';
import { parseLightGbm } from '../../rerank/trees/lightgbm-text.ts';
import { FIT } from '../../training/fit-recipe.ts';
import { findServed } from '../../weights/load-registry.ts';
import { describeModel } from '../described-model.ts';
import { DEFAULT_MODEL } from '../encoders.ts';
import { choosePhotos } from '../evaluation-photos.ts';
import { useWasmKernels } from '../fit-kernels.ts';
import { modelsFolder, openModel, readRegistry } from '../models.ts';
import { defaultMatcher } from '../node-verifier.ts';
import { note, printJson, usage } from '../output.ts';
import { PairMatcher } from '../pair-matcher.ts';
import { readManifests } from '../photo-list.ts';
import { photosOfLabels, rankPhotos } from '../rank-photos.ts';
import { rerankerTable } from '../training/reranker-table.ts';
import { type VerifiedFold, verifiedFold } from '../training/verified-folds.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SCRIPT = join(ROOT, 'scripts', 'train-reranker.py');
const EXPORTED = join(ROOT, 'src', 'rerank', 'exported');

export interface TrainRerankerOptions {
  readonly manifest: string[];
  /** Folder for the table, LightGBM's model text and its report. */
  readonly out: string;
  /** A Python with scripts/requirements.txt. */
  readonly python: string;
  readonly tableOnly?: boolean;
}

/**
 * Never touches `query`: rows are out-of-fold queries, parameters are cross-validated on them, and acceptance is
 * chosen on the validation split. Results of matching are kept in `.cache`: an interrupted run goes on.
 * Throws `usage`, `model-*`, `photo-*`.
 */
export async function trainReranker(options: TrainRerankerOptions): Promise<void> {
  const { manifest, out, python } = options;
  const matcher = await defaultMatcher();
  if (!matcher) throw usage('The registry has no matcher.', 'Ship one: see docs/matching.md.');
  await mkdir(out, { recursive: true });
  const tableFile = join(out, 'table.json');
  await useWasmKernels();
  const pairs = await PairMatcher.open({});
  const table = await makeTable(manifest, pairs);
  await writeFile(tableFile, JSON.stringify(table));
  if (options.tableOnly) {
    await pairs.dispose();
    printJson({ table: tableFile, rows: table.rows.length, columns: table.columns.length });
    return;
  }

  note(`LightGBM on ${table.rows.length} rows …`);
  await runPython(python, [SCRIPT, tableFile, out]);
  const text = await readFile(join(out, 'model.txt'), 'utf8');
  const report = JSON.parse(await readFile(join(out, 'report.json'), 'utf8')) as Report;
  const trees = parseLightGbm(text);
  const sha256 = createHash('sha256').update(text).digest('hex');
  const served = findServed(await readRegistry(), DEFAULT_MODEL);
  const exported = exportTrees(trees, { name: served.id, sha256 });
  const training: TreeTraining = {
    weightsSha256: served.weightsSha256,
    bankSha256: served.bank.sha256,
    matcher,
    temperature: report.temperature,
    accept: 1,
    linear: report.linear,
  };

  const validation = await scoreValidation(manifest, pairs, openTreeDecision(exported, training));
  await pairs.dispose();
  const final = { ...training, accept: validation.accept };
  const command = 'cairn train-reranker';
  const module = emitModule(trees, {
    name: served.id,
    sha256,
    typesFrom: '../trees/exported-trees.ts',
    command,
  });
  await writeFile(join(EXPORTED, `${served.id}.generated.ts`), module);
  await writeFile(
    join(EXPORTED, `${served.id}.generated.json`),
    `${JSON.stringify(final, null, 2)}\n`,
  );
  await writeFile(join(modelsFolder(), `${served.id}-reranker.txt`), text);
  const { linear, ...told } = report;
  printJson({ ...told, linear: linear.columns.length, ...validation });
}

interface Report {
  readonly temperature: number;
  readonly linear: LinearModel;
  readonly tried: readonly unknown[];
}

async function makeTable(manifest: readonly string[], pairs: PairMatcher) {
  const { photos, layout } = await describeModel(DEFAULT_MODEL, manifest);
  const listed = new Map((await readManifests(manifest)).map((photo) => [photo.path, photo]));
  const hashes = new Map<string, string>();
  for (const { path } of photos) {
    const bytes = await readFile(listed.get(path)!.file); // described from the same manifests
    hashes.set(path, createHash('sha256').update(bytes).digest('hex'));
  }
  const fileOf = (path: string) => ({ file: listed.get(path)!.file, sha256: hashes.get(path)! });
  const folds: VerifiedFold[] = [];
  const sources = { photos, layout, fileOf, pairs, ranking: RERANK, verification: VERIFICATION };
  for (let fold = 0; fold < FIT.folds; fold++) folds.push(await verifiedFold(sources, fold));
  return rerankerTable(folds, {
    ranking: RERANK,
    verification: VERIFICATION,
    groupOf: (path) => {
      const { label, source } = listed.get(path)!;
      return label === '' ? `source:${source}` : `label:${label}`;
    },
  });
}

/** What the trees say of the validation split, and the acceptance that it asks for. */
async function scoreValidation(
  manifest: string[],
  pairs: PairMatcher,
  trees: ReturnType<typeof openTreeDecision>,
) {
  const photos = await choosePhotos({
    manifest,
    gallerySplits: '',
    querySplit: '',
    split: 'validation',
  });
  const model = await openModel(DEFAULT_MODEL);
  const verifier = { pairs, references: 'stored' as const };
  const { ranked, queries, labels, matches, loaded, index } = await rankPhotos(
    photos,
    model,
    verifier,
  );
  index.close();
  const byStage = predictionsByStage(
    ranked,
    labels,
    RERANK,
    model.reranker.decision,
    matches && { matches, preset: VERIFICATION },
    { model: trees, photosOf: photosOfLabels(loaded) },
  );
  const final = byStage.get('+lightgbm') ?? [];
  const unnamed = final.filter((_, i) => queries[i]?.queryKind === 'non-landmark');
  return {
    accept: thresholdRefusing(
      unnamed.map(({ score }) => score),
      FIT.namedWrongly,
    ),
    validation: scoreStages(byStage),
    reliability: reliability(final),
  };
}

async function runPython(python: string, args: readonly string[]): Promise<void> {
  const run = promisify(execFile)(python, args, { maxBuffer: 1 << 26 });
  run.child.stderr?.pipe(process.stderr);
  await run.catch((cause: unknown) => {
    throw usage(
      `${python} did not train the trees: ${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)}`,
      'Give a Python with scripts/requirements.txt installed: --python FILE.',
    );
  });
}
