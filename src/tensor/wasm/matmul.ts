// Products of matrices on tfjs's WASM backend, whose own are slow when turned, batched, or of weights that
// change: XNNPACK packs them anew for each.
import {
  type BatchMatMulAttrs,
  broadcast_util,
  type KernelFunc,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { CairnError } from '../../errors.ts';
import { heapOf } from './heap.ts';
import type { Call, TrainingKernel } from './training-kernel.ts';

const FLOAT_BYTES = 4;

type MatMulCall = Call<{ a: TensorInfo; b: TensorInfo }, BatchMatMulAttrs>;

/** Rows and columns of a matrix as it is multiplied. */
function sidesOf(shape: readonly number[], turned: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return turned ? [columns, rows] : [rows, columns];
}

/** For each matrix of the result, which of the operand's it is made of. */
function sources(batch: readonly number[], result: readonly number[]): number[] {
  const strides = util.computeStrides([...batch, 1]);
  const count = util.sizeFromShape([...result]);
  const missing = result.length - batch.length;
  return Array.from({ length: count }, (_, i) => {
    const place = util.indexToLoc(i, result.length, util.computeStrides([...result]));
    return batch.reduce((sum, side, axis) => {
      return side === 1 ? sum : sum + place[axis + missing]! * strides[axis]!;
    }, 0);
  });
}

function matMul({ inputs: { a, b }, attrs, backend }: MatMulCall): TensorInfo {
  const { transposeA, transposeB } = attrs;
  const [m, k] = sidesOf(a.shape, transposeA);
  const [inner, n] = sidesOf(b.shape, transposeB);
  if (k !== inner) {
    const shapes = `[${a.shape}] and [${b.shape}]`;
    const remedy = 'The inner sides must be equal.';
    throw new CairnError('internal', `Matrices ${shapes} cannot be multiplied.`, remedy);
  }
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const out = backend.makeOutput([...batch, m, n], 'float32');
  const { kernels, scratch, at } = heapOf(backend);
  const [turnA, turnB] = [transposeA ? 1 : 0, transposeB ? 1 : 0] as const;
  const [countA, countB] = [util.sizeFromShape(batchA), util.sizeFromShape(batchB)];
  const count = util.sizeFromShape(batch);
  if (m === 1 && count === 1 && !transposeB) {
    // Reductions come as products with one row: nothing is gained by packing then.
    kernels.weighRows(at(a), FLOAT_BYTES, at(b), at(out), k, n);
  } else if (countB === 1 && !transposeA) {
    // One matrix for all: theirs, one below the other, are one.
    kernels.gemm(at(a), at(b), at(out), countA * m, n, k, 0, turnB, scratch);
  } else if ((countA === count || countA === 1) && (countB === count || countB === 1)) {
    const nextA = countA === 1 ? 0 : m * k * FLOAT_BYTES;
    const nextB = countB === 1 ? 0 : k * n * FLOAT_BYTES;
    const operands = [at(a), at(b), at(out), count, nextA, nextB] as const;
    kernels.gemmBatch(...operands, m, n, k, turnA, turnB, scratch);
  } else {
    const [ofA, ofB] = [sources(batchA, batch), sources(batchB, batch)];
    for (let i = 0; i < count; i++) {
      const from = at(a) + ofA[i]! * m * k * FLOAT_BYTES;
      const by = at(b) + ofB[i]! * k * n * FLOAT_BYTES;
      const to = at(out) + i * m * n * FLOAT_BYTES;
      kernels.gemm(from, by, to, m, n, k, turnA, turnB, scratch);
    }
  }
  return out;
}

function ofFloats(original: KernelFunc): KernelFunc {
  const run = (call: MatMulCall) => {
    const { a, b } = call.inputs;
    if (a.dtype === 'float32' && b.dtype === 'float32') return matMul(call);
    return original(call as unknown as Parameters<KernelFunc>[0]);
  };
  return run as unknown as KernelFunc;
}

export const matMulKernels: readonly TrainingKernel[] = [
  { name: 'BatchMatMul', override: ofFloats },
];
