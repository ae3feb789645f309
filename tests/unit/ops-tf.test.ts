// TfOps: gradients against finite differences, refusals, and parameters that come back as they went in.
// The whole of tfjs, for its cpu backend and because it registers the gradients.
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { efficientNetLite } from '../../src/nets/efficientnet-lite.ts';
import { gem } from '../../src/nets/pooling.ts';
import { EFFICIENTNET_LITE } from '../../src/nets/specs.ts';
import { loadTfParams, mapFromNchw, saveTfParam, TfOps } from '../../src/tensor/tf-ops.ts';
import { fromFloat32 } from '../../src/weights/safetensors.ts';

const ops = new TfOps();
beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Deterministic. */
function noise(shape: number[], seed: number, scale = 1): tf.Tensor {
  return tf.randomNormal(shape, 0, scale, 'float32', seed);
}

const STEP = 1e-2;

/** Largest deviation of tfjs's gradients from central differences of Σ f(xs) · fixed weights. */
function gradientError(f: (...xs: tf.Tensor[]) => tf.Tensor, xs: tf.Tensor[]): number {
  return tf.tidy(() => {
    const mix = noise(f(...xs).shape, 99);
    const loss = (...inputs: tf.Tensor[]) => tf.sum(tf.mul(f(...inputs), mix)) as tf.Scalar;
    const gradients = tf.grads(loss)(xs);
    let worst = 0;
    xs.forEach((x, which) => {
      const values = x.dataSync();
      const gradient = gradients[which]!.dataSync();
      const stride = Math.max(1, Math.floor(values.length / 12));
      for (let i = 0; i < values.length; i += stride) {
        const at = (offset: number) => {
          const moved = values.slice();
          moved[i] = moved[i]! + offset;
          const inputs = xs.map((other, j) => (j === which ? tf.tensor(moved, x.shape) : other));
          return loss(...inputs).dataSync()[0]!;
        };
        const expected = (at(STEP) - at(-STEP)) / (2 * STEP);
        worst = Math.max(
          worst,
          Math.abs(gradient[i]! - expected) / Math.max(1, Math.abs(expected)),
        );
      }
    });
    return worst;
  });
}

describe('gradients', () => {
  const map = () => noise([2, 6, 8, 4], 1);
  const pads = [0, 0, 1, 1] as const;
  test.each<[string, (...xs: tf.Tensor[]) => tf.Tensor, () => tf.Tensor[]]>([
    [
      'a convolution of stride 2 with uneven pads',
      (x, w, b) => ops.conv2d(x, w, b, { stride: 2, pads }),
      () => [map(), noise([3, 3, 4, 5], 2), noise([5], 3)],
    ],
    [
      'a depthwise convolution with uneven pads',
      (x, w) => ops.conv2d(x, w, null, { stride: 2, pads: [1, 1, 2, 2], groups: 4 }),
      () => [map(), noise([5, 5, 1, 4], 4)],
    ],
    [
      'a grouped convolution',
      (x, w) => ops.conv2d(x, w, null, { pads: [1, 1, 1, 1], groups: 2 }),
      () => [map(), noise([3, 3, 2, 6], 5)],
    ],
    [
      'a batch norm',
      (x, weight, bias) =>
        ops.batchNorm(
          x,
          {
            weight,
            bias,
            runningMean: tf.tensor([0, 1, 2, 3]),
            runningVar: tf.tensor([1, 2, 3, 4]),
          },
          1e-3,
        ),
      () => [map(), noise([4], 6), noise([4], 7)],
    ],
    [
      'GeM with a learned power',
      (x, p) => gem(ops, tf.add(tf.abs(x), 0.1), p),
      () => [map(), tf.tensor([3])],
    ],
    [
      'a linear layer and an L2 norm',
      (x, w, b) => ops.l2Normalize(ops.linear(x, w, b)),
      () => [noise([3, 4], 8), noise([5, 4], 9), noise([5], 10)],
    ],
    ['a concatenation', (a, b) => ops.concat([a, ops.mul(b, 2)]), () => [map(), map()]],
  ])('of %s', (_, f, make) => {
    const xs = make();
    expect(gradientError(f, xs)).toBeLessThan(2e-2);
    tf.dispose(xs);
  });

  test('stay finite at zero', () => {
    const zeros = tf.zeros([1, 2, 2, 4]);
    const pooled = (x: tf.Tensor) => tf.sum(ops.l2Normalize(gem(ops, x, 3))) as tf.Scalar;
    const norm = (x: tf.Tensor) => tf.sum(ops.l2Normalize(ops.spatialMean(x))) as tf.Scalar;
    expect(tf.grad(pooled)(zeros).dataSync().every(Number.isFinite)).toBe(true);
    expect(tf.grad(norm)(zeros).dataSync().every(Number.isFinite)).toBe(true);
  });

  test('of relu6 vanish outside 0..6', () => {
    const x = tf.tensor([-1, 0.5, 5.5, 7]);
    const gradient = tf.grad((each) => tf.sum(ops.relu6(each)))(x);
    expect([...gradient.dataSync()]).toEqual([0, 1, 1, 0]);
  });
});

describe('refusals', () => {
  const nothing = loadTfParams(new Map(), 'no weights');
  const tiny = EFFICIENTNET_LITE.tiny!;
  test.each([
    ['sides that are no multiples of 32', [1, 3, 64, 60], /60 × 64/],
    ['one channel', [1, 1, 64, 64], /\[N, 3, H, W\]/],
  ])('%s', (_, shape, message) => {
    const image = mapFromNchw(new Float32Array(shape.reduce((a, b) => a * b)), shape);
    const run = () => efficientNetLite(ops, nothing, image, tiny);
    expect(run).toThrowError(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) }),
    );
  });
  test('a missing parameter, by its full name', () => {
    const image = mapFromNchw(new Float32Array(3 * 32 * 32), [1, 3, 32, 32]);
    expect(() => efficientNetLite(ops, nothing, image, tiny)).toThrowError(/_conv_stem\.weight/);
  });
  test('a kernel that does not fit', () => {
    const run = () => ops.conv2d(tf.zeros([1, 4, 4, 3]), tf.zeros([1, 1, 4, 2]), null);
    expect(run).toThrowError(expect.objectContaining({ code: 'model-invalid' }));
  });
  test('a vector that is no channel vector', () => {
    const run = () => ops.add(tf.zeros([1, 4, 4, 3]), tf.zeros([4]));
    expect(run).toThrowError(expect.objectContaining({ code: 'model-invalid' }));
  });
});

test('parameters come back in PyTorch’s layout', async () => {
  const kernel = Float32Array.from({ length: 2 * 3 * 5 * 4 }, (_, i) => i);
  const weights = new Map([
    ['conv', fromFloat32(kernel, [2, 3, 5, 4])],
    ['linear', fromFloat32(kernel, [12, 10])],
  ]);
  const params = loadTfParams(weights, 'test');
  expect(params.get('conv').shape).toEqual([5, 4, 3, 2]);
  for (const [name, { shape }] of weights) {
    const saved = await saveTfParam(params.get(name));
    expect(saved.shape).toEqual(shape);
    expect(saved.values).toEqual(kernel);
  }
  const before = tf.memory().numTensors;
  params.dispose();
  expect(tf.memory().numTensors).toBe(before - 2);
});
