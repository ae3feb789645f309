// What a network costs at an input size.
import { ShapeOps, type Sized } from '../tensor/shape-ops.ts';
import { network } from './networks.ts';
import { parameterShapes } from './parameters.ts';

/**
 * Multiply-accumulates for one photo of `height` × `width` pixels, without pooling and whitening after the
 * network. Throws `model-invalid` for an unknown network, `usage` for a size that does not fit it.
 */
export function countMacs(arch: string, spec: string, height: number, width: number): number {
  return countCost(arch, spec, height, width).macs;
}

export interface NetworkCost {
  /** Multiply-accumulates for one photo. */
  readonly macs: number;
  /** Numbers in the results of all operations: what gradients need to be kept. */
  readonly activations: number;
}

/** As {@link countMacs}, with the numbers that training keeps for the gradients. */
export function countCost(arch: string, spec: string, height: number, width: number): NetworkCost {
  const ops = new ShapeOps();
  let activations = 0;
  const counting = new Proxy(ops, {
    get(target, name) {
      const member = Reflect.get(target, name) as unknown;
      // Scopes and shapes pass through: they make nothing.
      if (typeof member !== 'function' || name === 'scope' || name === 'shape') return member;
      return (...given: unknown[]) => {
        const result = member.apply(target, given) as Sized;
        if (result?.dims) activations += result.dims.reduce((product, side) => product * side, 1);
        return result;
      };
    },
  });
  const params = ops.params(parameterShapes(arch, spec), `the network ${arch}/${spec}`);
  network(arch, spec).maps(counting, params, { dims: [1, 3, height, width] });
  return { macs: ops.macs, activations };
}
