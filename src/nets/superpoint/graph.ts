// SuperPoint as an ONNX file: the maps of one picture.
import { OnnxOps, type OnnxOptions } from '../../tensor/onnx-ops.ts';
import type { Weights } from '../../weights/safetensors.ts';
import { specNamed } from '../specs.ts';
import { SUPERPOINT } from './specs.ts';
import { superPoint } from './superpoint.ts';

/**
 * `image` [N, 1, H, W] → `corners` [N, H/8 · W/8, 65], `descriptors` [N, H/8 · W/8, C], as
 * {@link superPoint}. The sides are free multiples of 8.
 * Throws `model-invalid` for an unknown spec, or weights that miss a parameter or do not fit.
 */
export function superPointGraph(
  weights: Weights,
  specName: string,
  options: OnnxOptions = {},
): Uint8Array<ArrayBuffer> {
  specNamed(SUPERPOINT, specName);
  const ops = new OnnxOps(options);
  const p = ops.params(weights, `the weights of superpoint/${specName}`);
  const image = ops.input('image', ['N', 1, 'H', 'W']);
  return ops.encode(`superpoint/${specName}`, { ...superPoint(ops, p, image) });
}
