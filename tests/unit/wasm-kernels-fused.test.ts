// Fused operations of TfOps on WASM: values and gradients against tfjs's compositions on its plain backend.
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import * as fused from '../../src/tensor/tf/fused.ts';
import { groupedConv } from '../../src/tensor/tf/fused-spatial.ts';
import { FUSED } from '../../src/tensor/tf/kernel-names.ts';
import { maxPool } from '../../src/tensor/tf/pools.ts';
import { reorder, spread } from '../../src/tensor/tf/sequences.ts';
import { expectClose, randomTensor, steadyMemory, useTrainingKernels } from './wasm-backend.ts';

beforeAll(useTrainingKernels);

type Operation = (...inputs: tf.Tensor[]) => tf.Tensor;

/** A value and its gradients for all inputs, when slopes are random. */
async function worked(backend: 'cpu' | 'wasm', run: Operation, shapes: readonly number[][]) {
  await tf.setBackend(backend);
  return tf.tidy(() => {
    const inputs = shapes.map((shape, i) => {
      const spreadOut = tf.mul(tf.tensor(randomTensor(shape, i + 1).values, shape), 3);
      return spreadOut;
    });
    const value = run(...inputs);
    const dy = tf.tensor(randomTensor(value.shape, 9).values, value.shape);
    const slopes = tf.grads(run)(inputs, dy);
    return [value, ...slopes].map((each) => ({
      shape: each.shape,
      values: Float32Array.from(each.dataSync()),
    }));
  });
}

async function alike(run: Operation, shapes: readonly number[][]): Promise<void> {
  const expected = await worked('cpu', run, shapes);
  const actual = await worked('wasm', run, shapes);
  for (const [i, { shape, values }] of actual.entries()) {
    expect(shape).toEqual(expected[i]!.shape);
    expectClose(values, expected[i]!.values);
  }
}

const INDEX = [3, 0, -1, 5, 1];

const pool = (
  kernel: number,
  stride: number,
  pads: [number, number, number, number],
): Operation => {
  return (x) => maxPool(x as tf.Tensor4D, { kernel, stride, pads });
};

const grouped = (stride: number, groups: number): Operation => {
  const pad: tf.backend_util.ExplicitPadding = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 0],
  ];
  return (x, filter) => groupedConv(x as tf.Tensor4D, filter as tf.Tensor4D, stride, pad, groups);
};

const OPERATIONS: readonly [string, Operation, readonly number[][]][] = [
  ['gelu', fused.gelu, [[3, 7]]],
  ['gelu of a map', fused.gelu, [[2, 3, 4, 8]]],
  ['silu', fused.silu, [[3, 7]]],
  ['relu', fused.relu, [[3, 7]]],
  ['relu6', (x) => fused.relu6(tf.mul(x!, 3)), [[3, 7, 5]]],
  ['softmax', fused.softmax, [[6, 49]]],
  ['softmax of three', fused.softmax, [[2, 5, 3]]],
  ['layerNorm', (x, w, b) => fused.layerNorm(x!, w!, b!, 1e-5), [[2, 5, 24], [24], [24]]],
  ['layerNorm of 7', (x, w, b) => fused.layerNorm(x!, w!, b!, 1e-5), [[9, 7], [7], [7]]],
  [
    'batchNorm',
    (x, w, b) => fused.batchNorm(x!, w!, b!, 1e-5, () => {}),
    [[4, 9, 9, 12], [12], [12]],
  ],
  ['batchNorm of 7', (x, w, b) => fused.batchNorm(x!, w!, b!, 1e-3, () => {}), [[9, 7], [7], [7]]],
  ['maxPool 3/2', pool(3, 2, [1, 1, 1, 1]), [[2, 9, 8, 12]]],
  ['maxPool 2/2', pool(2, 2, [0, 0, 0, 0]), [[1, 7, 6, 7]]],
  ['maxPool 3/1, uneven', pool(3, 1, [0, 1, 2, 0]), [[2, 5, 5, 5]]],
  ['maxPool of equal values', (x) => pool(3, 2, [1, 1, 0, 0])(tf.relu(x!)), [[1, 8, 8, 4]]],
  [
    'grouped convolution',
    grouped(1, 3),
    [
      [2, 6, 7, 12],
      [3, 3, 4, 24],
    ],
  ],
  [
    'grouped convolution of odd sizes',
    grouped(2, 2),
    [
      [2, 7, 6, 6],
      [2, 3, 3, 10],
    ],
  ],
  [
    'grouped convolution with gaps',
    grouped(3, 2),
    [
      [1, 9, 8, 8],
      [2, 1, 4, 4],
    ],
  ],
  ['reorder', (x) => reorder(x!, INDEX), [[2, 6, 5]]],
  ['spread', (x) => spread(x!, [0, 2, 2, 1], 2), [[3, 4]]],
];

test.each(OPERATIONS)('%s', (_, run, shapes) => alike(run, shapes));

test.each(OPERATIONS)('%s holds no memory', async (_, run, shapes) => {
  const inputs = shapes.map((shape, i) => tf.tensor(randomTensor(shape, i).values, shape));
  await steadyMemory(() => tf.grads(run)(inputs)[0]!);
  tf.dispose(inputs);
});

describe('of the kernels', () => {
  test('all are there, and none elsewhere', () => {
    for (const name of Object.values(FUSED)) {
      expect(tf.getKernel(name, 'wasm')).toBeDefined();
      expect(tf.getKernel(name, 'cpu')).toBeUndefined();
    }
  });

  /** By its series, in float64. */
  function erf(x: number): number {
    let term = x;
    let sum = x;
    for (let n = 1; n < 120; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }

  test('gelu knows the error function to 2e-7', () => {
    const x = Float32Array.from({ length: 2001 }, (_, i) => (i - 1000) / 200);
    const y = tf.tidy(() => fused.gelu(tf.tensor1d(x)).dataSync());
    for (const [i, value] of y.entries()) {
      const exact = 0.5 * (1 + erf(x[i]! * Math.SQRT1_2));
      // The share and its product are rounded, each by 6e-8; half of erf's error is what a share is off by.
      const limit = Math.abs(x[i]!) * 1e-7 + Math.abs(x[i]! * exact) * 1.2e-7 + 1e-12;
      expect(Math.abs(value - x[i]! * exact)).toBeLessThan(limit);
    }
  });

  test('silu and softmax stay finite far out', () => {
    const far = tf.tensor2d([[-200, 200, 0, -1e30, 1e30, -88]]);
    const values = tf.tidy(() => [...fused.silu(far).dataSync()]);
    expect(values.every(Number.isFinite)).toBe(true);
    expect(values[1]).toBe(200);
    expect(Math.abs(values[0]!)).toBeLessThan(1e-30);
    const shares = tf.tidy(() => [...fused.softmax(far).dataSync()]);
    expect(shares[4]).toBe(1);
    expect(shares[0]! + shares[1]! + shares[2]! + shares[3]! + shares[5]!).toBeLessThan(1e-30);
    far.dispose();
  });

  test('what is no number stays none', () => {
    const values = tf.tidy(() => {
      const x = tf.tensor2d([[Number.NaN, 1, 2, 3, 4]]);
      return [fused.gelu(x), fused.silu(x), fused.softmax(x)].map((y) => y.dataSync()[0]);
    });
    expect(values).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });

  test("a batch norm's statistics are shown once", () => {
    const x = tf.tensor(randomTensor([5, 4, 3], 1).values, [5, 4, 3]);
    const seen: number[][] = [];
    tf.tidy(() => {
      const see = (mean: tf.Tensor, variance: tf.Tensor) =>
        seen.push([...mean.dataSync()], [...variance.dataSync()]);
      tf.grad((map) => fused.batchNorm(map, tf.ones([3]), tf.zeros([3]), 1e-5, see))(x);
      const { mean, variance } = tf.moments(x, [0, 1]);
      expectClose(Float32Array.from(seen[0]!), mean.dataSync() as Float32Array);
      expectClose(Float32Array.from(seen[1]!), variance.dataSync() as Float32Array);
    });
    expect(seen).toHaveLength(2);
  });
});
