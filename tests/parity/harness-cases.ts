// The operations that training differentiates, as small cases for comparing tfjs's backends.
import * as tf from '@tensorflow/tfjs-core';
import { gem } from '../../src/nets/pooling.ts';
import { TfOps } from '../../src/tensor/tf-ops.ts';
import { TrainingOps } from '../../src/training/trainer/training-ops.ts';

export interface OperationCase {
  readonly name: string;
  /** Of the arguments, as tfjs holds them: maps NHWC, convolutions HWIO; their values are in −1..1. */
  readonly shapes: readonly (readonly number[])[];
  /** Added to the arguments' values: where only positive ones make sense, or kinks are to be kept away. */
  readonly offsets?: readonly number[];
  run(...x: tf.Tensor[]): tf.Tensor;
}

const ops = new TfOps();
const EPS = 1e-5;
const MAP = [2, 9, 8, 6] as const;

const convolutions: OperationCase[] = [
  {
    name: 'convolution 3 × 3',
    shapes: [MAP, [3, 3, 6, 5], [5]],
    run: (x, w, b) => ops.conv2d(x!, w!, b!, { pads: [1, 1, 1, 1] }),
  },
  {
    name: 'convolution 3 × 3, stride 2',
    shapes: [MAP, [3, 3, 6, 5]],
    run: (x, w) => ops.conv2d(x!, w!, null, { stride: 2, pads: [1, 1, 1, 1] }),
  },
  {
    name: 'convolution 3 × 3, stride 2, uneven pads',
    shapes: [MAP, [3, 3, 6, 5]],
    run: (x, w) => ops.conv2d(x!, w!, null, { stride: 2, pads: [0, 0, 1, 1] }),
  },
  {
    name: 'convolution 1 × 1',
    shapes: [MAP, [1, 1, 6, 20]],
    run: (x, w) => ops.conv2d(x!, w!, null),
  },
  {
    name: 'convolution 1 × 1, stride 2',
    shapes: [MAP, [1, 1, 6, 20]],
    run: (x, w) => ops.conv2d(x!, w!, null, { stride: 2 }),
  },
  {
    name: 'convolution 7 × 7, stride 2, of pictures',
    shapes: [
      [2, 12, 14, 3],
      [7, 7, 3, 8],
    ],
    run: (x, w) => ops.conv2d(x!, w!, null, { stride: 2, pads: [3, 3, 3, 3] }),
  },
  {
    name: 'convolution 4 × 4, stride 4, of pictures',
    shapes: [
      [2, 12, 16, 3],
      [4, 4, 3, 8],
    ],
    run: (x, w) => ops.conv2d(x!, w!, null, { stride: 4 }),
  },
  {
    name: 'convolution 3 × 3 of channels by fours',
    shapes: [
      [2, 7, 8, 8],
      [3, 3, 4, 8],
    ],
    run: (x, w) => ops.conv2d(x!, w!, null, { pads: [1, 1, 1, 1], groups: 2 }),
  },
  {
    name: 'convolution of more channels than a tile',
    shapes: [
      [1, 5, 6, 40],
      [3, 3, 40, 36],
    ],
    run: (x, w) => ops.conv2d(x!, w!, null, { pads: [1, 1, 1, 1] }),
  },
  {
    name: 'depthwise 3 × 3',
    shapes: [MAP, [3, 3, 1, 6]],
    run: (x, w) => ops.conv2d(x!, w!, null, { pads: [1, 1, 1, 1], groups: 6 }),
  },
  {
    name: 'depthwise 5 × 5, stride 2',
    shapes: [MAP, [5, 5, 1, 6]],
    run: (x, w) => ops.conv2d(x!, w!, null, { stride: 2, pads: [2, 2, 2, 2], groups: 6 }),
  },
  {
    name: 'efficient channel attention',
    shapes: [
      [2, 1, 1, 12],
      [1, 1, 5],
    ],
    run: (x, w) => ops.channelConv(x!, w!),
  },
  {
    name: 'standardised weights',
    shapes: [
      [3, 3, 4, 5],
      [1, 1, 1, 5],
    ],
    run: (w, gain) => ops.standardise(w!, gain!, 0.2, EPS),
  },
];

const batchNorm = (own: TfOps) => (x?: tf.Tensor, weight?: tf.Tensor, bias?: tf.Tensor) => {
  const statistic = (value: number) => tf.fill([6], value);
  return own.batchNorm(
    x!,
    {
      weight: weight!,
      bias: bias!,
      runningMean: statistic(0.2),
      runningVar: statistic(0.7),
    },
    EPS,
  );
};

const norms: OperationCase[] = [
  {
    name: 'batch norm by running statistics',
    shapes: [MAP, [6], [6]],
    run: batchNorm(ops),
  },
  {
    name: "batch norm by the batch's statistics",
    shapes: [MAP, [6], [6]],
    run: batchNorm(new TrainingOps()),
  },
  {
    name: 'layer norm',
    shapes: [[2, 5, 12], [12], [12]],
    run: (x, weight, bias) => ops.layerNorm(x!, weight!, bias!, EPS),
  },
  { name: 'L2 norm', shapes: [[3, 10]], run: (x) => ops.l2Normalize(x!) },
];

const pools: OperationCase[] = [
  {
    name: 'max pool 3, stride 2',
    shapes: [MAP],
    run: (x) => ops.maxPool(x!, { kernel: 3, stride: 2, pads: [1, 1, 1, 1] }),
  },
  {
    name: 'average pool 2, stride 2',
    shapes: [MAP],
    run: (x) => ops.avgPool(x!, { kernel: 2, stride: 2 }),
  },
  {
    name: 'average pool that counts no padding',
    shapes: [MAP],
    run: (x) => ops.avgPool(x!, { kernel: 2, stride: 2, pads: [0, 0, 1, 1], countPadding: false }),
  },
  { name: 'spatial mean', shapes: [MAP], run: (x) => ops.spatialMean(x!) },
  {
    name: 'GeM with a learned power',
    shapes: [MAP, [1]],
    offsets: [1.1, 3],
    run: (x, p) => gem(ops, x!, p!),
  },
  {
    name: 'gate of a map',
    shapes: [MAP, [2, 1, 1, 6]],
    run: (x, gate) => ops.gate(x!, ops.sigmoid(gate!)),
  },
];

/** A cyclic shift that leaves one token out and puts zeros in two places. */
const ORDER = [3, 4, -1, 0, 1, -1];

const sequences: OperationCase[] = [
  {
    name: 'linear',
    shapes: [[2, 5, 12], [20, 12], [20]],
    run: (x, weight, bias) => ops.linear(x!, weight!, bias!),
  },
  ...[0, 1, 2, 3].map((bits): OperationCase => {
    const [a, b] = [(bits & 1) > 0, (bits & 2) > 0];
    return {
      name: `product of matrices${a ? ', first turned' : ''}${b ? ', second turned' : ''}`,
      shapes: [a ? [3, 7, 5] : [3, 5, 7], b ? [3, 9, 7] : [3, 7, 9]],
      run: (x, y) => tf.matMul(x!, y!, a, b),
    };
  }),
  { name: 'reordered tokens', shapes: [[2, 5, 8]], run: (x) => ops.reorder(x!, ORDER) },
  {
    name: 'spread table of biases',
    shapes: [[5, 2]],
    run: (table) => ops.spread(table!, [0, 1, 4, 4, 2, 1, 0, 1, 2], 3),
  },
  {
    name: 'mixed rows',
    shapes: [[3, 4]],
    run: (x) => ops.mixRows(x!, Float32Array.from([0.5, 0.5, 0, 0, 0.25, 0.75])),
  },
  {
    name: 'rows of a matrix',
    shapes: [[6, 4]],
    run: (x) => ops.rows(x!, 2, 5, 0.5),
  },
  {
    name: 'attention with bias and mask',
    shapes: [
      [4, 5, 8],
      [4, 5, 8],
      [4, 5, 8],
      [2, 5, 5],
    ],
    run: (q, k, v, bias) => {
      const values = Float32Array.from({ length: 50 }, (_, i) => (i % 7 === 0 ? -100 : 0));
      return ops.attention(q!, k!, v!, { heads: 2, bias: bias!, mask: { windows: 2, values } });
    },
  },
];

const pointwise: OperationCase[] = [
  { name: 'ReLU', shapes: [MAP], run: (x) => ops.relu(x!) },
  { name: 'ReLU6', shapes: [MAP], offsets: [5.5], run: (x) => ops.relu6(x!) },
  { name: 'sigmoid', shapes: [MAP], run: (x) => ops.sigmoid(x!) },
  { name: 'SiLU', shapes: [MAP], run: (x) => ops.silu(x!) },
  { name: 'GELU', shapes: [MAP], run: (x) => ops.gelu(x!) },
  { name: 'clamp', shapes: [MAP], run: (x) => ops.clamp(x!, -0.5, 0.4) },
  { name: 'lower bound', shapes: [MAP], run: (x) => ops.clampMin(x!, 0.1) },
  { name: 'sum with a vector', shapes: [MAP, [6]], run: (x, b) => ops.add(x!, b!) },
  { name: 'difference with a vector', shapes: [MAP, [6]], run: (x, b) => ops.sub(x!, b!) },
  { name: 'product with one element', shapes: [MAP, [1]], run: (x, b) => ops.mul(x!, b!) },
  {
    name: 'quotient by a vector',
    shapes: [MAP, [6]],
    offsets: [0, 2],
    run: (x, b) => ops.div(x!, b!),
  },
  {
    name: 'logarithm of a softmax',
    shapes: [[3, 11]],
    run: (x) => tf.logSoftmax(tf.mul(x!, 10)),
  },
  {
    name: 'joined maps',
    shapes: [MAP, [2, 9, 8, 3]],
    run: (x, y) => ops.concat([x!, y!]),
  },
];

export const OPERATIONS: readonly OperationCase[] = [
  ...convolutions,
  ...norms,
  ...pools,
  ...sequences,
  ...pointwise,
];
