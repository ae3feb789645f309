// Sizes of NFNet: the published ones by timm's names, and compact ones of ours.
export interface NfNetSpec {
  /** Channels after the stem's four convolutions, which hold an eighth, a quarter, half and all of them. */
  readonly stem: number;
  /** Blocks of each stage, and the channels that leave it. */
  readonly stages: readonly { readonly blocks: number; readonly channels: number }[];
  /** Channels of the final 1 × 1 convolution. */
  readonly head: number;
  /** Width inside a block, relative to its output. */
  readonly bottleneck: number;
  /** Channels of each group in the 3 × 3 convolutions. */
  readonly groupSize: number;
  readonly activation: 'gelu' | 'silu';
  /** Squeeze-and-excitation with its hidden width relative to the channels, or efficient channel attention. */
  readonly attention: { readonly kind: 'se'; readonly ratio: number } | { readonly kind: 'eca' };
  /** As DeepMind's own weights want it: TensorFlow's padding, and a learned gain on every residual. */
  readonly deepMind: boolean;
  /** Scales every residual branch; the variance of a stage grows by its square with each block. */
  readonly alpha: number;
  readonly standardiseEps: number;
}

/** Brock et al. 2021 (arXiv:2102.06171), sections 3 and 4, and timm's ScaledStdConv2d. */
const COMMON = { alpha: 0.2, standardiseEps: 1e-5 } as const;
const F_CHANNELS = [256, 512, 1536, 1536];
const F_STEM = 128;
/** Depths of F0; F1 has twice as many blocks, and so on. */
const F_BLOCKS = [1, 2, 6, 3];

function stages(channels: readonly number[], blocks: readonly number[]): NfNetSpec['stages'] {
  return channels.map((width, i) => ({ channels: width, blocks: blocks[i]! }));
}

/** NFNet-F of Brock et al. 2021; `depth` is 1 for F0, 2 for F1. */
function large(depth: number, deepMind: boolean): NfNetSpec {
  return {
    ...COMMON,
    stem: F_STEM,
    stages: stages(
      F_CHANNELS,
      F_BLOCKS.map((blocks) => blocks * depth),
    ),
    head: 3072,
    bottleneck: 0.5,
    groupSize: 128,
    activation: 'gelu',
    attention: { kind: 'se', ratio: 0.5 },
    deepMind,
  };
}

/** timm's light variants: narrower blocks, SiLU. */
function light(depth: number, head: number, attention: NfNetSpec['attention']): NfNetSpec {
  return {
    ...large(depth, false),
    head,
    bottleneck: 0.25,
    groupSize: 64,
    activation: 'silu',
    attention,
  };
}

/** `compact` is for phones; the tiny ones, for tests, have every kind of block in little room. */
export const NFNET: Readonly<Record<string, NfNetSpec>> = {
  dm_nfnet_f0: large(1, true),
  dm_nfnet_f1: large(2, true),
  nfnet_f0: large(1, false),
  nfnet_f1: large(2, false),
  nfnet_l0: light(1, 2304, { kind: 'se', ratio: 0.25 }),
  eca_nfnet_l0: light(1, 2304, { kind: 'eca' }),
  eca_nfnet_l1: light(2, 3072, { kind: 'eca' }),
  compact: {
    ...light(1, 768, { kind: 'eca' }),
    stem: 32,
    stages: stages([96, 192, 640, 640], F_BLOCKS),
    groupSize: 8,
  },
  tiny: {
    ...large(1, true),
    stem: 32,
    stages: stages([16, 32, 48, 48], [1, 2, 2, 1]),
    head: 96,
    groupSize: 8,
  },
  tiny_eca: {
    ...light(1, 64, { kind: 'eca' }),
    stem: 32,
    stages: stages([32, 64, 96, 96], [1, 2, 2, 1]),
    groupSize: 8,
  },
};
