// SuperPoint and SuperGlue against transformers' forward pass: both interpreters of the graphs, then all the way
// from pictures to points in onnxruntime-web on WASM; and what the matcher makes of odd pictures.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OrtMatcher } from '../../src/inference/matcher.ts';
import { nodeRuntime } from '../../src/inference/node-runtime.ts';
import { openSuperGlue } from '../../src/inference/superglue-network.ts';
import { maximaOf, mutualMatches } from '../../src/matching/coarse-matches.ts';
import { findKeypoints, pixelScores, sampleDescriptors } from '../../src/matching/keypoints.ts';
import { transportProbabilities } from '../../src/matching/optimal-transport.ts';
import type { MatchingPicture } from '../../src/matching/picture.ts';
import { SUPERGLUE } from '../../src/nets/superglue/specs.ts';
import { superGlueParameters } from '../../src/nets/superglue/superglue.ts';
import { superPointGraph } from '../../src/nets/superpoint/graph.ts';
import { SUPERPOINT } from '../../src/nets/superpoint/specs.ts';
import { superPointParameters } from '../../src/nets/superpoint/superpoint.ts';
import { seededRandom } from '../../src/random.ts';
import {
  readSafetensors,
  toFloat32,
  type Weights,
  type WeightTensor,
} from '../../src/weights/safetensors.ts';
import { differences, runOnnx, runOrt, runTf, TOLERANCE } from './cases.ts';
import { goldenValues, superGlueCase, superPointCase, weightsOf } from './superglue-cases.ts';

const file = new URL('../fixtures/superglue/tiny.safetensors', import.meta.url);
const golden = readSafetensors(new Uint8Array(readFileSync(file)));
const read = (name: string) => goldenValues(golden, name);
const weights = weightsOf(golden);
const BIN_SCORE = toFloat32(weights.get('bin_score')!)[0]!;
const [SPEC, CHANNELS] = [SUPERGLUE.tiny!, SUPERPOINT.tiny!.descriptor];
const WASM = { backend: 'wasm', threads: 1, adapter: null, reason: 'the test' } as const;

const part = (names: Iterable<string>): Weights =>
  new Map([...names].map((name) => [name, weights.get(name)!]));
const superpoint = { spec: 'tiny', weights: part(superPointParameters(SUPERPOINT.tiny!).keys()) };
const superglue = { spec: 'tiny', weights: part(superGlueParameters(SPEC).keys()) };

const cases = [superPointCase(golden), superGlueCase(golden, SPEC), superGlueCase(golden, SPEC, 9)];

beforeAll(() => {
  const require = createRequire(import.meta.url);
  setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  ort.env.wasm.numThreads = 1;
});

/** scripts/golden-superglue.py's matches by the first picture's keypoint: the second's, and how sure. */
function expectedMatches(): Map<number, readonly [number, number]> {
  const { values, shape } = read('matches');
  const sure = read('matchScores').values;
  const rows = Array.from({ length: shape[0]! }, (_, i) => i);
  return new Map(rows.map((i) => [values[2 * i]!, [values[2 * i + 1]!, sure[i]!]]));
}

function expectNear(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThanOrEqual(TOLERANCE);
  }
}

describe.each(['tfjs on cpu', 'tfjs on wasm', 'onnxruntime-web on WASM'])('%s', (where) => {
  test.each(cases)('$name', async (each) => {
    const backend = where.startsWith('tfjs') ? where.slice(-4).trim() : null;
    if (backend) expect(await tf.setBackend(backend)).toBe(true);
    const found = backend ? await runTf(each) : await runOrt(ort, each);
    const all = differences(each.expected, found);
    expect(all.size).toBe(each.expected.size);
    for (const [name, difference] of all) {
      expect(difference, name).toBeLessThanOrEqual(TOLERANCE);
    }
  });
});

describe('between the graphs', () => {
  test.each([0, 1])('keypoints of picture %s, and their descriptors', (i) => {
    const [, , height, width] = read(`image${i}`).shape as [0, 0, number, number];
    const cells = { width: width / 8, height: height / 8 };
    const scores = pixelScores(read(`corners${i}`).values, cells);
    const found = findKeypoints(scores, { width, height }, { width, height });
    expect([...found.places]).toEqual([...read(`points${i}`).values]);
    expectNear(found.scores, read(`pointScores${i}`).values);
    expect(found.count).toBeGreaterThan(40);
    const map = { values: read(`dense${i}`).values, ...cells, channels: CHANNELS };
    expectNear(sampleDescriptors(map, found.places, 8), read(`descriptors${i}`).values);
  });

  test('probabilities by optimal transport, and the matches', () => {
    const { values, shape } = read('scores');
    const [rows, columns] = shape.slice(1) as [number, number];
    const found = transportProbabilities(values, rows, columns, BIN_SCORE, SPEC.iterations);
    const transport = read('transport').values;
    const expected = Array.from(found, (_, at) => {
      const [i, j] = [Math.floor(at / columns), at % columns];
      return Math.exp(transport[i * (columns + 1) + j]!);
    });
    expectNear(found, expected);
    const matches = mutualMatches(maximaOf(found, rows));
    const pairs = [...matches.first].map((i, at) => [i, matches.second[at]]);
    const wanted = [...expectedMatches()].map(([i, [j]]) => [i, j]);
    expect(pairs.sort(([a], [b]) => a! - b!)).toEqual(wanted);
    expect(wanted.length).toBeGreaterThan(8);
  });
});

/** Points as they come from the network: the picture is its own original. */
function pictureOf(i: number): MatchingPicture {
  const { shape, values: pixels } = read(`image${i}`);
  const [, , height, width] = shape as [number, number, number, number];
  const size = { width, height };
  const [across, down] = [width / 8, height / 8];
  const cells = { width: across, height: down, seenWidth: across, seenHeight: down };
  return { ...size, pixels, cells, shrunk: size, original: size };
}

test.each([false, true])('from pictures to points; fixed rows: %s', async (fixedRows) => {
  const model = { superpoint, superglue };
  const options = { keypoints: 80, fixedRows };
  const network = await openSuperGlue(nodeRuntime(), WASM, model, options);
  const [a, b] = [await network.features(pictureOf(0)), await network.features(pictureOf(1))];
  const { points } = await network.match(a, b);
  await network.release();
  const expected = expectedMatches();
  expect(points).toHaveLength(5 * expected.size);
  const [first, second] = [read('points0').values, read('points1').values];
  for (let at = 0; at < points.length; at += 5) {
    const [xa, ya, xb, yb, confidence] = points.subarray(at, at + 5);
    const i = [...expected.keys()].find((k) => first[2 * k] === xa && first[2 * k + 1] === ya);
    const [j, sure] = expected.get(i!)!;
    expect([xb, yb]).toEqual([second[2 * j], second[2 * j + 1]]);
    expect(Math.abs(confidence! - sure)).toBeLessThanOrEqual(TOLERANCE);
    if (at > 0) expect(confidence).toBeLessThanOrEqual(points[at - 1]!);
  }
});

test('padding holds no keypoint', async () => {
  const network = await openSuperGlue(nodeRuntime(), WASM, { superpoint, superglue });
  const plain = pictureOf(1);
  const { width, height, cells } = plain;
  const [wide, high] = [width + 16, height + 8];
  const pixels = new Float32Array(wide * high);
  for (let y = 0; y < height; y++) {
    pixels.set(plain.pixels.subarray(y * width, (y + 1) * width), y * wide);
  }
  const padding = {
    width: wide,
    height: high,
    cells: { ...cells, width: wide / 8, height: high / 8 },
  };
  const features = await network.features({ ...plain, ...padding, pixels });
  const { keypoints, descriptors } = features;
  await network.release();
  expect(features.picture).not.toHaveProperty('pixels');
  expect(keypoints.count).toBeGreaterThan(40);
  expect(descriptors).toHaveLength(keypoints.count * CHANNELS);
  for (let i = 0; i < keypoints.count; i++) {
    expect(keypoints.places[2 * i]).toBeLessThan(width - 4);
    expect(keypoints.places[2 * i + 1]).toBeLessThan(height - 4);
  }
});

test('graphs compute in half precision to what it holds', async () => {
  const image = new Map([['image', read('image0')]]);
  const exact = await runOnnx(ort, superPointGraph(superpoint.weights, 'tiny'), image);
  const half = superPointGraph(superpoint.weights, 'tiny', { compute: 'float16' });
  const found = await runOnnx(ort, half, image);
  for (const [, difference] of differences(exact, found)) expect(difference).toBeLessThan(3e-2);
});

test('weights of another network are refused, and sizes that do not belong together', async () => {
  const open = (model: Parameters<typeof openSuperGlue>[2]) =>
    openSuperGlue(nodeRuntime(), WASM, model);
  const invalid = { code: 'model-invalid' };
  await expect(
    open({ superpoint: { ...superpoint, spec: 'v1' }, superglue }),
  ).rejects.toMatchObject(invalid);
  await expect(
    open({ superpoint: { spec: 'tiny', weights: new Map() }, superglue }),
  ).rejects.toMatchObject(invalid);
  const binless = new Map(superglue.weights);
  binless.delete('bin_score');
  await expect(
    open({ superpoint, superglue: { spec: 'tiny', weights: binless } }),
  ).rejects.toMatchObject({ ...invalid, message: expect.stringContaining('bin_score') });
});

describe('the matcher', () => {
  let loads = 0;
  const matcher = new OrtMatcher({
    runtime: nodeRuntime(),
    wish: 'wasm',
    longestSide: 96,
    load: async () => {
      loads += 1;
      return { arch: 'superglue', superpoint, superglue };
    },
  });
  afterAll(() => matcher.dispose());

  const noise = (width: number, height: number, seed: number) => {
    const random = seededRandom(seed);
    const data = Uint8Array.from({ length: 3 * width * height }, () => 256 * random());
    return { width, height, channels: 3 as const, data };
  };
  const wall = (width: number, height: number) => ({
    width,
    height,
    channels: 3 as const,
    data: new Uint8Array(3 * width * height).fill(255),
  });

  test('gives points within both pictures, from features that it keeps', async () => {
    const [a, b] = [noise(120, 75, 1), noise(60, 90, 2)];
    const options = { threshold: 1e-3 };
    const first = await matcher.match({ bitmap: a }, { bitmap: b, id: 'b' }, options);
    expect(first.points.length).toBeGreaterThan(0);
    for (let at = 0; at < first.points.length; at += 5) {
      const [xa, ya, xb, yb, confidence] = first.points.subarray(at, at + 5) as unknown as [
        number,
        number,
        number,
        number,
        number,
      ];
      // Pictures were shrunk to 96 pixels and less, and 4 pixels along the edges hold no keypoint.
      expect(Math.min(xa, ya, xb, yb)).toBeGreaterThan(3);
      expect(xa).toBeLessThan(116);
      expect(ya).toBeLessThan(71);
      expect(xb).toBeLessThan(56);
      expect(yb).toBeLessThan(86);
      expect(confidence).toBeGreaterThan(0);
      expect(confidence).toBeLessThanOrEqual(1);
    }
    // What carries a known id is not looked at again.
    const kept = await matcher.match({ bitmap: a }, { bitmap: wall(8, 8), id: 'b' }, options);
    expect(kept.points).toEqual(first.points);
    matcher.forget('b');
    const other = await matcher.match({ bitmap: a }, { bitmap: wall(8, 8), id: 'b' }, options);
    expect(other.points).toHaveLength(0);
    expect(loads).toBe(1);
  });

  test.each<[string, ReturnType<typeof wall>, ReturnType<typeof wall>]>([
    ['white walls', wall(96, 72), wall(96, 72)],
    ['a wall and a scene', wall(96, 72), noise(96, 72, 3)],
    ['a speck', noise(1, 1, 4), noise(96, 72, 3)],
    ['a strip', noise(200, 2, 4), noise(2, 200, 3)],
    ['40 pixels', noise(40, 40, 4), noise(40, 30, 3)],
    ['portrait and landscape', noise(50, 96, 4), noise(96, 41, 3)],
  ])('has a sane answer for %s', async (_, a, b) => {
    const { points } = await matcher.match({ bitmap: a }, { bitmap: b });
    expect(points.length % 5).toBe(0);
    expect(points.every(Number.isFinite)).toBe(true);
    // No pixel is far enough from the edges.
    if (Math.min(a.width, a.height, b.width, b.height) < 9) expect(points).toHaveLength(0);
  });

  test('finds a picture’s own points again', async () => {
    const a = noise(80, 64, 7);
    const { points } = await matcher.match({ bitmap: a }, { bitmap: a });
    expect(points.length).toBeGreaterThan(5 * 20);
    for (let at = 0; at < points.length; at += 5) {
      expect(points[at + 2]).toBe(points[at]);
      expect(points[at + 3]).toBe(points[at + 1]);
    }
  });

  test('stops when told', async () => {
    const work = { signal: AbortSignal.abort() };
    await expect(
      matcher.match({ bitmap: wall(8, 8) }, { bitmap: wall(8, 8) }, {}, work),
    ).rejects.toMatchObject({ code: 'aborted' });
  });

  test.each(['conv1a.weight', 'final_proj.weight'])(
    'says when %s makes no numbers',
    async (name) => {
      const broken = (model: { spec: string; weights: Weights }) => {
        const tensor: WeightTensor | undefined = model.weights.get(name);
        if (!tensor) return model;
        const values = toFloat32(tensor).fill(Number.NaN);
        const spoilt = { ...tensor, data: new Uint8Array(values.buffer) };
        return { ...model, weights: new Map(model.weights).set(name, spoilt) };
      };
      const bad = new OrtMatcher({
        runtime: nodeRuntime(),
        wish: 'wasm',
        load: async () => ({
          arch: 'superglue',
          superpoint: broken(superpoint),
          superglue: broken(superglue),
        }),
      });
      await expect(
        bad.match({ bitmap: noise(40, 40, 1) }, { bitmap: noise(40, 40, 2) }),
      ).rejects.toMatchObject({ code: 'inference-failed' });
      await bad.dispose();
    },
  );
});
