// Sizes of Swin Transformer: the published ones by timm's names, and compact ones of ours.
export interface SwinSpec {
  /** Side of the square patches that become tokens. */
  readonly patch: number;
  /** Side of the windows within which tokens see each other, in tokens. */
  readonly window: number;
  /** Channels of the first stage; each further one doubles them. */
  readonly channels: number;
  readonly stages: readonly { readonly blocks: number; readonly heads: number }[];
  /** Hidden width of the perceptrons relative to the channels. */
  readonly mlpRatio: number;
  readonly normEps: number;
}

/** Swin Transformer's constants (Liu et al. 2021), and PyTorch's for LayerNorm. */
const COMMON = { patch: 4, mlpRatio: 4, normEps: 1e-5 } as const;

function spec(
  channels: number,
  window: number,
  blocks: readonly number[],
  heads: readonly number[],
): SwinSpec {
  const stages = blocks.map((count, i) => ({ blocks: count, heads: heads[i]! }));
  return { ...COMMON, channels, window, stages };
}

const TINY_HEADS = [3, 6, 12, 24];
const BASE_HEADS = [4, 8, 16, 32];

/** `compact` is for phones; `tiny`, for tests, has windows that fit no map. */
export const SWIN: Readonly<Record<string, SwinSpec>> = {
  swin_tiny_patch4_window7_224: spec(96, 7, [2, 2, 6, 2], TINY_HEADS),
  swin_small_patch4_window7_224: spec(96, 7, [2, 2, 18, 2], TINY_HEADS),
  swin_base_patch4_window7_224: spec(128, 7, [2, 2, 18, 2], BASE_HEADS),
  swin_base_patch4_window12_384: spec(128, 12, [2, 2, 18, 2], BASE_HEADS),
  compact: spec(32, 7, [2, 2, 6, 2], [1, 2, 4, 8]),
  tiny: spec(8, 3, [2, 2, 2, 1], [1, 2, 4, 8]),
};
