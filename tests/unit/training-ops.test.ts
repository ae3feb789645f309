// Batch norms while training: by the batch's statistics, with gradients through them.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { useWasmKernels } from '../../src/cli/fit-kernels.ts';
import { seededRandom } from '../../src/random.ts';
import { TrainingOps } from '../../src/training/trainer/training-ops.ts';

const EPS = 1e-5;
const SHAPE: [number, number, number, number] = [3, 2, 4, 5];
const CHANNELS = 5;

beforeAll(useWasmKernels);

function random(shape: number[], seed: number, scale = 1): tf.Tensor {
  const next = seededRandom(seed);
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => scale * (2 * next() - 1) + 0.5),
    shape,
  );
}

/** The definition, in tfjs's own differentiable operations. */
function plainNorm(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): tf.Tensor {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const centred = tf.sub(x, tf.mean(x, axes));
  const variance = tf.mean(tf.square(centred), axes);
  return tf.add(tf.mul(tf.div(centred, tf.sqrt(tf.add(variance, EPS))), gamma), beta);
}

function params() {
  return {
    weight: random([CHANNELS], 2),
    bias: random([CHANNELS], 3),
    runningMean: tf.variable(tf.zeros([CHANNELS]), false),
    runningVar: tf.variable(tf.ones([CHANNELS]), false),
  };
}

test.each([
  ['a map', SHAPE],
  ['vectors', [24, CHANNELS]],
])('normalises %s by the batch, with the gradients of the definition', async (_, shape) => {
  const x = random([...shape], 1);
  const given = params();
  const weights = random([...shape], 4);
  const run = (norm: (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => tf.Tensor) =>
    tf.grads((x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) =>
      tf.sum(tf.mul(norm(x, gamma, beta), weights)),
    )([x, given.weight, given.bias]);
  const ops = new TrainingOps();
  const ours = run((a, weight, bias) => ops.batchNorm(a, { ...given, weight, bias }, EPS));
  const expected = run(plainNorm);
  for (const [i, gradient] of ours.entries()) {
    const difference = await tf.max(tf.abs(tf.sub(gradient, expected[i]!))).data();
    expect(difference[0], `gradient ${i}`).toBeLessThan(1e-4);
  }
  const value = tf.sub(ops.batchNorm(x, given, EPS), plainNorm(x, given.weight, given.bias));
  expect((await tf.max(tf.abs(value)).data())[0]).toBeLessThan(1e-5);
  ops.forget();
});

test('moves running statistics by a tenth, the variance unbiased, and keeps no tensor', async () => {
  const x = random(SHAPE, 5);
  const given = params();
  const before = tf.memory().numTensors;
  const ops = new TrainingOps();
  tf.dispose(tf.tidy(() => ops.batchNorm(x, given, EPS)));
  ops.updateRunning();
  expect(tf.memory().numTensors).toBe(before);
  const rows = x.reshape([-1, CHANNELS]).arraySync() as number[][];
  const column = rows.map((row) => row[0]!);
  const mean = column.reduce((a, b) => a + b, 0) / column.length;
  const variance = column.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (column.length - 1);
  expect(given.runningMean.dataSync()[0]).toBeCloseTo(0.1 * mean, 5);
  expect(given.runningVar.dataSync()[0]).toBeCloseTo(0.9 + 0.1 * variance, 5);
});

test('leaves frozen norms to their running statistics', async () => {
  const x = random(SHAPE, 6);
  const given = params();
  const ops = new TrainingOps({ frozenNorms: true });
  const value = ops.batchNorm(x, given, EPS);
  const expected = tf.add(tf.mul(tf.div(x, Math.sqrt(1 + EPS)), given.weight), given.bias);
  expect((await tf.max(tf.abs(tf.sub(value, expected))).data())[0]).toBeLessThan(1e-5);
  ops.updateRunning();
  expect(given.runningMean.dataSync()[0]).toBe(0);
});
