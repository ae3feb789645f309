// Errors of models over pairs of photos, ROC curves and drawn pairs, against values worked out by hand.
import { describe, expect, test } from 'vitest';
import {
  type DrawnPair,
  drawLandmarkPairs,
  type EmbeddedPhoto,
} from '../../src/evaluation/landmark-pairs.ts';
import {
  areaUnder,
  commonError,
  cornerError,
  type PointPair,
  sampsonDistance,
  sampsonShare,
  shareUnder,
} from '../../src/evaluation/pair-metrics.ts';
import {
  type KnownPair,
  type PairEstimate,
  type PairTruth,
  pairFigures,
} from '../../src/evaluation/pair-report.ts';
import { areaUnderRoc } from '../../src/evaluation/recognition-metrics.ts';
import { pointRefusing, rocCurve, rocPicture } from '../../src/evaluation/roc-curve.ts';
import { seededRandom } from '../../src/random.ts';

const STILL = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const shift = (x: number, y: number) => [1, 0, x, 0, 1, y, 0, 0, 1];
const SIZE = { width: 11, height: 21 };
/** Of a camera that moved sideways: points keep their row. */
const SIDEWAYS = [0, 0, 0, 0, 0, -1, 0, 1, 0];

describe('errors of homographies', () => {
  test('are the mean distance of the corners', () => {
    expect(cornerError(shift(3, 4), STILL, SIZE)).toBeCloseTo(5, 12);
    // Corners at (0, 0), (10, 0), (10, 20) and (0, 20) move by 0, 10, √500 and 20.
    const twice = [2, 0, 0, 0, 2, 0, 0, 0, 1];
    expect(cornerError(twice, STILL, SIZE)).toBeCloseTo((30 + Math.sqrt(500)) / 4, 12);
  });

  test('do not depend on the factor or the sign of a matrix', () => {
    const truth = [0.9, 0.1, 5, -0.1, 1.1, 3, 1e-3, 2e-3, 1];
    const same = truth.map((value) => -3 * value);
    expect(cornerError(same, truth, SIZE)).toBeCloseTo(0, 9);
    expect(commonError(same, truth, SIZE, SIZE)).toBeCloseTo(0, 9);
  });

  test('are infinite without a homography, and with a corner on its horizon', () => {
    expect(cornerError(null, STILL, SIZE)).toBe(Number.POSITIVE_INFINITY);
    expect(commonError(null, STILL, SIZE, SIZE)).toBe(Number.POSITIVE_INFINITY);
    const horizon = [1, 0, 0, 0, 1, 0, -0.1, 0, 1];
    expect(cornerError(horizon, STILL, SIZE)).toBe(Number.POSITIVE_INFINITY);
    expect(cornerError(horizon, horizon, SIZE)).toBe(Number.POSITIVE_INFINITY);
  });

  test('over the common part leave out what photo b does not show', () => {
    // Truth moves by 5 to the right: columns 0 to 5 stay on the photo. Columns of the grid are 10/23 apart.
    const found = [1.2, 0, 5, 0, 1, 0, 0, 0, 1];
    expect(commonError(found, shift(5, 0), SIZE, SIZE)).toBeCloseTo((0.2 * 5.5 * 10) / 23, 9);
    expect(cornerError(found, shift(5, 0), SIZE)).toBeCloseTo(1, 12);
    expect(commonError(found, shift(50, 0), SIZE, SIZE)).toBe(Number.POSITIVE_INFINITY);
  });

  test('sum up to shares and areas', () => {
    const errors = [0, 1, Number.POSITIVE_INFINITY];
    expect(areaUnder(errors, 2)).toBeCloseTo(0.5, 12);
    expect(shareUnder(errors, 1)).toBeCloseTo(1 / 3, 12);
    expect(shareUnder(errors, 1.5)).toBeCloseTo(2 / 3, 12);
    expect([areaUnder([], 2), shareUnder([], 2)]).toEqual([0, 0]);
  });
});

test('Sampson distances: rows that differ by 4 are √8 pixels off, half the points agree', () => {
  const points: PointPair[] = [
    [10, 20, 90, 24],
    [30, 5, 2, 0],
  ];
  expect(sampsonDistance(SIDEWAYS, points[0]!)).toBeCloseTo(Math.sqrt(8), 12);
  expect(sampsonDistance(SIDEWAYS, points[1]!)).toBeCloseTo(5 / Math.sqrt(2), 12);
  expect(sampsonShare(SIDEWAYS, points, 3)).toBe(0.5);
  expect(sampsonShare(null, points, 3)).toBe(0);
  expect(sampsonShare(new Float64Array(9), points, 3)).toBe(0);
});

describe('figures of a matcher', () => {
  const pair = (name: string, truth: PairTruth): KnownPair => ({ name, truth, a: SIZE, b: SIZE });
  const estimate = (matrix: number[] | null, inliers: number, others = 0): PairEstimate => ({
    matches: 40,
    homography: { matrix, inliers },
    fundamental: { matrix, inliers: others },
    seconds: 2,
  });
  const points: PointPair[] = [
    [1, 1, 5, 1],
    [1, 1, 5, 9],
  ];
  const pairs = [
    pair('exact', { kind: 'homography', matrix: STILL }),
    pair('off', { kind: 'homography', matrix: STILL }),
    pair('none', { kind: 'homography', matrix: STILL }),
    pair('marked', { kind: 'correspondences', points }),
    pair('one', { kind: 'same_scene' }),
    pair('two', { kind: 'same_scene' }),
    pair('wrong', { kind: 'different_scene' }),
  ];
  const estimates = new Map([
    ['exact', estimate(STILL, 40)],
    ['off', estimate(shift(0, 4), 40)],
    ['none', estimate(null, 0)],
    ['marked', estimate(SIDEWAYS, 9)],
    ['one', estimate(null, 10, 30)],
    ['two', estimate(null, 12, 5)],
    ['wrong', estimate(null, 12)],
  ]);

  test('count what each kind of pair can tell', () => {
    const { homography, correspondences, scenes, seconds } = pairFigures(pairs, estimates);
    expect(homography.pairs).toBe(3);
    expect(homography.corners.under).toEqual([1 / 3, 2 / 3, 2 / 3]);
    const [three, five, ten] = homography.corners.auc;
    expect(three).toBeCloseTo(1 / 3, 12);
    expect(five).toBeCloseTo((1 + 0.2) / 3, 12);
    expect(ten).toBeCloseTo((1 + 0.6) / 3, 12);
    expect(homography.common.under).toEqual([1 / 3, 2 / 3, 2 / 3]);
    expect(correspondences).toEqual({ pairs: 1, agree: 0.5, half: 1 });
    expect(scenes).toEqual({
      same: 2,
      different: 1,
      leastSame: 12,
      medianSame: 30,
      mostDifferent: 12,
      above: 1,
    });
    expect(seconds).toBe(2);
  });

  test('are refused where a pair was not matched', () => {
    const some = new Map([...estimates].slice(1));
    expect(() => pairFigures(pairs, some)).toThrowError(expect.objectContaining({ code: 'usage' }));
  });
});

describe('ROC curves', () => {
  const [positives, negatives] = [
    [3, 2, 2],
    [2, 1],
  ];

  test('step over scores that are equal at once', () => {
    expect(rocCurve(positives!, negatives!)).toEqual([
      { threshold: Number.POSITIVE_INFINITY, negatives: 0, positives: 0 },
      { threshold: 3, negatives: 0, positives: 1 / 3 },
      { threshold: 2, negatives: 0.5, positives: 1 },
      { threshold: 1, negatives: 1, positives: 1 },
    ]);
    expect(areaUnderRoc(positives!, negatives!)).toBeCloseTo(5 / 6, 12);
  });

  test('hold as much area as pairs are in order, ties counting half', () => {
    const random = seededRandom(4);
    const draw = (n: number) => Array.from({ length: n }, () => Math.floor(12 * random()));
    const [a, b] = [draw(50), draw(70)];
    const curve = rocCurve(a, b);
    let area = 0;
    curve.slice(1).forEach(({ negatives: x, positives: y }, i) => {
      const before = curve[i]!;
      area += ((x - before.negatives) * (y + before.positives)) / 2;
    });
    expect(area).toBeCloseTo(areaUnderRoc(a, b), 12);
  });

  test('give the threshold that a share of the negatives passes, however they tie', () => {
    const curve = rocCurve(positives!, negatives!);
    expect(pointRefusing(curve, 0.4).threshold).toBe(3);
    expect(pointRefusing(curve, 0.5).threshold).toBe(2);
    const tied = rocCurve([1, 0], [1, 1]);
    expect(pointRefusing(tied, 0.5).threshold).toBe(Number.POSITIVE_INFINITY);
  });

  test('are drawn in a panel each, with their names', () => {
    const curves = [{ name: 'matching & more', points: rocCurve(positives!, negatives!) }];
    const svg = rocPicture([{ title: 'one', curves }], 'Curves');
    expect(svg).toContain('<title>Curves</title>');
    expect(svg).toContain('matching &amp; more');
    // From nothing, up at 0.001 or less, across to a half, and to the end.
    const path = /polyline points="([^"]+)"/.exec(svg)![1]!.split(' ');
    expect(path[0]).toBe('46.0,226.0');
    expect(path.at(-1)).toBe('316.0,30.0');
    expect(svg).not.toContain('NaN');
  });
});

describe('drawn pairs', () => {
  /** Four landmarks around a circle, eight photos each, of which the first two ask. */
  const photos = Array.from({ length: 32 }, (_, i) => {
    const angle = (Math.PI / 2) * Math.floor(i / 8) + 0.05 * (i % 8);
    const vector = Float32Array.of(Math.cos(angle), Math.sin(angle));
    return { id: i, label: 'abcd'[Math.floor(i / 8)]!, vector };
  });
  const asks = ({ id }: { id: number }) => id % 8 < 2;
  const queries = [...photos.filter(asks), { id: 99, label: 'z', vector: Float32Array.of(1, 0) }];
  const gallery = photos.filter((photo) => !asks(photo));
  const draw = (seed: number, positives = 24, negatives = 40) =>
    drawLandmarkPairs(queries, gallery, { positives, negatives, seed });
  const of = <P extends EmbeddedPhoto>(pairs: readonly DrawnPair<P>[], kind: string) =>
    pairs.filter((pair) => pair.kind === kind);
  const names = (pairs: readonly DrawnPair<(typeof photos)[number]>[]) =>
    pairs.map(({ query, reference }) => `${query.id}-${reference.id}`);

  test('are of the kinds asked for, none twice, none of a label that the gallery lacks', () => {
    const pairs = draw(1);
    expect(of(pairs, 'same').length).toBe(24);
    expect(of(pairs, 'hard').length).toBe(20);
    // A query, its own label and the hardest one leave two labels: 8 queries give 16 pairs, not 20.
    expect(of(pairs, 'other').length).toBe(16);
    expect(new Set(names(pairs)).size).toBe(pairs.length);
    expect(pairs.some(({ query }) => query.label === 'z')).toBe(false);
    for (const { kind, query, reference } of pairs) {
      expect(query.label === reference.label, kind).toBe(kind === 'same');
    }
  });

  test('go round the queries: none asks twice before all have asked', () => {
    const asked = of(draw(1), 'same').map(({ query }) => query.id);
    expect(new Set(asked.slice(0, 8)).size).toBe(8);
    expect(new Set(asked.slice(8, 16)).size).toBe(8);
  });

  test('take for hard ones the label of the most similar wrong photo', () => {
    // The first photos of a landmark are nearest to the last ones of the landmark before it.
    for (const { query, reference } of of(draw(1), 'hard')) {
      expect(reference.label).toBe('abcd'[('abcd'.indexOf(query.label) + 3) % 4]);
    }
  });

  test('are the same ones by the same seed, with their similarity', () => {
    expect(names(draw(5))).toEqual(names(draw(5)));
    expect(names(draw(5))).not.toEqual(names(draw(6)));
    const [{ query, reference, similarity } = draw(5)[0]!] = draw(5);
    const [a, b] = [query.vector, reference.vector];
    expect(similarity).toBeCloseTo(a[0]! * b[0]! + a[1]! * b[1]!, 6);
  });
});
