// LoFTR's three steps as ONNX files: features of one picture, the coarse step of two, the fine step of K matches.
import { OnnxOps, type OnnxOptions, type OnnxValue } from '../../tensor/onnx-ops.ts';
import type { Params } from '../../tensor/ops.ts';
import type { Weights } from '../../weights/safetensors.ts';
import { specNamed } from '../specs.ts';
import {
  type CoarseSide,
  loftrCoarse,
  loftrConfidence,
  loftrFeatures,
  loftrFine,
  loftrMaxima,
} from './loftr.ts';
import { FINE_WINDOW, LOFTR, type LoftrSpec } from './specs.ts';

export interface LoftrGraphOptions {
  /** Convolutions and linear layers compute in float16; attention, norms and confidences stay float32. */
  readonly fp16?: boolean;
  /** Weights lie in the file as float16 (half its size) but compute in float32. */
  readonly fp16Weights?: boolean;
}

/** Each emits its graph. Throws `model-invalid` for an unknown spec, or weights that miss a parameter or do not fit. */
export interface LoftrGraphs {
  /**
   * `image` [N, 1, H, W] → `coarse` [N, H/8 · W/8, coarse], `fine` [N, H/2 · W/2, fine]; as
   * {@link loftrFeatures}. The sides are free where no size is given, multiples of
   * `pictureMultiple`.
   */
  features(size?: { readonly width: number; readonly height: number }): Uint8Array<ArrayBuffer>;
  /**
   * `tokens0`, `positions0` [N, L, coarse], `mask0` [N, L, 1], and likewise `…1` with S →
   * `coarse0`, `coarse1` (transformed), `rows`, `places` [N, L], `columns` [N, S] (the confidences'
   * maxima). With `confidence` the matrix [N, L, S] too, to look at.
   */
  coarse(options?: { readonly confidence?: boolean }): Uint8Array<ArrayBuffer>;
  /**
   * `windows0`, `windows1` [K, 25, fine], `cells0`, `cells1` [K, 1, coarse], `used` [K, 1, 1] (1 or 0) →
   * `offsets` [K, 1, 3], as {@link loftrFine}, zeros in unused rows. K is free.
   */
  fine(): Uint8Array<ArrayBuffer>;
}

export function loftrGraphs(
  weights: Weights,
  specName: string,
  options: LoftrGraphOptions = {},
): LoftrGraphs {
  const spec = specNamed(LOFTR, specName);
  const [fine, , coarse] = spec.channels;
  const onnx: OnnxOptions = {
    compute: options.fp16 ? 'float16' : 'float32',
    storage: options.fp16 || options.fp16Weights ? 'float16' : 'float32',
  };
  const record = (
    step: string,
    body: (ops: OnnxOps, p: Params<OnnxValue>) => Readonly<Record<string, OnnxValue>>,
  ) => {
    const ops = new OnnxOps(onnx);
    const outputs = body(ops, ops.params(weights, `the weights of loftr/${specName}`));
    return ops.encode(`loftr/${specName}/${step}`, outputs);
  };
  return {
    features: (size) =>
      record('features', (ops, p) => {
        const { height = 'H', width = 'W' } = size ?? {};
        return { ...loftrFeatures(ops, p, ops.input('image', ['N', 1, height, width]), spec) };
      }),
    coarse: ({ confidence = false } = {}) =>
      record('coarse', (ops, p) => {
        const sides = [0, 1].map((i) => coarseInputs(ops, i, spec)) as [Side, Side];
        const [coarse0, coarse1] = loftrCoarse(ops, p, sides, spec);
        const seen = [
          { tokens: coarse0, mask: sides[0].mask },
          { tokens: coarse1, mask: sides[1].mask },
        ] as const;
        const matrix = loftrConfidence(ops, seen, spec);
        const found = { coarse0, coarse1, ...loftrMaxima(ops, matrix) };
        return confidence ? { ...found, confidence: matrix } : found;
      }),
    fine: () =>
      record('fine', (ops, p) => {
        const area = FINE_WINDOW ** 2;
        const sides = [0, 1].map((i) => ({
          windows: ops.input(`windows${i}`, ['K', area, fine]),
          cells: ops.input(`cells${i}`, ['K', 1, coarse]),
        }));
        const [a, b] = sides as [(typeof sides)[0], (typeof sides)[0]];
        const used = ops.input('used', ['K', 1, 1]);
        return { offsets: ops.mul(loftrFine(ops, p, [a, b], spec), used) };
      }),
  };
}

type Side = CoarseSide<OnnxValue>;

function coarseInputs(ops: OnnxOps, i: number, spec: LoftrSpec): Side {
  const length = i === 0 ? 'L' : 'S';
  const channels = spec.channels[2];
  return {
    tokens: ops.input(`tokens${i}`, ['N', length, channels]),
    positions: ops.input(`positions${i}`, ['N', length, channels]),
    mask: ops.input(`mask${i}`, ['N', length, 1]),
  };
}
