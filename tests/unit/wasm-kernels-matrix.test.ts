// Products and transpositions by our WASM kernels against tfjs's plain backend.
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { CairnError } from '../../src/errors.ts';
import { swapOf } from '../../src/tensor/wasm/transpose.ts';
import { expectSame, randomTensor, steadyMemory, useTrainingKernels } from './wasm-backend.ts';

beforeAll(useTrainingKernels);

interface Product {
  readonly batchA: readonly number[];
  readonly batchB: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

const WAYS = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const;

async function multiplies({ batchA, batchB, m, n, k }: Product): Promise<void> {
  for (const [transposeA, transposeB] of WAYS) {
    const a = randomTensor([...batchA, ...(transposeA ? [k, m] : [m, k])], 1);
    const b = randomTensor([...batchB, ...(transposeB ? [n, k] : [k, n])], 2);
    await expectSame('BatchMatMul', { a, b }, { transposeA, transposeB });
  }
}

const PRODUCTS: readonly Product[] = [
  { batchA: [], batchB: [], m: 1, n: 1, k: 1 },
  { batchA: [], batchB: [], m: 4, n: 8, k: 300 },
  { batchA: [], batchB: [], m: 33, n: 130, k: 257 },
  { batchA: [], batchB: [], m: 5, n: 260, k: 4 },
  { batchA: [30], batchB: [30], m: 49, n: 49, k: 32 },
  { batchA: [30], batchB: [30], m: 49, n: 32, k: 49 },
  { batchA: [3, 2], batchB: [3, 2], m: 3, n: 5, k: 7 },
  { batchA: [4], batchB: [1], m: 6, n: 9, k: 5 },
  { batchA: [1], batchB: [4], m: 6, n: 9, k: 5 },
  { batchA: [4], batchB: [1], m: 1, n: 1, k: 9 },
];

const anyProduct = fc.record({
  batchA: fc.constantFrom([], [1], [3]),
  batchB: fc.constantFrom([], [1], [3]),
  m: fc.integer({ min: 1, max: 21 }),
  n: fc.integer({ min: 1, max: 21 }),
  k: fc.integer({ min: 1, max: 21 }),
});

describe('a product', () => {
  test.each(PRODUCTS)('of $batchA×$m×$k and $batchB×$k×$n', multiplies);

  test('of any matrices', async () => {
    await fc.assert(fc.asyncProperty(anyProduct, multiplies), { numRuns: 40, seed: 1 });
  });

  test('of a batch that is spread over two axes', () => {
    const a = tf.tensor(randomTensor([3, 1, 4, 5], 1).values, [3, 1, 4, 5]);
    const b = tf.tensor(randomTensor([2, 5, 6], 2).values, [2, 5, 6]);
    const sums = tf.matMul(a, b);
    expect(sums.shape).toEqual([3, 2, 4, 6]);
    // The slow way: one axis more, and a sum.
    const each = tf.mul(tf.reshape(a, [3, 1, 4, 5, 1]), tf.reshape(b, [1, 2, 1, 5, 6]));
    expect(tf.max(tf.abs(tf.sub(sums, tf.sum(each, 3)))).dataSync()[0]).toBeLessThan(1e-5);
  });

  test('holds no memory', async () => {
    const a = tf.tensor(randomTensor([6, 7, 20], 1).values, [6, 7, 20]);
    const b = tf.tensor(randomTensor([6, 9, 20], 2).values, [6, 9, 20]);
    await steadyMemory(() => tf.matMul(a, b, false, true));
    tf.dispose([a, b]);
  });

  test('of sides that do not fit is refused', () => {
    expect(() => tf.matMul(tf.ones([2, 3]), tf.ones([2, 3]))).toThrow(CairnError);
  });
});

describe('a transposition', () => {
  test('is taken apart', () => {
    expect(swapOf([7, 9], [1, 0])).toEqual([1, 7, 9, 1]);
    expect(swapOf([2, 5, 6, 3], [0, 3, 1, 2])).toEqual([2, 30, 3, 1]);
    expect(swapOf([2, 3, 5, 6], [0, 2, 3, 1])).toEqual([2, 3, 30, 1]);
    expect(swapOf([2, 49, 3, 32], [0, 2, 1, 3])).toEqual([2, 49, 3, 32]);
    expect(swapOf([2, 1, 3, 1], [2, 3, 1, 0])).toEqual([1, 2, 3, 1]);
    expect(swapOf([2, 3, 4], [2, 1, 0])).toBeNull();
    expect(swapOf([2, 3, 4], [0, 1, 2])).toBeNull();
  });

  const anyTransposition = fc.integer({ min: 1, max: 5 }).chain((rank) =>
    fc.record({
      shape: fc.array(fc.integer({ min: 1, max: 10 }), { minLength: rank, maxLength: rank }),
      perm: fc.shuffledSubarray([...new Array(rank).keys()], { minLength: rank, maxLength: rank }),
    }),
  );

  test('of any axes', async () => {
    const check = ({ shape, perm }: { shape: number[]; perm: number[] }) =>
      expectSame('Transpose', { x: randomTensor(shape, 1) }, { perm });
    await fc.assert(fc.asyncProperty(anyTransposition, check), { numRuns: 100, seed: 1 });
    for (const shape of [
      [70, 130],
      [129, 66],
      [3, 67, 9],
    ]) {
      const perm = shape.length === 2 ? [1, 0] : [0, 2, 1];
      await check({ shape, perm });
    }
  });

  test('of integers', async () => {
    const x = { values: Int32Array.from({ length: 63 }, (_, i) => i - 9), shape: [7, 9] } as const;
    await expectSame('Transpose', { x: { ...x, shape: [7, 9], dtype: 'int32' } }, { perm: [1, 0] });
  });
});
