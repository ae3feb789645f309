// Optimisers, clipping and schedules against PyTorch (scripts/golden-optimiser.py); averages against worked
// examples; states that go on bit for bit; memory that stays.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { scopedParams } from '../../src/tensor/params.ts';
import { AdamW } from '../../src/training/optimiser/adamw.ts';
import { clipByGlobalNorm } from '../../src/training/optimiser/clip.ts';
import { UPDATES, WeightAverage } from '../../src/training/optimiser/ema.ts';
import { decaysByDefault, type Optimiser } from '../../src/training/optimiser/optimiser.ts';
import { cosineSchedule } from '../../src/training/optimiser/schedules.ts';
import { Sgd } from '../../src/training/optimiser/sgd.ts';
import { readSafetensors, toFloat32 } from '../../src/weights/safetensors.ts';

const golden = readSafetensors(
  new Uint8Array(
    readFileSync(new URL('../fixtures/training/optimiser.safetensors', import.meta.url)),
  ),
);
const values = (name: string) => toFloat32(golden.get(name)!, name);
const tensor = (name: string) => tf.tensor(values(name), [...golden.get(name)!.shape]);
const NAMES = [...golden.keys()]
  .filter((name) => name.startsWith('start.'))
  .map((name) => name.replace('start.', ''));
const RATES = values('rates');
const STEPS = RATES.length;
/** Together, alone, and both at once. */
const PACKINGS = [1000, 0, 20];

const KINDS: Readonly<Record<string, (small?: number) => Optimiser>> = {
  adamw: (small) => new AdamW({ weightDecay: 0.05 }, small),
  sgd: (small) => new Sgd({ weightDecay: 0.05 }, small),
  nesterov: (small) => new Sgd({ weightDecay: 0.05, nesterov: true }, small),
};

function start(): Map<string, tf.Variable> {
  return new Map(NAMES.map((name) => [name, tf.tidy(() => tf.variable(tensor(`start.${name}`)))]));
}

function run(
  optimiser: Optimiser,
  variables: ReadonlyMap<string, tf.Variable>,
  from = 0,
  to = STEPS,
): void {
  for (let step = from; step < to; step++) {
    const gradients = Object.fromEntries(
      NAMES.map((name) => [name, tensor(`gradient.${step}.${name}`)]),
    );
    optimiser.apply(variables, gradients, RATES[step]!);
    tf.dispose(gradients);
  }
}

const bits = (tensors: ReadonlyMap<string, tf.Tensor>) =>
  new Map([...tensors].map(([name, each]) => [name, Float32Array.from(each.dataSync())]));

function dispose(tensors: ReadonlyMap<string, tf.Tensor>): void {
  tf.dispose([...tensors.values()]);
}

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  beforeAll(async () => {
    const require = createRequire(import.meta.url);
    setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    await tf.setBackend(backend);
    expect(tf.getBackend()).toBe(backend);
  });

  test.each(Object.keys(KINDS).flatMap((kind) => PACKINGS.map((small) => [kind, small] as const)))(
    '%s is as in PyTorch over 20 steps (packs of %i)',
    (kind, small) => {
      const variables = start();
      const optimiser = KINDS[kind]!(small);
      run(optimiser, variables);
      expect(optimiser.step).toBe(STEPS);
      for (const [name, variable] of variables) {
        const expected = values(`${kind}.${name}`);
        const given = variable.dataSync<'float32'>();
        const worst = Math.max(...given.map((value, i) => Math.abs(value - expected[i]!)));
        const scale = Math.max(1, ...expected.map(Math.abs));
        expect(worst / scale, name).toBeLessThan(1e-6);
      }
      optimiser.dispose();
      dispose(variables);
    },
  );

  test.each(Object.keys(KINDS))('%s goes on bit for bit from its state', (kind) => {
    const [whole, halves] = [start(), start()];
    const [one, first, second] = [KINDS[kind]!(), KINDS[kind]!(), KINDS[kind]!(20)];
    run(one, whole);
    run(first, halves, 0, 7);
    const state = first.state();
    second.restore(state);
    first.dispose();
    // A state that nobody went on from is the one that was restored.
    const again = second.state();
    expect(bits(again)).toEqual(bits(state));
    for (const each of [state, again]) dispose(each);
    expect(second.step).toBe(7);
    run(second, halves, 7);
    expect(bits(halves)).toEqual(bits(whole));
    const [left, right] = [one.state(), second.state()];
    expect(bits(right)).toEqual(bits(left));
    for (const each of [left, right, whole, halves]) dispose(each);
    for (const each of [one, second]) each.dispose();
  });

  test('nothing leaks: not in steps, states, averages, clipping or disposal', () => {
    const outside = tf.memory().numTensors;
    const variables = start();
    const optimiser = new AdamW({}, 20);
    const average = new WeightAverage(variables, 0.99, 20);
    const round = () => {
      run(optimiser, variables, 0, 1);
      average.update(variables);
      for (const state of [optimiser.state(), average.state()]) dispose(state);
      average.swapInto(variables)();
      expect(average.tensors.size).toBe(NAMES.length);
      const gradients = Object.fromEntries(variables);
      const { gradients: clipped, norm } = clipByGlobalNorm(gradients, 1);
      tf.dispose([clipped, norm]);
      const [state, averaged] = [optimiser.state(), average.state()];
      optimiser.restore(state);
      average.restore(averaged);
      for (const each of [state, averaged]) dispose(each);
      run(optimiser, variables, 1, 2);
    };
    round();
    const { numTensors, numBytes } = tf.memory();
    for (let i = 0; i < 50; i++) round();
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    optimiser.dispose();
    average.dispose();
    dispose(variables);
    expect(tf.memory().numTensors).toBe(outside);
  });

  test('works the same within tf.tidy', () => {
    const [outside, inside] = [start(), start()];
    const optimisers = [new AdamW(), new AdamW()] as const;
    for (let step = 0; step < 3; step++) {
      run(optimisers[0], outside, step, step + 1);
      tf.tidy(() => run(optimisers[1], inside, step, step + 1));
    }
    expect(bits(inside)).toEqual(bits(outside));
  });

  test.each(['0.5', '100'])('gradients are clipped to %s as in PyTorch', (maxNorm) => {
    const gradients = Object.fromEntries(NAMES.map((name) => [name, tensor(`gradient.0.${name}`)]));
    const { gradients: clipped, norm } = clipByGlobalNorm(gradients, Number(maxNorm));
    expect(norm.dataSync()[0]).toBeCloseTo(values(`clip.${maxNorm}.norm`)[0]!, 4);
    for (const name of NAMES) {
      const expected = values(`clip.${maxNorm}.${name}`);
      for (const [i, given] of clipped[name]!.dataSync<'float32'>().entries()) {
        expect(given).toBeCloseTo(expected[i]!, 6);
      }
    }
  });

  test('a gradient that is no number shows in the norm', () => {
    const { norm } = clipByGlobalNorm({ a: tf.tensor1d([1, Number.NaN]), b: tf.scalar(1) }, 1);
    expect(norm.dataSync()[0]).toBeNaN();
  });
});

test('a frozen variable stays, and which are frozen may not change', () => {
  const variables = new Map([
    ['a', tf.variable(tf.ones([2, 2]))],
    ['b', tf.variable(tf.ones([2]))],
  ]);
  const optimiser = new AdamW();
  optimiser.apply(variables, { a: tf.ones([2, 2]) }, 0.1);
  expect([...variables.get('b')!.dataSync()]).toEqual([1, 1]);
  expect(variables.get('a')!.dataSync()[0]).toBeLessThan(1);
  const changed = expect.objectContaining({ code: 'usage' });
  expect(() => optimiser.apply(variables, { b: tf.ones([2]) }, 0.1)).toThrow(changed);
  const both = { a: tf.ones([2, 2]), b: tf.ones([2]) };
  expect(() => optimiser.apply(variables, both, 0.1)).toThrow(changed);
});

test('a state of another network is refused', () => {
  const optimiser = new AdamW();
  const invalid = expect.objectContaining({ code: 'model-invalid' });
  expect(() => optimiser.restore(new Map())).toThrow(invalid);
  optimiser.restore(
    new Map<string, tf.Tensor>([
      ['step', tf.scalar(3)],
      ['m/a', tf.ones([3])],
    ]),
  );
  const variables = new Map([['a', tf.variable(tf.ones([2]))]]);
  expect(() => optimiser.apply(variables, { a: tf.ones([2]) }, 0.1)).toThrow(invalid);
});

test('decays matrices and filters only', () => {
  const decayed: [string, number[]][] = [
    ['classes.weight', [9, 4]],
    ['conv1.weight', [3, 3, 3, 8]],
    ['depthwise.weight', [3, 3, 1, 8]],
  ];
  const kept: [string, number[]][] = [
    ['bn1.weight', [8]],
    ['fc.bias', [8]],
    ['pooling.p', [1]],
    ['stages.0.0.skipinit_gain', []],
    ['stem.conv1.gain', [8, 1, 1, 1]],
    ['layers.0.blocks.0.attn.relative_position_bias_table', [169, 3]],
    ['pos_embed', [1, 50, 96]],
  ];
  for (const [path, shape] of decayed) expect(decaysByDefault(path, shape), path).toBe(true);
  for (const [path, shape] of kept) expect(decaysByDefault(path, shape), path).toBe(false);
});

describe('averages', () => {
  const one = (value: number) => new Map([['w', tf.variable(tf.tensor1d([value, -value]))]]);

  test('start fast, end slow: min(decay, (1 + n) / (10 + n))', () => {
    const variables = one(0);
    const average = new WeightAverage(variables, 0.5);
    variables.get('w')!.assign(tf.tensor1d([1, -1]));
    let expected = 0;
    for (let n = 0; n < 30; n++) {
      const decay = Math.min(0.5, (1 + n) / (10 + n));
      expect(average.nextDecay).toBe(decay);
      average.update(variables);
      expected = decay * expected + (1 - decay);
      expect(average.tensors.get('w')!.dataSync()[0]).toBeCloseTo(expected, 6);
    }
    expect(average.state().get(UPDATES)!.dataSync()[0]).toBe(30);
  });

  test('swap in and back bit for bit, and stand in for parameters', () => {
    const variables = one(0.1);
    const average = new WeightAverage(variables, 0.9);
    variables.get('w')!.assign(tf.tensor1d([0.7, 0.3]));
    average.update(variables);
    const [own, averaged] = [bits(variables), bits(average.tensors)];
    const back = average.swapInto(variables);
    expect(bits(variables)).toEqual(averaged);
    back();
    back();
    expect(bits(variables)).toEqual(own);
    const others = new Map([['x.other', tf.scalar(5)]]);
    const params = average.params(scopedParams((path) => others.get(path), 'the test'));
    expect(params.get('w').dataSync()).toEqual(averaged.get('w'));
    expect(params.scope('x').get('other').dataSync()[0]).toBe(5);
    expect(params.has('none')).toBe(false);
  });

  test('refuse a state that does not fit', () => {
    const average = new WeightAverage(one(1), 0.9);
    const invalid = expect.objectContaining({ code: 'model-invalid' });
    const updates = [UPDATES, tf.scalar(3)] as const;
    expect(() => average.restore(new Map())).toThrow(invalid);
    expect(() => average.restore(new Map<string, tf.Tensor>([updates]))).toThrow(invalid);
    const other = new Map<string, tf.Tensor>([updates, ['w', tf.ones([3])]]);
    expect(() => average.restore(other)).toThrow(invalid);
    expect([...average.tensors.get('w')!.dataSync()]).toEqual([1, -1]);
  });
});

describe('schedules', () => {
  test("anneal as torch's CosineAnnealingLR", () => {
    const rate = cosineSchedule({ stages: [5, 7], peak: 0.3, floor: 0.01 });
    for (const [step, wanted] of values('annealed').entries()) {
      expect(rate(step)).toBeCloseTo(wanted, 7);
    }
    expect(rate(12)).toBe(0.01);
  });

  test('warm up in equal steps to the peak, then fall to half in the middle', () => {
    const rate = cosineSchedule({ stages: [14], peak: 1, warmUp: 4 });
    expect([0, 1, 2, 3].map(rate)).toEqual([0.25, 0.5, 0.75, 1]);
    expect(rate(4)).toBe(1);
    expect(rate(9)).toBeCloseTo(0.5, 12);
    expect(rate(13)).toBeCloseTo((1 + Math.cos(0.9 * Math.PI)) / 2, 12);
  });

  test('start again at each stage when told to', () => {
    const rate = cosineSchedule({ stages: [6, 4], peak: 1, warmUp: 2, restarts: true });
    expect(rate(4)).toBeCloseTo(0.5, 12);
    expect(rate(6)).toBe(1);
    expect(rate(8)).toBeCloseTo(0.5, 12);
  });

  test('stay between floor and peak and never rise after the warm-up', () => {
    const stages = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(stages, fc.double({ min: 0, max: 0.99, noNaN: true }), (steps, share) => {
        const total = steps.reduce((a, b) => a + b);
        const warmUp = Math.floor(total * share);
        const rate = cosineSchedule({ stages: steps, peak: 2, warmUp, floor: 0.1 });
        let before = Number.POSITIVE_INFINITY;
        for (let step = warmUp; step < total + 3; step++) {
          const now = rate(step);
          expect(now).toBeGreaterThanOrEqual(0.1);
          expect(now).toBeLessThanOrEqual(Math.min(2, before));
          before = now;
        }
      }),
    );
  });

  test('refuse what cannot be trained', () => {
    const refused = expect.objectContaining({ code: 'usage' });
    expect(() => cosineSchedule({ stages: [], peak: 1 })).toThrow(refused);
    expect(() => cosineSchedule({ stages: [3, -1], peak: 1 })).toThrow(refused);
    expect(() => cosineSchedule({ stages: [3], peak: 1, warmUp: 3 })).toThrow(refused);
  });
});
