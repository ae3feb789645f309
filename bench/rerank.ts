// Benchmark of the decision's trees: microseconds a row of a LightGBM model, and what opening it takes.
import { readFile } from 'node:fs/promises';
import { seededRandom } from '../src/random.ts';
import { exportTrees, openTrees } from '../src/rerank/trees/exported-trees.ts';
import { parseLightGbm } from '../src/rerank/trees/lightgbm-text.ts';
import { explainer } from '../src/rerank/trees/path-contributions.ts';
import { predict, predictRaw, type TreeEnsemble } from '../src/rerank/trees/tree-ensemble.ts';
import { type Timing, timing } from './statistics.ts';

export interface RerankBench {
  /** File of a model text, as LightGBM saves it. */
  readonly model: string;
  /** Runs; each evaluates all rows. */
  readonly n: number;
}

const ROWS = 500;
const WARM_UP = 5;
const OPENINGS = 10;

/** Throws `model-invalid`, and what reading the file throws. */
export async function benchRerank({ model, n }: RerankBench) {
  const text = await readFile(model, 'utf8');
  const trees = parseLightGbm(text);
  const exported = exportTrees(trees, { name: model, sha256: '' });
  const rows = drawRows(trees, ROWS, 1);
  const explain = explainer(trees);
  return {
    bench: 'rerank',
    unit: 'µs a row',
    backend: 'plain TypeScript, 1 thread',
    model: {
      features: trees.features.length,
      classes: trees.classes,
      iterations: trees.iterations,
      leaves: trees.leafValue.length,
    },
    rows: ROWS,
    ...timeRows(rows, n, (row) => predict(trees, row)),
    raw: timeRows(rows, n, (row) => predictRaw(trees, row)),
    contributions: timeRows(rows, n, explain),
    opening: {
      unit: 'ms',
      text: timing(milliseconds(() => parseLightGbm(text))),
      module: timing(milliseconds(() => openTrees(exported))),
    },
  };
}

/** Values around the model's own thresholds, one of twenty missing: both ways of every split are taken. */
export function drawRows(trees: TreeEnsemble, count: number, seed: number): Float64Array[] {
  const random = seededRandom(seed);
  const thresholds: number[][] = trees.features.map(() => []);
  for (const [n, f] of trees.feature.entries()) thresholds[f]?.push(trees.threshold[n] ?? 0);
  const spread = thresholds.map((list) => {
    const finite = list.filter(Number.isFinite);
    const middle = finite.reduce((sum, t) => sum + t, 0) / Math.max(1, finite.length);
    const deviations = finite.reduce((sum, t) => sum + (t - middle) ** 2, 0);
    return { middle, width: Math.sqrt(deviations / Math.max(1, finite.length)) };
  });
  const value = ({ middle, width }: { middle: number; width: number }): number =>
    // Nearly normal: most values lie among the thresholds, some beyond them all.
    middle + 2 * width * (random() + random() + random() + random() - 2);
  return Array.from({ length: count }, () =>
    Float64Array.from(spread, (s) => (random() < 0.05 ? Number.NaN : value(s))),
  );
}

/** Microseconds a row, over n runs of all rows; `cpu` is the median of what the process itself took. */
export function timeRows(
  rows: readonly Float64Array[],
  n: number,
  work: (row: Float64Array) => unknown,
): Timing & { readonly cpu: number } {
  const wall: number[] = [];
  const cpu: number[] = [];
  for (let run = -WARM_UP; run < n; run++) {
    const [began, used] = [performance.now(), process.cpuUsage()];
    for (const row of rows) work(row);
    const { user, system } = process.cpuUsage(used);
    if (run < 0) continue;
    wall.push(((performance.now() - began) * 1000) / rows.length);
    cpu.push((user + system) / rows.length);
  }
  return { ...timing(wall), cpu: timing(cpu).median };
}

function milliseconds(work: () => unknown): number[] {
  return Array.from({ length: OPENINGS }, () => {
    const began = performance.now();
    work();
    return performance.now() - began;
  });
}
