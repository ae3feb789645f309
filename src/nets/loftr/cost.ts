// What LoFTR costs, by its steps: multiply-accumulates, as is customary.
import { ShapeOps } from '../../tensor/shape-ops.ts';
import { specNamed } from '../specs.ts';
import {
  loftrCoarse,
  loftrConfidence,
  loftrFeatures,
  loftrFine,
  loftrParameters,
} from './loftr.ts';
import { COARSE_STRIDE, FINE_WINDOW, LOFTR } from './specs.ts';

export interface LoftrCost {
  /** Of one picture. */
  readonly features: number;
  /** Of a pair, with the confidences. */
  readonly coarse: number;
  /** Of all refined matches of a pair. */
  readonly fine: number;
}

/** For pictures of one size, sides being multiples of 8. Throws `model-invalid` for an unknown spec. */
export function loftrCost(
  specName: string,
  { width, height }: { readonly width: number; readonly height: number },
  matches: number,
): LoftrCost {
  const spec = specNamed(LOFTR, specName);
  const shapes = new Map(
    [...loftrParameters(spec)].map(([name, { shape }]) => [name, shape] as const),
  );
  const count = (step: (ops: ShapeOps, p: ReturnType<ShapeOps['params']>) => unknown) => {
    const ops = new ShapeOps();
    step(ops, ops.params(shapes, `loftr/${specName}`));
    return ops.macs;
  };
  const [fine, , coarse] = spec.channels;
  const length = (width / COARSE_STRIDE) * (height / COARSE_STRIDE);
  const tokens = { dims: [1, length, coarse] };
  const side = { tokens, positions: tokens, mask: { dims: [1, length, 1] } };
  const match = {
    windows: { dims: [matches, FINE_WINDOW ** 2, fine] },
    cells: { dims: [matches, 1, coarse] },
  };
  return {
    features: count((ops, p) => loftrFeatures(ops, p, { dims: [1, 1, height, width] }, spec)),
    coarse: count((ops, p) => {
      loftrCoarse(ops, p, [side, side], spec);
      loftrConfidence(ops, [side, side], spec);
    }),
    fine: count((ops, p) => loftrFine(ops, p, [match, match], spec)),
  };
}
