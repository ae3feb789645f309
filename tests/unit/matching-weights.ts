// LoFTR weights that match without training: tokens are compared by the angle between their random features.
import { loftrParameters } from '../../src/nets/loftr/loftr.ts';
import { LOFTR } from '../../src/nets/loftr/specs.ts';
import { startWeights } from '../../src/nets/parameters.ts';
import { fromFloat32, type Weights } from '../../src/weights/safetensors.ts';

/**
 * How much longer than what they were the tokens become, all alike: by so much that their angles decide. Of
 * the coarse ones by less, for their scores must stay below what masks take off (1e9).
 */
const GAIN = { loftr_coarse: 1e3, loftr_fine: 1e7 } as const;

/**
 * Each layer of the transformers adds nothing, but the last, which adds the token itself: its perceptron
 * gives back what it gets as relu(x) − relu(−x), its norm makes all tokens equally long. So a picture is
 * matched with itself cell by cell, and with a picture that differs a little where it does not.
 */
export function cosineWeights(spec: 'tiny' | 'tiny-lite'): Weights {
  const sizes = LOFTR[spec]!;
  const weights = new Map(startWeights(loftrParameters(sizes), 1));
  const put = (
    name: string,
    rows: number,
    columns: number,
    value: (r: number, c: number) => number,
  ) => {
    const values = Float32Array.from({ length: rows * columns }, (_, i) =>
      value(Math.floor(i / columns), i % columns),
    );
    weights.set(name, fromFloat32(values, columns === 1 ? [rows] : [rows, columns]));
  };
  for (const [part, channels, layers] of [
    ['loftr_coarse', sizes.channels[2], 2 * sizes.coarse.pairsOfLayers],
    ['loftr_fine', sizes.channels[0], 2 * sizes.fine.pairsOfLayers],
  ] as const) {
    for (let i = 0; i < layers; i++) {
      const layer = `${part}.layers.${i}`;
      const last = i === layers - 1;
      put(`${layer}.norm2.weight`, channels, 1, () => (last ? GAIN[part] : 0));
      put(`${layer}.mlp.0.weight`, 2 * channels, 2 * channels, (row, column) => {
        if (column !== row % channels) return 0;
        return row < channels ? 1 : -1;
      });
      put(`${layer}.mlp.2.weight`, channels, 2 * channels, (row, column) => {
        if (row !== column % channels) return 0;
        return column < channels ? 1 : -1;
      });
    }
  }
  return weights;
}
