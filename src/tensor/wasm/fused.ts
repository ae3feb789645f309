// Operations of TfOps as single kernels: tfjs would take many passes over memory for each.
import { type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { FUSED } from '../tf/kernel-names.ts';
import { type Heap, heapOf } from './heap.ts';
import type { PoolSizes } from './kernel-exports.ts';
import type { Call, TrainingKernel } from './training-kernel.ts';

const sizeOf = (x: TensorInfo) => util.sizeFromShape(x.shape);

/** Rows and columns when all axes but the last are one. */
function rowsOf(x: TensorInfo): [rows: number, columns: number] {
  const columns = x.shape.at(-1) ?? 1;
  return [sizeOf(x) / columns, columns];
}

type Run<Inputs, Attrs, Out> = (
  inputs: Inputs,
  attrs: Attrs,
  heap: Heap,
  output: (shape: readonly number[]) => TensorInfo,
) => Out;

/** A kernel from what it does; outputs are float32. */
function kernel<Inputs, Attrs = unknown>(
  name: string,
  run: Run<Inputs, Attrs, TensorInfo | TensorInfo[]>,
): TrainingKernel {
  const call = ({ inputs, attrs, backend }: Call<Inputs, Attrs>) =>
    run(inputs, attrs, heapOf(backend), (shape) => backend.makeOutput([...shape], 'float32'));
  return { name, run: call as unknown as KernelFunc };
}

type One = { x: TensorInfo };
type Slope = { x: TensorInfo; dy: TensorInfo };
type ByOutput = { y: TensorInfo; dy: TensorInfo };

const activations: readonly TrainingKernel[] = [
  kernel<One>(FUSED.gelu, ({ x }, _, { kernels, at }, output) => {
    const y = output(x.shape);
    kernels.gelu(at(x), at(y), sizeOf(x));
    return y;
  }),
  kernel<Slope>(FUSED.geluGradient, ({ x, dy }, _, { kernels, at }, output) => {
    const dx = output(x.shape);
    kernels.geluGradient(at(x), at(dy), at(dx), sizeOf(x));
    return dx;
  }),
  kernel<One>(FUSED.silu, ({ x }, _, { kernels, at }, output) => {
    const y = output(x.shape);
    kernels.silu(at(x), at(y), sizeOf(x));
    return y;
  }),
  kernel<Slope>(FUSED.siluGradient, ({ x, dy }, _, { kernels, at }, output) => {
    const dx = output(x.shape);
    kernels.siluGradient(at(x), at(dy), at(dx), sizeOf(x));
    return dx;
  }),
  kernel<ByOutput, { most: number }>(
    FUSED.reluGradient,
    ({ y, dy }, { most }, { kernels, at }, output) => {
      const dx = output(y.shape);
      kernels.reluGradient(at(y), at(dy), at(dx), sizeOf(y), most);
      return dx;
    },
  ),
  kernel<One>(FUSED.softmax, ({ x }, _, { kernels, at }, output) => {
    const y = output(x.shape);
    kernels.softmax(at(x), at(y), ...rowsOf(x));
    return y;
  }),
  kernel<ByOutput>(FUSED.softmaxGradient, ({ y, dy }, _, { kernels, at }, output) => {
    const dx = output(y.shape);
    kernels.softmaxGradient(at(y), at(dy), at(dx), ...rowsOf(y));
    return dx;
  }),
];

interface Normed {
  x: TensorInfo;
  weight: TensorInfo;
  bias: TensorInfo;
}

interface NormSlope {
  dy: TensorInfo;
  x: TensorInfo;
  weight: TensorInfo;
  mean: TensorInfo;
}

const norms: readonly TrainingKernel[] = [
  kernel<Normed, { eps: number }>(
    FUSED.layerNorm,
    ({ x, weight, bias }, { eps }, { kernels, at }, output) => {
      const [rows, columns] = rowsOf(x);
      const [y, mean, inverse] = [output(x.shape), output([rows]), output([rows])] as const;
      const operands = [at(x), at(weight), at(bias)] as const;
      kernels.layerNorm(...operands, at(y), at(mean), at(inverse), rows, columns, eps);
      return [y, mean, inverse];
    },
  ),
  kernel<NormSlope & { inverse: TensorInfo }>(
    FUSED.layerNormGradient,
    ({ dy, x, weight, mean, inverse }, _, { kernels, at }, output) => {
      const [rows, columns] = rowsOf(x);
      const [dx, dw, db] = [output(x.shape), output([columns]), output([columns])] as const;
      const operands = [at(dy), at(x), at(weight), at(mean), at(inverse)] as const;
      kernels.layerNormGradient(...operands, at(dx), at(dw), at(db), rows, columns);
      return [dx, dw, db];
    },
  ),
  kernel<Normed, { eps: number }>(
    FUSED.batchNorm,
    ({ x, weight, bias }, { eps }, { kernels, at }, output) => {
      const [rows, columns] = rowsOf(x);
      const [y, mean, variance] = [output(x.shape), output([columns]), output([columns])] as const;
      const operands = [at(x), at(weight), at(bias)] as const;
      kernels.batchNorm(...operands, at(y), at(mean), at(variance), rows, columns, eps);
      return [y, mean, variance];
    },
  ),
  kernel<NormSlope & { variance: TensorInfo }, { eps: number }>(
    FUSED.batchNormGradient,
    ({ dy, x, weight, mean, variance }, { eps }, { kernels, at }, output) => {
      const [rows, columns] = rowsOf(x);
      const [dx, dw, db] = [output(x.shape), output([columns]), output([columns])] as const;
      const operands = [at(dy), at(x), at(weight), at(mean), at(variance)] as const;
      kernels.batchNormGradient(...operands, at(dx), at(dw), at(db), rows, columns, eps);
      return [dx, dw, db];
    },
  ),
];

const picks: readonly TrainingKernel[] = [
  kernel<{ x: TensorInfo; index: TensorInfo }, { axis: number }>(
    FUSED.pickRows,
    ({ x, index }, { axis }, { kernels, at }, output) => {
      const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
      const count = sizeOf(index);
      const out = output([...before, count, ...after]);
      const sizes = [util.sizeFromShape(before), x.shape[axis]!, count] as const;
      kernels.pickRows(at(x), at(index), at(out), ...sizes, util.sizeFromShape(after));
      return out;
    },
  ),
];

interface PoolAttrs {
  readonly outShape: [number, number, number, number];
  readonly kernel: number;
  readonly stride: number;
  readonly top: number;
  readonly left: number;
}

function poolSizes(x: TensorInfo, { outShape, kernel, stride, top, left }: PoolAttrs): PoolSizes {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  return [n, h, w, c, outShape[1], outShape[2], kernel, stride, top, left];
}

const pools: readonly TrainingKernel[] = [
  kernel<One, PoolAttrs>(FUSED.maxPool, ({ x }, attrs, { kernels, at }, output) => {
    const y = output(attrs.outShape);
    kernels.maxPool(at(x), at(y), ...poolSizes(x, attrs));
    return y;
  }),
  kernel<Slope & ByOutput, PoolAttrs>(
    FUSED.maxPoolGradient,
    ({ x, y, dy }, attrs, { kernels, at }, output) => {
      const dx = output(x.shape);
      kernels.maxPoolGradient(at(x), at(y), at(dy), at(dx), ...poolSizes(x, attrs));
      return dx;
    },
  ),
];

export const fusedKernels: readonly TrainingKernel[] = [
  ...activations,
  ...norms,
  ...picks,
  ...pools,
];
