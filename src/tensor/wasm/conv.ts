// Gradients of convolutions on tfjs's WASM backend, which lacks the one and is slow at the other.
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  backend_util,
  type Conv2DBackpropFilterAttrs,
  type KernelConfig,
  type KernelFunc,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { CairnError } from '../../errors.ts';
import { heapOf } from './heap.ts';

type Shape4D = [number, number, number, number];

/** What the kernels need to know; they read maps in NHWC only. */
function requireNhwc(dataFormat: string): void {
  if (dataFormat === 'NHWC') return;
  throw new CairnError('usage', `Maps are ${dataFormat}.`, 'Convolve maps in NHWC.');
}

/** dw [kh, kw, c, k] of x [n, h, w, c] and dy [n, oh, ow, k]; any stride and padding, no dilation. */
function filterGradient(args: {
  inputs: { x: TensorInfo; dy: TensorInfo };
  attrs: Conv2DBackpropFilterAttrs;
  backend: BackendWasm;
}): TensorInfo {
  const { inputs, attrs, backend } = args;
  const { x, dy } = inputs;
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs;
  requireNhwc(dataFormat);
  const info = backend_util.computeConv2DInfo(
    x.shape as Shape4D,
    filterShape,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const { padInfo, batchSize, inHeight, inWidth, inChannels, outHeight, outWidth } = info;
  const out = backend.makeOutput(filterShape, 'float32');
  const { kernels, scratch, at } = heapOf(backend);
  const pixels = batchSize * inHeight * inWidth;
  const { filterHeight, filterWidth, strideHeight, strideWidth, outChannels } = info;
  const plain = filterHeight * filterWidth * strideHeight * strideWidth === 1;
  const [from, to, result] = [at(x), at(dy), at(out)];
  if (plain && pixels === batchSize * outHeight * outWidth) {
    kernels.gemm(from, to, result, inChannels, outChannels, pixels, 1, 0, scratch);
  } else {
    kernels.convFilterGradient(
      from,
      to,
      result,
      batchSize,
      inHeight,
      inWidth,
      inChannels,
      outHeight,
      outWidth,
      outChannels,
      filterHeight,
      filterWidth,
      strideHeight,
      strideWidth,
      padInfo.top,
      padInfo.left,
      scratch,
    );
  }
  return out;
}

/** `Conv2DBackpropFilter`, which tfjs's WASM backend lacks. */
export const conv2dBackpropFilter: KernelConfig = {
  kernelName: 'Conv2DBackpropFilter',
  backendName: 'wasm',
  kernelFunc: filterGradient as unknown as KernelFunc,
};
