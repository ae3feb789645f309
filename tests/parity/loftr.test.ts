// LoFTR from pictures to points: emitted graphs in onnxruntime-web on WASM with our own TypeScript between
// them, against kornia's forward pass; and what the matcher makes of odd pictures.
import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLoftr } from '../../src/inference/loftr-network.ts';
import { OrtMatcher } from '../../src/inference/matcher.ts';
import { nodeRuntime } from '../../src/inference/node-runtime.ts';
import { coarseMatches, maximaOf } from '../../src/matching/coarse-matches.ts';
import type { CellGrid, MatchingPicture } from '../../src/matching/picture.ts';
import { loftrGraphs } from '../../src/nets/loftr/graphs.ts';
import { loftrParameters } from '../../src/nets/loftr/loftr.ts';
import { LOFTR } from '../../src/nets/loftr/specs.ts';
import { startWeights } from '../../src/nets/parameters.ts';
import { seededRandom } from '../../src/random.ts';
import { readSafetensors, toFloat32 } from '../../src/weights/safetensors.ts';
import { runOnnx, TOLERANCE } from './cases.ts';
import { goldenReader, MASKED } from './loftr-cases.ts';

const file = new URL('../fixtures/loftr/tiny.safetensors', import.meta.url);
const golden = readSafetensors(new Uint8Array(readFileSync(file)));
const weights = new Map([...golden].filter(([name]) => !name.startsWith('golden.')));
const read = goldenReader(golden, MASKED);
/** scripts/golden-loftr.py's. */
const OPTIONS = { threshold: 0.01, border: 1 };
const WASM = { backend: 'wasm', threads: 1, adapter: null, reason: 'the test' } as const;

beforeAll(() => {
  ort.env.wasm.numThreads = 1;
});

/** The grid of a mask that kornia was given. */
function gridOf(i: number): CellGrid {
  const { shape, values } = read(`mask${i}`);
  const [, height, width] = shape as [number, number, number];
  const row = values.subarray(0, width);
  const seenWidth = row.filter((value) => value === 1).length;
  const seenHeight = values.filter((value) => value === 1).length / seenWidth;
  return { width, height, seenWidth, seenHeight };
}

function pictureOf(i: number): MatchingPicture {
  const { shape, values: pixels } = read(`image${i}`);
  const [, , height, width] = shape as [number, number, number, number];
  // Points as they come from the network: the padded picture is its own original.
  const size = { width, height };
  return { ...size, pixels, cells: gridOf(i), shrunk: size, original: size };
}

/** kornia's matches by the first picture's cell. */
function expectedPoints(): Map<number, readonly number[]> {
  const [i, points0, points1, confidence] = ['i', 'points0', 'points1', 'matchConfidence'].map(
    (name) => read(name).values,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  return new Map(
    [...i].map((cell, at) => {
      const [xa, ya, xb, yb] = [
        ...points0.slice(2 * at, 2 * at + 2),
        ...points1.slice(2 * at, 2 * at + 2),
      ];
      return [cell, [xa!, ya!, xb!, yb!, confidence[at]!]] as const;
    }),
  );
}

test('coarse matches of kornia’s confidences are kornia’s', () => {
  const { values, shape } = read('confidence');
  const grids = [gridOf(0), gridOf(1)] as const;
  const found = coarseMatches(maximaOf(values, shape[1]!), grids, OPTIONS);
  const pairs = [...found.first].map((i, at) => [i, found.second[at]!]);
  const [i, j] = [read('i').values, read('j').values];
  const expected = [...i].map((cell, at) => [cell, j[at]!]);
  expect(expected.length).toBeGreaterThan(8);
  expect(pairs.sort(([a], [b]) => a! - b!)).toEqual(expected);
});

test.each([undefined, 64])('points are kornia’s, with %s fixed rows', async (rows) => {
  const network = await openLoftr(nodeRuntime(), WASM, weights, 'tiny', rows);
  const [a, b] = [await network.features(pictureOf(0)), await network.features(pictureOf(1))];
  const { points } = await network.match(a, b, OPTIONS);
  await network.release();
  const expected = expectedPoints();
  expect(points).toHaveLength(5 * expected.size);
  const columns = gridOf(0).width;
  for (let at = 0; at < points.length; at += 5) {
    const row = [...points.subarray(at, at + 5)];
    const cell = Math.round(row[0]! / 8) + columns * Math.round(row[1]! / 8);
    row.forEach((value, k) => {
      expect(Math.abs(value - expected.get(cell)![k]!)).toBeLessThanOrEqual(TOLERANCE);
    });
    if (at > 0) expect(row[4]).toBeLessThanOrEqual(points[at - 1]!);
  }
});

test('graphs with half-precision weights or convolutions give features that are near', async () => {
  const image = new Map([['image', read('image0')]]);
  const full = loftrGraphs(weights, 'tiny').features();
  const exact = await runOnnx(ort, full, image);
  for (const [options, tolerance] of [
    [{ fp16Weights: true }, 1e-2],
    [{ fp16: true }, 3e-2],
  ] as const) {
    const model = loftrGraphs(weights, 'tiny', options).features({ width: 96, height: 80 });
    expect(model.byteLength).toBeLessThan(0.7 * full.byteLength);
    const found = await runOnnx(ort, model, image);
    for (const name of ['coarse', 'fine']) {
      const values = exact.get(name)!.values;
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      found.get(name)!.values.forEach((value, i) => {
        expect(Math.abs(value - values[i]!) / largest).toBeLessThan(tolerance);
      });
    }
  }
});

test('weights of another network are refused', () => {
  expect(() => loftrGraphs(new Map(), 'tiny').features()).toThrow(
    expect.objectContaining({ code: 'model-invalid' }),
  );
  expect(() => loftrGraphs(weights, 'compact').coarse()).toThrow(
    expect.objectContaining({ code: 'model-invalid' }),
  );
});

describe('the matcher', () => {
  let loads = 0;
  const matcher = new OrtMatcher({
    runtime: nodeRuntime(),
    wish: 'wasm',
    longestSide: 96,
    load: async () => {
      loads += 1;
      return { spec: 'tiny', weights };
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
    const options = { threshold: 1e-6, border: 0 };
    const first = await matcher.match({ bitmap: a }, { bitmap: b, id: 'b' }, options);
    expect(first.points.length).toBeGreaterThan(0);
    for (let at = 0; at < first.points.length; at += 5) {
      const [xa, ya, xb, yb, confidence] = first.points.subarray(at, at + 5);
      expect(xa).toBeGreaterThanOrEqual(-0.5);
      expect(xa).toBeLessThan(120);
      expect(ya).toBeLessThan(75);
      // A point may be refined by at most half a window.
      expect(xb).toBeLessThan(60 + 4);
      expect(yb).toBeLessThan(90 + 4);
      expect(confidence).toBeGreaterThan(0);
    }
    // What carries a known id is not looked at again.
    const kept = await matcher.match({ bitmap: a }, { bitmap: wall(8, 8), id: 'b' }, options);
    expect(kept.points).toEqual(first.points);
    matcher.forget('b');
    const other = await matcher.match({ bitmap: a }, { bitmap: wall(8, 8), id: 'b' }, options);
    expect(other.points).not.toEqual(first.points);
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
    const { points } = await matcher.match({ bitmap: a }, { bitmap: b }, { threshold: 0.9 });
    expect(points.length % 5).toBe(0);
    expect(points.every(Number.isFinite)).toBe(true);
    if (a.data.length < 200 || b.data.length < 200) expect(points).toHaveLength(0);
  });

  test('finds no match at all where none is sure enough: zero rows, not an error', async () => {
    const { points } = await matcher.match(
      { bitmap: wall(96, 72) },
      { bitmap: wall(96, 72) },
      { threshold: 0.999 },
    );
    expect(points).toHaveLength(0);
  });

  test('stops when told', async () => {
    const work = { signal: AbortSignal.abort() };
    await expect(
      matcher.match({ bitmap: wall(8, 8) }, { bitmap: wall(8, 8) }, {}, work),
    ).rejects.toMatchObject({ code: 'aborted' });
  });

  test('says when its features are no numbers', async () => {
    const random = startWeights(loftrParameters(LOFTR.tiny!), 1);
    const [name, tensor] = [...random][0]!;
    const values = toFloat32(tensor).fill(Number.NaN);
    const broken = new Map(random).set(name, { ...tensor, data: new Uint8Array(values.buffer) });
    const bad = new OrtMatcher({
      runtime: nodeRuntime(),
      wish: 'wasm',
      load: async () => ({ spec: 'tiny', weights: broken }),
    });
    await expect(
      bad.match({ bitmap: noise(40, 40, 1) }, { bitmap: noise(40, 40, 2) }),
    ).rejects.toMatchObject({ code: 'inference-failed' });
    await bad.dispose();
  });
});
