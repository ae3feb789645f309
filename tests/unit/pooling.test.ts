// Poolings and the head: PyTorch's numbers (scripts/golden-pooling.py) = tfjs = ONNX; regions as published;
// gradients against central differences.
import { readFileSync } from 'node:fs';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-web';
import { beforeAll, describe, expect, test } from 'vitest';
import { head } from '../../src/nets/head.ts';
import { needsMapSize, poolingFor, takesRegions } from '../../src/nets/pooling.ts';
import { regionWeights, rmacRegions } from '../../src/nets/regions.ts';
import { OnnxOps, type OnnxValue } from '../../src/tensor/onnx-ops.ts';
import type { Ops, Params } from '../../src/tensor/ops.ts';
import { loadTfParams, mapFromNchw, TfOps, type TfParams } from '../../src/tensor/tf-ops.ts';
import { POOLINGS, type PoolingKind } from '../../src/weights/registry.ts';
import { readSafetensors, toFloat32, type Weights } from '../../src/weights/safetensors.ts';

const golden = readSafetensors(
  new Uint8Array(readFileSync(new URL('../fixtures/pooling.safetensors', import.meta.url))),
);
const SIZES = [...golden.keys()]
  .filter((name) => name.endsWith('.map'))
  .map((name) => name.replace('.map', ''));
const TOLERANCE = 1e-5;
const values = (name: string) => toFloat32(golden.get(name)!, name);
const params: Weights = new Map([...golden].filter(([n]) => /^(pooling|embedding)\./.test(n)));

let tfParams: TfParams;
beforeAll(async () => {
  ort.env.wasm.numThreads = 1;
  await tf.setBackend('cpu');
  tfParams = loadTfParams(params, 'the golden file');
});

type Build = <T>(ops: Ops<T>, p: Params<T>, x: T) => T;

/** Largest difference between what PyTorch gave and both interpreters. */
async function worst(input: string, output: string, build: Build): Promise<number> {
  const expected = values(output);
  const results = [onTf(input, build), await onOrt(input, build)];
  let difference = 0;
  for (const result of results) {
    expect(result).toHaveLength(expected.length);
    for (let i = 0; i < expected.length; i++) {
      difference = Math.max(difference, Math.abs(expected[i]! - result[i]!));
    }
  }
  return difference;
}

function onTf(name: string, build: Build): Float32Array {
  return tf.tidy(() => {
    const { shape } = golden.get(name)!;
    const x =
      shape.length === 4 ? mapFromNchw(values(name), shape) : tf.tensor(values(name), [...shape]);
    return build(new TfOps(), tfParams, x).dataSync() as Float32Array;
  });
}

async function onOrt(name: string, build: Build): Promise<Float32Array> {
  const ops = new OnnxOps();
  const { shape } = golden.get(name)!;
  const x = ops.input('x', ['N', ...shape.slice(1)]);
  const y = build<OnnxValue>(ops, ops.params(params, 'the golden file'), x);
  const session = await ort.InferenceSession.create(ops.encode('pooling', { y }));
  const outputs = await session.run({ x: new ort.Tensor('float32', values(name), shape) });
  await session.release();
  return outputs.y!.data as Float32Array;
}

describe('regions', () => {
  test.each(SIZES)('of a map %s are those of the published code', (size) => {
    const [height, width] = size.split('x').map(Number) as [number, number];
    const { data } = golden.get(`${size}.regions`)!;
    const flat = new Int32Array(data.slice().buffer);
    const found = rmacRegions(height, width);
    expect(found.flatMap(({ top, left, side }) => [top, left, side])).toEqual([...flat]);
    for (const { top, left, side } of found) {
      expect(Math.min(top, left)).toBeGreaterThanOrEqual(0);
      expect(top + side).toBeLessThanOrEqual(height);
      expect(left + side).toBeLessThanOrEqual(width);
    }
  });

  test('number as in the paper: 14 on a square, 20 at 4 : 3', () => {
    expect(rmacRegions(12, 12)).toHaveLength(1 + 4 + 9);
    expect(rmacRegions(12, 16)).toHaveLength(2 + 6 + 12);
    expect(rmacRegions(16, 12)).toHaveLength(2 + 6 + 12);
  });
});

describe.each(POOLINGS)('%s', (kind) => {
  test.each(SIZES)('on a map %s is PyTorch’s', async (size) => {
    const pool = poolingFor({ kind, p: 1 });
    expect(await worst(`${size}.map`, `${size}.${kind}`, pool)).toBeLessThan(TOLERANCE);
  });
});

test('without a learned power, the registry’s is used', async () => {
  const none: Params<tf.Tensor> = {
    get: () => expect.fail('nothing is learned here'),
    has: () => false,
    scope: () => none,
  };
  const pool = poolingFor({ kind: 'r-gem', p: values('pooling.p')[0]! });
  const result = onTf('7x10.map', (ops, _, x) => pool(ops, none as Params<never>, x));
  values('7x10.r-gem').forEach((value, i) => {
    expect(result[i]).toBeCloseTo(value, 4);
  });
});

test('regions of a map of unknown size are refused', () => {
  for (const kind of POOLINGS.filter((each) => needsMapSize(each) || takesRegions(each))) {
    const ops = new OnnxOps();
    const x = ops.input('x', ['N', 6, 'H', 'W']);
    const p = ops.params(params, 'the golden file');
    expect(() => poolingFor({ kind, p: 3 })(ops, p, x)).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
  }
});

test('one graph pools maps of every size when their regions come beside them', async () => {
  const ops = new OnnxOps();
  const x = ops.input('x', ['N', 6, 'H', 'W']);
  const regions = ops.input('regions', ['cells', 'R']);
  const p = ops.params(params, 'the golden file');
  const y = poolingFor({ kind: 'r-gem', p: 1 })(ops, p, x, regions);
  const session = await ort.InferenceSession.create(ops.encode('pooling', { y }));
  for (const size of SIZES) {
    const [height, width] = size.split('x').map(Number) as [number, number];
    const weights = regionWeights(height, width);
    const outputs = await session.run({
      x: new ort.Tensor('float32', values(`${size}.map`), golden.get(`${size}.map`)!.shape),
      regions: new ort.Tensor('float32', weights.values, weights.shape),
    });
    const result = outputs.y!.data as Float32Array;
    values(`${size}.r-gem`).forEach((value, i) => {
      expect(Math.abs(result[i]! - value), size).toBeLessThan(TOLERANCE);
    });
  }
  await session.release();
});

describe('gradients', () => {
  const STEP = 2e-3;

  test.each<PoolingKind>(['gem', 'r-mac', 'r-gem'])('%s, by the map and by its power', (kind) => {
    const pool = poolingFor({ kind, p: 3 });
    const ops = new TfOps();
    const [, channels] = golden.get('3x5.map')!.shape as readonly [number, number];
    const weights = tf.randomUniform([2, channels], -1, 1, 'float32', 5);
    const scoreOf = (x: tf.Tensor, power: tf.Tensor) => {
      const p: Params<tf.Tensor> = { get: () => power, has: () => true, scope: () => p };
      return tf.sum(tf.mul(pool(ops, p, x), weights)).asScalar();
    };
    // Away from the clamp, where the slope breaks; no two values nearer than two steps, so that no
    // maximum changes on the way.
    const count = values('3x5.map').length;
    const start = Float32Array.from(
      { length: count },
      (_, i) => 0.2 + (2 * ((i * 37) % count)) / count,
    );
    const map = mapFromNchw(start, golden.get('3x5.map')!.shape);
    const power = tf.tensor1d([2.5]);
    const score = (x: tf.Tensor, p: tf.Tensor) => scoreOf(x, p).dataSync()[0]!;

    const slopes = tf
      .grad((x) => scoreOf(x, power))(map)
      .dataSync();
    const flat = map.dataSync();
    for (let i = 0; i < flat.length; i += 7) {
      const moved = (by: number) => {
        const copy = Float32Array.from(flat);
        copy[i]! += by;
        return score(tf.tensor(copy, map.shape), power);
      };
      expect(slopes[i]!, `cell ${i}`).toBeCloseTo((moved(STEP) - moved(-STEP)) / (2 * STEP), 2);
    }
    if (kind === 'r-mac') return;
    const byPower = tf
      .grad((p) => scoreOf(map, p))(power)
      .dataSync()[0]!;
    const at = (value: number) => score(map, tf.tensor1d([value]));
    expect(byPower).toBeCloseTo((at(2.5 + STEP) - at(2.5 - STEP)) / (2 * STEP), 2);
  });

  test('of a map of zeros are finite', () => {
    const pool = poolingFor({ kind: 'r-gem', p: 3 });
    const grad = tf.grad((x) => tf.sum(pool(new TfOps(), tfParams, x)))(tf.zeros([1, 4, 4, 3]));
    expect([...grad.dataSync()].every(Number.isFinite)).toBe(true);
  });
});

test('the head is PyTorch’s, and adds no batch norm to the graph', async () => {
  expect(await worst('head.in', 'head.out', head)).toBeLessThan(TOLERANCE);
  const ops = new OnnxOps();
  const y = head(ops, ops.params(params, 'the golden file'), ops.input('x', ['N', 6]));
  const text = new TextDecoder('latin1').decode(ops.encode('head', { y }));
  expect(text).not.toContain('BatchNormalization');
});
