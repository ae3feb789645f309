// How fast the training kernels are on tfjs's WASM backend, one thread, beside what tfjs offers instead.
// Run: npx tsx bench/training-kernels.ts [name]. Prints JSON: billions of operations (GFLOP/s) or of
// elements a second, the best of several runs.
import '@tensorflow/tfjs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import * as fused from '../src/tensor/tf/fused.ts';
import { groupedConv } from '../src/tensor/tf/fused-spatial.ts';
import { maxPool } from '../src/tensor/tf/pools.ts';
import { reorder } from '../src/tensor/tf/sequences.ts';
import { registerTrainingKernels } from '../src/tensor/wasm/register.ts';

interface Case {
  readonly name: string;
  /** Operations or elements of one run. */
  readonly work: number;
  readonly unit: 'GFLOP/s' | 'G elements/s';
  /** Our way; what it returns is freed. */
  run(): tf.Tensor;
  /** tfjs's own way to the same result. */
  instead?(): tf.Tensor;
}

const SECONDS = 0.4;
const AT_ONCE_MS = 4;

/** By the process's own time, so that what else the machine does counts little. */
function speed(run: () => tf.Tensor, work: number): number {
  const measure = (times: number) => {
    const { user, system } = process.cpuUsage();
    for (let i = 0; i < times; i++) tf.dispose(tf.tidy(run));
    const used = process.cpuUsage();
    return (used.user + used.system - user - system) / 1000 / times;
  };
  measure(1);
  const times = Math.ceil(AT_ONCE_MS / Math.max(measure(1), 0.001));
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + SECONDS * 1000;
  while (performance.now() < end) best = Math.min(best, measure(times));
  return work / best / 1e6;
}

const rounded = (value: number) => Number(value.toPrecision(3));

function run(kernel: string, inputs: tf.NamedTensorMap, attrs: object): tf.Tensor {
  return tf.engine().runKernel(kernel, inputs, attrs as tf.NamedAttrMap) as tf.Tensor;
}

function convolutions(): Case[] {
  const shapes = [
    [32, 24, 24, 3, 1],
    [16, 96, 96, 3, 1],
    [8, 192, 192, 3, 1],
    [32, 96, 24, 1, 1],
    [32, 24, 96, 1, 1],
    [32, 48, 96, 3, 2],
    [64, 3, 32, 3, 2],
  ] as const;
  return shapes.flatMap(([side, c, k, kernel, stride]) => {
    const n = 16;
    const x = tf.randomNormal<tf.Rank.R4>([n, side, side, c]);
    const filter = tf.randomNormal<tf.Rank.R4>([kernel, kernel, c, k]);
    const dy = tf.randomNormal<tf.Rank.R4>([n, side / stride, side / stride, k]);
    const p = (kernel - 1) / 2;
    const pad: tf.backend_util.ExplicitPadding = [
      [0, 0],
      [p, p],
      [p, p],
      [0, 0],
    ];
    const attrs = { strides: stride, pad, dataFormat: 'NHWC', dilations: 1 };
    const shape = `${n}×${side}×${side} ${c}→${k} ${kernel}×${kernel}/${stride}`;
    const work = 2 * dy.size * kernel * kernel * c;
    const unit = 'GFLOP/s' as const;
    const forward = () => run('Conv2D', { x, filter }, attrs);
    const back = () =>
      run('Conv2DBackpropInput', { dy, filter }, { ...attrs, inputShape: x.shape });
    return [
      { name: `convolution ${shape}`, work, unit, run: forward, instead: forward },
      { name: `input gradient ${shape}`, work, unit, run: back, instead: back },
      {
        name: `filter gradient ${shape}`,
        work,
        unit,
        run: () => run('Conv2DBackpropFilter', { x, dy }, { ...attrs, filterShape: filter.shape }),
        // The maps as filters: channels become the batch, the batch the channels.
        ...(stride === 1 && {
          instead: () =>
            tf.transpose(
              tf.conv2d(tf.transpose(x, [3, 1, 2, 0]), tf.transpose(dy, [1, 2, 0, 3]), 1, pad),
              [1, 2, 0, 3],
            ),
        }),
      },
    ];
  });
}

function products(): Case[] {
  const shapes = [
    { batch: [1536], m: 49, k: 32, n: 49 },
    { batch: [1536], m: 49, k: 49, n: 32 },
    { batch: [], m: 4096, k: 96, n: 384 },
    { batch: [], m: 64, k: 512, n: 1000 },
  ];
  const ways = [
    [false, false],
    [false, true],
    [true, false],
  ] as const;
  return shapes.flatMap(({ batch, m, k, n }) =>
    ways.map(([transposeA, transposeB]) => {
      const a = tf.randomNormal([...batch, ...(transposeA ? [k, m] : [m, k])]);
      const b = tf.randomNormal([...batch, ...(transposeB ? [n, k] : [k, n])]);
      const multiply = () => tf.matMul(a, b, transposeA, transposeB);
      const names = [`${m}×${k}${transposeA ? 'ᵀ' : ''}`, `${k}×${n}${transposeB ? 'ᵀ' : ''}`];
      return {
        name: `product ${[...batch, names.join(' · ')].join(' of ')}`,
        work: 2 * (batch[0] ?? 1) * m * k * n,
        unit: 'GFLOP/s' as const,
        run: multiply,
        instead: multiply,
      };
    }),
  );
}

function transpositions(): Case[] {
  const shapes = [
    { shape: [1000, 1000], perm: [1, 0] },
    { shape: [4096, 96], perm: [1, 0] },
    { shape: [16, 32, 32, 96], perm: [0, 3, 1, 2] },
    { shape: [16, 96, 32, 32], perm: [0, 2, 3, 1] },
    { shape: [512, 49, 3, 32], perm: [0, 2, 1, 3] },
    { shape: [512, 49, 3, 32], perm: [0, 2, 3, 1] },
  ];
  return shapes.map(({ shape, perm }) => {
    const x = tf.randomNormal(shape);
    const turn = () => tf.transpose(x, perm);
    const name = `transposition [${shape}] → [${perm}]`;
    return { name, work: x.size, unit: 'G elements/s', run: turn, instead: turn };
  });
}

function depthwise(): Case[] {
  const shapes = [
    [56, 96, 3, 1],
    [56, 144, 3, 2],
    [28, 240, 5, 1],
  ] as const;
  return shapes.flatMap(([side, c, kernel, stride]) => {
    const n = 8;
    const out = Math.ceil(side / stride);
    const x = tf.randomNormal<tf.Rank.R4>([n, side, side, c]);
    const filter = tf.randomNormal<tf.Rank.R4>([kernel, kernel, c, 1]);
    const dy = tf.randomNormal<tf.Rank.R4>([n, out, out, c]);
    const attrs = { strides: stride, pad: 'same', dilations: [1, 1] };
    const shape = `${n}×${side}×${side}×${c} ${kernel}×${kernel}/${stride}`;
    const work = 2 * dy.size * kernel * kernel;
    const names = ['DepthwiseConv2dNativeBackpropFilter', 'DepthwiseConv2dNativeBackpropInput'];
    const sides = { filterShape: filter.shape, inputShape: x.shape };
    return [
      {
        name: `depthwise filter gradient ${shape}`,
        work,
        unit: 'GFLOP/s' as const,
        run: () => run(names[0]!, { x, dy }, { ...attrs, ...sides }),
      },
      {
        name: `depthwise input gradient ${shape}`,
        work,
        unit: 'GFLOP/s' as const,
        run: () => run(names[1]!, { dy, filter }, { ...attrs, ...sides }),
      },
    ];
  });
}

function reductions(): Case[] {
  const shapes = [
    { shape: [16, 32, 32, 24], axis: [0, 1, 2] },
    { shape: [16, 32, 32, 24], axis: [1, 2] },
    { shape: [16, 8, 8, 192], axis: [1, 2] },
    { shape: [4096, 96], axis: [1] },
  ];
  return shapes.map(({ shape, axis }) => {
    const x = tf.randomNormal(shape);
    const mean = () => tf.mean(x, axis);
    const name = `mean of [${shape}] over [${axis}]`;
    return { name, work: x.size, unit: 'G elements/s', run: mean, instead: mean };
  });
}

/** As TfOps runs them: before our kernels are registered these are tfjs's compositions. */
function fusedOperations(): Case[] {
  const map = tf.randomNormal([16, 32, 32, 48]);
  const tokens = tf.randomNormal([16, 784, 96]);
  const scores = tf.randomNormal([1536, 49, 49]);
  const order = Array.from({ length: 784 }, (_, i) => (i % 9 === 0 ? -1 : (i * 5) % 784));
  const [gain, shift] = [tf.ones([96]), tf.zeros([96])];
  const [gain48, shift48] = [tf.ones([48]), tf.zeros([48])];
  const pooling = { kernel: 3, stride: 2, pads: [1, 1, 1, 1] } as const;
  const filter = tf.randomNormal<tf.Rank.R4>([3, 3, 16, 48]);
  const pad: tf.backend_util.ExplicitPadding = [
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ];
  type Operation = (x: tf.Tensor) => tf.Tensor;
  const operations: [string, tf.Tensor, Operation][] = [
    ['gelu', tokens, fused.gelu],
    ['silu', map, fused.silu],
    ['relu', map, fused.relu],
    ['softmax', scores, fused.softmax],
    ['layer norm', tokens, (x) => fused.layerNorm(x, gain, shift, 1e-5)],
    ['batch norm', map, (x) => fused.batchNorm(x, gain48, shift48, 1e-5, () => {})],
    ['max pool 3/2', map, (x) => maxPool(x as tf.Tensor4D, pooling)],
    ['convolution in 3 groups', map, (x) => groupedConv(x as tf.Tensor4D, filter, 1, pad, 3)],
    ['reordering', tokens, (x) => reorder(x, order)],
  ];
  return operations.flatMap(([name, x, operation]) => {
    const dy = tf.tidy(() => tf.ones(operation(x).shape));
    const both = () => tf.grad(operation)(x, dy);
    const forward = () => operation(x);
    const common = { work: x.size, unit: 'G elements/s' as const };
    return [
      { ...common, name: `${name} [${x.shape}]`, run: forward, instead: forward },
      { ...common, name: `${name} and gradient [${x.shape}]`, run: both, instead: both },
    ];
  });
}

const CASES: readonly (() => Case[])[] = [
  convolutions,
  products,
  transpositions,
  depthwise,
  reductions,
  fusedOperations,
];

tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
const require = createRequire(import.meta.url);
setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
await tf.setBackend('wasm');

const only = process.argv[2] ?? '';
const cases = CASES.flatMap((make) => make()).filter(({ name }) => name.includes(only));
// Before ours are registered: afterwards tfjs's compositions would use them too.
const instead = cases.map((each) => each.instead && speed(each.instead, each.work));
await registerTrainingKernels();
const results = cases.map(({ name, work, unit, run }, i) => {
  const tfjs = instead[i];
  return {
    name,
    unit,
    ours: rounded(speed(run, work)),
    tfjs: tfjs === undefined ? null : rounded(tfjs),
  };
});
console.log(JSON.stringify(results, null, 1));
