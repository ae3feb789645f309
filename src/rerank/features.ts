// What decisions look at, defined once for training, evaluation and the page: a handful of numbers for the logistic
// decision, and all that the stages say of the five best labels for the trees.
import type { RerankPreset, VerificationPreset } from './presets.ts';
import type { RankedNeighbour, RerankTrace } from './rerank.ts';
import type { LabelScore } from './soft-voting.ts';
import { type ViewMatch, verifiedRanking } from './verification.ts';

/** The logistic decision's, in the order in which models take them. All are finite. */
export const FEATURES = [
  /** Cosine of the nearest reference, −1..1. */
  'similarity',
  /** Best cosine after query expansion, −1..1. */
  'expandedSimilarity',
  /** Votes^(1/power) of the best label, ≥ 0. */
  'votes',
  /** Share of the best label in all votes, 0..1. */
  'voteShare',
  /** Lead of the best label over the second in votes, relative to the best, 0..1. */
  'margin',
  /** Closeness of the query to the non-landmark bank, −1..1. */
  'queryBank',
  /** Closeness of the best label's nearest reference to the bank, −1..1. */
  'referenceBank',
  /** 1 when the nearest reference carries the best label, else 0. */
  'agreement',
] as const;

export type FeatureName = (typeof FEATURES)[number];

/** @returns [FEATURES.length], or null when nothing was found. */
export function decisionFeatures(trace: RerankTrace, preset: RerankPreset): number[] | null {
  const best = trace.ranked[0];
  const nearest = trace.nearest[0];
  const expanded = trace.expanded[0];
  if (!best || !nearest || !expanded) return null;
  const total = trace.ranked.reduce((sum, score) => sum + score.votes, 0);
  const second = trace.ranked[1]?.votes ?? 0;
  const reference = trace.expanded.find((n) => n.label === best.label) ?? expanded;
  const values: Record<FeatureName, number> = {
    similarity: nearest.similarity,
    expandedSimilarity: expanded.similarity,
    votes: best.votes ** (1 / preset.voting.power),
    voteShare: total > 0 ? best.votes / total : 0,
    margin: best.votes > 0 ? 1 - second / best.votes : 0,
    queryBank: trace.queryBank,
    referenceBank: reference.bankSimilarity,
    agreement: nearest.label === best.label ? 1 : 0,
  };
  return FEATURES.map((name) => values[name]);
}

/** How many labels the trees choose from. */
export const CHOICES = 5;

/** What is said of each of the labels. NaN where a stage was skipped or says nothing of it. */
export const LABEL_FEATURES = [
  /** Votes^(1/power) in the final order of ranking, ≥ 0. */
  'votes',
  /** Share of the label in the votes of all labels found, 0..1. */
  'share',
  /** Votes^(1/power) with what matching adds to them, less the weighted closeness of the photo to the bank. */
  'score',
  /** The label's score less the best other one's. */
  'lead',
  /** Votes^(1/power) after the penalty, before the labels' means joined, ≥ 0. */
  'ballots',
  /** Cosine of its nearest reference, −1..1. */
  'similarity',
  /** Cosine of its second nearest reference among those found. */
  'similaritySecond',
  /** Cosine of its nearest reference less the best other label's. */
  'similarityLead',
  /** The same less the photo's closeness to the bank. */
  'aboveBank',
  /** Cosine of its nearest reference after query expansion, −1..1. */
  'expanded',
  /** Cosine of the mean of its references, −1..1. */
  'mean',
  /** That cosine less the best other label's. */
  'meanLead',
  /** Closeness of its nearest reference to the non-landmark bank, −1..1. */
  'bank',
  /** Its references among the ten nearest, and among all that were found. */
  'neighbours',
  'found',
  /** Base-2 logarithm of 1 + its reference photos. */
  'photos',
  /** Place by the nearest reference alone less its place here: how many places it gained. */
  'gained',
  /** Lowest of the members' cosines of its nearest reference, each by itself, −1..1. */
  'memberLow',
  /** Share of the members of the ensemble whose nearest reference is one of its, 0..1. */
  'memberShare',
  /** Most inliers of any of its views. */
  'inliers',
  /** These less the most of any other label. */
  'inlierLead',
  /** Inliers of its second view. */
  'inliersSecond',
  /** Inliers over matches of the view with most of them, 0..1. */
  'inlierRatio',
  /** Share of a grid's cells over the photo with an inlier of that view, 0..1. */
  'inlierSpread',
] as const;

/** What is said of the photo as a whole. */
export const PHOTO_FEATURES = [
  /** Closeness to the non-landmark bank, −1..1. */
  'queryBank',
  /** Cosine of the nearest reference, −1..1. */
  'nearest',
  /** Mean cosine of the last of the neighbours searched for: what chance gives, −1..1. */
  'level',
  /** Labels among the ten nearest references. */
  'labels',
  /** 1 when no view of the first label was matched, else 0. */
  'unmatched',
] as const;

export type LabelFeature = (typeof LABEL_FEATURES)[number];
export type PhotoFeature = (typeof PHOTO_FEATURES)[number];

/** A column of the trees' table; `choice` is the place of the label, 0 the best. */
export type TreeFeature =
  | { readonly name: PhotoFeature; readonly choice: null }
  | { readonly name: LabelFeature; readonly choice: number };

/** All columns, in the order in which trees take them. */
export const TREE_FEATURES: readonly TreeFeature[] = [
  ...PHOTO_FEATURES.map((name) => ({ name, choice: null })),
  ...Array.from({ length: CHOICES }, (_, choice) =>
    LABEL_FEATURES.map((name) => ({ name, choice })),
  ).flat(),
];

/** A column's name in tables and model files: `queryBank`, `votes.0`. */
export function columnName({ name, choice }: TreeFeature): string {
  return choice === null ? name : `${name}.${choice}`;
}

export interface TreeInput {
  readonly trace: RerankTrace;
  /** Empty where nothing was matched. */
  readonly matches: readonly ViewMatch[];
  /** Reference photos of a label by its place in the collection. */
  readonly photosOf: (label: number) => number;
  readonly ranking: RerankPreset;
  readonly verification: VerificationPreset;
}

export interface TreeRow {
  /** The labels that the trees choose from, the best first, at most {@link CHOICES}. */
  readonly choices: readonly LabelScore[];
  /** In the order of {@link TREE_FEATURES}. */
  readonly values: readonly number[];
}

/** Differences between a label and the best of the others. */
type Lead = 'lead' | 'similarityLead' | 'meanLead' | 'inlierLead';

/** Neighbours that count as near, and those at the end of the list that tell what chance gives. */
const NEAR = 10;
const LAST = 10;

/** @returns null when nothing was found. */
export function treeRow({
  trace,
  matches,
  photosOf,
  ranking,
  verification,
}: TreeInput): TreeRow | null {
  const ranked = verifiedRanking(trace.ranked, matches, verification);
  const nearest = trace.nearest[0];
  if (!nearest || ranked.length === 0) return null;
  const choices = ranked.slice(0, CHOICES);
  const root = (votes: number | undefined) => (votes ?? Number.NaN) ** (1 / ranking.voting.power);
  const votes = new Map(trace.ranked.map((score) => [score.label, score.votes]));
  const ballots = new Map(trace.penalised.map((score) => [score.label, score.votes]));
  const total = trace.ranked.reduce((sum, score) => sum + score.votes, 0);
  const near = trace.nearest.slice(0, NEAR);
  const order = [...new Set(trace.nearest.map(({ label }) => label))];

  const ofLabel = (
    { label, votes: verified }: LabelScore,
    place: number,
  ): Omit<Record<LabelFeature, number>, Lead> => {
    const own = trace.nearest.filter((n) => n.label === label);
    const similarity = own[0]?.similarity ?? Number.NaN;
    const views = matches
      .filter((match) => match.label === label)
      .sort((a, b) => b.inliers - a.inliers);
    return {
      votes: root(votes.get(label)),
      share: total > 0 ? (votes.get(label) ?? 0) / total : Number.NaN,
      score: root(verified) - ranking.penalty.query * trace.queryBank,
      ballots: root(ballots.get(label)),
      similarity,
      similaritySecond: own[1]?.similarity ?? Number.NaN,
      aboveBank: similarity - trace.queryBank,
      expanded: trace.expanded.find((n) => n.label === label)?.similarity ?? Number.NaN,
      mean: trace.means.get(label) ?? Number.NaN,
      bank: own[0]?.bankSimilarity ?? Number.NaN,
      neighbours: near.filter((n) => n.label === label).length,
      found: own.length,
      photos: Math.log2(1 + photosOf(label)),
      gained: order.includes(label) ? order.indexOf(label) - place : Number.NaN,
      ...memberFeatures(trace.nearest, own, label),
      inliers: views[0]?.inliers ?? Number.NaN,
      inliersSecond: views[1]?.inliers ?? Number.NaN,
      inlierRatio: views[0] ? ratio(views[0]) : Number.NaN,
      inlierSpread: views[0]?.spread ?? Number.NaN,
    };
  };
  const alone = choices.map(ofLabel);
  const labels = alone.map((own, place): Record<LabelFeature, number> => {
    const others = alone.filter((_, other) => other !== place);
    const lead = (name: keyof typeof own) => {
      const known = others.map((other) => other[name]).filter(Number.isFinite);
      return own[name] - (known.length > 0 ? Math.max(...known) : 0);
    };
    return {
      ...own,
      lead: lead('score'),
      similarityLead: lead('similarity'),
      meanLead: lead('mean'),
      inlierLead: lead('inliers'),
    };
  });
  const ofPhoto: Record<PhotoFeature, number> = {
    queryBank: trace.queryBank,
    nearest: nearest.similarity,
    level: average(trace.nearest.slice(-LAST).map(({ similarity }) => similarity)),
    labels: new Set(near.map(({ label }) => label)).size,
    unmatched: Number.isNaN(labels[0]?.inliers ?? Number.NaN) ? 1 : 0,
  };
  const values = TREE_FEATURES.map(({ name, choice }) =>
    choice === null ? ofPhoto[name] : (labels[choice]?.[name] ?? Number.NaN),
  );
  return { choices, values };
}

/** What the members of an ensemble say of a label, each by its own part of the embeddings. */
function memberFeatures(
  nearest: readonly RankedNeighbour[],
  own: readonly RankedNeighbour[],
  label: number,
): Pick<Record<LabelFeature, number>, 'memberLow' | 'memberShare'> {
  const members = nearest[0]?.members?.length ?? 0;
  if (members === 0) return { memberLow: Number.NaN, memberShare: Number.NaN };
  const best = (among: readonly RankedNeighbour[], m: number) =>
    among.reduce<RankedNeighbour | null>(
      (top, n) => ((n.members?.[m] ?? -2) > (top?.members?.[m] ?? -2) ? n : top),
      null,
    );
  const places = Array.from({ length: members }, (_, m) => m);
  const lows = places.map((m) => best(own, m)?.members?.[m] ?? Number.NaN);
  return {
    memberLow: own.length === 0 ? Number.NaN : Math.min(...lows),
    memberShare: average(places.map((m) => (best(nearest, m)?.label === label ? 1 : 0))),
  };
}

function ratio({ inliers, matches }: ViewMatch): number {
  return matches > 0 ? inliers / matches : 0;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
