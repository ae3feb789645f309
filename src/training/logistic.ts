// Multinomial logistic regression, fitted by Newton's method: few features, few classes, exact optimum.
import { Matrix, solve } from 'ml-matrix';
import { softmax } from '../rerank/decision.ts';

export interface LogisticOptions {
  /** Strength of the L2 penalty on weights (not on biases), per unit of sample weight. */
  readonly l2: number;
  readonly maxRounds?: number;
}

export interface LogisticModel {
  readonly mean: number[];
  readonly scale: number[];
  /** [classes][features], on standardised features. */
  readonly weights: number[][];
  readonly bias: number[];
}

/**
 * Minimises the weighted mean of −log p(class) + l2/2 · ‖weights‖² on standardised features.
 * @param rows [samples][features], finite.
 * @param classes Class index of each sample, 0..count−1.
 * @param sampleWeights Positive.
 */
export function fitLogistic(
  rows: readonly (readonly number[])[],
  classes: readonly number[],
  count: number,
  sampleWeights: readonly number[],
  options: LogisticOptions,
): LogisticModel {
  const features = rows[0]?.length ?? 0;
  const total = sampleWeights.reduce((a, b) => a + b, 0);
  const mean = moments(rows, sampleWeights, total, (x) => x);
  const variance = moments(rows, sampleWeights, total, (x, f) => (x - mean[f]!) ** 2);
  const scale = variance.map((v) => Math.sqrt(v) || 1);
  // The last column is the bias.
  const z = rows.map((row) => [...row.map((x, f) => (x - mean[f]!) / scale[f]!), 1]);
  const width = features + 1;
  const size = count * width;
  let theta = new Float64Array(size);

  for (let round = 0; round < (options.maxRounds ?? 50); round += 1) {
    const gradient = new Float64Array(size);
    const hessian = Matrix.zeros(size, size);
    z.forEach((row, n) => {
      const w = sampleWeights[n]! / total;
      const p = softmax(logits(theta, row, count));
      for (let a = 0; a < count; a += 1) {
        const residual = w * (p[a]! - (classes[n] === a ? 1 : 0));
        for (let i = 0; i < width; i += 1) gradient[a * width + i]! += residual * row[i]!;
        for (let b = 0; b < count; b += 1) {
          const curvature = w * p[a]! * ((a === b ? 1 : 0) - p[b]!);
          for (let i = 0; i < width; i += 1) {
            for (let j = 0; j < width; j += 1) {
              const r = a * width + i;
              const c = b * width + j;
              hessian.set(r, c, hessian.get(r, c) + curvature * row[i]! * row[j]!);
            }
          }
        }
      }
    });
    for (let k = 0; k < size; k += 1) {
      const isBias = k % width === features;
      // A trace of penalty on biases keeps the Hessian invertible: softmax is blind to a common shift.
      const l2 = isBias ? 1e-9 : options.l2;
      gradient[k]! += l2 * theta[k]!;
      hessian.set(k, k, hessian.get(k, k) + l2);
    }
    const step = solve(hessian, Matrix.columnVector(Array.from(gradient))).to1DArray();
    theta = theta.map((value, k) => value - step[k]!);
    if (Math.max(...step.map(Math.abs)) < 1e-10) break;
  }
  const row = (k: number) => Array.from(theta.subarray(k * width, (k + 1) * width));
  const all = Array.from({ length: count }, (_, k) => row(k));
  return {
    mean,
    scale,
    weights: all.map((r) => r.slice(0, features)),
    bias: all.map((r) => r[features]!),
  };
}

/** Weighted mean of −log p(class): the fit's own yardstick, lower is better. */
export function logLoss(
  probabilities: readonly (readonly number[])[],
  classes: readonly number[],
  sampleWeights: readonly number[],
): number {
  const total = sampleWeights.reduce((a, b) => a + b, 0);
  return probabilities.reduce(
    (sum, p, n) => sum - (sampleWeights[n]! / total) * Math.log(Math.max(p[classes[n]!]!, 1e-12)),
    0,
  );
}

function logits(theta: Float64Array, row: readonly number[], count: number): number[] {
  const width = row.length;
  return Array.from({ length: count }, (_, k) =>
    row.reduce((sum, x, i) => sum + x * theta[k * width + i]!, 0),
  );
}

function moments(
  rows: readonly (readonly number[])[],
  weights: readonly number[],
  total: number,
  f: (x: number, feature: number) => number,
): number[] {
  const sums = (rows[0] ?? []).map(() => 0);
  rows.forEach((row, n) => {
    row.forEach((x, i) => {
      sums[i]! += (weights[n]! / total) * f(x, i);
    });
  });
  return sums;
}
