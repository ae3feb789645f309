// LoFTR: the published size, weights by their authors' names, gradients of all three steps, and the positions.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gatherWindows } from '../../src/matching/windows.ts';
import { loftrCost } from '../../src/nets/loftr/cost.ts';
import { loftrGraphs } from '../../src/nets/loftr/graphs.ts';
import {
  loftrCoarse,
  loftrConfidence,
  loftrFeatures,
  loftrFine,
  loftrParameters,
} from '../../src/nets/loftr/loftr.ts';
import { gridPositions } from '../../src/nets/loftr/positions.ts';
import { FINE_WINDOW, LOFTR } from '../../src/nets/loftr/specs.ts';
import { matcherParameters, matcherSpecs } from '../../src/nets/matchers.ts';
import { startWeights } from '../../src/nets/parameters.ts';
import { seededRandom } from '../../src/random.ts';
import { scopedParams } from '../../src/tensor/params.ts';
import { gatherRows } from '../../src/tensor/tf/sequences.ts';
import { loadTfParams, mapFromNchw, TfOps, type TfParams } from '../../src/tensor/tf-ops.ts';
import { TrainingOps } from '../../src/training/trainer/training-ops.ts';
import { renameCheckpoint } from '../../src/weights/name-maps.ts';
import { fromFloat32, readSafetensors, toFloat32 } from '../../src/weights/safetensors.ts';
import { decode, type Graph } from './onnx-decode.ts';
import { useTrainingKernels } from './wasm-backend.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/loftr/${name}`, import.meta.url));
const golden = readSafetensors(new Uint8Array(fixture('tiny.safetensors')));

describe('sizes', () => {
  test('outdoor is the published one', () => {
    const published = JSON.parse(fixture('published.json').toString()) as {
      side: number;
      featureMacs: number;
      parameters: number;
      tensors: number;
      shapes: string;
    };
    const own = matcherParameters('loftr', 'outdoor');
    expect(own.size).toBe(published.tensors);
    const lines = [...own].map(([name, { shape }]) => `${name} ${shape.join('x')}`).sort();
    expect(createHash('sha256').update(lines.join('\n')).digest('hex')).toBe(published.shapes);
    let count = 0;
    for (const { shape, statistic } of own.values()) {
      if (!statistic) count += shape.reduce((product, side) => product * side, 1);
    }
    expect(count).toBe(published.parameters);
    const picture = { width: published.side, height: published.side };
    expect(loftrCost('outdoor', picture, 1).features).toBe(published.featureMacs);
  });

  test('compact is for the page: under 4 MB in half precision', () => {
    let count = 0;
    for (const { shape } of matcherParameters('loftr', 'compact').values()) {
      count += shape.reduce((product, side) => product * side, 1);
    }
    expect(2 * count).toBeLessThan(2e6);
    const { features, coarse, fine } = loftrCost('compact', { width: 480, height: 360 }, 256);
    expect(features).toBeLessThan(4e9);
    expect(coarse + fine).toBeLessThan(3e9);
  });

  test('those that do not exist are refused with those that do', () => {
    expect(() => matcherParameters('loftr', 'huge')).toThrow(
      expect.objectContaining({ remedy: expect.stringMatching(/outdoor, .*compact, lite0, tiny/) }),
    );
    expect(matcherSpecs('loftr')).toContain('indoor_new');
  });
});

test('checkpoints as the authors save them come to our names', () => {
  const own = loftrParameters(LOFTR.tiny!);
  const theirs = new Map(
    [...own].map(([name, { shape }]) => {
      const size = shape.reduce((product, side) => product * side, 1);
      return [`matcher.${name}`, fromFloat32(new Float32Array(size), shape)] as const;
    }),
  );
  const counter = 'matcher.backbone.bn1.num_batches_tracked';
  theirs.set(counter, fromFloat32(new Float32Array(1), [1]));
  const { weights, dropped } = renameCheckpoint('loftr', theirs);
  expect([...weights.keys()]).toEqual([...own.keys()]);
  expect(dropped).toEqual([counter]);
});

describe('the graphs', () => {
  const graphs = loftrGraphs(startWeights(loftrParameters(LOFTR.tiny!), 1), 'tiny');
  const kinds = (graph: Graph) => [...new Set(graph.nodes.map(({ op }) => op))].sort();

  test('of features: one picture of any size, norms folded, no operation that WebGPU gets wrong', () => {
    const graph = decode(graphs.features());
    expect([...graph.inputs]).toEqual([['image', ['N', 1, 'H', 'W']]]);
    expect(kinds(graph)).toEqual(
      ['Add', 'Conv', 'LeakyRelu', 'Relu', 'Reshape', 'Resize', 'Transpose'].sort(),
    );
    expect([...graph.outputs.keys()]).toEqual(['coarse', 'fine']);
  });

  test('of the coarse step: its maxima leave it, the matrix only when asked for', () => {
    const graph = decode(graphs.coarse());
    expect([...graph.outputs.keys()]).toEqual(['coarse0', 'coarse1', 'rows', 'places', 'columns']);
    expect(kinds(graph)).not.toEqual(expect.arrayContaining(['Einsum']));
    // What follows from sizes alone is stored once for all layers.
    const heads = [...graph.initializers.keys()].filter((name) => name.startsWith('same-head'));
    expect(heads).toHaveLength(1);
    const whole = decode(graphs.coarse({ confidence: true }));
    expect([...whole.outputs.keys()]).toContain('confidence');
  });

  test('of the fine step: any number of windows', () => {
    const graph = decode(graphs.fine());
    expect(graph.inputs.get('windows0')).toEqual(['K', 25, 8]);
    expect(graph.inputs.get('used')).toEqual(['K', 1, 1]);
  });
});

test.each(['released', 'fixed'] as const)('positions are those of kornia: %s', (kind) => {
  const { shape } = golden.get(`golden.positions.${kind}`)!;
  const [channels, height, width] = shape as [number, number, number];
  const expected = toFloat32(golden.get(`golden.positions.${kind}`)!);
  const own = gridPositions(width, height, channels, kind);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < width * height; i++) {
      expect(own[i * channels + c]).toBeCloseTo(expected[c * width * height + i]!, 5);
    }
  }
});

const SPEC = LOFTR.tiny!;
const [FINE, , COARSE] = SPEC.channels;
/** Of one picture in cells: the other's are turned. */
const [WIDE, HIGH] = [5, 3];
const CELLS = WIDE * HIGH;

function random(seed: number, length: number): Float32Array {
  const next = seededRandom(seed);
  return Float32Array.from({ length }, () => 2 * next() - 1);
}

/** Of all windows of a fine map row by row, where each takes its tokens from; −1 beyond the edges. */
function windowIndex(width: number, height: number): number[] {
  const values = Float32Array.from({ length: 16 * width * height }, (_, i) => i + 1);
  const cells = Int32Array.from({ length: width * height }, (_, i) => i);
  const map = { values, width: 4 * width, height: 4 * height, channels: 1 };
  const options = { side: FINE_WINDOW, stride: 4, columns: width };
  return Array.from(gatherWindows(map, cells, options), (value) => value - 1);
}

/** A weighted sum of the confidences and of all offsets between cell i of both, which every parameter moves. */
function loss(ops: TfOps, params: TfParams, changed: ReadonlyMap<string, tf.Tensor>): tf.Tensor {
  const p = scopedParams((path) => changed.get(path) ?? params.tensors.get(path), 'the test');
  const sides = [
    [WIDE, HIGH],
    [HIGH, WIDE],
  ] as const;
  const features = sides.map(([width, height], i) => {
    const pixels = random(i + 1, 64 * CELLS).map((value) => (value + 1) / 2);
    return loftrFeatures(ops, p, mapFromNchw(pixels, [1, 1, 8 * height, 8 * width]), SPEC);
  });
  const mask = tf.tensor(
    Float32Array.from({ length: CELLS }, (_, i) => (i < CELLS - 1 ? 1 : 0)),
    [1, CELLS, 1],
  );
  const seen = features.map(({ coarse }, i) => {
    const values = gridPositions(...sides[i]!, COARSE, SPEC.positions);
    return { tokens: coarse, positions: tf.tensor(values, [1, CELLS, COARSE]), mask };
  });
  const [a, b] = loftrCoarse(ops, p, [seen[0]!, seen[1]!], SPEC);
  const confidence = loftrConfidence(
    ops,
    [
      { tokens: a, mask },
      { tokens: b, mask },
    ],
    SPEC,
  );
  const fine = features.map((each, i) => {
    const tokens = tf.reshape(each.fine, [-1, FINE]);
    const windows = gatherRows(tokens, windowIndex(...sides[i]!));
    return {
      windows: tf.reshape(windows, [CELLS, FINE_WINDOW ** 2, FINE]),
      cells: tf.reshape(i === 0 ? a : b, [CELLS, 1, COARSE]),
    };
  });
  const offsets = loftrFine(ops, p, [fine[0]!, fine[1]!], SPEC);
  const weigh = (x: tf.Tensor, seed: number, scale: number) =>
    tf.mul(tf.reshape(x, [-1]), tf.mul(tf.tensor(random(seed, x.size)), scale));
  return tf.concat([weigh(confidence, 3, 4), weigh(offsets, 4, 1)]);
}

/** Summed in float64: in float32 it would drown the differences. */
function lossAt(params: TfParams, name: string, value: tf.Tensor): number {
  return tf.tidy(() =>
    loss(new TfOps(), params, new Map([[name, value]]))
      .dataSync<'float32'>()
      .reduce((sum, each) => sum + each, 0),
  );
}

const TRAINED = [...loftrParameters(SPEC)]
  .filter(([, { statistic }]) => !statistic)
  .map(([name]) => name);

/** One of each kind of layer. */
const MEASURED = [
  'backbone.conv1.weight',
  'backbone.layer2.0.downsample.1.bias',
  'backbone.layer3_outconv.weight',
  'backbone.layer2_outconv2.0.weight',
  'backbone.layer1_outconv2.3.weight',
  'loftr_coarse.layers.0.q_proj.weight',
  'loftr_coarse.layers.1.k_proj.weight',
  'loftr_coarse.layers.1.norm1.weight',
  'loftr_coarse.layers.3.mlp.0.weight',
  'fine_preprocess.down_proj.weight',
  'fine_preprocess.merge_feat.bias',
  'loftr_fine.layers.1.v_proj.weight',
  'loftr_fine.layers.1.norm2.bias',
];
/** Along a unit direction: above float32's noise, and few of ReLU's kinks lie within it. */
const STEP = 5e-4;
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
    const weights = new Map([...golden].filter(([name]) => !name.startsWith('golden.')));
    params = loadTfParams(weights, 'the test');
  });
  afterAll(() => params.dispose());

  test('reach every parameter, in training too', () => {
    const ops = new TrainingOps();
    const gradients = gradientsBy(ops, TRAINED);
    ops.forget();
    for (const [i, name] of TRAINED.entries()) {
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
      const at = (step: number) =>
        tf.tidy(() => {
          const moved = slope.map((value) => (value / norm) * step);
          return lossAt(params, name, tf.add(parameter, tf.tensor(moved, parameter.shape)));
        });
      const measured = (at(STEP) - at(-STEP)) / (2 * STEP);
      expect(Math.abs(measured - norm) / norm, name).toBeLessThan(RELATIVE);
    }
    tf.dispose(gradients);
  });
});

test('random weights are those of a seed, and give features of O(1)', async () => {
  await tf.setBackend('wasm');
  const weights = startWeights(loftrParameters(SPEC), 5);
  expect(startWeights(loftrParameters(SPEC), 5)).toEqual(weights);
  const params = loadTfParams(weights, 'the test');
  const deviation = tf.tidy(() => {
    const image = mapFromNchw(random(9, 64 * 64), [1, 1, 64, 64]);
    const { coarse } = loftrFeatures(new TrainingOps(), params, image, SPEC);
    return tf.sqrt(tf.moments(coarse).variance).dataSync()[0]!;
  });
  params.dispose();
  expect(deviation).toBeGreaterThan(0.2);
  expect(deviation).toBeLessThan(10);
});
