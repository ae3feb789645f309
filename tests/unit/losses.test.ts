// Every loss and its gradients against PyTorch (scripts/golden-losses.py), on plain JavaScript and on WASM.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { scopedParams } from '../../src/tensor/params.ts';
import {
  contextualDistillation,
  cosineDistillation,
  relationalDistillation,
  squaredDistillation,
} from '../../src/training/losses/distillation.ts';
import {
  CLASS_WEIGHT,
  type ClassLoss,
  type ClassLossOptions,
  classLoss,
  dynamicMargins,
  LOSS_NAMES,
  type LossName,
  type LossState,
} from '../../src/training/losses/loss.ts';
import { LOSS_PRESETS } from '../../src/training/losses/presets.ts';
import { tripletLoss } from '../../src/training/losses/triplet.ts';
import { readSafetensors, toFloat32 } from '../../src/weights/safetensors.ts';

const golden = readSafetensors(
  new Uint8Array(readFileSync(new URL('../fixtures/training/losses.safetensors', import.meta.url))),
);
const values = (name: string) => toFloat32(golden.get(name)!, name);
const matrix = (name: string) =>
  tf.tensor2d(values(name), [...golden.get(name)!.shape] as [number, number]);
const labelsOf = (name: string) => tf.tensor1d(Array.from(values(name)), 'int32');

const CLASSES = 9;
const DIM = 16;
const COUNTS = [1, 2, 3, 5, 8, 16, 40, 100, 1000];
const STEPS = 3;
/** Of values and gradients of O(1) to O(100), scaled by the largest. */
const TOLERANCE = 2e-5;

/** By the names of the golden file. */
const CASES: Readonly<
  Record<string, { loss: LossName; options?: Partial<ClassLossOptions>; state?: string }>
> = {
  softmax: { loss: 'softmax' },
  'softmax-smooth': { loss: 'softmax', options: { smoothing: 0.1 } },
  arcface: { loss: 'arcface', options: { counts: COUNTS } },
  'arcface-dynamic': {
    loss: 'arcface',
    options: {
      counts: COUNTS,
      dynamicMargin: LOSS_PRESETS['subcentre-arcface'].dynamicMargin,
    },
  },
  cosface: { loss: 'cosface' },
  adacos: { loss: 'adacos', state: 's' },
  curricularface: { loss: 'curricularface', state: 't' },
  'curricularface-smooth': {
    loss: 'curricularface',
    options: { smoothing: 0.2 },
    state: 't',
  },
  'curricularface-subcentre': {
    loss: 'curricularface',
    options: { subcentres: 2 },
    state: 't',
  },
  'subcentre-arcface': { loss: 'subcentre-arcface', options: { counts: COUNTS } },
  'subcentre-arcface-fixed': { loss: 'subcentre-arcface' },
};

/** Largest difference, over the largest expected number where that is above 1. */
function difference(actual: tf.Tensor, name: string): number {
  const expected = values(name);
  const given = actual.dataSync<'float32'>();
  expect(given).toHaveLength(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  return Math.max(...given.map((value, i) => Math.abs(value - expected[i]!))) / scale;
}

/** One step of a loss with the gradients of all that learns. */
function stepOf(
  loss: ClassLoss,
  weight: tf.Tensor2D,
  embeddings: tf.Tensor2D,
  labels: tf.Tensor1D,
  state: LossState,
) {
  let cosines = tf.zeros([1, 1]) as tf.Tensor2D;
  let next: Readonly<Record<string, tf.Scalar>> = {};
  const run = tf.valueAndGrads((...inputs: tf.Tensor[]) => {
    const [e, w] = inputs as [tf.Tensor2D, tf.Tensor2D];
    const p = scopedParams((path) => (path === CLASS_WEIGHT ? w : undefined), 'the test');
    const result = loss.compute(p, e, labels, state);
    cosines = tf.keep(result.cosines.clone());
    next = Object.fromEntries(
      Object.entries(result.state).map(([k, v]) => [k, tf.keep(v.clone())]),
    );
    return result.loss;
  });
  const { value, grads } = run([embeddings, weight]);
  const numbers = Object.fromEntries(
    Object.entries(next).map(([key, scalar]) => [key, scalar.dataSync<'float32'>()[0]!]),
  );
  tf.dispose(next);
  return { value, grads, cosines, state: numbers };
}

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  beforeAll(async () => {
    // As tfjs ships it: losses need none of our training kernels.
    const require = createRequire(import.meta.url);
    setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    await tf.setBackend(backend);
    expect(tf.getBackend()).toBe(backend);
  });

  test.each(Object.entries(CASES))('%s', (name, { loss: kind, options, state: key }) => {
    const loss = classLoss(kind, { classes: CLASSES, dim: DIM, ...options });
    const weight = matrix(`${name}.weight`);
    expect(loss.parameters.get(CLASS_WEIGHT)!.shape).toEqual(weight.shape);
    let state = loss.state;
    for (let step = 0; step < STEPS; step++) {
      const at = `${name}.${step}`;
      const embeddings = matrix(`${at}.embeddings`);
      const result = stepOf(loss, weight, embeddings, labelsOf(`${at}.labels`), state);
      expect(result.value.shape).toEqual([]);
      expect(difference(result.value, `${at}.loss`)).toBeLessThan(TOLERANCE);
      expect(difference(result.cosines, `${at}.cosines`)).toBeLessThan(1e-6);
      expect(difference(result.grads[0]!, `${at}.d_embeddings`)).toBeLessThan(TOLERANCE);
      expect(difference(result.grads[1]!, `${at}.d_weight`)).toBeLessThan(TOLERANCE);
      if (key) expect(result.state[key]).toBeCloseTo(values(`${at}.state`)[0]!, 5);
      else expect(result.state).toEqual({});
      state = result.state;
    }
  });

  test.each(['some', 'many', 'wide', 'one', 'pairless'])('triplets: %s', (name) => {
    const at = `triplet.${name}`;
    const labels = labelsOf(`${at}.labels`);
    const margin = values(`${at}.margin`)[0]!;
    const { value, grad } = tf.valueAndGrad((e: tf.Tensor) =>
      tripletLoss(e as tf.Tensor2D, labels, { margin }),
    )(matrix(`${at}.embeddings`));
    expect(difference(value, `${at}.loss`)).toBeLessThan(1e-6);
    // PyTorch differentiates the distances, we the products: the same but along the embeddings.
    const across = (g: tf.Tensor) => {
      const e = matrix(`${at}.embeddings`);
      return tf.sub(g, tf.mul(e, tf.sum(tf.mul(g, e), 1, true))).dataSync<'float32'>();
    };
    const expected = across(matrix(`${at}.gradient`));
    for (const [i, given] of across(grad).entries()) expect(given).toBeCloseTo(expected[i]!, 6);
  });

  test.each(['cosine', 'squared', 'relational', 'relational-wide', 'contextual'])(
    'distillation: %s',
    (name) => {
      const [teacher, wide, bank] = [
        matrix('distil.teacher'),
        matrix('distil.wide'),
        matrix('distil.bank'),
      ];
      const losses: Record<string, (s: tf.Tensor2D) => tf.Scalar> = {
        cosine: (s) => cosineDistillation(s, teacher),
        squared: (s) => squaredDistillation(s, teacher),
        relational: (s) => relationalDistillation(s, teacher),
        'relational-wide': (s) => relationalDistillation(s, wide),
        contextual: (s) => contextualDistillation(s, teacher, bank),
      };
      const { value, grad } = tf.valueAndGrad((s: tf.Tensor) => losses[name]!(s as tf.Tensor2D))(
        matrix('distil.student'),
      );
      expect(value.shape).toEqual([]);
      expect(difference(value, `distil.${name}.loss`)).toBeLessThan(1e-6);
      expect(difference(grad, `distil.${name}.gradient`)).toBeLessThan(2e-6);
    },
  );

  test('tf.variableGrads reaches embeddings and classes, and nothing leaks', () => {
    const embeddings = tf.variable(matrix('adacos.0.embeddings'));
    const labels = labelsOf('adacos.0.labels');
    for (const name of LOSS_NAMES) {
      const loss = classLoss(name, { classes: CLASSES, dim: DIM, counts: COUNTS });
      const { shape } = loss.parameters.get(CLASS_WEIGHT)!;
      const weight = tf.variable(tf.randomNormal([...shape], 0, 1, 'float32', 4));
      const p = scopedParams(() => weight, 'the test');
      const once = () =>
        tf.tidy(() => {
          const { grads } = tf.variableGrads(
            () => loss.compute(p, embeddings as unknown as tf.Tensor2D, labels, loss.state).loss,
            [embeddings, weight],
          );
          return Object.values(grads).map(({ size }) => size);
        });
      expect(once()).toEqual([embeddings.size, weight.size]);
      const before = tf.memory().numTensors;
      for (let i = 0; i < 10; i++) once();
      expect(tf.memory().numTensors).toBe(before);
      weight.dispose();
    }
  });

  test('stays finite where an embedding is its class, or its opposite', () => {
    const weight = tf.tensor2d([3, 0, 0, 0, 0.2, 0], [2, 3]);
    const embeddings = tf.tensor2d([1, 0, 0, -1, 0, 0, 0, -1, 0], [3, 3]);
    for (const name of LOSS_NAMES) {
      const loss = classLoss(name, { classes: 2, dim: 3, subcentres: 1 });
      const labels = tf.tensor1d([0, 0, 1], 'int32');
      const { value, grads } = stepOf(loss, weight, embeddings, labels, loss.state);
      for (const tensor of [value, ...grads]) {
        for (const each of tensor.dataSync<'float32'>()) expect(each).toSatisfy(Number.isFinite);
      }
    }
  });
});

test('margins are wider for rarer classes, as published', () => {
  const { dynamicMargin } = LOSS_PRESETS['subcentre-arcface'];
  const margins = dynamicMargins({ counts: [1, 16, 10_000], dynamicMargin })!;
  for (const [i, wanted] of [0.55, 0.3, 0.1].entries()) expect(margins[i]).toBeCloseTo(wanted, 12);
  expect(dynamicMargins({ counts: [1], dynamicMargin: null })).toBeNull();
  expect(dynamicMargins({ dynamicMargin })).toBeNull();
});

test('refuses what cannot be trained, saying what to do', () => {
  const options = { classes: 3, dim: 4 };
  const refused = expect.objectContaining({ code: 'usage' });
  expect(() => classLoss('nothing' as LossName, options)).toThrow(refused);
  expect(() => classLoss('arcface', { ...options, classes: 1 })).toThrow(refused);
  expect(() => classLoss('arcface', { ...options, counts: [1, 2] })).toThrow(refused);
  expect(() => classLoss('arcface', { ...options, counts: [1, 2, 0] })).toThrow(refused);
  expect(() => classLoss('arcface', { ...options, smoothing: 1 })).toThrow(refused);
  expect(() => classLoss('arcface', { ...options, subcentres: 0 })).toThrow(refused);
});
