// Batches of pairs for a matcher in training, and the fixed ones that it is validated on.
import { type Role, roleOf } from '../../evaluation/protocol.ts';
import { viewSize } from '../../imaging/to-tensor.ts';
import { seededRandom } from '../../random.ts';
import type { BatchPlan } from '../../training/data/batch.ts';
import { Sampler, shuffle } from '../../training/data/sampler.ts';
import { mixSeeds } from '../../training/data/seeds.ts';
import type { PairBatch } from '../../training/matcher/make-pairs.ts';
import { MATCHER_VALIDATION } from '../../training/matcher/presets.ts';
import type { Place, RunPlan } from '../../training/trainer/run-plan.ts';
import { readSplit } from '../describe-photos.ts';
import type { ListedPhoto } from '../photo-list.ts';
import type { MatcherConfig } from './matcher-config.ts';
import { PairWorkers } from './train-worker-pool.ts';
import type { KnownPair } from './train-worker-protocol.ts';
import { type TrainingSet, trainingPhotos, withSizes } from './training-photos.ts';

/** Sides of the views are multiples of this: four coarse cells, so that there are few shapes. */
const MULTIPLE = 32;
/** Every network of ours takes sides that are multiples of it. */
export const LEAST_MULTIPLE = 16;

/**
 * Photos that pairs are made of: all that the protocol gives to training of the splits that are for it,
 * also those of no landmark. Throws `usage` when no landmark is left.
 */
export function pairPhotos(
  listed: readonly ListedPhoto[],
  limit: number | null,
): Promise<TrainingSet> {
  const wanted = listed.filter(({ split }) => split !== 'distractor');
  return trainingPhotos(wanted, { limit, unlabelled: true });
}

export interface PairBatches {
  readonly batch: (place: Place) => Promise<{ batch: PairBatch; targets: PairBatch }>;
  close(): Promise<void>;
}

export function openPairBatches(
  config: MatcherConfig,
  set: TrainingSet,
  pairs: readonly KnownPair[],
  plan: RunPlan,
): PairBatches {
  const files = set.photos.map(({ file }) => file);
  const source = new PairWorkers(files, pairs);
  const samplers = plan.stages.map(
    ({ size, stepsPerEpoch }) =>
      new Sampler(set, {
        seed: config.seed,
        batch: config.batch,
        steps: stepsPerEpoch,
        longestSide: size,
        multiple: size % MULTIPLE === 0 ? MULTIPLE : LEAST_MULTIPLE,
        unlabelled: true,
      }),
  );
  return {
    async batch({ stage, epoch, index }) {
      const photos = samplers[plan.stages.indexOf(stage)]!.plan(epoch, index); // stages are the plan's
      const batch = await source.load(
        withReal(photos, files.length, pairs.length, config.pairsShare),
      );
      return { batch, targets: batch };
    },
    close: () => source.close(),
  };
}

/** The plan with each photo's place taken by a real pair at a probability of `share`. */
function withReal(plan: BatchPlan, files: number, pairs: number, share: number): BatchPlan {
  if (pairs === 0) return plan;
  const random = seededRandom(mixSeeds(plan.seed, files));
  const photos = plan.photos.map((photo) =>
    random() < share ? files + Math.floor(random() * pairs) : photo,
  );
  return { ...plan, photos };
}

/** Landmarks of the validation protocol, none of which training sees. */
const VALIDATION_ROLES: readonly Role[] = ['known', 'new', 'unlisted', 'gallery-new'];

/**
 * The pairs that every run is validated on: photos drawn by a seed of their own, each in its own shape.
 * Empty where the manifest has no photo of the validation protocol.
 */
export async function validationPairs(
  listed: readonly ListedPhoto[],
  longestSide: number,
): Promise<PairBatch[]> {
  const split = await readSplit();
  const candidates = listed.filter((row) => VALIDATION_ROLES.includes(roleOf(row, split)));
  const sorted = [...candidates].sort((a, b) => (a.path < b.path ? -1 : 1));
  shuffle(sorted, seededRandom(MATCHER_VALIDATION.seed));
  const photos = await withSizes(sorted.slice(0, MATCHER_VALIDATION.pairs));
  const source = new PairWorkers(photos.map(({ file }) => file));
  try {
    const plans = photos.map(({ width, height }, n) => ({
      ...viewSize(width, height, longestSide, LEAST_MULTIPLE),
      photos: [n],
      seed: mixSeeds(MATCHER_VALIDATION.seed, n),
    }));
    return await Promise.all(plans.map((plan) => source.load(plan)));
  } finally {
    await source.close();
  }
}
