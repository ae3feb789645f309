// What the host may call: all training kernels in one module.
export { gemm, gemmBatch } from './gemm';
export { convFilterGradient, convForward } from './conv';
export { depthwiseGradient } from './depthwise';
export { placePhase, reverseFilter, swapAxes } from './moves';
export { pickRows, segmentSum, sumAxis, weighRows } from './reduce';
export { gelu, geluGradient, reluGradient, silu, siluGradient, softmax, softmaxGradient } from './elementwise';
export { batchNorm, batchNormGradient, layerNorm, layerNormGradient } from './norms';
export { start } from './functions';
export { maxPool, maxPoolGradient } from './pool';
