// Every number that a matcher is trained by: how pairs are made, what the loss weighs, and named runs.
import type { AugmentationPreset, Range } from '../augment/presets.ts';
import type { CoursePreset } from '../trainer/presets.ts';

/**
 * How a view looks at a photo. Perspective is SuperPoint's homographic adaptation as it is widely trained
 * (DeTone et al. 2018; rpautrat/SuperPoint, `superpoint_coco`: amplitude 0.2, drawn normally and cut at two
 * deviations, patch of 0.85 of the photo). Two views of a pair are drawn alike, so that between them scales
 * differ by up to 1.8 and angles by up to 50 degrees; SuperPoint turns by up to 90, but photos of buildings
 * are upright, and what stands upside down in training costs matches everywhere.
 */
export const VIEWS = {
  /** Share of the photo's sides that a view shows, its logarithm drawn evenly. */
  share: [0.55, 1] as Range,
  /** Shares of the photo's sides by which corners move, at most. */
  perspective: 0.2,
  /** Degrees to either side. */
  rotate: 25,
} as const;

/**
 * How two views differ in light: each is damaged for itself. SuperPoint's and LoFTR's lists hold brightness,
 * contrast and noise; JPEG is what photos on the web have.
 */
export const PHOTOMETRY: AugmentationPreset = {
  flip: 0,
  compression: { probability: 0.5, quality: [40, 100] },
  crop: null,
  shiftScaleRotate: null,
  colour: { probability: 0.9, brightness: 0.35, contrast: 0.4, saturation: 0.4 },
  grey: 0,
  cutout: null,
};

/** Deviation of the noise that a view gets, levels of 0..255. */
export const NOISE: Range = [0, 8];

/** Matches of a pair that the fine step is trained on; authors pad to a fixed number likewise. */
export const FINE_MATCHES = 64;

/** The authors' numbers (zju3dv/LoFTR, `src/config/default.py`; Lin et al. 2017 for the focal loss). */
export const MATCHER_LOSS = {
  alpha: 0.25,
  gamma: 2,
  /** `POS_WEIGHT` and `NEG_WEIGHT`. */
  positive: 1,
  negative: 1,
  /** `COARSE_WEIGHT` and `FINE_WEIGHT`. */
  coarse: 1,
  fine: 1,
} as const;

/** How a matcher is validated while it is trained. */
export const MATCHER_VALIDATION = {
  /** Pairs, of different photos, drawn by the seed: the same ones in all runs. */
  pairs: 32,
  seed: 20210101,
  /** A match is right up to this many pixels. */
  right: 3,
} as const;

const COMPACT: CoursePreset = {
  stages: [
    { size: 128, epochs: 12 },
    { size: 192, epochs: 6 },
    { size: 256, epochs: 2 },
  ],
  batch: 8,
  learningRate: 1e-3,
  weightDecay: 0.05,
  warmUp: 0.05,
  clipNorm: 5,
  averageDecay: 0.999,
};

export const MATCHER_PRESETS = {
  /** What two cores can train. */
  compact: COMPACT,
  /** For tests, and for looking whether everything works. */
  tiny: { ...COMPACT, stages: [{ size: 64, epochs: 1 }], batch: 4, learningRate: 2e-3 },
} as const satisfies Readonly<Record<string, CoursePreset>>;

export type MatcherPresetName = keyof typeof MATCHER_PRESETS;
