// Re-ranking by hand-worked examples, and the properties that every preset must keep.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExactGallery } from '../../src/evaluation/exact-gallery.ts';
import { seededRandom } from '../../src/random.ts';
import { decide, KINDS, parseDecision, softmax } from '../../src/rerank/decision.ts';
import { decisionFeatures, FEATURES } from '../../src/rerank/features.ts';
import { decodeBank, encodeBank } from '../../src/rerank/load-reranker.ts';
import { meanVotes } from '../../src/rerank/mean-votes.ts';
import { NonLandmarkBank, penaliseReferences } from '../../src/rerank/non-landmark-bank.ts';
import { RERANK, type RerankPreset } from '../../src/rerank/presets.ts';
import { expandQuery } from '../../src/rerank/query-expansion.ts';
import { rerank, stageWinners } from '../../src/rerank/rerank.ts';
import { softVote } from '../../src/rerank/soft-voting.ts';

/** A list in a list, and so on: more levels than a recursion walks through. */
const nested = (levels: number) =>
  JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as unknown;

const unit = (...values: number[]) => {
  const norm = Math.hypot(...values);
  return Float32Array.from(values, (x) => x / norm);
};
const norm = (v: Float32Array) => Math.hypot(...v);

const preset: RerankPreset = {
  topK: 10,
  expansion: { neighbours: 2, alpha: 1 },
  voting: { neighbours: 5, power: 8 },
  penalty: { query: 0.5, reference: 0.5, queryNeighbours: 2, referenceNeighbours: 2 },
  mean: { weight: 0.5 },
};

describe('expandQuery', () => {
  const query = unit(1, 0);
  const references = Float32Array.of(0, 1, 1, 0);

  it('averages the query with its neighbours, weighted by similarity^alpha', () => {
    const plain = expandQuery(query, references, [0.5, 0.25], { neighbours: 2, alpha: 0 });
    expect([...plain]).toEqual([...unit(2, 1)]);
    const weighted = expandQuery(query, references, [0.5, 0.25], { neighbours: 2, alpha: 1 });
    expect(weighted[0]).toBeCloseTo(unit(1.25, 0.5)[0]!, 6);
    expect(norm(weighted)).toBeCloseTo(1, 6);
  });

  it('leaves the query alone when switched off, and takes no more neighbours than there are', () => {
    const off = expandQuery(query, references, [1, 1], { neighbours: 0, alpha: 1 });
    expect([...off]).toEqual([1, 0]);
    expect(off).not.toBe(query);
    const few = expandQuery(query, references, [1, 1], { neighbours: 9, alpha: 0 });
    expect([...few]).toEqual([...unit(2, 1)]);
  });

  it('gives a negative neighbour no weight', () => {
    const away = expandQuery(query, Float32Array.of(-1, 0), [-1], { neighbours: 1, alpha: 1 });
    expect([...away]).toEqual([1, 0]);
  });
});

describe('meanVotes', () => {
  const voted = [
    { label: 7, votes: 0.9 ** 8, best: 0.9 },
    { label: 3, votes: 0.8 ** 8, best: 0.8 },
  ];
  const ballots = [
    { label: 7, similarity: 0.9 },
    { label: 3, similarity: 0.8 },
    { label: 5, similarity: 0.2 },
    { label: 5, similarity: 0.4 },
  ];

  it('joins the cosine to the mean, under the votes’ power', () => {
    const means = new Map([
      [7, 0.2],
      [3, 0.6],
      [5, -0.4],
    ]);
    const scores = meanVotes(voted, ballots, means, { power: 8, weight: 0.5 });
    expect(scores.map(({ label, best }) => [label, best])).toEqual([
      [3, 0.8],
      [7, 0.9],
      [5, 0.4],
    ]);
    expect(scores[0]!.votes).toBeCloseTo((0.8 + 0.5 * 0.6) ** 8, 12);
    expect(scores[1]!.votes).toBeCloseTo((0.9 + 0.5 * 0.2) ** 8, 12);
    expect(scores[2]!.votes).toBe(0);
  });

  it('leaves votes as they are where it is off or nothing is known', () => {
    const none = { power: 8, weight: 0.5 };
    expect(meanVotes(voted, ballots, new Map(), none)).toBe(voted);
    expect(meanVotes(voted, ballots, new Map([[3, 1]]), { power: 8, weight: 0 })).toBe(voted);
  });
});

describe('softVote', () => {
  it('sums the eighth powers by label', () => {
    const scores = softVote(
      [
        { label: 7, similarity: 0.9 },
        { label: 3, similarity: 0.8 },
        { label: 3, similarity: 0.85 },
        { label: 9, similarity: -0.5 },
      ],
      { neighbours: 10, power: 8 },
    );
    expect(scores.map((s) => s.label)).toEqual([3, 7, 9]);
    expect(scores[0]!.votes).toBeCloseTo(0.8 ** 8 + 0.85 ** 8, 12);
    expect(scores[0]!.best).toBe(0.85);
    expect(scores[2]!.votes).toBe(0);
  });

  it('lets only the nearest vote', () => {
    const ballots = [0.5, 0.9, 0.6].map((similarity, label) => ({ label, similarity }));
    expect(softVote(ballots, { neighbours: 1, power: 8 }).map((s) => s.label)).toEqual([1]);
  });

  it('does not depend on the order of the ballots (property)', () => {
    const ballot = fc.record({
      label: fc.nat(5),
      similarity: fc.integer({ min: -1000, max: 1000 }).map((i) => i / 1000),
    });
    fc.assert(
      fc.property(fc.uniqueArray(ballot, { selector: (b) => b.similarity }), (ballots) => {
        const voting = { neighbours: 4, power: 8 };
        const votes = (list: typeof ballots) =>
          new Map(softVote(list, voting).map((s) => [s.label, s.votes.toFixed(9)]));
        expect(votes([...ballots].reverse())).toEqual(votes(ballots));
      }),
    );
  });
});

describe('NonLandmarkBank', () => {
  const bank = new NonLandmarkBank(Float32Array.of(1, 0, 0, 1, ...unit(1, 1)), 2);

  it('averages the nearest photos', () => {
    expect(bank.similarity(unit(1, 0), 1)).toBeCloseTo(1, 6);
    expect(bank.similarity(unit(1, 0), 2)).toBeCloseTo((1 + Math.SQRT1_2) / 2, 6);
    expect(bank.similarity(unit(1, 0), 99)).toBeCloseTo((1 + Math.SQRT1_2) / 3, 6);
  });

  it('survives its file to half precision', () => {
    const back = decodeBank(encodeBank(bank.rows, 2), 2);
    expect(back.size).toBe(3);
    back.rows.forEach((x, i) => {
      expect(x).toBeCloseTo(bank.rows[i]!, 3);
    });
  });

  it('refuses what does not fit', () => {
    expect(() => decodeBank(encodeBank(bank.rows, 2), 4)).toThrow(/does not divide/);
    expect(() => decodeBank(new Uint8Array(4), 2)).toThrow();
    expect(() => bank.similarity(unit(1, 0, 0), 1)).toThrow(/length 3/);
  });

  it('takes its share off each reference', () => {
    const neighbour = { row: 0, label: 4, similarity: 0.8, bankSimilarity: 0.4 };
    expect(penaliseReferences([neighbour], { ...preset.penalty, reference: 0.5 })).toEqual([
      { label: 4, similarity: 0.6000000000000001 },
    ]);
  });
});

describe('rerank', () => {
  // Label 0 lies along x in three photos, label 1 along y in one; the bank lies along z.
  const rows = [
    { label: 0, vector: unit(1, 0.1, 0) },
    { label: 0, vector: unit(1, -0.1, 0) },
    { label: 0, vector: unit(1, 0, 0.1) },
    { label: 1, vector: unit(0, 1, 0) },
  ];
  const bank = new NonLandmarkBank(Float32Array.of(0, 0, 1, 0, 0.1, 0.99), 3);
  const gallery = new ExactGallery(rows, bank, 2);

  it('ranks labels and keeps what each stage said', async () => {
    const trace = await rerank(unit(1, 0.6, 0), gallery, bank, preset);
    expect(trace.nearest[0]!.label).toBe(0);
    expect(trace.penalised.map((s) => s.label)).toEqual([0, 1]);
    expect(trace.expanded[0]!.similarity).toBeGreaterThan(trace.nearest[0]!.similarity);
    expect(trace.queryBank).toBeLessThan(0.1);
    const winners = stageWinners(trace, preset);
    expect(winners.global).toEqual({ label: 0, score: trace.nearest[0]!.similarity });
    expect(winners['+penalty']!.score).toBeCloseTo(
      trace.penalised[0]!.votes ** (1 / 8) - 0.5 * trace.queryBank,
      9,
    );
  });

  it('a photo like the bank scores below one that is not', async () => {
    const score = async (q: Float32Array) =>
      stageWinners(await rerank(q, gallery, bank, preset), preset)['+penalty']!.score;
    expect(await score(unit(0.3, 0, 1))).toBeLessThan(await score(unit(1, 0.3, 0)));
  });

  it('a stage that is switched off repeats the one before it', async () => {
    const off: RerankPreset = {
      ...preset,
      expansion: { neighbours: 0, alpha: 1 },
      voting: { neighbours: 1, power: 1 },
      penalty: { ...preset.penalty, query: 0, reference: 0 },
    };
    const winners = stageWinners(await rerank(unit(1, 0.6, 0), gallery, bank, off), off);
    for (const stage of ['+qe', '+vote', '+penalty'] as const) {
      expect(winners[stage]).toEqual(winners.global);
    }
  });

  it('an empty gallery gives no winner and no features', async () => {
    const empty = new ExactGallery([], bank, 2);
    const trace = await rerank(unit(1, 0, 0), empty, bank, preset);
    expect(stageWinners(trace, preset)['+penalty']).toBeNull();
    expect(decisionFeatures(trace, preset)).toBeNull();
  });

  it('features are finite whatever the query (property)', async () => {
    const random = seededRandom(5);
    for (let i = 0; i < 200; i += 1) {
      const query = unit(random() - 0.5, random() - 0.5, random() - 0.5);
      const features = decisionFeatures(await rerank(query, gallery, bank, preset), preset);
      expect(features).toHaveLength(FEATURES.length);
      expect(features!.every(Number.isFinite)).toBe(true);
    }
  });
});

describe('decide', () => {
  const model = {
    version: 1 as const,
    features: FEATURES,
    mean: FEATURES.map(() => 0.5),
    scale: FEATURES.map(() => 2),
    weights: KINDS.map((_, k) => FEATURES.map((_, f) => (k === 0 ? 1 : k === 1 ? 0 : -f / 10))),
    bias: [0.1, 0, -0.1],
    accept: 0.4,
  };

  it('is the softmax of the logits', () => {
    const features = FEATURES.map((_, f) => f / 4);
    const z = features.map((x) => (x - 0.5) / 2);
    const logits = model.weights.map(
      (row, k) => model.bias[k]! + row.reduce((s, w, f) => s + w * z[f]!, 0),
    );
    const { probabilities, kind } = decide(features, model);
    softmax(logits).forEach((p, k) => {
      expect(probabilities[KINDS[k]!]).toBeCloseTo(p, 12);
    });
    expect(kind === 'landmark').toBe(probabilities.landmark >= 0.4);
    const strict = decide(features, { ...model, accept: 1 });
    expect(strict.kind).not.toBe('landmark');
    expect(strict.probabilities).toEqual(probabilities);
  });

  it('probabilities sum to one and survive extreme logits', () => {
    const { probabilities } = decide(
      FEATURES.map(() => 1e6),
      model,
    );
    expect(Object.values(probabilities).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  });

  it('nothing found is not a landmark', () => {
    expect(decide(null, model).kind).toBe('not-landmark');
    expect(decide(null, model).probabilities.landmark).toBe(0);
  });

  it.each([
    ['null', null],
    ['another version', { ...model, version: 2 }],
    ['other features', { ...model, features: ['similarity'] }],
    ['a missing row', { ...model, weights: model.weights.slice(1) }],
    ['a NaN', { ...model, bias: [0, 0, Number.NaN] }],
    ['features of any depth', { ...model, features: nested(200_000) }],
    ['features that are no list', { ...model, features: { length: FEATURES.length } }],
    ['a zero scale', { ...model, scale: FEATURES.map(() => 0) }],
  ])('refuses %s', (_, json) => {
    expect(() => parseDecision(json)).toThrowError(
      expect.objectContaining({ code: 'model-invalid' }),
    );
  });

  it('accepts what it wrote', () => {
    expect(parseDecision(JSON.parse(JSON.stringify(model)))).toEqual(
      JSON.parse(JSON.stringify(model)),
    );
  });
});

describe('the shipped preset', () => {
  it('asks for enough neighbours for every stage after the search', () => {
    expect(RERANK.topK).toBeGreaterThanOrEqual(RERANK.voting.neighbours);
    expect(RERANK.topK).toBeGreaterThanOrEqual(RERANK.expansion.neighbours);
  });
});
