// Queries that nothing which ranks them has seen: what decisions are fitted on.
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { groupBy } from '../evaluation/group.ts';
import type { RerankPreset } from '../rerank/presets.ts';
import { type DescribedPhoto, flatten, makeTask, type RankingTask } from './descriptors.ts';
import { FIT } from './fit-recipe.ts';
import { learnMetric, type MemberLayout, type Metric } from './metric.ts';

/** The metric learned from the photos that it may be learned from: landmarks outside the validation protocol. */
export function metricOf(
  photos: readonly DescribedPhoto[],
  layout: readonly MemberLayout[],
): Metric {
  const rows = photos.filter(
    (p) => (p.role === 'train' || p.role === 'train-extra') && p.label !== '',
  );
  const flat = flatten(
    rows.map((p) => p.descriptor),
    rows[0]?.descriptor.length ?? 0,
  );
  return learnMetric(
    flat,
    rows.map((r) => r.label),
    layout,
    FIT,
  );
}

/**
 * One of `FIT.folds` passes; in all of them together every photo of `train`, `train_extra` and the negatives
 * outside validation is a query at most once. A fold's photos of `train` are queries for known landmarks; its
 * classes of `train_extra` serve as new landmarks (two photos in the gallery) or unlisted ones; metric and
 * gallery come from the other folds. Its negatives are those of the fit part and of the bank, and the bank is
 * without them.
 * @param fold 0..FIT.folds − 1
 */
export function outOfFold(
  photos: readonly DescribedPhoto[],
  layout: readonly MemberLayout[],
  preset: RerankPreset,
  fold: number,
): RankingTask {
  const inFold = (name: string) => draw(name) % FIT.folds === fold;
  const train = photos.filter((p) => p.role === 'train');
  const extra = photos.filter((p) => p.role === 'train-extra' && p.label !== '');
  const trainLabels = new Set(train.map((p) => p.label));
  const extraClasses = groupBy(
    extra.filter((p) => !trainLabels.has(p.label)),
    (p) => p.label,
  );
  const held = train.filter((p) => inFold(p.path));
  const kept = train.filter((p) => !inFold(p.path));
  const heldClasses = [...extraClasses].filter(([label]) => inFold(label));
  const heldLabels = new Set(heldClasses.map(([label]) => label));
  const keptExtra = extra.filter((p) => !heldLabels.has(p.label));
  // Every second class with enough photos is new, the rest unlisted.
  const isNew = ([label, members]: [string, unknown[]]) =>
    members.length > 2 && draw(`new:${label}`) % 2 === 0;
  const fresh = heldClasses.filter(isNew).map(([, members]) => members);
  const unlisted = heldClasses.filter((c) => !isNew(c)).flatMap(([, members]) => members);
  const negatives = photos.filter((p) => p.role === 'negative-bank' || p.role === 'negative-fit');
  return makeTask(
    {
      gallery: [...kept, ...fresh.flatMap((members) => members.slice(0, 2))],
      bank: negatives.filter((p) => p.role === 'negative-bank' && !inFold(p.path)),
      listed: [...held, ...fresh.flatMap((members) => members.slice(2))],
      unlisted,
      negatives: negatives.filter((p) => inFold(p.path)),
    },
    metricOf([...kept, ...keptExtra], layout),
    preset.penalty.referenceNeighbours,
  );
}

/** A fixed number for a name: folds must not change when photos are added. */
function draw(name: string): number {
  const digest = sha256(utf8ToBytes(`cairn-fold:${name}`));
  return (digest[0]! << 16) | (digest[1]! << 8) | digest[2]!;
}
