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

/** [out, in] → [in, out]. */
export function foldTranspose({ dims, values }: Constant): Constant {
  const [rows, columns] = dims as readonly [number, number];
  const turned = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) turned[c * rows + r] = values[r * columns + c]!;
  }
  return { dims: [columns, rows], values: turned };
}

/** As Ops' `standardise`. float64 inside; the variance is the biased one. */
export function foldStandardise(
  weight: Constant,
  gain: Constant,
  scale: number,
  eps: number,
): Constant {
  const channels = weight.dims[0]!;
  const perChannel = weight.values.length / channels;
  const values = new Float32Array(weight.values.length);
  for (let c = 0; c < channels; c++) {
    const own = weight.values.subarray(c * perChannel, (c + 1) * perChannel);
    let mean = 0;
    for (const value of own) mean += value / perChannel;
    let variance = 0;
    for (const value of own) variance += (value - mean) ** 2 / perChannel;
    const factor = (gain.values[c]! * scale) / Math.sqrt(variance + eps);
    for (let i = 0; i < perChannel; i++) values[c * perChannel + i] = (own[i]! - mean) * factor;
  }
  return { dims: weight.dims, values };
}

export function foldRows({ dims, values }: Constant, from: number, to: number, scale: number) {
  const perRow = values.length / dims[0]!;
  const part = values.slice(from * perRow, to * perRow);
  return { dims: [to - from, ...dims.slice(1)], values: part.map((value) => value * scale) };
}

export function foldMixRows({ dims, values }: Constant, matrix: Float32Array): Constant {
  const [rows, columns] = dims as readonly [number, number];
  const mixed = new Float32Array((matrix.length / rows) * columns);
  for (let r = 0; r < matrix.length / rows; r++) {
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += matrix[r * rows + i]! * values[i * columns + c]!;
      mixed[r * columns + c] = sum;
    }
  }
  return { dims: [matrix.length / rows, columns], values: mixed };
}

export function foldSpread({ dims, values }: Constant, index: readonly number[], length: number) {
  const heads = dims[1]!;
  const spread = new Float32Array(heads * index.length);
  for (let head = 0; head < heads; head++) {
    for (const [i, row] of index.entries()) {
      spread[head * index.length + i] = values[row * heads + head]!;
    }
  }
  return { dims: [heads, length, length], values: spread };
}
