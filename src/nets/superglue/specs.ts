// Sizes of SuperGlue: the published one and a tiny one for tests.

export interface SuperGlueSpec {
  /** Length of the descriptors, which all layers keep. */
  readonly channels: number;
  /** Channels within the network that places keypoints, before it gives `channels`. */
  readonly keypointEncoder: readonly number[];
  /** Divides the channels. */
  readonly heads: number;
  /** Each adds a layer within each picture and one across the two. */
  readonly pairsOfLayers: number;
  /** Of Sinkhorn's algorithm. */
  readonly iterations: number;
  readonly batchNormEps: number;
}

/** Sarlin et al. 2020; the epsilon is PyTorch's. */
const PUBLISHED: SuperGlueSpec = {
  channels: 256,
  keypointEncoder: [32, 64, 128, 256],
  heads: 4,
  pairsOfLayers: 9,
  iterations: 100,
  batchNormEps: 1e-5,
};

/** `outdoor` and `indoor` are the published size; `tiny`, for tests, has every kind of layer. */
export const SUPERGLUE: Readonly<Record<string, SuperGlueSpec>> = {
  outdoor: PUBLISHED,
  indoor: PUBLISHED,
  tiny: { ...PUBLISHED, channels: 16, keypointEncoder: [8, 12], pairsOfLayers: 2 },
};
