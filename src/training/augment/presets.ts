// Named augmentations: what may happen to a photo before a network learns from it, and how often.

/** Inclusive range of a uniform draw. */
export type Range = readonly [low: number, high: number];

/**
 * Steps in the order in which they are done. `probability` is that of the whole step; a step that is
 * null never happens. Sides and shifts are shares of the image, so that one preset serves all sizes.
 */
export interface AugmentationPreset {
  /** Probability of mirroring left and right. */
  readonly flip: number;
  /** JPEG encoding and decoding at the source's size; quality 1..100. */
  readonly compression: { readonly probability: number; readonly quality: Range } | null;
  /** Random resized crop: share of the photo's area kept, and what its aspect ratio is multiplied by. */
  readonly crop: {
    readonly probability: number;
    readonly area: Range;
    readonly aspect: Range;
  } | null;
  /** One affine map: shift ± share of the sides, enlarged by 1 ± scale, turned by ± degrees. */
  readonly shiftScaleRotate: {
    readonly probability: number;
    readonly shift: number;
    readonly scale: number;
    readonly rotate: number;
  } | null;
  /** Brightness, contrast and saturation are multiplied by 1 ± these. */
  readonly colour: {
    readonly probability: number;
    readonly brightness: number;
    readonly contrast: number;
    readonly saturation: number;
  } | null;
  /** Probability of losing all colour. */
  readonly grey: number;
  /**
   * One square of `side` × √(width · height) around a point anywhere in the image, cut at its border,
   * filled with one level 0..255 (DeVries and Taylor 2017).
   */
  readonly cutout: {
    readonly probability: number;
    readonly side: number;
    readonly fill: number;
  } | null;
}

export const AUGMENTATIONS = {
  /**
   * Flip, JPEG, shift-scale-rotate, cutout: the steps, their order and probabilities of the transforms
   * that GLDv2's prize winners share (haqishen/Google-Landmark-Recognition-2020-3rd-Place-Solution,
   * `get_transforms`; christofhenkel took the same in 2021), with albumentations' default probability
   * where they give none. Their JPEG of 99..100 does nothing: ours has the range of photos on the web;
   * shifts and scales are milder, since borders are reflected instead of black.
   */
  recipe: {
    flip: 0.5,
    compression: { probability: 0.5, quality: [60, 100] },
    crop: null,
    shiftScaleRotate: { probability: 0.7, shift: 0.1, scale: 0.15, rotate: 10 },
    colour: null,
    grey: 0,
    cutout: { probability: 0.5, side: 0.4, fill: 0 },
  },
  /** For distillation: the teacher saw the whole photo, so nearly all of it stays in sight. */
  light: {
    flip: 0.5,
    compression: null,
    crop: { probability: 1, area: [0.7, 1], aspect: [0.9, 1 / 0.9] },
    shiftScaleRotate: null,
    colour: { probability: 0.5, brightness: 0.2, contrast: 0.2, saturation: 0.2 },
    grey: 0.05,
    cutout: null,
  },
  /** Photos as the encoder sees them (imaging/to-tensor.ts). */
  none: {
    flip: 0,
    compression: null,
    crop: null,
    shiftScaleRotate: null,
    colour: null,
    grey: 0,
    cutout: null,
  },
} as const satisfies Readonly<Record<string, AugmentationPreset>>;

export type AugmentationName = keyof typeof AUGMENTATIONS;
