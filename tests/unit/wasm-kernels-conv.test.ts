// Gradients of convolutions by our WASM kernels against tfjs's plain backend.
import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildKernel, KERNELS } from '../../scripts/build-wasm.ts';
import { registerTrainingKernels } from '../../src/tensor/wasm/register.ts';
import { expectSame, randomTensor, steadyMemory, useTrainingKernels } from './wasm-backend.ts';

beforeAll(useTrainingKernels);

type Pads = readonly [top: number, left: number, bottom: number, right: number];

interface Convolution {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly k: number;
  readonly kh: number;
  readonly kw: number;
  readonly stride: number;
  readonly pads: Pads;
}

const outputSide = (side: number, before: number, after: number, kernel: number, stride: number) =>
  Math.floor((side + before + after - kernel) / stride) + 1;

function explicit([top, left, bottom, right]: Pads): tf.backend_util.ExplicitPadding {
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

/** Kernel calls as tfjs's gradients make them. */
function attrsOf({ stride, pads }: Convolution) {
  return {
    strides: [stride, stride],
    pad: explicit(pads),
    dataFormat: 'NHWC',
    dimRoundingMode: 'floor',
  };
}

function shapes({ n, h, w, c, k, kh, kw, stride, pads }: Convolution) {
  const oh = outputSide(h, pads[0], pads[2], kh, stride);
  const ow = outputSide(w, pads[1], pads[3], kw, stride);
  return { x: [n, h, w, c], dy: [n, oh, ow, k], filter: [kh, kw, c, k] };
}

const CONVOLUTIONS: readonly Convolution[] = [
  { n: 2, h: 8, w: 8, c: 24, k: 24, kh: 3, kw: 3, stride: 1, pads: [1, 1, 1, 1] },
  { n: 3, h: 7, w: 9, c: 8, k: 16, kh: 1, kw: 1, stride: 1, pads: [0, 0, 0, 0] },
  { n: 2, h: 16, w: 16, c: 3, k: 32, kh: 3, kw: 3, stride: 2, pads: [1, 1, 1, 1] },
  { n: 2, h: 16, w: 16, c: 3, k: 12, kh: 3, kw: 3, stride: 2, pads: [0, 0, 1, 1] },
  { n: 2, h: 9, w: 9, c: 8, k: 5, kh: 1, kw: 1, stride: 2, pads: [0, 0, 0, 0] },
  { n: 1, h: 12, w: 12, c: 3, k: 20, kh: 4, kw: 4, stride: 4, pads: [0, 0, 0, 0] },
  { n: 2, h: 14, w: 15, c: 3, k: 9, kh: 7, kw: 7, stride: 2, pads: [3, 3, 3, 3] },
  { n: 1, h: 2, w: 300, c: 4, k: 8, kh: 3, kw: 3, stride: 1, pads: [1, 1, 1, 1] },
  { n: 1, h: 2, w: 600, c: 1, k: 2, kh: 1, kw: 3, stride: 2, pads: [0, 2, 0, 1] },
  { n: 1, h: 4, w: 4, c: 12, k: 200, kh: 3, kw: 3, stride: 1, pads: [1, 1, 1, 1] },
  { n: 2, h: 5, w: 6, c: 4, k: 8, kh: 2, kw: 2, stride: 1, pads: [2, 0, 0, 2] },
  { n: 5, h: 1, w: 1, c: 16, k: 4, kh: 1, kw: 1, stride: 1, pads: [0, 0, 0, 0] },
  // Wider padding than the kernel reaches: some taps meet nothing but zeros, some outputs too.
  { n: 1, h: 2, w: 2, c: 4, k: 8, kh: 3, kw: 3, stride: 1, pads: [4, 3, 2, 5] },
];

const anyConvolution = fc
  .record({
    n: fc.integer({ min: 1, max: 3 }),
    h: fc.integer({ min: 1, max: 12 }),
    w: fc.integer({ min: 1, max: 12 }),
    c: fc.integer({ min: 1, max: 9 }),
    k: fc.integer({ min: 1, max: 17 }),
    kh: fc.integer({ min: 1, max: 5 }),
    kw: fc.integer({ min: 1, max: 5 }),
    stride: fc.integer({ min: 1, max: 3 }),
    pads: fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4), fc.nat(4)),
  })
  .filter(({ h, w, kh, kw, pads: [t, l, b, r] }) => h + t + b >= kh && w + l + r >= kw);

const forward = (of: Convolution) => {
  const { x, filter } = shapes(of);
  const attrs = { ...attrsOf(of), dilations: 1 };
  return expectSame('Conv2D', { x: randomTensor(x, 1), filter: randomTensor(filter, 2) }, attrs);
};

const inputGradient = (of: Convolution) => {
  const { x, dy, filter } = shapes(of);
  const inputs = { dy: randomTensor(dy, 1), filter: randomTensor(filter, 2) };
  return expectSame('Conv2DBackpropInput', inputs, { ...attrsOf(of), inputShape: x });
};

const filterGradient = (of: Convolution) => {
  const { x, dy, filter } = shapes(of);
  const attrs = { ...attrsOf(of), filterShape: filter };
  return expectSame(
    'Conv2DBackpropFilter',
    { x: randomTensor(x, 1), dy: randomTensor(dy, 2) },
    attrs,
  );
};

test('the committed module is what its source compiles to', async () => {
  expect(await readFile(KERNELS.training.target, 'utf8')).toBe(await buildKernel('training'));
});

test('registering again changes nothing and warns of nothing', async () => {
  const before = tf.getKernel('Conv2DBackpropFilter', 'wasm');
  await registerTrainingKernels();
  expect(tf.getKernel('Conv2DBackpropFilter', 'wasm')).toBe(before);
});

test('another backend is refused', async () => {
  await tf.setBackend('cpu');
  await expect(registerTrainingKernels()).rejects.toMatchObject({ code: 'backend-unavailable' });
  await tf.setBackend('wasm');
});

const KINDS = [
  ['forward', forward],
  ['the filter gradient', filterGradient],
  ['the input gradient', inputGradient],
] as const;

describe.each(KINDS)('%s', (_, check) => {
  test.each(CONVOLUTIONS)('$n×$h×$w $c→$k $kh×$kw/$stride $pads', check);

  test('of any convolution', async () => {
    await fc.assert(fc.asyncProperty(anyConvolution, check), { numRuns: 60, seed: 1 });
  });
});

describe('memory', () => {
  test('is steady, and the heap may grow', async () => {
    for (const of of [CONVOLUTIONS[0]!, CONVOLUTIONS[2]!]) {
      const { x, dy, filter } = shapes(of);
      const tensors = {
        x: tf.tensor(randomTensor(x, 1).values, x),
        filter: tf.tensor(randomTensor(filter, 2).values, filter),
        dy: tf.tensor(randomTensor(dy, 3).values, dy),
      };
      const convolve = (map: tf.Tensor, kernel: tf.Tensor) =>
        tf.conv2d(map as tf.Tensor4D, kernel as tf.Tensor4D, of.stride, explicit(of.pads), 'NHWC');
      await steadyMemory(() => {
        const [dx, dw] = tf.grads(convolve)([tensors.x, tensors.filter], tensors.dy);
        return tf.concat([tf.reshape(dx!, [-1]), tf.reshape(dw!, [-1])]);
      });
      tf.dispose(tensors);
    }
  });

  test('of dilated convolutions is left to tfjs', async () => {
    const inputs = { x: randomTensor([1, 9, 9, 4], 1), filter: randomTensor([3, 3, 4, 8], 2) };
    const attrs = { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: 2 };
    await expectSame('Conv2D', inputs, attrs);
  });
});
