// What `npm run bench:peers` compares must compute the same thing: its adapters of our side, without the peers' packages.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web';
import { describe, expect, test } from 'vitest';
import { relativeDifference } from '../../bench/peers/encode.ts';
import { exportOf, isOurs, NETWORKS } from '../../bench/peers/networks.ts';
import { openCvHomography } from '../../bench/peers/opencv.ts';
import { unit } from '../../bench/peers/plain-embedder.ts';
import { namedRow, plainTrees, predictPlain } from '../../bench/peers/plain-trees.ts';
import { figure } from '../../bench/peers/report.ts';
import { inRounds } from '../../bench/peers/rounds.ts';
import { recall } from '../../bench/peers/search.ts';
import { plainExact } from '../../bench/peers/search-peers.ts';
import { treesOnnx } from '../../bench/peers/trees-onnx.ts';
import { drawRows } from '../../bench/rerank.ts';
import { DEFAULT_MODEL } from '../../src/cli/encoders.ts';
import { modelsFolder } from '../../src/cli/models.ts';
import { parseNetworkName } from '../../src/cli/network-model.ts';
import { HOMOGRAPHY_DEFAULTS } from '../../src/geometry/presets.ts';
import { seededRandom } from '../../src/random.ts';
import { parseLightGbm } from '../../src/rerank/trees/lightgbm-text.ts';
import { predictRaw } from '../../src/rerank/trees/tree-ensemble.ts';

describe('trees', () => {
  const trees = parseLightGbm(
    readFileSync(join(modelsFolder(), `${DEFAULT_MODEL}-reranker.txt`), 'utf8'),
  );
  // With values missing, so that the default ways are taken.
  const rows = drawRows(trees, 40, 3);

  test('the plain interpreter gives our scores', () => {
    const plain = plainTrees(trees);
    for (const row of rows) {
      expect(predictPlain(plain, namedRow(trees.features, row))).toEqual([
        ...predictRaw(trees, row),
      ]);
    }
  });

  test('the ONNX-ML graph gives our scores where float32 takes the same ways', async () => {
    ort.env.logLevel = 'error';
    const session = await ort.InferenceSession.create(treesOnnx(trees));
    // Rounded first: then no value lies between a threshold and its float32.
    const single = rows.map((row) => Float64Array.from(row, Math.fround));
    const width = trees.features.length;
    const values = new Float32Array(single.length * width);
    for (const [i, row] of single.entries()) values.set(row, i * width);
    const { scores } = await session.run({
      rows: new ort.Tensor('float32', values, [single.length, width]),
    });
    const found = scores!.data as Float32Array;
    const off = single.map((row, i) =>
      Math.max(
        ...predictRaw(trees, row).map((score, k) =>
          Math.abs(score - found[i * trees.classes + k]!),
        ),
      ),
    );
    // Sums of 178 leaves in float32; a row whose value is a threshold's neighbour may go another way.
    expect(off.filter((each) => each < 1e-4).length).toBeGreaterThanOrEqual(rows.length - 1);
    await session.release();
  });

  test('categories are refused, which the operator has not', () => {
    const categorical = { ...trees, decision: Uint8Array.from(trees.decision, (bits) => bits | 1) };
    expect(() => treesOnnx(categorical)).toThrow('categories');
  });
});

describe('search', () => {
  test('the plain loop gives the nearest, best first', async () => {
    const [rows, dim, k] = [50, 8, 5];
    const random = seededRandom(1);
    const vectors = Float32Array.from({ length: rows * dim }, () => random() - 0.5);
    const query = vectors.subarray(7 * dim, 8 * dim);
    const dot = (row: number) =>
      query.reduce((sum, value, i) => sum + value * vectors[row * dim + i]!, 0);
    const wanted = Array.from({ length: rows }, (_, row) => row)
      .sort((a, b) => dot(b) - dot(a))
      .slice(0, k);
    expect(await plainExact(vectors, dim).search(query, k)).toEqual(wanted);
  });

  test('recall counts what was found, in any order', () => {
    expect(recall([[1, 2, 3, 4]], [[4, 9, 1, 8]])).toBe(0.5);
    expect(
      recall(
        [
          [1, 2],
          [3, 4],
        ],
        [[2, 1], []],
      ),
    ).toBe(0.5);
  });

  test('an embedding is brought to unit length', () => {
    expect([...unit(Float32Array.of(3, 4))]).toEqual([Math.fround(0.6), Math.fround(0.8)]);
  });
});

describe('networks', () => {
  test.each(NETWORKS.filter(isOurs))('$model is one of ours', (network) => {
    expect(parseNetworkName(network.model)).not.toBeNull();
  });

  test('no two exports are one file', () => {
    expect(new Set(NETWORKS.map((network) => exportOf(network).onnx)).size).toBe(NETWORKS.length);
  });

  test('a difference is relative to the largest value, and none of other lengths', () => {
    expect(relativeDifference(Float32Array.of(1, -4), Float32Array.of(1, -3))).toBe(0.25);
    expect(relativeDifference(Float32Array.of(1), Float32Array.of(1, 2))).toBeNaN();
  });
});

test('OpenCV.js gets our matches, threshold, iterations and confidence, and is freed', () => {
  const made: { values: number[]; freed: boolean }[] = [];
  const mat = (values: number[]) => {
    const one = { values, freed: false };
    made.push(one);
    return {
      rows: 3,
      data64F: Float64Array.from(values),
      delete: () => {
        one.freed = true;
      },
    };
  };
  const asked: unknown[] = [];
  const cv = {
    CV_32FC2: 13,
    USAC_MAGSAC: 38,
    RANSAC: 8,
    Mat: class {
      constructor() {
        Object.assign(this, mat([]));
      }
    },
    matFromArray: (_rows: number, _columns: number, _type: number, values: number[]) => mat(values),
    findHomography: (...given: unknown[]) => {
      asked.push(given[2], given[3], given[5], given[6]);
      return mat([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    },
    getBuildInformation: () => '',
  } as unknown as Parameters<typeof openCvHomography>[0];
  const found = openCvHomography(cv, cv.USAC_MAGSAC)(Float32Array.of(1, 2, 3, 4, 0.9));
  const { threshold, maxIterations, confidence } = HOMOGRAPHY_DEFAULTS;
  expect(asked).toEqual([38, threshold, maxIterations, confidence]);
  expect(made.slice(0, 2).map(({ values }) => values)).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect([...found!]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  expect(made.every(({ freed }) => freed)).toBe(true);
});

test('rounds: warm-ups do not count, who begins changes, a number given is the time', async () => {
  const order: string[] = [];
  const way = (name: string) => ({
    name,
    run: (round: number) => {
      order.push(`${name}${round}`);
      return 10 + round;
    },
  });
  const times = await inRounds([way('a'), way('b')], { rounds: 2, warmUp: 1 });
  expect(order).toEqual(['b-1', 'a-1', 'a0', 'b0', 'b1', 'a1']);
  expect(times.get('a')).toMatchObject({ fastest: 10, median: 11, n: 2 });
});

test('figures keep three digits', () => {
  expect([1234.5, 12.345, 0.12345, 0.0012345, 0].map(figure)).toEqual([
    '1235',
    '12.3',
    '0.123',
    '0.0012',
    '0',
  ]);
  expect(figure(null)).toBe('–');
});
