// Sums, means and sums by segment by our WASM kernels against tfjs's plain backend.
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { middleOf } from '../../src/tensor/wasm/reduce.ts';
import { expectSame, randomTensor, steadyMemory, useTrainingKernels } from './wasm-backend.ts';

beforeAll(useTrainingKernels);

interface Reduction {
  readonly shape: number[];
  readonly axis: number[];
}

const REDUCTIONS: readonly Reduction[] = [
  { shape: [4, 9, 9, 24], axis: [0, 1, 2] },
  { shape: [4, 9, 9, 37], axis: [1, 2] },
  { shape: [5, 300, 3], axis: [1] },
  { shape: [40, 49], axis: [1] },
  { shape: [2, 5000], axis: [1] },
  { shape: [7, 3, 5], axis: [2, 0] },
  { shape: [7, 1, 5], axis: [1, 0] },
  { shape: [3, 1], axis: [1] },
  { shape: [6], axis: [0] },
];

const anyReduction = fc.integer({ min: 1, max: 4 }).chain((rank) =>
  fc.record({
    shape: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: rank, maxLength: rank }),
    axis: fc.subarray([...new Array(rank).keys()], { minLength: 1 }),
  }),
);

describe.each(['Sum', 'Mean'])('%s', (kernel) => {
  const check = async ({ shape, axis }: Reduction) => {
    for (const keepDims of [false, true]) {
      await expectSame(kernel, { x: randomTensor(shape, 1) }, { axis, keepDims });
    }
  };
  test.each(REDUCTIONS)('of $shape over $axis', check);

  test('of any axes', async () => {
    await fc.assert(fc.asyncProperty(anyReduction, check), { numRuns: 40, seed: 1 });
  });

  test('of integers', async () => {
    const x = { values: Int32Array.from([1, 2, 3, 9]), shape: [2, 2], dtype: 'int32' } as const;
    await expectSame(kernel, { x: { ...x, shape: [2, 2] } }, { axis: [1], keepDims: false });
  });
});

test('axes that are one group have a middle', () => {
  expect(middleOf([2, 3, 4, 5], [1, 2])).toEqual([2, 12, 5]);
  expect(middleOf([2, 3, 4, 5], [3])).toEqual([24, 5, 1]);
  expect(middleOf([2, 1, 4], [0, 2])).toEqual([1, 8, 1]);
  expect(middleOf([2, 3, 4], [0, 2])).toBeNull();
  expect(middleOf([2, 1, 3], [1])).toEqual([6, 1, 1]);
});

test('many rows are summed without losing the small ones', () => {
  // 0.1 two million times: one float32 that takes them one by one is off by more than a percent.
  const sum = tf.tidy(() => tf.sum(tf.fill([1 << 19, 4], 0.1), 0).dataSync()[0]!);
  expect(Math.abs(sum / (0.1 * 2 ** 19) - 1)).toBeLessThan(1e-4);
});

describe('a sum by segment', () => {
  const ids = (values: number[]) =>
    ({ values: Int32Array.from(values), shape: [values.length], dtype: 'int32' }) as const;

  test.each([[[6, 5]], [[6, 2, 8]], [[6]]])('of %s', async (shape) => {
    const segmentIds = { ...ids([3, 0, 1, 3, -1, 1]), shape: [6] };
    const inputs = { x: randomTensor(shape, 1), segmentIds };
    await expectSame('UnsortedSegmentSum', inputs, { numSegments: 4 });
  });

  test('gives gather its gradient, in steady memory', async () => {
    const x = tf.tensor(randomTensor([5, 3], 1).values, [5, 3]);
    const index = tf.tensor1d([4, 0, 4, 4], 'int32');
    const slope = () => tf.grad((rows) => tf.gather(rows as tf.Tensor2D, index))(x);
    const rows = tf.tidy(() => tf.sum(slope(), 1).arraySync());
    expect(rows).toEqual([3, 0, 0, 0, 9]);
    await steadyMemory(slope);
  });
});
