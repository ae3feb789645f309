// Sizes of LoFTR: the published one, a compact one of ours, and a tiny one for tests.

/** How fast the waves of the position encoding grow longer; see positions.ts. */
export type PositionKind = 'released' | 'fixed';

export interface TransformerSpec {
  readonly heads: number;
  /** Each adds a layer within each picture and one across the two. */
  readonly pairsOfLayers: number;
}

export interface LoftrSpec {
  /** Channels after the first convolution, at half the picture's size. */
  readonly stem: number;
  /** Channels of the maps at 1/2, 1/4 and 1/8: the first are the fine features', the last the coarse ones'. */
  readonly channels: readonly [number, number, number];
  readonly positions: PositionKind;
  readonly coarse: TransformerSpec;
  readonly fine: TransformerSpec;
  /** The confidences' softmax divides by this. */
  readonly temperature: number;
  /**
   * Where the centre of the picture's first pixel lies in the coordinates that the network finds: cell x
   * of the coarse map stands at 8 · x there. The published networks learned it at 0.5 (kornia 0.9, LoFTR's
   * "Convention"); centred convolutions put it at 0.
   */
  readonly firstPixel: number;
  readonly batchNormEps: number;
  readonly layerNormEps: number;
  /** Keeps linear attention's division finite. */
  readonly attentionEps: number;
}

/** By how much the coarse and the fine map are smaller than the picture; its sides are multiples of the first. */
export const COARSE_STRIDE = 8;
export const FINE_STRIDE = 2;
/** Side of the windows of the fine map in which a match is refined. */
export const FINE_WINDOW = 5;
/** Pixels that an offset of 1 of the fine step moves a point by: half a window. */
export const FINE_REACH = ((FINE_WINDOW - 1) / 2) * FINE_STRIDE;

/** Sun et al. 2021 and PyTorch's constants. */
const COMMON = {
  temperature: 0.1,
  batchNormEps: 1e-5,
  layerNormEps: 1e-5,
  attentionEps: 1e-6,
} as const;

const PUBLISHED: LoftrSpec = {
  ...COMMON,
  stem: 128,
  channels: [128, 196, 256],
  positions: 'released',
  coarse: { heads: 8, pairsOfLayers: 4 },
  fine: { heads: 8, pairsOfLayers: 1 },
  firstPixel: 0.5,
};

/**
 * `outdoor` and `indoor` are the published size with the position encoding of outdoor_ds.ckpt and
 * indoor_ds.ckpt, `indoor_new` with that of indoor_ds_new.ckpt. `compact` is for phones and CPUs; `tiny`,
 * for tests, has every kind of layer.
 */
export const LOFTR: Readonly<Record<string, LoftrSpec>> = {
  outdoor: PUBLISHED,
  indoor: PUBLISHED,
  indoor_new: { ...PUBLISHED, positions: 'fixed' },
  compact: {
    ...COMMON,
    stem: 24,
    channels: [24, 32, 80],
    positions: 'fixed',
    coarse: { heads: 4, pairsOfLayers: 2 },
    fine: { heads: 4, pairsOfLayers: 1 },
    firstPixel: 0,
  },
  tiny: {
    ...COMMON,
    stem: 8,
    channels: [8, 12, 16],
    positions: 'fixed',
    coarse: { heads: 4, pairsOfLayers: 2 },
    fine: { heads: 2, pairsOfLayers: 1 },
    firstPixel: 0,
  },
};
