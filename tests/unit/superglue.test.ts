// SuperPoint and SuperGlue: the published sizes, the graphs, and gradients of every kind of layer.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { matcherParameters, matcherSpecs } from '../../src/nets/matchers.ts';
import { startWeights } from '../../src/nets/parameters.ts';
import { superGlueGraph } from '../../src/nets/superglue/graph.ts';
import { SUPERGLUE } from '../../src/nets/superglue/specs.ts';
import { superGlue, superGlueParameters } from '../../src/nets/superglue/superglue.ts';
import { superPointGraph } from '../../src/nets/superpoint/graph.ts';
import { SUPERPOINT } from '../../src/nets/superpoint/specs.ts';
import { superPoint, superPointParameters } from '../../src/nets/superpoint/superpoint.ts';
import { seededRandom } from '../../src/random.ts';
import type { Params } from '../../src/tensor/ops.ts';
import { scopedParams } from '../../src/tensor/params.ts';
import { ShapeOps, type Sized } from '../../src/tensor/shape-ops.ts';
import { loadTfParams, mapFromNchw, TfOps, type TfParams } from '../../src/tensor/tf-ops.ts';
import { TrainingOps } from '../../src/training/trainer/training-ops.ts';
import { matchParameters, renameCheckpoint } from '../../src/weights/name-maps.ts';
import { fromFloat32, readSafetensors, type Weights } from '../../src/weights/safetensors.ts';
import { decode, type Graph } from './onnx-decode.ts';
import { useTrainingKernels } from './wasm-backend.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/superglue/${name}`, import.meta.url));
const golden = readSafetensors(new Uint8Array(fixture('tiny.safetensors')));
const weights: Weights = new Map([...golden].filter(([name]) => !name.startsWith('golden.')));

interface Published {
  readonly macs: number;
  readonly parameters: number;
  readonly tensors: number;
  readonly shapes: string;
}
const published = JSON.parse(fixture('published.json').toString()) as {
  superpoint: Published & { side: number };
  superglue: Published & { keypoints: number };
};

describe('sizes', () => {
  test.each([
    ['superpoint', 'v1'],
    ['superglue', 'outdoor'],
  ] as const)('%s of the size %s is the published one', (arch, spec) => {
    const own = matcherParameters(arch, spec);
    expect(own.size).toBe(published[arch].tensors);
    const lines = [...own].map(([name, { shape }]) => `${name} ${shape.join('x')}`).sort();
    const digest = createHash('sha256').update(lines.join('\n')).digest('hex');
    expect(digest).toBe(published[arch].shapes);
    let count = 0;
    for (const { shape, statistic } of own.values()) {
      if (!statistic) count += shape.reduce((product, side) => product * side, 1);
    }
    expect(count).toBe(published[arch].parameters);
  });

  const counted = (
    arch: 'superpoint' | 'superglue',
    spec: string,
    run: (ops: ShapeOps, p: Params<Sized>) => void,
  ) => {
    const ops = new ShapeOps();
    const shapes = [...matcherParameters(arch, spec)].map(([n, { shape }]) => [n, shape] as const);
    run(ops, ops.params(new Map(shapes), arch));
    return ops.macs;
  };

  test('they cost what the published ones do', () => {
    const { superpoint, superglue } = published;
    const image = { dims: [1, 1, superpoint.side, superpoint.side] };
    const maps = counted('superpoint', 'v1', (ops, p) => superPoint(ops, p, image));
    expect(maps).toBe(superpoint.macs);
    const rows = superglue.keypoints;
    const side = {
      descriptors: { dims: [1, rows, 256] },
      places: { dims: [1, rows, 3] },
      mask: null,
    };
    const scores = counted('superglue', 'outdoor', (ops, p) =>
      superGlue(ops, p, [side, side], SUPERGLUE.outdoor!),
    );
    expect(scores).toBe(superglue.macs);
  });

  test('weights by the authors’ names fit, and lack nothing', () => {
    for (const arch of ['superpoint', 'superglue'] as const) {
      const parameters = matcherParameters(arch, 'tiny');
      const shapes = new Map([...parameters].map(([name, { shape }]) => [name, shape] as const));
      const match = matchParameters(weights, shapes);
      expect(match.missing).toEqual([]);
      expect(match.misshapen).toEqual([]);
      const other = arch === 'superpoint' ? /^(kenc|gnn|final_proj|bin_score)/ : /^conv/;
      expect(match.unexpected.filter((name) => !other.test(name) && !/^golden/.test(name))).toEqual(
        [],
      );
    }
  });

  test('checkpoints as the authors save them come to our names', () => {
    const counter = 'kenc.encoder.1.num_batches_tracked';
    const theirs = new Map(weights).set(counter, fromFloat32(new Float32Array(1), []));
    const { weights: ours, dropped } = renameCheckpoint('superglue', theirs);
    expect([...ours.keys()]).toEqual([...weights.keys()]);
    expect(dropped).toEqual([counter]);
    expect(renameCheckpoint('superpoint', weights).dropped).toEqual([]);
  });

  test('those that do not exist are refused with those that do', () => {
    const remedy = expect.stringMatching(/outdoor, indoor, tiny/);
    expect(() => matcherParameters('superglue', 'huge')).toThrow(
      expect.objectContaining({ remedy }),
    );
    expect(matcherSpecs('superpoint')).toEqual(['v1', 'tiny']);
  });
});

describe('the graphs', () => {
  const kinds = (graph: Graph) => [...new Set(graph.nodes.map(({ op }) => op))].sort();

  test('of SuperPoint: one picture of any size, no operation that WebGPU gets wrong', () => {
    const graph = decode(superPointGraph(weights, 'tiny'));
    expect([...graph.inputs]).toEqual([['image', ['N', 1, 'H', 'W']]]);
    expect([...graph.outputs.keys()]).toEqual(['corners', 'descriptors']);
    expect(kinds(graph)).toEqual(
      [
        'Clip',
        'Conv',
        'Div',
        'MaxPool',
        'ReduceL2',
        'Relu',
        'Reshape',
        'Softmax',
        'Transpose',
      ].sort(),
    );
  });

  test('of SuperGlue: any numbers of keypoints; masks are inputs only where rows may be padding', () => {
    const graph = decode(superGlueGraph(weights, 'tiny'));
    expect(graph.inputs.get('descriptors0')).toEqual(['N', 'L', 16]);
    expect(graph.inputs.get('places1')).toEqual(['N', 'S', 3]);
    expect(graph.inputs.has('mask0')).toBe(false);
    expect([...graph.outputs.keys()]).toEqual(['scores']);
    expect(kinds(graph)).not.toEqual(expect.arrayContaining(['BatchNormalization']));
    const masked = decode(superGlueGraph(weights, 'tiny', { masked: true }));
    expect(masked.inputs.get('mask1')).toEqual(['N', 'S', 1]);
  });
});

const SPEC = SUPERGLUE.tiny!;
const [WIDE, HIGH] = [4, 3];
const CELLS = WIDE * HIGH;

function random(seed: number, length: number): Float32Array {
  const next = seededRandom(seed);
  return Float32Array.from({ length }, () => 2 * next() - 1);
}

/** Weighted sums of all corners and of all scores between cells of two pictures, which every parameter moves. */
function loss(ops: TfOps, params: TfParams, changed: ReadonlyMap<string, tf.Tensor>): tf.Tensor {
  const p = scopedParams((path) => changed.get(path) ?? params.tensors.get(path), 'the test');
  const sides = [0, 1].map((i) => {
    const [width, height] = i === 0 ? [WIDE, HIGH] : [HIGH, WIDE];
    const pixels = random(i + 1, 64 * CELLS).map((value) => (value + 1) / 2);
    const maps = superPoint(ops, p, mapFromNchw(pixels, [1, 1, 8 * height, 8 * width]));
    const counts = Float32Array.from({ length: CELLS }, (_, cell) => (cell < CELLS - 1 ? 1 : 0));
    return {
      corners: maps.corners,
      descriptors: maps.descriptors,
      places: tf.tensor(random(i + 3, 3 * CELLS), [1, CELLS, 3]),
      mask: tf.tensor(counts, [1, CELLS, 1]),
    };
  });
  const scores = superGlue(ops, p, [sides[0]!, sides[1]!], SPEC);
  const weigh = (x: tf.Tensor, seed: number, scale: number) =>
    tf.mul(tf.reshape(x, [-1]), tf.mul(tf.tensor(random(seed, x.size)), scale));
  return tf.concat([
    weigh(tf.log(sides[0]!.corners), 5, 0.1),
    weigh(tf.log(sides[1]!.corners), 6, 0.1),
    weigh(scores, 7, 0.1),
  ]);
}

/** Summed in float64: in float32 it would drown the differences. */
function lossAt(params: TfParams, name: string, value: tf.Tensor): number {
  return tf.tidy(() =>
    loss(new TfOps(), params, new Map([[name, value]]))
      .dataSync<'float32'>()
      .reduce((sum, each) => sum + each, 0),
  );
}

/** A key's bias moves all scores of a query alike, which a softmax does not see. */
const UNSEEN = /attn\.proj\.1\.bias$/;
const TRAINED = [
  ...superPointParameters(SUPERPOINT.tiny!),
  ...[...superGlueParameters(SPEC)].filter(([name]) => name !== 'bin_score'),
]
  .filter(([name, { statistic }]) => !statistic && !UNSEEN.test(name))
  .map(([name]) => name);

/** One of each kind of layer. */
const MEASURED = [
  'conv1a.weight',
  'conv3b.bias',
  'convPb.weight',
  'convDa.weight',
  'kenc.encoder.0.weight',
  'kenc.encoder.4.weight',
  'gnn.layers.0.attn.proj.0.weight',
  'gnn.layers.1.attn.proj.1.weight',
  'gnn.layers.1.attn.proj.2.bias',
  'gnn.layers.2.attn.merge.weight',
  'gnn.layers.3.mlp.0.weight',
  'gnn.layers.3.mlp.1.bias',
  'final_proj.weight',
];
/** How far the loss moves: above float32's noise, and few of ReLU's kinks lie within the step. */
const MOVE = 2e-3;
const RELATIVE = 0.02;

beforeAll(useTrainingKernels);

describe.each(['cpu', 'wasm'])('gradients on %s', (backend) => {
  let params: TfParams;
  const gradientsBy = (ops: TfOps, names: readonly string[]) =>
    tf.tidy(() => {
      const run = (...values: tf.Tensor[]) =>
        tf.sum(loss(ops, params, new Map(names.map((name, i) => [name, values[i]!]))));
      return tf.grads(run)(names.map((name) => params.tensors.get(name)!));
    });
  beforeAll(async () => {
    await tf.setBackend(backend);
    params = loadTfParams(weights, 'the test');
  });
  afterAll(() => params.dispose());

  // Batch norms by the batch's own statistics take the biases before them out again.
  test.each([
    ['frozen norms', true],
    ['norms by the batch', false],
  ])('reach every parameter, with %s', (_, frozenNorms) => {
    const ops = new TrainingOps({ frozenNorms });
    const names = frozenNorms ? TRAINED : TRAINED.filter((name) => !name.endsWith('bias'));
    const gradients = gradientsBy(ops, names);
    ops.forget();
    for (const [i, name] of names.entries()) {
      const values = gradients[i]!.dataSync();
      expect(gradients[i]!.shape, name).toEqual(params.tensors.get(name)!.shape);
      const length = Math.hypot(...values);
      expect(Number.isFinite(length), name).toBe(true);
      expect(length, name).toBeGreaterThan(0);
    }
    tf.dispose(gradients);
  });

  test('are those that differences show', () => {
    const gradients = gradientsBy(new TfOps(), MEASURED);
    for (const [i, name] of MEASURED.entries()) {
      const slope = Float32Array.from(gradients[i]!.dataSync());
      const parameter = params.tensors.get(name)!;
      const norm = Math.hypot(...slope);
      const at = (distance: number) =>
        tf.tidy(() => {
          const moved = slope.map((value) => (value / norm) * distance);
          return lossAt(params, name, tf.add(parameter, tf.tensor(moved, parameter.shape)));
        });
      const step = MOVE / norm;
      const measured = (at(step) - at(-step)) / (2 * step);
      expect(Math.abs(measured - norm) / norm, name).toBeLessThan(RELATIVE);
    }
    tf.dispose(gradients);
  });
});

test('random weights are those of a seed, and give descriptors that differ', async () => {
  await tf.setBackend('wasm');
  const start = startWeights(superPointParameters(SUPERPOINT.tiny!), 5);
  expect(startWeights(superPointParameters(SUPERPOINT.tiny!), 5)).toEqual(start);
  const params = loadTfParams(start, 'the test');
  const corners = tf.tidy(() => {
    const image = mapFromNchw(random(9, 64 * 64), [1, 1, 64, 64]);
    return superPoint(new TfOps(), params, image).corners.dataSync<'float32'>();
  });
  params.dispose();
  // Near the same for all 65 at the start, and a probability.
  expect(Math.max(...corners)).toBeLessThan(0.9);
  expect(corners.reduce((sum, value) => sum + value, 0)).toBeCloseTo(64, 3);
});
