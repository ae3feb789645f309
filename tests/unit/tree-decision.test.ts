// The seven-class decision: its features by hand, its probabilities, and why.
import { describe, expect, it } from 'vitest';
import { ExactGallery } from '../../src/evaluation/exact-gallery.ts';
import {
  CHOICES,
  columnName,
  type LabelFeature,
  type PhotoFeature,
  TREE_FEATURES,
  type TreeRow,
  treeRow,
} from '../../src/rerank/features.ts';
import { NonLandmarkBank } from '../../src/rerank/non-landmark-bank.ts';
import { RERANK, VERIFICATION } from '../../src/rerank/presets.ts';
import { rerank } from '../../src/rerank/rerank.ts';
import {
  ANOTHER_LANDMARK,
  CLASSES,
  decideByTrees,
  explainTrees,
  NOT_A_LANDMARK,
  openTreeDecision,
  type TreeDecisionModel,
} from '../../src/rerank/tree-decision.ts';
import { buildEnsemble } from '../../src/rerank/trees/build-ensemble.ts';
import { exportTrees } from '../../src/rerank/trees/exported-trees.ts';
import { parseObjective } from '../../src/rerank/trees/objective.ts';
import type { ViewMatch } from '../../src/rerank/verification.ts';

const COLUMNS = TREE_FEATURES.map(columnName);

const unit = (...values: number[]) => {
  const norm = Math.hypot(...values);
  return Float32Array.from(values, (x) => x / norm);
};

/** A joined embedding of two members of two numbers each. */
const joined = (a: Float32Array, b: Float32Array) =>
  Float32Array.from([...a, ...b], (x) => x / Math.SQRT2);

const rows = [
  { label: 0, vector: joined(unit(1, 0), unit(1, 0.2)) },
  { label: 0, vector: joined(unit(1, 0.5), unit(1, 0)) },
  { label: 1, vector: joined(unit(0.2, 1), unit(1, 0.1)) },
  { label: 2, vector: joined(unit(-1, 0.2), unit(0, 1)) },
];
const bank = new NonLandmarkBank(joined(unit(-1, -1), unit(-1, -1)), 4);
const gallery = new ExactGallery(rows, bank, 1);
const query = joined(unit(1, 0.1), unit(1, 0.1));
const trace = await rerank(query, gallery, bank, RERANK, { members: [2, 2] });

function rowOf(matches: readonly ViewMatch[]) {
  const row = treeRow({
    trace,
    matches,
    photosOf: (label) => [3, 1, 7][label]!,
    ranking: RERANK,
    // Heavy enough that what matches takes the lead.
    verification: { ...VERIFICATION, weight: 1e6 },
  })!;
  const value = (name: LabelFeature | PhotoFeature, choice?: number) =>
    row.values[COLUMNS.indexOf(choice === undefined ? name : `${name}.${choice}`)];
  return { ...row, value };
}

const match = (label: number, inliers: number, row = label): ViewMatch => ({
  label,
  row,
  similarity: 0.5,
  matches: 2 * inliers,
  inliers,
  spread: 0.25,
});

describe('features of the five best labels', () => {
  const plain = rowOf([]);
  const cosine = (a: number) => rows[a]!.vector.reduce((sum, x, d) => sum + x * query[d]!, 0);

  it('are those of the ranking, NaN where no label or no stage gave a value', () => {
    expect(plain.choices.map(({ label }) => label)).toEqual([0, 1, 2]);
    expect(plain.values).toHaveLength(TREE_FEATURES.length);
    expect(plain.value('similarity', 0)).toBeCloseTo(Math.max(cosine(0), cosine(1)), 6);
    expect(plain.value('nearest')).toBe(plain.value('similarity', 0));
    expect(plain.value('similarity', 1)).toBeCloseTo(cosine(2), 6);
    expect(plain.value('photos', 0)).toBe(2);
    expect(plain.value('photos', 1)).toBe(1);
    expect(plain.value('neighbours', 0)).toBe(2);
    expect(plain.value('labels')).toBe(3);
    expect(plain.value('gained', 0)).toBe(0);
    expect(plain.value('mean', 0)).toBeCloseTo(trace.means.get(0)!, 9);
    const [first, second] = [plain.value('score', 0)!, plain.value('score', 1)!];
    expect(first).toBeCloseTo(
      plain.value('votes', 0)! - RERANK.penalty.query * plain.value('queryBank')!,
      9,
    );
    expect(plain.value('lead', 0)).toBeCloseTo(first - second, 9);
    expect(plain.value('lead', 1)).toBeCloseTo(second - first, 9);
    expect(plain.value('similarityLead', 1)).toBeCloseTo(cosine(2) - plain.value('nearest')!, 6);
    expect(plain.value('similaritySecond', 0)).toBeCloseTo(Math.min(cosine(0), cosine(1)), 6);
    expect(plain.value('similaritySecond', 1)).toBeNaN();
    expect(plain.value('found', 0)).toBe(2);
    expect(plain.value('meanLead', 0)).toBeCloseTo(trace.means.get(0)! - trace.means.get(1)!, 9);
    for (const name of ['votes', 'similarity', 'inliers'] as const) {
      expect(plain.value(name, 3), name).toBeNaN();
    }
    for (const name of ['inliers', 'inliersSecond', 'inlierRatio', 'inlierSpread'] as const) {
      expect(plain.value(name, 0), name).toBeNaN();
    }
    expect(plain.value('inlierLead', 0)).toBeNaN();
  });

  it('have what each member of the ensemble says by itself', () => {
    // The second member finds rows of labels 0 and 1 alike; the first tells them apart.
    expect(plain.value('memberShare', 0)! + plain.value('memberShare', 1)!).toBe(1);
    const first = unit(0.2, 1).reduce((sum, x, d) => sum + x * unit(1, 0.1)[d]!, 0);
    expect(plain.value('memberLow', 1)).toBeCloseTo(first, 6);
  });

  it('have the inliers of the label’s views, best first, and come in the order that matching gives', () => {
    const matched = rowOf([match(0, 12, 0), match(1, 60, 2), match(0, 16, 1)]);
    expect(matched.choices.map(({ label }) => label)).toEqual([1, 0, 2]);
    expect(matched.value('inliers', 0)).toBe(60);
    expect(matched.value('inliersSecond', 0)).toBeNaN();
    expect(matched.value('inliers', 1)).toBe(16);
    expect(matched.value('inliersSecond', 1)).toBe(12);
    expect(matched.value('inlierRatio', 1)).toBe(0.5);
    expect(matched.value('inlierSpread', 1)).toBe(0.25);
    expect(matched.value('inliers', 2)).toBeNaN();
    expect(matched.value('inlierLead', 0)).toBe(60 - 16);
    expect(matched.value('inlierLead', 1)).toBe(16 - 60);
    expect(matched.value('inlierLead', 2)).toBeNaN();
    // Ranking alone had it second.
    expect(matched.value('gained', 0)).toBe(1);
  });

  it('are null when nothing was found', async () => {
    const empty = await rerank(query, new ExactGallery([], bank, 1), bank, RERANK);
    const options = { matches: [], photosOf: () => 0, ranking: RERANK, verification: VERIFICATION };
    expect(treeRow({ trace: empty, ...options })).toBeNull();
  });
});

/** A stump for each class over one column: left and right leaf. */
function stumps(column: string, leaves: readonly (readonly [number, number])[], threshold: number) {
  return buildEnsemble({
    classes: CLASSES,
    features: COLUMNS,
    objective: parseObjective(`multiclass num_class:${CLASSES}`, CLASSES),
    average: false,
    leavesOfTree: leaves.map(() => 2),
    feature: leaves.map(() => COLUMNS.indexOf(column)),
    decision: leaves.map(() => 8 | 2),
    threshold: leaves.map(() => threshold),
    left: leaves.map(() => -1),
    right: leaves.map(() => -2),
    setStart: [0],
    setWords: [],
    leafValue: leaves.flat(),
    leafCount: leaves.flatMap(() => [10, 30]),
  });
}

const LEAVES = [
  [2, 0],
  [0, 3],
  [0, 0],
  [0, 0],
  [0, 0],
  [1, 1],
  [0.5, 0.5],
] as const;
const TRAINING = {
  weightsSha256: 'a',
  bankSha256: 'b',
  matcher: { id: 'm', weightsSha256: 'c' },
  temperature: 2,
  accept: 0.25,
  // Says nothing: the trees' probabilities are halved towards equal ones.
  linear: {
    columns: ['inliers.1'],
    mean: [20],
    scale: [10],
    weights: Array.from({ length: CLASSES }, () => [0]),
    bias: Array.from({ length: CLASSES }, () => 0),
  },
};
const model: TreeDecisionModel = { ...TRAINING, trees: stumps('inliers.1', LEAVES, 25) };

function rowWith(inliers: number, labels: number): TreeRow {
  return {
    choices: Array.from({ length: labels }, (_, label) => ({ label, votes: 1, best: 1 })),
    values: COLUMNS.map((name) => (name === 'inliers.1' ? inliers : Number.NaN)),
  };
}

describe('the decision by trees', () => {
  const softmax = (scores: readonly number[]) => {
    const sum = scores.reduce((all, s) => all + Math.exp(s), 0);
    return scores.map((s) => Math.exp(s) / sum);
  };

  it('names the likeliest of the five, softened by the temperature', () => {
    const wanted = softmax([0, 1.5, 0, 0, 0, 0.5, 0.25]).map((p) => (p + 1 / 7) / 2);
    const found = decideByTrees(rowWith(40, 5), model);
    expect(found.label).toBe(1);
    expect(found.confidence).toBeCloseTo(wanted[1]!, 12);
    expect(found.kind).toBe('landmark');
    expect(found.choices.map(({ label }) => label)).toEqual([1, 0, 2, 3, 4]);
    expect(found.probabilities['not-landmark']).toBeCloseTo(wanted[NOT_A_LANDMARK]!, 12);
    expect(found.probabilities.unlisted).toBeCloseTo(wanted[ANOTHER_LANDMARK]!, 12);
    const sum = Object.values(found.probabilities).reduce((all, p) => all + p, 0);
    expect(sum).toBeCloseTo(1, 12);
  });

  it('never names a label that is not there', () => {
    const found = decideByTrees(rowWith(40, 1), model);
    expect(found.label).toBe(0);
    expect(found.confidence).toBeCloseTo((softmax([0, 0.5, 0.25])[0]! + 1 / 3) / 2, 12);
    expect(decideByTrees(null, model)).toMatchObject({
      label: null,
      kind: 'not-landmark',
      confidence: 0,
    });
  });

  it('abstains below acceptance, and says what is likelier then', () => {
    expect(decideByTrees(rowWith(40, 5), { ...model, accept: 0.9 }).kind).toBe('not-landmark');
    const unlisted = stumps('inliers.1', [...LEAVES.slice(0, 6), [3, 3]], 25);
    expect(decideByTrees(rowWith(40, 5), { ...model, trees: unlisted, accept: 0.9 }).kind).toBe(
      'unlisted',
    );
  });

  it('tells what pushed it, in sum the score of right less that of the other kinds', () => {
    const row = rowWith(40, 5);
    const told = explainTrees(row, decideByTrees(row, model), model);
    expect(told[0]).toMatchObject({ name: 'inliers', value: 40 });
    // From what is expected, (10 · 0 + 30 · 3) / 40, to 3.
    expect(told[0]!.contribution).toBeCloseTo((3 - 2.25) / 2 / 2, 12);
    expect(told.slice(1).every(({ contribution }) => contribution === 0)).toBe(true);
  });

  it('is the mean with the linear model, for which a missing value is 0', () => {
    const weights = TRAINING.linear.weights.map((own, k) => (k === 1 ? [1] : own));
    const both = { ...model, linear: { ...TRAINING.linear, weights } };
    const trees = softmax([0, 1.5, 0, 0, 0, 0.5, 0.25])[1]!;
    const found = decideByTrees(rowWith(40, 5), both);
    expect(found.confidence).toBeCloseTo((trees + softmax([0, 2, 0, 0, 0, 0, 0])[1]!) / 2, 12);
    const told = explainTrees(rowWith(40, 5), found, both);
    expect(told[0]!.contribution).toBeCloseTo((3 - 2.25) / 2 / 2 + 2 / 2, 12);
    const missing = decideByTrees(rowWith(Number.NaN, 5), both);
    const sums = [1, 0, 0, 0, 0, 0.5, 0.25];
    expect(missing.confidence).toBeLessThan((softmax(sums)[0]! + 1 / 6) / 2);
  });

  it('refuses trees of other features or classes', () => {
    const exported = exportTrees(model.trees, { name: 'x', sha256: '00' });
    expect(openTreeDecision(exported, TRAINING).trees.classes).toBe(CLASSES);
    const other = { ...exported, features: exported.features.map((name, f) => (f ? name : 'x')) };
    expect(() => openTreeDecision(other, TRAINING)).toThrow(/does not fit/);
    expect(() => openTreeDecision(exported, { ...TRAINING, temperature: 0 })).toThrow(
      /does not fit/,
    );
  });

  it('has a column for each of the photo’s features and of the five labels’', () => {
    expect(new Set(COLUMNS).size).toBe(COLUMNS.length);
    expect(COLUMNS.filter((name) => name.startsWith('votes.'))).toHaveLength(CHOICES);
  });
});
