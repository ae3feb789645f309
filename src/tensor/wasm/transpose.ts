// Transpositions on tfjs's WASM backend: those that swap two neighbouring groups of axes.
import type { KernelFunc, TensorInfo, TransposeAttrs } from '@tensorflow/tfjs-core';
import { heapOf } from './heap.ts';
import type { Call, TrainingKernel } from './training-kernel.ts';

/** A tensor [outer, a, b, inner] that becomes [outer, b, a, inner]. */
export type Swap = readonly [outer: number, a: number, b: number, inner: number];

/**
 * Axes of one element left out, those that stay neighbours taken together: what is left is one swap, or
 * null. Nothing to do, too, is null.
 */
export function swapOf(shape: readonly number[], perm: readonly number[]): Swap | null {
  const order = perm.filter((axis) => shape[axis] !== 1);
  // The kept axes, numbered anew.
  const kept = [...order].sort((a, b) => a - b);
  const groups: { first: number; size: number }[] = [];
  let last = -2;
  for (const axis of order) {
    const at = kept.indexOf(axis);
    if (at === last + 1) groups.at(-1)!.size *= shape[axis]!;
    else groups.push({ first: at, size: shape[axis]! });
    last = at;
  }
  const sizes = groups.map(({ size }) => size);
  const byPlace = [...groups].sort((a, b) => a.first - b.first);
  const ranks = groups.map((group) => byPlace.indexOf(group)).join('');
  // The groups come in the result's order: b before a.
  if (ranks === '10') return [1, sizes[1]!, sizes[0]!, 1];
  if (ranks === '021') return [sizes[0]!, sizes[2]!, sizes[1]!, 1];
  if (ranks === '102') return [1, sizes[1]!, sizes[0]!, sizes[2]!];
  if (ranks === '0213') return [sizes[0]!, sizes[2]!, sizes[1]!, sizes[3]!];
  return null;
}

function ofSwaps(original: KernelFunc): KernelFunc {
  const run = (call: Call<{ x: TensorInfo }, TransposeAttrs>) => {
    const { inputs, attrs, backend } = call;
    const { x } = inputs;
    const swap = x.dtype === 'bool' || x.dtype === 'string' ? null : swapOf(x.shape, attrs.perm);
    if (!swap) return original(call as unknown as Parameters<KernelFunc>[0]);
    const out = backend.makeOutput(
      attrs.perm.map((axis) => x.shape[axis]!),
      x.dtype,
    );
    const { kernels, at } = heapOf(backend);
    kernels.swapAxes(at(x), at(out), ...swap);
    return out;
  };
  return run as unknown as KernelFunc;
}

export const transposeKernels: readonly TrainingKernel[] = [
  { name: 'Transpose', override: ofSwaps },
];
