// Convolutions and their gradients on tfjs's WASM backend, which lacks one gradient and is slow at the other.
import {
  backend_util,
  type Conv2DAttrs,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropInputAttrs,
  type KernelFunc,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { CairnError } from '../../errors.ts';
import { heapOf } from './heap.ts';
import type { ConvolutionSizes } from './kernel-exports.ts';
import type { Call, TrainingKernel } from './training-kernel.ts';

type Shape4D = [number, number, number, number];

/** Sizes in the kernels' order. Throws `usage` for maps in another order than NHWC. */
function sizesOf(
  x: readonly number[],
  filter: readonly number[],
  { strides, pad, dataFormat, dimRoundingMode }: Omit<Conv2DAttrs, 'dilations'>,
): { sizes: ConvolutionSizes; info: backend_util.Conv2DInfo } {
  if (dataFormat !== 'NHWC') {
    throw new CairnError('usage', `Maps are ${dataFormat}.`, 'Convolve maps in NHWC.');
  }
  const shapes = [[...x] as Shape4D, [...filter] as Shape4D] as const;
  const info = backend_util.computeConv2DInfo(...shapes, strides, 1, pad, dimRoundingMode);
  const sizes: ConvolutionSizes = [
    ...[info.batchSize, info.inHeight, info.inWidth, info.inChannels],
    ...[info.outHeight, info.outWidth, info.outChannels],
    ...[info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth],
    ...[info.padInfo.top, info.padInfo.left],
  ] as ConvolutionSizes;
  return { sizes, info };
}

/** Whether it is a product of matrices: one tap, every pixel, no padding. Then the number of pixels. */
function productOf(info: backend_util.Conv2DInfo): number | null {
  const { filterHeight, filterWidth, strideHeight, strideWidth, inHeight, inWidth } = info;
  const plain = filterHeight * filterWidth * strideHeight * strideWidth === 1;
  const unpadded =
    info.outHeight === inHeight && info.outWidth === inWidth && info.padInfo.top === 0;
  return plain && unpadded && info.padInfo.left === 0 ? info.batchSize * inHeight * inWidth : null;
}

function filterGradient({
  inputs: { x, dy },
  attrs,
  backend,
}: Call<{ x: TensorInfo; dy: TensorInfo }, Conv2DBackpropFilterAttrs>): TensorInfo {
  const { sizes, info } = sizesOf(x.shape, attrs.filterShape, attrs);
  const out = backend.makeOutput(attrs.filterShape, 'float32');
  const { kernels, scratch, at } = heapOf(backend);
  const pixels = productOf(info);
  if (pixels === null) kernels.convFilterGradient(at(x), at(dy), at(out), ...sizes, scratch);
  else {
    const { inChannels, outChannels } = info;
    kernels.gemm(at(x), at(dy), at(out), inChannels, outChannels, pixels, 1, 0, scratch);
  }
  return out;
}

/** Along one side: the taps that reach the pixels of a phase, and where the first of them looks. */
function phaseOf(phase: number, stride: number, kernel: number, before: number, side: number) {
  const first = (phase + before) % stride;
  const taps = Math.max(Math.ceil((kernel - first) / stride), 0);
  // Pixel phase + stride · u sees, under tap first + stride · q, the output u + reach − q.
  const reach = (phase + before - first) / stride;
  return { first, taps, before: taps - 1 - reach, count: Math.ceil((side - phase) / stride) };
}

/**
 * dx [n, h, w, c] of dy [n, oh, ow, k]: convolutions of dy with the filter's taps in reverse. Strides
 * part the pixels into phases, each of which some taps only reach.
 */
function inputGradient({
  inputs: { dy, filter },
  attrs,
  backend,
}: Call<{ dy: TensorInfo; filter: TensorInfo }, Conv2DBackpropInputAttrs>): TensorInfo {
  const { info, sizes } = sizesOf(attrs.inputShape, filter.shape, attrs);
  const [n, h, w, c, oh, ow, k, kh, kw, strideH, strideW, top, left] = sizes;
  const out = backend.makeOutput(attrs.inputShape, 'float32');
  const heap = heapOf(backend);
  const { kernels, scratch, at } = heap;
  const pixels = productOf(info);
  if (pixels !== null) {
    kernels.gemm(at(dy), at(filter), at(out), pixels, c, k, 0, 1, scratch);
    return out;
  }
  const whole = strideH * strideW === 1;
  heap.borrow(kh * kw * c * k, (reversed) => {
    for (let row = 0; row < Math.min(strideH, h); row++) {
      const down = phaseOf(row, strideH, kh, top, h);
      for (let column = 0; column < Math.min(strideW, w); column++) {
        const across = phaseOf(column, strideW, kw, left, w);
        const convolve = (to: number) => {
          const vertical = [down.first, down.taps, strideH] as const;
          const horizontal = [across.first, across.taps, strideW] as const;
          kernels.reverseFilter(at(filter), reversed, kw, c, k, ...vertical, ...horizontal);
          const map = [n, oh, ow, k, down.count, across.count, c] as const;
          const taps = [down.taps, across.taps, 1, 1, down.before, across.before] as const;
          kernels.convForward(at(dy), reversed, to, ...map, ...taps, scratch);
        };
        if (whole) convolve(at(out));
        else {
          heap.borrow(n * down.count * across.count * c, (phase) => {
            convolve(phase);
            const map = [n, down.count, across.count, h, w, c] as const;
            kernels.placePhase(phase, at(out), ...map, row, column, strideH, strideW);
          });
        }
      }
    }
  });
  return out;
}

/** Ours where it is the faster one; what it does not know (dilation) goes to tfjs's own. */
function forward(original: KernelFunc): KernelFunc {
  const run = (call: Call<{ x: TensorInfo; filter: TensorInfo }, Conv2DAttrs>) => {
    const { inputs, attrs, backend } = call;
    const { x, filter } = inputs;
    const dilated = [attrs.dilations].flat().some((dilation) => dilation !== 1);
    // Few channels: XNNPACK gathers them faster than single floats are packed here.
    if (dilated || attrs.dataFormat !== 'NHWC' || x.shape[3]! % 4 !== 0) {
      return original(call as unknown as Parameters<KernelFunc>[0]);
    }
    const { sizes, info } = sizesOf(x.shape, filter.shape, attrs);
    const out = backend.makeOutput(info.outShape, 'float32');
    const { kernels, scratch, at } = heapOf(backend);
    const pixels = productOf(info);
    if (pixels === null) kernels.convForward(at(x), at(filter), at(out), ...sizes, scratch);
    else {
      const { inChannels, outChannels } = info;
      kernels.gemm(at(x), at(filter), at(out), pixels, outChannels, inChannels, 0, 0, scratch);
    }
    return out;
  };
  return run as unknown as KernelFunc;
}

export const convolutionKernels: readonly TrainingKernel[] = [
  { name: 'Conv2D', override: forward },
  { name: 'Conv2DBackpropFilter', run: filterGradient as unknown as KernelFunc },
  { name: 'Conv2DBackpropInput', run: inputGradient as unknown as KernelFunc },
];
