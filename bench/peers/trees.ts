// The decision's trees beside other ways to evaluate the same LightGBM model: microseconds a row, and how far apart.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web';
import { DEFAULT_MODEL } from '../../src/cli/encoders.ts';
import { modelsFolder } from '../../src/cli/models.ts';
import { parseLightGbm } from '../../src/rerank/trees/lightgbm-text.ts';
import { predictRaw, type TreeEnsemble } from '../../src/rerank/trees/tree-ensemble.ts';
import { drawRows } from '../rerank.ts';
import { namedRow, plainTrees, predictPlain } from './plain-trees.ts';
import { inRounds, type Way, type WayTiming } from './rounds.ts';
import { treesOnnx } from './trees-onnx.ts';

const ROWS = 500;
const WARM_UP = 5;
const PYTHON = process.env.PYTHON ?? 'python3';

export interface TreesPart {
  readonly model: string;
  readonly rows: number;
  readonly trees: number;
  readonly leaves: number;
  /** Microseconds a row; largest difference of a raw score from ours, and the share of rows off by over 1e-4. */
  readonly ways: readonly (WayTiming & {
    readonly name: string;
    readonly maxDifference: number;
    readonly rowsApart: number;
  })[];
  readonly skipped: readonly string[];
}

type Scores = readonly ArrayLike<number>[];

export async function benchTrees(rounds: number): Promise<TreesPart> {
  const file = join(modelsFolder(), `${DEFAULT_MODEL}-reranker.txt`);
  const trees = parseLightGbm(readFileSync(file, 'utf8'));
  const rows = drawRows(trees, ROWS, 1);
  const scores = new Map<string, Scores>();
  const session = await openOnnx(trees);
  const named = rows.map((row) => namedRow(trees.features, row));
  const plain = plainTrees(trees);
  const single = rows.map((row) => tensor([row]));
  const all = tensor(rows);
  const ways: Way[] = [
    kept('ours, a row at a time', () => rows.map((row) => predictRaw(trees, row))),
    kept('objects and calls in JavaScript, a row at a time', () =>
      named.map((row) => predictPlain(plain, row)),
    ),
    kept('onnxruntime-web, ONNX-ML, a row at a time', async () => {
      const found = [];
      for (const one of single) found.push((await session.run({ rows: one })).scores!.data);
      return found as Float32Array[];
    }),
    kept('onnxruntime-web, ONNX-ML, all rows at once', async () => {
      const data = (await session.run({ rows: all })).scores!.data as Float32Array;
      return rows.map((_, i) => data.subarray(i * trees.classes, (i + 1) * trees.classes));
    }),
  ];
  function kept(name: string, run: () => Scores | Promise<Scores>): Way {
    return {
      name,
      run: async () => {
        scores.set(name, await run());
      },
    };
  }
  const times = new Map(await inRounds(ways, { rounds, warmUp: WARM_UP }));
  await session.release();
  const skipped: string[] = [];
  const python = inPython(file, rows, rounds);
  if (typeof python === 'string') skipped.push(python);
  else {
    for (const { name, ms, scores: found } of python) {
      times.set(name, ms);
      scores.set(name, found);
    }
  }
  const ours = scores.get(ways[0]!.name)!;
  return {
    model: DEFAULT_MODEL,
    rows: ROWS,
    trees: trees.roots.length,
    leaves: trees.leafValue.length,
    ways: [...times].map(([name, ms]) => ({
      name,
      ...perRow(ms),
      ...apart(ours, scores.get(name)!),
    })),
    skipped,
  };
}

/** One thread, as the other ways. */
async function openOnnx(trees: TreeEnsemble): Promise<ort.InferenceSession> {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  return ort.InferenceSession.create(treesOnnx(trees), { graphOptimizationLevel: 'all' });
}

function tensor(rows: readonly Float64Array[]): ort.Tensor {
  const width = rows[0]!.length;
  const values = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) values.set(row, i * width);
  return new ort.Tensor('float32', values, [rows.length, width]);
}

function perRow({ median, p95, fastest, cpu, n }: WayTiming): WayTiming {
  const scale = 1000 / ROWS;
  const [each, slow, quick, used] = [median, p95, fastest, cpu].map((ms) => ms * scale);
  return { median: each!, p95: slow!, fastest: quick!, cpu: used!, n };
}

/** Raw scores that differ by more than rounding changes a probability by 1e-4 or so. */
const APART = 1e-4;

function apart(ours: Scores, others: Scores) {
  const off = ours.map((row, i) =>
    Math.max(...Array.from(row, (value, k) => Math.abs(value - others[i]![k]!))),
  );
  return {
    maxDifference: Math.max(...off),
    rowsApart: off.filter((one) => one > APART).length / off.length,
  };
}

interface PythonWay {
  readonly name: string;
  /** Of all rows. */
  readonly ms: WayTiming;
  readonly scores: number[][];
}

/** LightGBM itself, where PYTHON has it; why not, where it has not. */
function inPython(
  model: string,
  rows: readonly Float64Array[],
  rounds: number,
): PythonWay[] | string {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-trees-'));
  try {
    const input = join(folder, 'rows.json');
    // JSON has no NaN; null stands for it.
    writeFileSync(input, JSON.stringify(rows.map((row) => Array.from(row))));
    const script = join(import.meta.dirname, 'lightgbm-rows.py');
    const output = execFileSync(PYTHON, [script, model, input, String(rounds)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 28,
    });
    return JSON.parse(output) as PythonWay[];
  } catch {
    return 'LightGBM in Python: not measured, PYTHON names no Python with lightgbm';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
