// Geometric verification: what is matched and in which order, when it is enough, and what inliers change.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CellGrid } from '../../src/matching/picture.ts';
import { CellWorth } from '../../src/matching/select-cells.ts';
import type { Decision } from '../../src/rerank/decision.ts';
import { VERIFICATION, type VerificationPreset } from '../../src/rerank/presets.ts';
import type { LabelScore } from '../../src/rerank/soft-voting.ts';
import {
  agreementOf,
  isSettled,
  type VerifiableView,
  type ViewMatch,
  verifiedRanking,
  viewsToVerify,
} from '../../src/rerank/verification.ts';
import { verifiedDecision } from '../../src/rerank/verified-decision.ts';
import { representatives } from '../../src/retrieval/representatives.ts';

const PRESET: VerificationPreset = {
  labels: 3,
  viewsOfLabel: 2,
  most: 5,
  floor: 10,
  saturation: 30,
  weight: 0.5,
  odds: 2,
  usual: 0.25,
};

const ranked: readonly LabelScore[] = [
  { label: 7, votes: 4, best: 0.9 },
  { label: 2, votes: 3, best: 0.8 },
  { label: 5, votes: 1, best: 0.7 },
  { label: 1, votes: 0.5, best: 0.6 },
];
const view = (label: number, row: number, similarity: number): VerifiableView => ({
  label,
  row,
  similarity,
});
const match = (label: number, inliers: number): ViewMatch => ({
  ...view(label, 10 * label, 0.5),
  matches: 2 * inliers,
  inliers,
  spread: 0.1,
});

describe('what is matched', () => {
  it('is the most similar view of each of the best labels first, then their second', () => {
    const views = [
      view(2, 1, 0.4),
      view(7, 2, 0.3),
      view(7, 3, 0.8),
      view(7, 4, 0.5),
      view(5, 5, 0.2),
      view(1, 6, 0.99),
      view(2, 7, 0.6),
    ];
    expect(viewsToVerify(ranked, views, PRESET).map(({ row }) => row)).toEqual([3, 7, 5, 4, 1]);
    expect(viewsToVerify(ranked, views, { ...PRESET, most: 2 })).toHaveLength(2);
    expect(viewsToVerify([], views, PRESET)).toEqual([]);
    expect(viewsToVerify(ranked, [], PRESET)).toEqual([]);
  });
});

describe('agreement', () => {
  it('is none up to the floor, full from saturation on, and grows between', () => {
    expect([0, 10, 20, 30, 500].map((n) => agreementOf(n, PRESET))).toEqual([0, 0, 0.5, 1, 1]);
  });
});

describe('the order of labels', () => {
  it('follows votes and the most agreement of any view', () => {
    const order = (...matches: ViewMatch[]) =>
      verifiedRanking(ranked, matches, PRESET).map(({ label }) => label);
    expect(order()).toEqual([7, 2, 5, 1]);
    expect(order(match(7, 0), match(2, 30))).toEqual([2, 7, 5, 1]);
    expect(order(match(2, 30), match(7, 12), match(7, 30))).toEqual([7, 2, 5, 1]);
    expect(order(match(5, 1000))).toEqual([7, 2, 5, 1]);
  });

  it('is settled once nothing that is still to come can change it', () => {
    expect(isSettled([], [], PRESET)).toBe(true);
    expect(isSettled(ranked, [], PRESET)).toBe(false);
    expect(isSettled(ranked, [match(7, 30)], PRESET)).toBe(true);
    expect(isSettled(ranked, [match(7, 29)], PRESET)).toBe(false);
    // The second agrees fully and leads; the first could still come back.
    expect(isSettled(ranked, [match(2, 30)], PRESET)).toBe(false);
  });

  it('stays the winner whatever comes after it is settled', () => {
    const score = fc.record({
      votes: fc.double({ min: 0.01, max: 5, noNaN: true }),
      inliers: fc.array(fc.nat(60), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(score, { minLength: 1, maxLength: 5 }), (scores) => {
        const labels = scores
          .map(({ votes }, label) => ({ label, votes, best: 0 }))
          .sort((a, b) => b.votes - a.votes);
        const all = scores.flatMap(({ inliers }, label) => inliers.map((n) => match(label, n)));
        const settled = all.findIndex((_, i) => isSettled(labels, all.slice(0, i), PRESET));
        if (settled < 0) return;
        const winner = (matches: readonly ViewMatch[]) =>
          verifiedRanking(labels, matches, PRESET)[0]!;
        const early = winner(all.slice(0, settled));
        // A tie may be broken otherwise; nothing may overtake.
        expect(winner(all).votes).toBe(early.votes);
      }),
    );
  });
});

describe('the decision', () => {
  const before: Decision = {
    kind: 'unlisted',
    probabilities: { landmark: 0.5, unlisted: 0.3, 'not-landmark': 0.2 },
    contributions: [],
  };
  const decide = (matches: readonly ViewMatch[], accept = 0.6) =>
    verifiedDecision(before, 7, matches, PRESET, accept);

  it('changes the odds of "right" by the agreement of the best label alone', () => {
    const { kind, probabilities } = decide([match(7, 30), match(2, 30)]);
    const odds = Math.exp(PRESET.odds * (1 - PRESET.usual));
    expect(probabilities.landmark / (1 - probabilities.landmark)).toBeCloseTo(odds, 9);
    expect(probabilities.unlisted / probabilities['not-landmark']).toBeCloseTo(1.5, 9);
    expect(kind).toBe('landmark');
  });

  it('is less sure where nothing agrees, and the same where none of its views was matched', () => {
    expect(decide([match(7, 0)]).probabilities.landmark).toBeLessThan(0.5);
    expect(decide([match(7, 0), match(2, 30)]).probabilities.landmark).toBeLessThan(0.5);
    expect(decide([])).toBe(before);
    // What the user taught has no views.
    expect(decide([match(2, 30)])).toBe(before);
  });

  it('sums to one and names what passes the threshold', () => {
    const { kind, probabilities } = decide([match(7, 15)], 0);
    const sum = Object.values(probabilities).reduce((all, p) => all + p, 0);
    expect(sum).toBeCloseTo(1, 12);
    expect(kind).toBe('landmark');
    expect(decide([match(7, 0)], 0.9).kind).toBe('unlisted');
  });
});

it('the default preset matches ten references at most, and allows for matches by chance', () => {
  expect(VERIFICATION.most).toBe(10);
  expect(VERIFICATION.floor).toBeGreaterThan(0);
  expect(VERIFICATION.saturation).toBeGreaterThan(VERIFICATION.floor);
});

describe('photos that stand for a label', () => {
  const at = (degrees: number, far = false) => {
    const angle = (degrees * Math.PI) / 180;
    const [near, side] = [Math.cos(angle), Math.sin(angle)];
    return far ? Float32Array.of(0, side, near) : Float32Array.of(near, side, 0);
  };

  it('are the middle of the largest group first, then of what is far from it', () => {
    const photos = [at(-9), at(0), at(9), at(-9, true), at(0, true), at(9, true), at(-1)];
    expect(representatives(photos, 2)).toEqual([1, 4]);
  });

  it('are all where there are few, and none of none', () => {
    expect([...representatives([at(0), at(40)], 5)].sort()).toEqual([0, 1]);
    expect(representatives([], 3)).toEqual([]);
    expect([...representatives([at(3), at(3), at(3)], 2)]).toHaveLength(2);
  });

  it('are chosen from some hundred places spread over a long list', () => {
    // Groups come one after the other, the last of one photo in fifty.
    const groups = [0, 0, 0, 90, 180, 180, 270, 270, 270, 270].map(
      (angle) => [angle, 490] as const,
    );
    const photos = [...groups, [45, 100] as const].flatMap(([angle, count]) =>
      Array.from({ length: count }, (_, i) => at(angle + (i % 7) - 3)),
    );
    const chosen = representatives(photos, 5);
    const angles = chosen.map((place) => {
      const [x, y] = photos[place]!;
      return (45 * Math.round((Math.atan2(y!, x!) * 180) / Math.PI / 45) + 360) % 360;
    });
    expect([...angles].sort((a, b) => a - b)).toEqual([0, 45, 90, 180, 270]);
    expect(representatives(photos, 5)).toEqual(chosen);
    const all = representatives(photos.slice(0, 300), 300);
    expect([...all].sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => i));
  });

  it('stand for photos too that are not among those', () => {
    // Of 512, every other one is asked: one of these looks like all that are not.
    const photos = Array.from({ length: 512 }, (_, i) => at(i % 2 === 1 || i === 2 ? 90 : 0));
    const [first, second] = representatives(photos, 2);
    expect(first).toBe(2);
    expect(second! % 2).toBe(0);
  });
});

describe('cells worth keeping', () => {
  const grid: CellGrid = { width: 10, height: 8, seenWidth: 10, seenHeight: 8 };
  const size = { width: 80, height: 64 };

  it('are those that points stand on, in pixels of the original', () => {
    const worth = new CellWorth(grid, { shrunk: size, original: { width: 160, height: 128 } }, 8);
    // Cell (3, 4) stands at (24, 32) of the shrunk picture.
    worth.add(2 * 24.5 - 0.5, 2 * 32.5 - 0.5, 2);
    worth.add(2 * 27.5 - 0.5, 2 * 29.5 - 0.5, 1);
    expect(worth.values[4 * 10 + 3]).toBe(3);
    worth.add(-100, 0, 5);
    worth.add(500, 10, 5);
    expect(worth.values.reduce((sum, value) => sum + value, 0)).toBe(3);
  });

  it('are the best, off the edges, in the order of the grid', () => {
    const worth = new CellWorth(grid, { shrunk: size, original: size }, 8);
    for (const [column, row, value] of [
      [0, 0, 9],
      [5, 5, 1],
      [2, 2, 3],
      [4, 3, 2],
      [7, 5, 0.5],
    ] as const) {
      worth.add(8 * column, 8 * row, value);
    }
    expect([...worth.best(3)]).toEqual([22, 34, 55]);
    expect([...worth.best(10)]).toEqual([22, 34, 55, 57]);
    expect(new CellWorth(grid, { shrunk: size, original: size }, 8).best(5)).toHaveLength(0);
  });
});
