// SuperGlue as an ONNX file: scores between the keypoints of two pictures.
import { OnnxOps, type OnnxOptions, type OnnxValue } from '../../tensor/onnx-ops.ts';
import type { Weights } from '../../weights/safetensors.ts';
import { specNamed } from '../specs.ts';
import { SUPERGLUE } from './specs.ts';
import { type KeypointSide, superGlue } from './superglue.ts';

export interface SuperGlueGraphOptions extends OnnxOptions {
  /** Rows of the inputs may be padding, which masks tell. */
  readonly masked?: boolean;
}

/**
 * `descriptors0` [N, L, C], `places0` [N, L, 3], where masked `mask0` [N, L, 1], and likewise `…1` with S →
 * `scores` [N, L, S], as {@link superGlue}. L and S are free.
 * Throws `model-invalid` for an unknown spec, or weights that miss a parameter or do not fit.
 */
export function superGlueGraph(
  weights: Weights,
  specName: string,
  { masked = false, ...options }: SuperGlueGraphOptions = {},
): Uint8Array<ArrayBuffer> {
  const spec = specNamed(SUPERGLUE, specName);
  const ops = new OnnxOps(options);
  const p = ops.params(weights, `the weights of superglue/${specName}`);
  const [a, b] = ['L', 'S'].map((length, i) => ({
    descriptors: ops.input(`descriptors${i}`, ['N', length, spec.channels]),
    places: ops.input(`places${i}`, ['N', length, 3]),
    mask: masked ? ops.input(`mask${i}`, ['N', length, 1]) : null,
  })) as [KeypointSide<OnnxValue>, KeypointSide<OnnxValue>];
  return ops.encode(`superglue/${specName}`, { scores: superGlue(ops, p, [a, b], spec) });
}
