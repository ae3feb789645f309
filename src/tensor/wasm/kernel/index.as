// What the host may call: all training kernels in one module.
export { gemm, gemmBatch } from './gemm';
export { convFilterGradient } from './conv';
