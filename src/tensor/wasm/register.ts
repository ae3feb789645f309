// Registers the kernels that training needs with tfjs's WASM backend. Only training code imports this.
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { CairnError } from '../../errors.ts';
import { convolutionKernels } from './conv.ts';
import { depthwiseKernels } from './depthwise.ts';
import { fusedKernels } from './fused.ts';
import { compileKernels, heapOf } from './heap.ts';
import { matMulKernels } from './matmul.ts';
import { reduceKernels } from './reduce.ts';
import type { TrainingKernel } from './training-kernel.ts';
import { transposeKernels } from './transpose.ts';

const KERNELS: readonly TrainingKernel[] = [
  ...convolutionKernels,
  ...depthwiseKernels,
  ...fusedKernels,
  ...matMulKernels,
  ...reduceKernels,
  ...transposeKernels,
];

let registered = false;

/**
 * To be awaited once the WASM backend is the current one, and before the first gradient; calling it again
 * does nothing. The heap must be that of the single-threaded build: set the flag
 * WASM_HAS_MULTITHREAD_SUPPORT to false before the backend starts. Throws `backend-unavailable` when the
 * current backend is another one, or its heap cannot be bound.
 */
export async function registerTrainingKernels(): Promise<void> {
  await tf.ready();
  if (tf.getBackend() !== 'wasm') {
    throw new CairnError(
      'backend-unavailable',
      `Training kernels are for tfjs's WASM backend; the current one is ${tf.getBackend()}.`,
      "Call tf.setBackend('wasm') first.",
    );
  }
  await compileKernels();
  heapOf(tf.backend() as BackendWasm);
  if (registered) return;
  for (const kernel of KERNELS) install(kernel);
  registered = true;
}

/** tfjs warns when a name is taken: what is there goes first. */
function install(kernel: TrainingKernel): void {
  const there = tf.getKernel(kernel.name, 'wasm');
  if (there) tf.unregisterKernel(kernel.name, 'wasm');
  if ('run' in kernel) {
    tf.registerKernel({ kernelName: kernel.name, backendName: 'wasm', kernelFunc: kernel.run });
  } else if (there) {
    tf.registerKernel({ ...there, kernelFunc: kernel.override(there.kernelFunc) });
  }
}
