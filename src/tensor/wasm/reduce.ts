// Sums and means along axes, and sums by segment, on tfjs's WASM backend: its own turn the tensor first,
// and add one number after another.
import {
  backend_util,
  type KernelFunc,
  type SumAttrs,
  type TensorInfo,
  type UnsortedSegmentSumAttrs,
  util,
} from '@tensorflow/tfjs-core';
import { heapOf } from './heap.ts';
import type { Call, TrainingKernel } from './training-kernel.ts';

type ReduceCall = Call<{ x: TensorInfo }, SumAttrs>;

/** A tensor [outer, rows, inner] of which the middle is summed; null when the axes are no one group. */
export function middleOf(
  shape: readonly number[],
  axes: readonly number[],
): [outer: number, rows: number, inner: number] | null {
  const long = axes.filter((axis) => shape[axis] !== 1).sort((a, b) => a - b);
  const [first = shape.length, last = shape.length - 1] = [long[0], long.at(-1)];
  const between = shape.slice(first, last + 1);
  if (between.filter((side) => side !== 1).length !== long.length) return null;
  const size = (sides: readonly number[]) => util.sizeFromShape([...sides]);
  return [size(shape.slice(0, first)), size(between), size(shape.slice(last + 1))];
}

function along(mean: boolean): (original: KernelFunc) => KernelFunc {
  return (original) => {
    const run = (call: ReduceCall) => {
      const { inputs, attrs, backend } = call;
      const { x } = inputs;
      const axes = util.parseAxisParam(attrs.axis, x.shape);
      const middle =
        x.dtype === 'float32' && util.sizeFromShape(x.shape) > 0 && middleOf(x.shape, axes);
      if (!middle) return original(call as unknown as Parameters<KernelFunc>[0]);
      const [outShape] = backend_util.computeOutAndReduceShapes(x.shape, axes);
      const shape = attrs.keepDims ? backend_util.expandShapeToKeepDim(outShape, axes) : outShape;
      const out = backend.makeOutput(shape, 'float32');
      const { kernels, at } = heapOf(backend);
      kernels.sumAxis(at(x), at(out), ...middle, mean ? 1 / middle[1] : 1);
      return out;
    };
    return run as unknown as KernelFunc;
  };
}

/** As tfjs's plain backend does it: by the first axis; ids that are no segment are left out. */
function segmentSum({
  inputs: { x, segmentIds },
  attrs: { numSegments },
  backend,
}: Call<{ x: TensorInfo; segmentIds: TensorInfo }, UnsortedSegmentSumAttrs>): TensorInfo {
  const out = backend.makeOutput([numSegments, ...x.shape.slice(1)], 'float32');
  const rows = x.shape[0] ?? 0;
  const inner = util.sizeFromShape(x.shape.slice(1));
  const { kernels, at } = heapOf(backend);
  kernels.segmentSum(at(x), at(segmentIds), at(out), rows, inner, numSegments);
  return out;
}

export const reduceKernels: readonly TrainingKernel[] = [
  { name: 'Sum', override: along(false) },
  { name: 'Mean', override: along(true) },
  { name: 'UnsortedSegmentSum', run: segmentSum as unknown as KernelFunc },
];
