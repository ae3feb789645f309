// Relative-position tables for other windows than they were trained with, as timm resizes them: the table
// is read as samples of a function that is dense near the centre, and sampled anew at whole distances.
// After Microsoft's UniLM (beit/run_class_finetuning.py), with linear instead of cubic interpolation.
import type { Size } from './swin-windows.ts';

/** The bisection for the growth of distances: timm's bounds and precision. */
const GROWTH = { least: 1.01, most: 1.5, precision: 1e-6 } as const;

/** Distances of a trained table's samples from its centre, growing geometrically to cover the new one. */
function sourcePositions(source: number, target: number): number[] {
  const steps = Math.floor(source / 2);
  const reach = Math.floor(target / 2);
  let { least, most } = GROWTH as { least: number; most: number };
  let growth = least;
  while (most - least > GROWTH.precision) {
    growth = (least + most) / 2;
    const covered = (1 - growth ** steps) / (1 - growth);
    if (covered > reach) most = growth;
    else least = growth;
  }
  const distances: number[] = [];
  let distance = 1;
  for (let i = 0; i < steps; i++) {
    distances.push(distance);
    distance += growth ** (i + 1);
  }
  return [...distances.map((d) => -d).reverse(), 0, ...distances];
}

/** Weights [target, source] by which a side's new samples come from the old ones. */
function sideWeights(source: number, target: number): number[][] {
  const positions = sourcePositions(source, target);
  const half = Math.floor(target / 2);
  return Array.from({ length: target }, (_, t) => {
    const place = t - half;
    const weights = new Array<number>(source).fill(0);
    const right = positions.findIndex((position) => position >= place);
    if (right === -1) weights[source - 1] = 1;
    else if (right === 0) weights[0] = 1;
    else {
      const toLeft = place - positions[right - 1]!;
      const toRight = positions[right]! - place;
      weights[right - 1] = toRight / (toLeft + toRight);
      weights[right] = toLeft / (toLeft + toRight);
    }
    return weights;
  });
}

/**
 * The matrix [rows of the new table, rows of the old one] that resizes a table of relative positions, by
 * windows in tokens; null where nothing changes.
 */
export function resizingMatrix(from: Size, to: Size): Float32Array | null {
  if (from[0] === to[0] && from[1] === to[1]) return null;
  const side = (axis: 0 | 1) => sideWeights(2 * from[axis] - 1, 2 * to[axis] - 1);
  const [rows, columns] = [side(0), side(1)];
  const matrix: number[] = [];
  for (const row of rows) {
    for (const column of columns) {
      for (const y of row) for (const x of column) matrix.push(y * x);
    }
  }
  return Float32Array.from(matrix);
}
