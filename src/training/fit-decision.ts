// Fits the decision on photos that neither the gallery nor the whitening has seen: out of fold.
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { groupBy } from '../evaluation/group.ts';
import { isRight } from '../evaluation/recognition-metrics.ts';
import { predictionsByStage, rankQueries } from '../evaluation/stages.ts';
import { type DecisionModel, KINDS } from '../rerank/decision.ts';
import { decisionFeatures, FEATURES } from '../rerank/features.ts';
import type { RerankPreset } from '../rerank/presets.ts';
import { type DescribedPhoto, flatten, makeTask } from './descriptors.ts';
import { FIT } from './fit-recipe.ts';
import { fitLogistic } from './logistic.ts';
import { learnMetric, type MemberLayout, type Metric } from './metric.ts';

/** A decision's sample: features and the outcome's index in `KINDS`. */
export interface DecisionSample {
  readonly features: readonly number[];
  readonly outcome: number;
}

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
 * One pass for each fold. A fold's photos of `train` are queries for known landmarks; its classes
 * of `train_extra` serve as new landmarks (two photos in the gallery) or unlisted ones; metric and gallery
 * come from the other folds, negatives from the fit part, which no bank holds.
 */
export async function decisionSamples(
  photos: readonly DescribedPhoto[],
  layout: readonly MemberLayout[],
  preset: RerankPreset,
  onFold?: (done: number) => void,
): Promise<DecisionSample[]> {
  const train = photos.filter((p) => p.role === 'train');
  const extra = photos.filter((p) => p.role === 'train-extra' && p.label !== '');
  const trainLabels = new Set(train.map((p) => p.label));
  const extraClasses = groupBy(
    extra.filter((p) => !trainLabels.has(p.label)),
    (p) => p.label,
  );
  const samples: DecisionSample[] = [];
  for (let fold = 0; fold < FIT.folds; fold += 1) {
    const held = train.filter((p) => draw(p.path) % FIT.folds === fold);
    const kept = train.filter((p) => draw(p.path) % FIT.folds !== fold);
    const heldClasses = [...extraClasses].filter(([label]) => draw(label) % FIT.folds === fold);
    const heldLabels = new Set(heldClasses.map(([label]) => label));
    const keptExtra = extra.filter((p) => !heldLabels.has(p.label));
    // Every second class with enough photos is new, the rest unlisted.
    const isNew = ([label, members]: [string, unknown[]]) =>
      members.length > 2 && draw(`new:${label}`) % 2 === 0;
    const fresh = heldClasses.filter(isNew).map(([, members]) => members);
    const unlisted = heldClasses.filter((c) => !isNew(c)).flatMap(([, members]) => members);
    const task = makeTask(
      {
        gallery: [...kept, ...fresh.flatMap((members) => members.slice(0, 2))],
        bank: photos.filter((p) => p.role === 'negative-bank'),
        listed: [...held, ...fresh.flatMap((members) => members.slice(2))],
        unlisted,
        negatives: photos.filter((p) => p.role === 'negative-fit'),
      },
      metricOf([...kept, ...keptExtra], layout),
      preset.penalty.referenceNeighbours,
    );
    const ranked = await rankQueries(task.queries, task.search, task.bank, preset);
    const final = predictionsByStage(ranked, task.labels, preset, null).get('+penalty') ?? [];
    ranked.forEach(({ query, trace }, i) => {
      const features = decisionFeatures(trace, preset);
      const prediction = final[i];
      if (!features || !prediction) return;
      const kind = isRight(prediction) ? 'landmark' : query.landmark ? 'unlisted' : 'not-landmark';
      samples.push({ features, outcome: KINDS.indexOf(kind) });
    });
    onFold?.(fold + 1);
  }
  return samples;
}

/** Without the acceptance, which is chosen on the validation split afterwards. */
export function fitDecision(samples: readonly DecisionSample[]): Omit<DecisionModel, 'accept'> {
  const counts = KINDS.map((_, k) => samples.filter((s) => s.outcome === k).length);
  const model = fitLogistic(
    samples.map((s) => s.features),
    samples.map((s) => s.outcome),
    KINDS.length,
    samples.map((s) => FIT.outcomeShares[s.outcome]! / Math.max(1, counts[s.outcome]!)),
    { l2: FIT.decisionL2 },
  );
  return { version: 1, features: FEATURES, ...model };
}

/** A fixed number for a name: folds must not change when photos are added. */
function draw(name: string): number {
  const digest = sha256(utf8ToBytes(`cairn-fold:${name}`));
  return (digest[0]! << 16) | (digest[1]! << 8) | digest[2]!;
}
