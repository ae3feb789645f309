// Layers that take their parameters by module name, as PyTorch modules do: what networks are built from.
import type { Conv2dOptions, Ops, Pads, Params } from '../tensor/ops.ts';

/** `<name>.weight` and, where it exists, `<name>.bias` of an `nn.Conv2d`. */
export function conv<T>(
  ops: Ops<T>,
  p: Params<T>,
  name: string,
  x: T,
  options: Conv2dOptions = {},
): T {
  const own = p.scope(name);
  const bias = own.has('bias') ? own.get('bias') : null;
  return ops.scope(name, () => ops.conv2d(x, own.get('weight'), bias, options));
}

/** `<name>.weight`, `.bias`, `.running_mean` and `.running_var` of an `nn.BatchNorm2d`. */
export function batchNorm<T>(ops: Ops<T>, p: Params<T>, name: string, x: T, eps: number): T {
  const own = p.scope(name);
  const params = {
    weight: own.get('weight'),
    bias: own.get('bias'),
    runningMean: own.get('running_mean'),
    runningVar: own.get('running_var'),
  };
  return ops.scope(name, () => ops.batchNorm(x, params, eps));
}

/** `<name>.weight` and, where it exists, `<name>.bias` of an `nn.Linear`. */
export function linear<T>(ops: Ops<T>, p: Params<T>, name: string, x: T): T {
  const own = p.scope(name);
  const bias = own.has('bias') ? own.get('bias') : null;
  return ops.scope(name, () => ops.linear(x, own.get('weight'), bias));
}

/** Where padding that cannot be halved goes. */
export type OddPad = 'end' | 'begin';

/**
 * TensorFlow's "SAME" padding for a side that `stride` divides: what is odd goes to the bottom and right.
 * So a 3×3 kernel of stride 2 pads (0, 0, 1, 1), a 5×5 one (1, 1, 2, 2). With `begin` what is odd goes to
 * the top and left: the same layer of a map that was moved by a pixel, whose cell i then stands at 2i.
 */
export function samePads(kernel: number, stride: number, odd: OddPad = 'end'): Pads {
  const total = Math.max(kernel - stride, 0);
  const less = Math.floor(total / 2);
  const more = total - less;
  return odd === 'end' ? [less, less, more, more] : [more, more, less, less];
}

/** PyTorch's usual padding of an odd kernel: half of it on every side. */
export function halfPads(kernel: number): Pads {
  const side = (kernel - 1) / 2;
  return [side, side, side, side];
}

/** `<name>.weight` and `.bias` of an `nn.LayerNorm` over the last axis. */
export function layerNorm<T>(ops: Ops<T>, p: Params<T>, name: string, x: T, eps: number): T {
  const own = p.scope(name);
  return ops.scope(name, () => ops.layerNorm(x, own.get('weight'), own.get('bias'), eps));
}
