// Arithmetic on constants while a graph is recorded, so that the run does not repeat it.
import type { BatchNormParams } from '../ops.ts';

/** A constant's values, row-major, with its shape. */
export interface Constant {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

export const BINARY = {
  Add: (a: number, b: number) => a + b,
  Sub: (a: number, b: number) => a - b,
  Mul: (a: number, b: number) => a * b,
  Div: (a: number, b: number) => a / b,
  Pow: (a: number, b: number) => a ** b,
} as const;
export type BinaryOp = keyof typeof BINARY;

/** `b` has a's shape, one element, or a's last axis: what Ops allows where `a` is a parameter. */
export function foldBinary(op: BinaryOp, a: Constant, b: Constant): Constant {
  const apply = BINARY[op];
  const period = b.values.length;
  return { dims: a.dims, values: a.values.map((value, i) => apply(value, b.values[i % period]!)) };
}

export function foldClamp(a: Constant, min: number, max: number): Constant {
  return { dims: a.dims, values: a.values.map((value) => Math.min(Math.max(value, min), max)) };
}

/**
 * The convolution that does what `weight`, `bias` and a batch norm after them do:
 * W′ = W · s, b′ = (b − mean) · s + β with s = γ / √(var + eps), per output channel. float64 inside.
 */
export function foldBatchNorm(
  weight: Constant,
  bias: Constant | null,
  norm: BatchNormParams<Constant>,
  eps: number,
): { weight: Constant; bias: Constant } {
  const channels = weight.dims[0]!;
  const perChannel = weight.values.length / channels;
  const foldedWeight = new Float32Array(weight.values.length);
  const foldedBias = new Float32Array(channels);
  for (let c = 0; c < channels; c++) {
    const scale = norm.weight.values[c]! / Math.sqrt(norm.runningVar.values[c]! + eps);
    const shifted = (bias?.values[c] ?? 0) - norm.runningMean.values[c]!;
    foldedBias[c] = shifted * scale + norm.bias.values[c]!;
    const end = (c + 1) * perChannel;
    for (let i = c * perChannel; i < end; i++) foldedWeight[i] = weight.values[i]! * scale;
  }
  return {
    weight: { dims: weight.dims, values: foldedWeight },
    bias: { dims: [channels], values: foldedBias },
  };
}
