// Compares our reading and evaluation of LightGBM's models with the predictions that fuzz-lightgbm.py wrote.
//
//   python scripts/fuzz-lightgbm.py DIR [--models N] [--rows N] [--seed N]
//   npx tsx scripts/fuzz-lightgbm.ts DIR
//
// For each model: scores and predictions equal LightGBM's to 1e-9, relative above 1 and absolute below; the
// emitted module, imported, opens to the very same trees; contributions add up to the score. Prints JSON; exits
// with 1 at any difference.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { emitModule } from '../src/rerank/trees/emit-module.ts';
import { type ExportedTrees, openTrees } from '../src/rerank/trees/exported-trees.ts';
import { parseLightGbm } from '../src/rerank/trees/lightgbm-text.ts';
import { explainer } from '../src/rerank/trees/path-contributions.ts';
import { firstIterations, predict, predictRaw } from '../src/rerank/trees/tree-ensemble.ts';

const TOLERANCE = 1e-9;
const EXPORTED = resolve(import.meta.dirname, '../src/rerank/trees/exported-trees.ts');

interface About {
  readonly iterations: number;
  readonly rows: number;
  readonly features: number;
  readonly classes: number;
  readonly lightgbm: string;
  readonly boosting: string;
  readonly objective: string;
}

const worst = { raw: 0, predicted: 0, contributions: 0 };
const found = { models: 0, rows: 0, values: 0, sameBits: 0, wrong: 0 };
const seen = new Map<string, number>();
const faults: string[] = [];

const dir = process.argv[2];
if (!dir) throw new Error('Give the folder that fuzz-lightgbm.py wrote.');
const names = readdirSync(dir).filter((file) => /^\d+\.txt$/.test(file));
for (const file of names) await tryModel(dir, file.replace('.txt', ''));
const report = { ...found, worst, seen: Object.fromEntries([...seen].sort()), faults };
console.log(JSON.stringify(report, null, 2));
process.exit(found.models > 0 && faults.length === 0 ? 0 : 1);

async function tryModel(folder: string, name: string): Promise<void> {
  const about = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as About;
  const { rows, features, classes } = about;
  const bytes = readFileSync(join(folder, `${name}.f64`));
  const numbers = new Float64Array(new Uint8Array(bytes).buffer);
  const whole = parseLightGbm(readFileSync(join(folder, `${name}.txt`), 'utf8'));
  const trees = firstIterations(whole, about.iterations);
  const opened = await throughModule(folder, name, trees);
  if (!isDeepStrictEqual(opened, trees)) faults.push(`${name}: the module has other trees`);
  const explain = explainer(opened);
  const before = found.wrong;
  for (let r = 0; r < rows; r++) {
    const row = numbers.subarray(r * features, (r + 1) * features);
    const raw = predictRaw(opened, row);
    const predicted = predict(opened, row);
    const contributions = explain(row);
    for (let k = 0; k < classes; k++) {
      const at = rows * features + r * classes + k;
      compare('raw', raw[k], numbers[at]);
      compare('predicted', predicted[k], numbers[at + rows * classes]);
      compare(
        'contributions',
        contributions[k]?.reduce((a, b) => a + b, 0),
        raw[k],
      );
    }
  }
  if (found.wrong > before) faults.push(`${name}: ${found.wrong - before} values differ`);
  found.models += 1;
  found.rows += rows;
  for (const what of [about.objective, about.boosting, `LightGBM ${about.lightgbm}`]) {
    seen.set(what, (seen.get(what) ?? 0) + 1);
  }
}

async function throughModule(
  folder: string,
  name: string,
  trees: ReturnType<typeof parseLightGbm>,
) {
  const file = resolve(folder, `${name}.generated.ts`);
  const options = { name, sha256: '', typesFrom: EXPORTED, command: 'fuzz-lightgbm.ts' };
  writeFileSync(file, emitModule(trees, options));
  const module = (await import(pathToFileURL(file).href)) as { default: ExportedTrees };
  return openTrees(module.default);
}

function compare(kind: keyof typeof worst, ours = Number.NaN, theirs = Number.NaN): void {
  found.values += 1;
  if (Object.is(ours, theirs)) {
    found.sameBits += 1;
    return;
  }
  const error = Math.abs(ours - theirs) / Math.max(1, Math.abs(theirs));
  worst[kind] = Math.max(worst[kind], error);
  if (!(error <= TOLERANCE)) found.wrong += 1;
}
