// What a trained head is held against: pooled vectors as they are, and the whitening that `cairn fit` learns.
import { type DescribedPhoto, embedAll, flatten } from '../descriptors.ts';
import { FIT } from '../fit-recipe.ts';
import { learnMetric } from '../metric.ts';
import { scoreEmbeddings, type ValidationScores } from '../trainer/validation.ts';
import { ABLATION_RUN, type Reference } from './presets.ts';

/**
 * Learns, where there is something to learn, from the roles `train` and `train-extra` alone.
 * @param photos with pooled vectors as descriptors, L2-normalised
 */
export function runReference(
  photos: readonly DescribedPhoto[],
  kind: Reference,
): Promise<ValidationScores> {
  if (kind === 'untrained') return scoreEmbeddings(photos);
  const learned = photos.filter(({ role }) => role === 'train' || role === 'train-extra');
  const length = photos[0]?.descriptor.length ?? 0;
  const metric = learnMetric(
    flatten(
      learned.map(({ descriptor }) => descriptor),
      length,
    ),
    learned.map(({ label }) => label),
    [{ length, weight: 1 }],
    { ...FIT, dim: ABLATION_RUN.dim },
  );
  const vectors = embedAll(photos, metric);
  return scoreEmbeddings(photos.map((photo, i) => ({ ...photo, descriptor: vectors[i]! })));
}
