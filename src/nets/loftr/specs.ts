// Sizes of LoFTR: the published one, a compact one of ours, and a tiny one for tests.

/** How fast the waves of the position encoding grow longer; see positions.ts. */
export type PositionKind = 'released' | 'fixed';

export interface TransformerSpec {
  readonly heads: number;
  /** Each adds a layer within each picture and one across the two. */
  readonly pairsOfLayers: number;
}

/**
 * What looks at the picture. `resnet` is the authors' network; `stem` are its channels after the first
 * convolution. `efficientnet-lite` are the first stages of that network down to 1/16, of a size in its
 * table, which come trained on photos.
 */
export type LoftrBackbone =
  | { readonly kind: 'resnet'; readonly stem: number }
  | { readonly kind: 'efficientnet-lite'; readonly size: string };

export interface LoftrSpec {
  readonly backbone: LoftrBackbone;
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
  backbone: { kind: 'resnet', stem: 128 },
  channels: [128, 196, 256],
  positions: 'released',
  coarse: { heads: 8, pairsOfLayers: 4 },
  fine: { heads: 8, pairsOfLayers: 1 },
  firstPixel: 0.5,
};

/**
 * `outdoor` and `indoor` are the published size with the position encoding of outdoor_ds.ckpt and
 * indoor_ds.ckpt, `indoor_new` with that of indoor_ds_new.ckpt. `compact` and `lite0` are for phones and
 * CPUs; `tiny` and `tiny-lite`, for tests, have every kind of layer.
 */
export const LOFTR: Readonly<Record<string, LoftrSpec>> = {
  outdoor: PUBLISHED,
  indoor: PUBLISHED,
  indoor_new: { ...PUBLISHED, positions: 'fixed' },
  compact: {
    ...COMMON,
    backbone: { kind: 'resnet', stem: 24 },
    channels: [24, 32, 80],
    positions: 'fixed',
    coarse: { heads: 4, pairsOfLayers: 2 },
    fine: { heads: 4, pairsOfLayers: 1 },
    firstPixel: 0,
  },
  lite0: {
    ...COMMON,
    backbone: { kind: 'efficientnet-lite', size: 'lite0' },
    channels: [24, 40, 96],
    positions: 'fixed',
    coarse: { heads: 4, pairsOfLayers: 2 },
    fine: { heads: 4, pairsOfLayers: 1 },
    firstPixel: 0,
  },
  tiny: {
    ...COMMON,
    backbone: { kind: 'resnet', stem: 8 },
    channels: [8, 12, 16],
    positions: 'fixed',
    coarse: { heads: 4, pairsOfLayers: 2 },
    fine: { heads: 2, pairsOfLayers: 1 },
    firstPixel: 0,
  },
  'tiny-lite': {
    ...COMMON,
    backbone: { kind: 'efficientnet-lite', size: 'tiny' },
    channels: [8, 12, 16],
    positions: 'fixed',
    coarse: { heads: 4, pairsOfLayers: 1 },
    fine: { heads: 2, pairsOfLayers: 1 },
    firstPixel: 0,
  },
};

/** The sides of a picture are multiples of it, in pixels: what the deepest map is smaller by. */
export function pictureMultiple({ backbone }: LoftrSpec): number {
  return backbone.kind === 'resnet' ? COARSE_STRIDE : 2 * COARSE_STRIDE;
}
