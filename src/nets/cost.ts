// What a network costs at an input size.
import { ShapeOps } from '../tensor/shape-ops.ts';
import { network } from './networks.ts';
import { parameterShapes } from './parameters.ts';

/**
 * Multiply-accumulates for one photo of `height` × `width` pixels, without pooling and whitening after the
 * network. Throws `model-invalid` for an unknown network, `usage` for a size that does not fit it.
 */
export function countMacs(arch: string, spec: string, height: number, width: number): number {
  const ops = new ShapeOps();
  const params = ops.params(parameterShapes(arch, spec), `the network ${arch}/${spec}`);
  network(arch, spec).maps(ops, params, { dims: [1, 3, height, width] });
  return ops.macs;
}
