// The matcher's losses against numbers worked out by hand, and their gradients against differences.
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { fineLoss, focalLoss } from '../../src/training/matcher/loss.ts';
import { useTrainingKernels } from './wasm-backend.ts';

beforeAll(useTrainingKernels);
afterAll(() => tf.removeBackend('wasm'));

const truth = (matches: number[][], rows: number[][], columns: number[][]) => ({
  matches: tf.tensor2d(matches, undefined, 'int32'),
  rows: tf.tensor2d(rows),
  columns: tf.tensor2d(columns),
});

describe('focal loss', () => {
  test('by hand: two matches, one cell without, one column unknown', () => {
    // exp(scores): rows 4 1 1, 1 4 1, 1 1 2. Sums of rows 6 6 4, of columns 6 6 4;
    // p = e² / (row · column): 16/36 1/36 1/24, 1/36 16/36 1/24, 1/24 1/24 4/16
    const scores = tf.tensor3d([
      [
        [Math.log(4), 0, 0],
        [0, Math.log(4), 0],
        [0, 0, Math.log(2)],
      ],
    ]);
    const known = truth([[0, 1, -1]], [[1, 1, 1]], [[1, 1, 0]]);
    // 0.25 · (1 − 4/9)² · −ln(4/9) = 0.25 · 0.308642 · 0.810930
    const matched = 0.0625718;
    // 0.25 · p² · −ln(1 − p), of 1/36 twice: 5.43443e-6; of 1/24 twice: 1.84721e-5
    const others = (2 * 5.43443e-6 + 2 * 1.84721e-5) / 4;
    const { loss, mean } = focalLoss(scores, known);
    expect(loss.dataSync()[0]).toBeCloseTo(matched + others, 6);
    expect(mean.dataSync()[0]).toBeCloseTo(4 / 9, 6);
  });

  test('of a batch without any match is a number', () => {
    const { loss } = focalLoss(tf.tensor3d([[[0, 0.5]]]), truth([[-1]], [[0]], [[1, 1]]));
    expect(loss.dataSync()[0]).toBeCloseTo(0, 12);
  });

  test('its gradient is what differences say', () => {
    const random = seededRandom(4);
    const values = Float32Array.from({ length: 2 * 4 * 5 }, () => 3 * random());
    const known = truth(
      [
        [1, -1, 4, 0],
        [2, 3, -1, -1],
      ],
      [
        [1, 1, 1, 1],
        [1, 1, 0, 1],
      ],
      [
        [1, 1, 1, 1, 1],
        [1, 0, 1, 1, 1],
      ],
    );
    const lossOf = (x: tf.Tensor) => focalLoss(x as tf.Tensor3D, known).loss;
    const at = (given: Float32Array) =>
      tf.tidy(() => lossOf(tf.tensor3d(given, [2, 4, 5])).dataSync()[0]!);
    const slopes = tf.tidy(() =>
      tf
        .grad(lossOf)(tf.tensor3d(values, [2, 4, 5]))
        .dataSync(),
    );
    const step = 1e-2;
    values.forEach((value, i) => {
      const [up, down] = [values.slice(), values.slice()];
      up[i] = value + step;
      down[i] = value - step;
      expect(slopes[i]).toBeCloseTo((at(up) - at(down)) / (2 * step), 4);
    });
  });

  test('still pulls where confidences are far below what float32 can tell from nothing', () => {
    const scores = tf.tensor3d([[[0, 80]]]);
    const known = truth([[0]], [[0]], [[0, 0]]);
    const lossOf = (x: tf.Tensor) => focalLoss(x as tf.Tensor3D, known).loss;
    expect(lossOf(scores).dataSync()[0]).toBeCloseTo(0.25 * 80, 3);
    // The column has one cell, so only the row counts: −α d(s − log Σ) = −0.25 (1, −1).
    const slopes = tf.grad(lossOf)(scores).dataSync();
    expect(slopes[0]).toBeCloseTo(-0.25, 4);
    expect(slopes[1]).toBeCloseTo(0.25, 4);
  });
});

describe('fine loss', () => {
  // Offsets x, y and deviation; the third row fills up.
  const FOUND = [
    [0.5, 0, 0.5],
    [0, -0.25, 1],
    [0.9, 0.9, 0.01],
  ];
  const TRUE = [
    [0.1, 0.3],
    [0, 0.25],
    [0, 0],
  ];
  const used = Float32Array.of(1, 1, 0);

  test('by hand: the surer one counts twice as much', () => {
    // Squares 0.25 and 0.25; 1 / deviation 2 and 1, mean 1.5: (0.25 · 4/3 + 0.25 · 2/3) / 2
    const { loss, distance } = fineLoss(tf.tensor2d(FOUND), tf.tensor2d(TRUE), tf.tensor1d(used));
    expect(loss.dataSync()[0]).toBeCloseTo(0.25, 6);
    expect(distance.dataSync()[0]).toBeCloseTo(0.5, 6);
    const farther = TRUE.map(([x, y], i) => (i === 0 ? [x! - 0.5, y!] : [x!, y!]));
    // The first: 0.9² + 0.3² = 0.9; (0.9 · 4/3 + 0.25 · 2/3) / 2
    const second = fineLoss(tf.tensor2d(FOUND), tf.tensor2d(farther), tf.tensor1d(used));
    expect(second.loss.dataSync()[0]).toBeCloseTo((0.9 * 4) / 6 + 0.25 / 3, 6);
    // A deviation of nothing counts as 0.1: weights 10 and 1 over 5.5.
    const sure = FOUND.map(([x, y], i) => [x!, y!, i === 0 ? 0 : 1]);
    const third = fineLoss(tf.tensor2d(sure), tf.tensor2d(farther), tf.tensor1d(used));
    expect(third.loss.dataSync()[0]).toBeCloseTo((0.9 * 10 + 0.25) / 5.5 / 2, 6);
  });

  test('its gradient: by differences for places, none through deviations', () => {
    const at = (found: number[][]) =>
      tf.tidy(
        () =>
          fineLoss(tf.tensor2d(found), tf.tensor2d(TRUE), tf.tensor1d(used)).loss.dataSync()[0]!,
      );
    const slopes = tf.tidy(() =>
      tf
        .grad((x) => fineLoss(x as tf.Tensor2D, tf.tensor2d(TRUE), tf.tensor1d(used)).loss)(
          tf.tensor2d(FOUND),
        )
        .arraySync(),
    ) as number[][];
    const step = 1e-2;
    FOUND.forEach((row, i) => {
      expect(slopes[i]![2]).toBe(0);
      for (const axis of [0, 1]) {
        const changed = (by: number) =>
          FOUND.map((each, k) => each.map((v, c) => (k === i && c === axis ? v + by : v)));
        const difference = (at(changed(step)) - at(changed(-step))) / (2 * step);
        expect(slopes[i]![axis]).toBeCloseTo(difference, 4);
      }
      expect(row.length).toBe(3);
    });
  });

  test('of a batch in which no place is known is nothing', () => {
    const { loss } = fineLoss(tf.tensor2d(FOUND), tf.tensor2d(TRUE), tf.zeros([3]));
    expect(loss.dataSync()[0]).toBe(0);
  });
});
