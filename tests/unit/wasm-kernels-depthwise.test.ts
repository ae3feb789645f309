// Gradients of depthwise convolutions by our WASM kernels against tfjs's plain backend.
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectSame, randomTensor, steadyMemory, useTrainingKernels } from './wasm-backend.ts';

beforeAll(useTrainingKernels);

interface Depthwise {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly multiplier: number;
  readonly kernel: number;
  readonly stride: number;
  readonly before: number;
  readonly after: number;
}

function callsOf({ n, h, w, c, multiplier, kernel, stride, before, after }: Depthwise) {
  const side = (length: number) => Math.floor((length + before + after - kernel) / stride) + 1;
  const pad: tf.backend_util.ExplicitPadding = [
    [0, 0],
    [before, after],
    [before, after],
    [0, 0],
  ];
  return {
    x: [n, h, w, c],
    dy: [n, side(h), side(w), c * multiplier],
    filter: [kernel, kernel, c, multiplier],
    attrs: { strides: [stride, stride], pad, dilations: [1, 1], dimRoundingMode: 'floor' },
  };
}

const CASES: readonly Depthwise[] = [
  { n: 2, h: 14, w: 14, c: 32, multiplier: 1, kernel: 3, stride: 1, before: 1, after: 1 },
  { n: 2, h: 14, w: 14, c: 24, multiplier: 1, kernel: 3, stride: 2, before: 0, after: 1 },
  { n: 1, h: 10, w: 12, c: 21, multiplier: 1, kernel: 5, stride: 1, before: 2, after: 2 },
  { n: 1, h: 10, w: 12, c: 19, multiplier: 1, kernel: 5, stride: 2, before: 1, after: 2 },
  { n: 1, h: 7, w: 7, c: 6, multiplier: 2, kernel: 3, stride: 1, before: 1, after: 1 },
  { n: 1, h: 3, w: 3, c: 4, multiplier: 1, kernel: 5, stride: 1, before: 4, after: 4 },
];

const anyDepthwise = fc
  .record({
    n: fc.integer({ min: 1, max: 2 }),
    h: fc.integer({ min: 1, max: 9 }),
    w: fc.integer({ min: 1, max: 9 }),
    c: fc.integer({ min: 1, max: 22 }),
    multiplier: fc.constantFrom(1, 1, 3),
    kernel: fc.integer({ min: 1, max: 5 }),
    stride: fc.integer({ min: 1, max: 3 }),
    before: fc.nat(3),
    after: fc.nat(3),
  })
  .filter(({ h, w, kernel, before, after }) => Math.min(h, w) + before + after >= kernel);

const filterGradient = (of: Depthwise) => {
  const { x, dy, filter, attrs } = callsOf(of);
  const inputs = { x: randomTensor(x, 1), dy: randomTensor(dy, 2) };
  const all = { ...attrs, filterShape: filter };
  return expectSame('DepthwiseConv2dNativeBackpropFilter', inputs, all);
};

const inputGradient = (of: Depthwise) => {
  const { x, dy, filter, attrs } = callsOf(of);
  const inputs = { dy: randomTensor(dy, 1), filter: randomTensor(filter, 2) };
  return expectSame('DepthwiseConv2dNativeBackpropInput', inputs, { ...attrs, inputShape: x });
};

const KINDS = [
  ['the filter gradient', filterGradient],
  ['the input gradient', inputGradient],
] as const;

describe.each(KINDS)('%s', (_, check) => {
  test.each(CASES)('$n×$h×$w×$c·$multiplier $kernel/$stride $before+$after', check);

  test('of any depthwise convolution', async () => {
    await fc.assert(fc.asyncProperty(anyDepthwise, check), { numRuns: 50, seed: 1 });
  });
});

test('a slope is what differences measure, and memory is steady', async () => {
  const [shape, kernelShape] = [[1, 6, 6, 5] as const, [3, 3, 5, 1] as const];
  const x = tf.tensor4d(randomTensor(shape, 1).values, [...shape]);
  const filter = tf.tensor4d(randomTensor(kernelShape, 2).values, [...kernelShape]);
  const weights = tf.tensor4d(randomTensor([1, 3, 3, 5], 3).values, [1, 3, 3, 5]);
  const loss = (map: tf.Tensor, kernel: tf.Tensor): tf.Tensor =>
    tf.mul(
      tf.depthwiseConv2d(map as tf.Tensor4D, kernel as tf.Tensor4D, 2, [
        [0, 0],
        [0, 1],
        [0, 1],
        [0, 0],
      ]),
      weights,
    );
  const slopes = tf.tidy(() => tf.grads((a, b) => tf.sum(loss(a!, b!)))([x, filter]));
  const STEP = 1e-2;
  const totalAt = (moved: [tf.Tensor, tf.Tensor]) =>
    tf.tidy(() =>
      loss(...moved)
        .dataSync<'float32'>()
        .reduce((sum, each) => sum + each, 0),
    );
  for (const [i, at] of [x, filter].entries()) {
    const unit = tf.tensor(randomTensor(at.shape, 4 + i).values, at.shape as number[]);
    const moved = (step: number) => {
      const there = tf.add(at, tf.mul(unit, step));
      return totalAt(i === 0 ? [there, filter] : [x, there]);
    };
    const measured = (moved(STEP) - moved(-STEP)) / (2 * STEP);
    expect(tf.sum(tf.mul(slopes[i]!, unit)).dataSync()[0]).toBeCloseTo(measured, 3);
  }
  await steadyMemory(() => tf.grads((a, b) => tf.sum(loss(a!, b!)))([x, filter])[0]!);
});
