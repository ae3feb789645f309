// Whitening and logistic regression against what they must do and against closed forms.
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { softmax } from '../../src/rerank/decision.ts';
import {
  cholesky,
  dense,
  invertLower,
  leadingSubspace,
  multiply,
  transpose,
  weightedGram,
} from '../../src/training/dense.ts';
import { fitLogistic, logLoss } from '../../src/training/logistic.ts';
import { applyWhitening, learnWhitening } from '../../src/training/whitening.ts';

const random = seededRandom(3);
const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

describe('dense', () => {
  const a = dense(30, 8, Array.from({ length: 240 }, gauss));
  const gram = weightedGram(a);

  it('weightedGram is aᵀ·W·a', () => {
    const weights = Array.from({ length: 30 }, () => random() + 0.1);
    const scaled = dense(
      30,
      8,
      a.data.map((x, i) => x * weights[Math.floor(i / 8)]!),
    );
    const expected = multiply(transpose(a), scaled);
    weightedGram(a, weights).data.forEach((x, i) => {
      expect(x).toBeCloseTo(expected.data[i]!, 4);
    });
  });

  it('cholesky and its inverse give back the matrix and the identity', () => {
    const l = cholesky(gram);
    const back = multiply(l, transpose(l));
    back.data.forEach((x, i) => {
      expect(x).toBeCloseTo(gram.data[i]!, 4);
    });
    const identity = multiply(invertLower(l), l);
    identity.data.forEach((x, i) => {
      expect(x).toBeCloseTo(i % 9 === 0 ? 1 : 0, 5);
    });
    expect(() => cholesky(dense(2, 2, [1, 2, 2, 1]))).toThrow(RangeError);
  });

  it('leadingSubspace finds the directions of largest variance', () => {
    const diagonal = dense(6, 6);
    [9, 8, 7, 0.1, 0.05, 0.01].forEach((v, i) => {
      diagonal.data[i * 7] = v;
    });
    const basis = leadingSubspace(diagonal, 3);
    for (let r = 0; r < 3; r += 1) {
      const tail = basis.data.subarray(r * 6 + 3, r * 6 + 6);
      for (const x of tail) expect(Math.abs(x)).toBeLessThan(1e-4);
    }
  });
});

describe('learnWhitening', () => {
  // Ten classes in 16 dimensions; dimensions 8..15 are loud noise that says nothing of the class.
  const labels: string[] = [];
  const values: number[] = [];
  const centres = Array.from({ length: 10 }, () => Array.from({ length: 8 }, gauss));
  for (let n = 0; n < 200; n += 1) {
    labels.push(String(n % 10));
    for (let d = 0; d < 16; d += 1) {
      values.push(d < 8 ? centres[n % 10]![d]! + 0.2 * gauss() : 4 * gauss());
    }
  }
  const rows = Float32Array.from(values);
  const nearestIsRight = (vectors: Float32Array, dim: number) => {
    let right = 0;
    for (let q = 0; q < 200; q += 1) {
      let best = -1;
      let label = '';
      for (let r = 0; r < 200; r += 1) {
        if (r === q) continue;
        let dot = 0;
        for (let d = 0; d < dim; d += 1) dot += vectors[q * dim + d]! * vectors[r * dim + d]!;
        if (dot > best) {
          best = dot;
          label = labels[r]!;
        }
      }
      if (label === labels[q]) right += 1;
    }
    return right / 200;
  };

  it('makes nearest neighbours right where noise had hidden the classes', () => {
    const whitening = learnWhitening(rows, labels, { dim: 8, shrinkage: 0.01, classCap: 20 });
    const embedded = applyWhitening(rows, whitening);
    expect(embedded.length).toBe(200 * 8);
    let norm = 0;
    for (let d = 0; d < 8; d += 1) norm += embedded[d]! ** 2;
    expect(norm).toBeCloseTo(1, 4);
    const identity = {
      mean: new Float32Array(16),
      weight: Float32Array.from({ length: 256 }, (_, i) => (i % 17 === 0 ? 1 : 0)),
    };
    expect(nearestIsRight(applyWhitening(rows, identity), 16)).toBeLessThan(0.5);
    expect(nearestIsRight(embedded, 8)).toBeGreaterThan(0.95);
  });
});

describe('fitLogistic', () => {
  it('recovers the priors when features say nothing, and weights count as repetitions', () => {
    const rows = [[0], [0], [0], [0]];
    const model = fitLogistic(rows, [0, 0, 0, 1], 2, [1, 1, 1, 1], { l2: 1e-6 });
    expect(softmax(model.bias)[0]).toBeCloseTo(0.75, 6);
    const weighted = fitLogistic([[0], [0]], [0, 1], 2, [3, 1], { l2: 1e-6 });
    expect(softmax(weighted.bias)[0]).toBeCloseTo(0.75, 6);
  });

  it('recovers the parameters that drew the data', () => {
    const rows = Array.from({ length: 4000 }, () => [gauss(), gauss()]);
    const p = rows.map(([x, y]) => softmax([1.5 * x!, y! - 0.5, 0]));
    const classes = p.map((q) => {
      const u = random();
      return u < q[0]! ? 0 : u < q[0]! + q[1]! ? 1 : 2;
    });
    const ones = rows.map(() => 1);
    const model = fitLogistic(rows, classes, 3, ones, { l2: 1e-6 });
    const weight = (k: number, f: number) =>
      (model.weights[k]![f]! - model.weights[2]![f]!) / model.scale[f]!;
    expect(weight(0, 0)).toBeCloseTo(1.5, 0);
    expect(weight(1, 1)).toBeCloseTo(1, 0);
    expect(Math.abs(weight(0, 1))).toBeLessThan(0.2);
    // The optimum is no worse than the truth on the data that it was fitted to.
    const fitted = rows.map((row) =>
      softmax(
        model.weights.map(
          (w, k) =>
            model.bias[k]! +
            row.reduce((s, x, f) => s + (w[f]! * (x - model.mean[f]!)) / model.scale[f]!, 0),
        ),
      ),
    );
    expect(logLoss(fitted, classes, ones)).toBeLessThanOrEqual(logLoss(p, classes, ones));
  });
});
