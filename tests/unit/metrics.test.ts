// Metrics against published golden values and against values worked out by hand.
import { describe, expect, it } from 'vitest';
import { bootstrapInterval } from '../../src/evaluation/bootstrap.ts';
import {
  areaUnderRoc,
  globalAveragePrecision,
  type ScoredPrediction,
  shareAccepted,
  thresholdAccepting,
  thresholdRefusing,
  top1,
} from '../../src/evaluation/recognition-metrics.ts';
import { meanAveragePrecisionAt } from '../../src/evaluation/retrieval-metrics.ts';

/** The five queries of the metric tests that Google Landmarks publishes (tensorflow/models, delf). */
const published: ScoredPrediction[] = [
  { label: null, score: 0, truth: ['0', '12'] },
  { label: '0', score: 0.01, truth: ['100', '200', '300'] },
  { label: '1', score: 10, truth: ['1'] },
  { label: '150', score: 15, truth: [] },
  { label: null, score: 0, truth: [] },
];

describe('globalAveragePrecision', () => {
  it('gives the published golden values', () => {
    expect(globalAveragePrecision(published)).toBeCloseTo(0.166667, 6);
    const landmarksOnly = published.filter((p) => p.truth.length > 0);
    expect(globalAveragePrecision(landmarksOnly)).toBeCloseTo(0.333333, 6);
    expect(top1(published)).toBeCloseTo(0.333333, 6);
  });

  it('gives the worked example of the recipe: right at ranks 1, 3 and 5 of five landmarks', () => {
    const five = [0.9, 0.8, 0.7, 0.6, 0.5].map((score, i) => ({
      label: i % 2 === 0 ? 'a' : 'b',
      score,
      truth: ['a'],
    }));
    expect(globalAveragePrecision(five)).toBeCloseTo((1 + 0 + 2 / 3 + 0 + 3 / 5) / 5, 12);
    expect(globalAveragePrecision(five)).toBeCloseTo(0.4533, 4);
  });

  it('counts a query without a prediction among those with a landmark', () => {
    const right = { label: 'a', score: 0.5, truth: ['a'] };
    const silent = { label: null, score: 0, truth: ['a'] };
    expect(globalAveragePrecision([silent, right])).toBe(0.5);
  });

  it('is 1 when every landmark is named before any non-landmark, and falls with one above', () => {
    const right = { label: 'a', score: 0.9, truth: ['a'] };
    const noise = { label: 'a', score: 0.1, truth: [] };
    expect(globalAveragePrecision([right, noise])).toBe(1);
    expect(globalAveragePrecision([right, { ...noise, score: 0.95 }])).toBe(0.5);
  });

  it('keeps the order of ties', () => {
    const right = { label: 'a', score: 1, truth: ['a'] };
    const wrong = { label: 'b', score: 1, truth: ['a'] };
    expect(globalAveragePrecision([right, wrong])).toBe(0.5);
    expect(globalAveragePrecision([wrong, right])).toBe(0.25);
  });

  it('is 0 with nothing to find', () => {
    expect(globalAveragePrecision([])).toBe(0);
    expect(globalAveragePrecision([{ label: 'a', score: 1, truth: [] }])).toBe(0);
  });
});

describe('meanAveragePrecisionAt', () => {
  // The published retrieval example: four queries with 2, 1, 3 and 1 relevant references.
  const lists = [
    { relevant: [], total: 2 },
    { relevant: [false, true], total: 1 },
    { relevant: [true], total: 3 },
    { relevant: [true, false], total: 1 },
  ];
  it('gives the published golden values', () => {
    expect(meanAveragePrecisionAt(lists, 100)).toBeCloseTo(0.458333, 6);
    expect(meanAveragePrecisionAt(lists, 1)).toBeCloseTo(0.5, 6);
  });
});

describe('acceptance', () => {
  it('finds the score that accepts a share of the right ones', () => {
    const predictions = [0.9, 0.8, 0.7, 0.6].map((score) => ({ label: 'a', score, truth: ['a'] }));
    expect(thresholdAccepting(predictions, 0.5)).toBe(0.8);
    expect(thresholdAccepting(predictions, 1)).toBe(0.6);
    expect(shareAccepted([0.85, 0.8, 0.1, 0], 0.8)).toBe(0.5);
    expect(thresholdAccepting([], 0.9)).toBe(Number.POSITIVE_INFINITY);
  });

  it('finds the score that refuses all but a share', () => {
    const scores = [0.9, 0.8, 0.7, 0.6];
    for (const share of [0, 0.25, 0.5]) {
      expect(shareAccepted(scores, thresholdRefusing(scores, share))).toBe(share);
    }
  });

  it('areaUnderRoc counts ties as half', () => {
    expect(areaUnderRoc([2, 3], [0, 1])).toBe(1);
    expect(areaUnderRoc([0, 1], [2, 3])).toBe(0);
    expect(areaUnderRoc([1], [1])).toBe(0.5);
    expect(areaUnderRoc([1, 3], [2, 2])).toBe(0.5);
    expect(areaUnderRoc([], [1])).toBeNaN();
  });
});

describe('bootstrapInterval', () => {
  it('covers the mean, narrows with more data, and repeats with its seed', () => {
    const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
    const few = Array.from({ length: 20 }, (_, i) => i % 2);
    const many = Array.from({ length: 2000 }, (_, i) => i % 2);
    const a = bootstrapInterval(few, mean);
    const b = bootstrapInterval(many, mean, { rounds: 200 });
    expect(a.low).toBeLessThan(0.5);
    expect(a.high).toBeGreaterThan(0.5);
    expect(b.high - b.low).toBeLessThan((a.high - a.low) / 4);
    expect(bootstrapInterval(few, mean)).toEqual(a);
  });
});
