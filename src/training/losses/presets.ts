// What each loss is called, and the numbers that it was published with.

export const LOSS_NAMES = [
  'softmax',
  'arcface',
  'cosface',
  'adacos',
  'curricularface',
  'subcentre-arcface',
] as const;

/** Losses that learn a direction for each class. */
export type LossName = (typeof LOSS_NAMES)[number];

/** Every loss on labelled photos. Triplets learn no directions: see triplet.ts. */
export const TRAINING_LOSSES = [...LOSS_NAMES, 'triplet'] as const;
export type TrainingLoss = (typeof TRAINING_LOSSES)[number];

/**
 * Photos of a class that should come to a batch together: a loss that learns from pairs of a batch finds
 * next to none in batches of photos that were drawn one by one from hundreds of classes.
 */
export function photosTogether(loss: TrainingLoss): number {
  return loss === 'triplet' ? 4 : 1;
}

/** A margin that is wider for classes with fewer photos: widest · n^(−power) + least, in radians. */
export interface DynamicMargin {
  readonly widest: number;
  readonly power: number;
  readonly least: number;
}

export interface LossPreset {
  /** What cosines are multiplied by before the softmax; AdaCos finds its own. */
  readonly scale: number;
  /** Radians that are added to the right class's angle; CosFace: what is taken from its cosine. */
  readonly margin: number;
  /** Directions a class; the nearest one counts, so that wrongly labelled photos get their own. */
  readonly subcentres: number;
  /** Takes the place of `margin` where the classes' counts of photos are known. */
  readonly dynamicMargin: DynamicMargin | null;
  /** The share of the target that all classes get alike: 0 leaves labels as they are. */
  readonly smoothing: number;
}

const PLAIN: LossPreset = {
  scale: 30,
  margin: 0,
  subcentres: 1,
  dynamicMargin: null,
  smoothing: 0,
};

export const LOSS_PRESETS: Readonly<Record<LossName, LossPreset>> = {
  /**
   * Wang et al., "NormFace" (2017): normalised features and classes. 30 is well above the least scale that
   * its equation allows for thousands of classes, and the others' here: they differ by their margin alone.
   */
  softmax: PLAIN,
  /** Deng et al., "ArcFace" (2019): m = 0.5; s = 30 as its best-known PyTorch version has it (64 for faces). */
  arcface: { ...PLAIN, margin: 0.5 },
  /** Wang et al., "CosFace" (2018): m = 0.35. */
  cosface: { ...PLAIN, margin: 0.35 },
  /** Zhang et al., "AdaCos" (2019): no margin, and no scale to choose. */
  adacos: PLAIN,
  /** Huang et al., "CurricularFace" (2020), with the numbers of the gold-medal recipe. */
  curricularface: { ...PLAIN, margin: 0.4 },
  /**
   * Deng et al., "Sub-center ArcFace" (2020), as the third place of Google Landmark Recognition 2020 used
   * it: Ha et al., arXiv 2010.05350, margins 0.5 · n^(−1/4) + 0.05. The scale and the margin that stands in
   * where counts are not known are those of the competition's winners.
   */
  'subcentre-arcface': {
    ...PLAIN,
    scale: 45,
    margin: 0.4,
    subcentres: 3,
    dynamicMargin: { widest: 0.5, power: 0.25, least: 0.05 },
  },
};
