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
import { FUSED } from '../tf/kernel-names.ts';
import { type Heap, heapOf } from './heap.ts';
import type { ConvolutionSizes } from './kernel-exports.ts';
import type { Call, TrainingKernel } from './training-kernel.ts';

type Shape4D = [number, number, number, number];
type Attrs = Omit<Conv2DAttrs, 'dilations'> & { readonly groups?: number };

const FLOAT_BYTES = 4;

/** A convolution of one group of channels; all groups have the same sizes. */
interface Convolution {
  readonly sizes: ConvolutionSizes;
  readonly outShape: readonly number[];
  readonly groups: number;
  readonly allC: number;
  readonly allK: number;
  /** How many pixels a product of matrices has, which it then is: one tap, every pixel, no padding. */
  readonly product: number | null;
}

/** Throws `usage` for maps in another order than NHWC. */
function convolutionOf(
  x: readonly number[],
  filter: readonly number[],
  { strides, pad, dataFormat, dimRoundingMode, groups = 1 }: Attrs,
): Convolution {
  if (dataFormat !== 'NHWC') {
    throw new CairnError('usage', `Maps are ${dataFormat}.`, 'Convolve maps in NHWC.');
  }
  const [kh, kw, c, allK] = filter as Shape4D;
  const allC = c * groups;
  const whole: Shape4D = [kh, kw, allC, allK];
  const info = backend_util.computeConv2DInfo(
    [...x] as Shape4D,
    whole,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const { batchSize, inHeight, inWidth, outHeight, outWidth, strideHeight, strideWidth } = info;
  const { top, left } = info.padInfo;
  const sizes: ConvolutionSizes = [
    batchSize,
    inHeight,
    inWidth,
    c,
    outHeight,
    outWidth,
    allK / groups,
    kh,
    kw,
    strideHeight,
    strideWidth,
    top,
    left,
  ];
  const oneTap = kh * kw * strideHeight * strideWidth * groups === 1 && top === 0 && left === 0;
  const product =
    oneTap && outHeight === inHeight && outWidth === inWidth
      ? batchSize * inHeight * inWidth
      : null;
  return { sizes, outShape: info.outShape, groups, allC, allK, product };
}

/** Calls `run` for each group with how many bytes into a pixel of x and of the output it begins. */
function eachGroup(of: Convolution, run: (inX: number, inY: number) => void): void {
  const [, , , c, , , k] = of.sizes;
  for (let group = 0; group < of.groups; group++) {
    run(group * c * FLOAT_BYTES, group * k * FLOAT_BYTES);
  }
}

function forward({
  inputs: { x, filter },
  attrs,
  backend,
}: Call<{ x: TensorInfo; filter: TensorInfo }, Attrs>): TensorInfo {
  const of = convolutionOf(x.shape, filter.shape, attrs);
  const { sizes, allC, allK, product } = of;
  const out = backend.makeOutput([...of.outShape], 'float32');
  const { kernels, scratch, at } = heapOf(backend);
  const [from, by, to] = [at(x), at(filter), at(out)];
  if (product !== null) kernels.gemm(from, by, to, product, allK, allC, 0, 0, scratch);
  else {
    eachGroup(of, (inX, inY) => {
      const channels = [allC, allK, allK] as const;
      kernels.convForward(from + inX, by + inY, to + inY, ...sizes, ...channels, scratch);
    });
  }
  return out;
}

function filterGradient({
  inputs: { x, dy },
  attrs,
  backend,
}: Call<{ x: TensorInfo; dy: TensorInfo }, Attrs & Conv2DBackpropFilterAttrs>): TensorInfo {
  const of = convolutionOf(x.shape, attrs.filterShape, attrs);
  const { sizes, allC, allK, product } = of;
  const out = backend.makeOutput(attrs.filterShape, 'float32');
  const { kernels, scratch, at } = heapOf(backend);
  const [from, by, to] = [at(x), at(dy), at(out)];
  if (product !== null) kernels.gemm(from, by, to, allC, allK, product, 1, 0, scratch);
  else {
    eachGroup(of, (inX, inY) => {
      kernels.convFilterGradient(from + inX, by + inY, to + inY, ...sizes, allC, allK, scratch);
    });
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

/** Every phase of dx: with strides, some taps only reach its pixels. */
function inputPhases(of: Convolution, dy: number, filter: number, dx: number, heap: Heap): void {
  const [n, h, w, c, oh, ow, k, kh, kw, strideH, strideW, top, left] = of.sizes;
  const { allC, allK } = of;
  const { kernels, scratch } = heap;
  heap.borrow(kh * kw * c * k, (reversed) => {
    for (let row = 0; row < Math.min(strideH, h); row++) {
      const down = phaseOf(row, strideH, kh, top, h);
      for (let column = 0; column < Math.min(strideW, w); column++) {
        const across = phaseOf(column, strideW, kw, left, w);
        const vertical = [down.first, down.taps, strideH] as const;
        const horizontal = [across.first, across.taps, strideW] as const;
        const map = [n, oh, ow, k, down.count, across.count, c] as const;
        const taps = [down.taps, across.taps, 1, 1, down.before, across.before] as const;
        kernels.reverseFilter(filter, reversed, kw, c, k, allK, ...vertical, ...horizontal);
        if (strideH * strideW === 1) {
          kernels.convForward(dy, reversed, dx, ...map, ...taps, allK, allC, c, scratch);
          continue;
        }
        heap.borrow(n * down.count * across.count * c, (phase) => {
          kernels.convForward(dy, reversed, phase, ...map, ...taps, allK, c, c, scratch);
          const sides = [n, down.count, across.count, h, w, c, allC] as const;
          kernels.placePhase(phase, dx, ...sides, row, column, strideH, strideW);
        });
      }
    }
  });
}

/** dx [n, h, w, c] of dy [n, oh, ow, k]: convolutions of dy with the filter's taps in reverse. */
function inputGradient({
  inputs: { dy, filter },
  attrs,
  backend,
}: Call<{ dy: TensorInfo; filter: TensorInfo }, Attrs & Conv2DBackpropInputAttrs>): TensorInfo {
  const of = convolutionOf(attrs.inputShape, filter.shape, attrs);
  const { allC, allK, product } = of;
  const out = backend.makeOutput(attrs.inputShape, 'float32');
  const heap = heapOf(backend);
  const { kernels, scratch, at } = heap;
  const [from, by, to] = [at(dy), at(filter), at(out)];
  if (product !== null) kernels.gemm(from, by, to, product, allC, allK, 0, 1, scratch);
  else eachGroup(of, (inX, inY) => inputPhases(of, from + inY, by + inY, to + inX, heap));
  return out;
}

/** Ours where it is the faster one; what it does not know (dilation) goes to tfjs's own. */
function faster(original: KernelFunc): KernelFunc {
  const run = (call: Call<{ x: TensorInfo; filter: TensorInfo }, Conv2DAttrs>) => {
    const { x } = call.inputs;
    const { dilations, dataFormat } = call.attrs;
    const dilated = [dilations].flat().some((dilation) => dilation !== 1);
    // Few channels: XNNPACK gathers them faster than single floats are packed here.
    const ours = !dilated && dataFormat === 'NHWC' && x.shape[3]! % 4 === 0;
    return ours ? forward(call) : original(call as unknown as Parameters<KernelFunc>[0]);
  };
  return run as unknown as KernelFunc;
}

export const convolutionKernels: readonly TrainingKernel[] = [
  { name: 'Conv2D', override: faster },
  { name: 'Conv2DBackpropFilter', run: filterGradient as unknown as KernelFunc },
  { name: 'Conv2DBackpropInput', run: inputGradient as unknown as KernelFunc },
  { name: FUSED.groupedConv, run: forward as unknown as KernelFunc },
  { name: FUSED.groupedConvFilter, run: filterGradient as unknown as KernelFunc },
  { name: FUSED.groupedConvInput, run: inputGradient as unknown as KernelFunc },
];
