// Which form trees should ship in: data with one evaluator, or code. Prints JSON.
//
//   npx tsx bench/tree-forms.ts --model FILE [--n RUNS]
//
//   columns  the emitted module: base64 of typed arrays (src/rerank/trees/emit-module.ts)
//   lists    the same arrays as lists of numbers in decimals
//   code     a function a tree of nested conditionals, which needs no evaluator and explains nothing
//
// For each: bytes, gzipped bytes, milliseconds of CPU time from the import to the first row's score and for the
// first hundred rows (V8's compiling included), and microseconds a row once compiled. FILE may not hold categorical splits.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import ts from 'typescript';
import { buildEnsemble } from '../src/rerank/trees/build-ensemble.ts';
import { emitModule } from '../src/rerank/trees/emit-module.ts';
import { openTrees } from '../src/rerank/trees/exported-trees.ts';
import { parseLightGbm } from '../src/rerank/trees/lightgbm-text.ts';
import {
  CATEGORICAL,
  goesLeft,
  predictRaw,
  rowValues,
  startOfTree,
} from '../src/rerank/trees/tree-ensemble.ts';
import { drawRows, timeRows } from './rerank.ts';

type Score = (row: Float64Array) => Float64Array;

interface Form {
  readonly source: string;
  /** From the imported module's default export. */
  readonly open: (given: never) => Score;
}

const FIRST_ROWS = 100;

const FORMS: Readonly<Record<string, () => Form>> = { columns, lists, code };

const { values: flags } = parseArgs({
  options: { model: { type: 'string' }, n: { type: 'string' }, form: { type: 'string' } },
});
if (!flags.model) throw new Error('Give --model FILE, a model text of LightGBM.');
const trees = parseLightGbm(readFileSync(flags.model, 'utf8'));
const { features, classes, iterations, leafValue } = trees;
const rows = drawRows(trees, 500, 1);
const nothing = rowValues(
  trees,
  features.map(() => Number.NaN),
);
const form = FORMS[flags.form ?? ''];
if (form) {
  console.log(JSON.stringify(await measure(form())));
} else {
  const figures = Object.keys(FORMS).map((name) => [name, inOwnProcess(name)]);
  const model = { features: features.length, classes, iterations, leaves: leafValue.length };
  console.log(JSON.stringify({ model, ...Object.fromEntries(figures) }, null, 2));
}

/** What V8 has compiled for one form must not serve the next. */
function inOwnProcess(name: string): unknown {
  const own = [...process.execArgv, ...process.argv.slice(1), '--form', name];
  return JSON.parse(execFileSync(process.execPath, own, { encoding: 'utf8' }));
}

async function measure({ source, open }: Form) {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  });
  const url = `data:text/javascript;base64,${Buffer.from(outputText).toString('base64')}`;
  const began = process.cpuUsage();
  const module = (await import(url)) as { default: never };
  const score = open(module.default);
  const [row] = rows as [Float64Array];
  score(row);
  const readyCpuMs = milliseconds(process.cpuUsage(began));
  const again = process.cpuUsage();
  for (const each of rows.slice(0, FIRST_ROWS)) score(each);
  const firstRowsCpuMs = milliseconds(process.cpuUsage(again));
  for (const each of rows) {
    const wanted = predictRaw(trees, each);
    const same = score(each).every((value, k) => value === wanted[k]);
    if (!same) throw new Error('It gives other scores.');
  }
  return {
    bytes: source.length,
    gzipped: gzipSync(source, { level: 9 }).length,
    readyCpuMs,
    firstRowsCpuMs,
    microsecondsOfRow: timeRows(rows, Number(flags.n ?? 30), score),
  };
}

function milliseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000;
}

function columns(): Form {
  const options = { name: 'bench', sha256: '', typesFrom: '', command: 'bench/tree-forms.ts' };
  return {
    source: emitModule(trees, options),
    open: (given) => {
      const opened = openTrees(given);
      return (row) => predictRaw(opened, row);
    },
  };
}

function lists(): Form {
  const { objective, average } = trees;
  const within = (side: 'left' | 'right') =>
    Array.from(trees.roots).flatMap((_, t) => {
      const [start, end] = [startOfTree(trees, t), startOfTree(trees, t + 1)];
      const children = Array.from(trees[side].subarray(start.node, end.node));
      return children.map((child) => child + (child < 0 ? start.leaf : -start.node));
    });
  const parts = {
    classes,
    features,
    objective,
    average,
    leavesOfTree: Array.from(trees.roots, (_, t) => {
      return startOfTree(trees, t + 1).leaf - startOfTree(trees, t).leaf;
    }),
    feature: [...trees.feature],
    decision: [...trees.decision],
    threshold: [...trees.threshold],
    left: within('left'),
    right: within('right'),
    setStart: [...trees.setStart],
    setWords: [...trees.setWords],
    leafValue: [...trees.leafValue],
    leafCount: [...trees.leafCount],
  };
  // JSON has no infinity.
  const json = JSON.stringify(parts, (_, value) => (value === Infinity ? 'Infinity' : value));
  return {
    source: `export default ${json.replaceAll('"Infinity"', 'Infinity')};\n`,
    open: (given) => {
      const opened = buildEnsemble(given);
      return (row) => predictRaw(opened, row);
    },
  };
}

function code(): Form {
  if (trees.decision.some((bits) => bits & CATEGORICAL)) throw new Error('It has categories.');
  const functions = Array.from(trees.roots, (root, t) => `function t${t}(x){${branch(root)}}`);
  const sums = Array.from(trees.roots, (_, t) => `o[${t % classes}]+=t${t}(x);`);
  return {
    source: `${functions.join('\n')}\nexport default (x,o)=>{${sums.join('')}};\n`,
    open: (given: (row: Float64Array, out: Float64Array) => void) => (row) => {
      const out = new Float64Array(classes);
      given(row, out);
      return out;
    },
  };
}

/** The rows here hold no zeros, so that only NaN needs its way. */
function branch(node: number): string {
  if (node < 0) return `return ${trees.leafValue[~node]}`;
  const [value, threshold] = [`x[${trees.feature[node]}]`, trees.threshold[node]];
  const left = goesLeft(trees, node, nothing)
    ? `!(${value}>${threshold})`
    : `${value}<=${threshold}`;
  const [yes, no] = [trees.left[node], trees.right[node]].map((child) => branch(child ?? 0));
  return `if(${left}){${yes}}${no}`;
}
