// Fits the decision on photos that neither the gallery nor the whitening has seen: out of fold.
import { isRight } from '../evaluation/recognition-metrics.ts';
import { predictionsByStage, rankQueries } from '../evaluation/stages.ts';
import { type DecisionModel, KINDS } from '../rerank/decision.ts';
import { decisionFeatures, FEATURES } from '../rerank/features.ts';
import type { RerankPreset } from '../rerank/presets.ts';
import type { DescribedPhoto } from './descriptors.ts';
import { FIT } from './fit-recipe.ts';
import { fitLogistic } from './logistic.ts';
import type { MemberLayout } from './metric.ts';
import { outOfFold } from './out-of-fold.ts';

/** A decision's sample: features and the outcome's index in `KINDS`. */
export interface DecisionSample {
  readonly features: readonly number[];
  readonly outcome: number;
}

/** Every out-of-fold query, as the ranking stages see it. */
export async function decisionSamples(
  photos: readonly DescribedPhoto[],
  layout: readonly MemberLayout[],
  preset: RerankPreset,
  onFold?: (done: number) => void,
): Promise<DecisionSample[]> {
  const samples: DecisionSample[] = [];
  for (let fold = 0; fold < FIT.folds; fold += 1) {
    const task = outOfFold(photos, layout, preset, fold);
    const ranked = await rankQueries(task.queries, task.search, task.bank, preset);
    const final = predictionsByStage(ranked, task.labels, preset, null).get('+mean') ?? [];
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
