// Sizes of SuperPoint: the published one and a tiny one for tests.

export interface SuperPointSpec {
  /** Channels of the encoder at 1/1, 1/2, 1/4 and 1/8 of the picture's size. */
  readonly channels: readonly [number, number, number, number];
  /** Channels within each of the two heads. */
  readonly head: number;
  /** Length of a descriptor. */
  readonly descriptor: number;
}

/** By how much the maps are smaller than the picture: its sides are multiples of it. */
export const CELL = 8;

/** `v1` is the published size, that of superpoint_v1.pth; `tiny`, for tests, has every layer. */
export const SUPERPOINT: Readonly<Record<string, SuperPointSpec>> = {
  v1: { channels: [64, 64, 128, 128], head: 256, descriptor: 256 },
  tiny: { channels: [4, 6, 8, 8], head: 12, descriptor: 16 },
};
