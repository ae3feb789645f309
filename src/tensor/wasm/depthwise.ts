// Gradients of depthwise convolutions on tfjs's WASM backend, which lacks both.
import {
  backend_util,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  type KernelFunc,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { heapOf } from './heap.ts';
import type { ConvolutionSizes } from './kernel-exports.ts';
import type { Call, TrainingKernel } from './training-kernel.ts';

type Shape4D = [number, number, number, number];

/** Sizes in the kernel's order: k is how many filters each channel has. */
function sizesOf(
  x: readonly number[],
  filter: readonly number[],
  { strides, pad, dimRoundingMode }: DepthwiseConv2dNativeBackpropFilterAttrs,
): ConvolutionSizes {
  const shapes = [[...x] as Shape4D, [...filter] as Shape4D] as const;
  const info = backend_util.computeConv2DInfo(...shapes, strides, 1, pad, dimRoundingMode, true);
  return [
    ...[info.batchSize, info.inHeight, info.inWidth, info.inChannels],
    ...[info.outHeight, info.outWidth, info.outChannels / info.inChannels],
    ...[info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth],
    ...[info.padInfo.top, info.padInfo.left],
  ] as ConvolutionSizes;
}

function filterGradient({
  inputs: { x, dy },
  attrs,
  backend,
}: Call<{ x: TensorInfo; dy: TensorInfo }, DepthwiseConv2dNativeBackpropFilterAttrs>): TensorInfo {
  const sizes = sizesOf(x.shape, attrs.filterShape, attrs);
  const out = backend.makeOutput(attrs.filterShape, 'float32');
  const { kernels, at } = heapOf(backend);
  kernels.depthwiseGradient(at(x), at(dy), at(out), ...sizes, 1);
  return out;
}

function inputGradient({
  inputs: { dy, filter },
  attrs,
  backend,
}: Call<
  { dy: TensorInfo; filter: TensorInfo },
  DepthwiseConv2dNativeBackpropInputAttrs
>): TensorInfo {
  const filterShape = filter.shape as Shape4D;
  const sizes = sizesOf(attrs.inputShape, filterShape, { ...attrs, filterShape });
  const out = backend.makeOutput(attrs.inputShape, 'float32');
  const { kernels, at } = heapOf(backend);
  kernels.depthwiseGradient(at(out), at(dy), at(filter), ...sizes, 0);
  return out;
}

export const depthwiseKernels: readonly TrainingKernel[] = [
  {
    name: 'DepthwiseConv2dNativeBackpropFilter',
    run: filterGradient as unknown as KernelFunc,
  },
  {
    name: 'DepthwiseConv2dNativeBackpropInput',
    run: inputGradient as unknown as KernelFunc,
  },
];
