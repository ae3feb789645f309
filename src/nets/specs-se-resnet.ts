// Sizes of SE-ResNet: the published ones by timm's names, and compact ones of ours.
export interface SeResNetSpec {
  /** Channels after the first convolution. */
  readonly stem: number;
  /** Bottlenecks of each stage, and the width inside them; four times as many channels leave a stage. */
  readonly stages: readonly { readonly blocks: number; readonly width: number }[];
  readonly batchNormEps: number;
}

/** PyTorch's constant. */
const BATCH_NORM_EPS = 1e-5;

function spec(stem: number, widths: readonly number[], blocks: readonly number[]): SeResNetSpec {
  const stages = widths.map((width, i) => ({ width, blocks: blocks[i]! }));
  return { stem, stages, batchNormEps: BATCH_NORM_EPS };
}

const WIDTHS = [64, 128, 256, 512];

/**
 * SE-ResNet (Hu et al. 2018) on ResNet's bottlenecks (He et al. 2016). `compact` is for phones,
 * `tiny` for tests.
 */
export const SE_RESNET: Readonly<Record<string, SeResNetSpec>> = {
  seresnet50: spec(64, WIDTHS, [3, 4, 6, 3]),
  seresnet101: spec(64, WIDTHS, [3, 4, 23, 3]),
  seresnet152: spec(64, WIDTHS, [3, 8, 36, 3]),
  compact: spec(32, [24, 48, 96, 192], [2, 3, 6, 3]),
  tiny: spec(64, [4, 6, 8, 10], [2, 1, 2, 1]),
};
