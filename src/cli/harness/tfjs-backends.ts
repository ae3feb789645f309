// tfjs's backends as training uses them in Node: each with its gradients, and checked before it is trusted.
import * as tf from '@tensorflow/tfjs-core';
import { CairnError } from '../../errors.ts';
import { requireRightProduct } from '../../tensor/tf/right-product.ts';
import { registerTrainingKernels } from '../../tensor/wasm/register.ts';
import { useWasmKernels } from '../fit-kernels.ts';

/** tfjs's own default for WebGPU. */
const WEBGPU_PRIORITY = 3;

type WebGpuFactory = ReturnType<typeof tf.findBackendFactory>;
let webGpuFactory: WebGpuFactory | null = null;
let wasmReady: Promise<void> | null = null;

/**
 * tfjs-core brings operations only; the whole package registers their gradients. In Node it shares
 * tfjs-core's one copy with the backends, which tfjs-core's own list of gradients, written for bundlers,
 * does not.
 */
async function registerGradients(): Promise<void> {
  await import('@tensorflow/tfjs');
}

/**
 * Makes WebGPU tfjs's backend, on the adapter that `navigator.gpu` gives. Rejects when tfjs cannot use it or
 * it multiplies wrongly.
 */
export async function useWebGpu(): Promise<GPUDevice> {
  await registerGradients();
  await import('@tensorflow/tfjs-backend-webgpu');
  webGpuFactory ??= tf.findBackendFactory('webgpu');
  if (!webGpuFactory) {
    throw new CairnError(
      'internal',
      "tfjs's WebGPU backend was imported before there was a GPU.",
      'Start the harness before anything imports @tensorflow/tfjs-backend-webgpu.',
    );
  }
  // Releasing the backend took its factory away too.
  if (!tf.findBackendFactory('webgpu')) {
    tf.registerBackend('webgpu', webGpuFactory, WEBGPU_PRIORITY);
  }
  if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs got no device');
  await requireRightProduct();
  return (tf.backend() as unknown as { readonly device: GPUDevice }).device;
}

/** Frees what tfjs holds on the device, and the device. Tensors on it are gone. */
export function releaseWebGpu(device: GPUDevice): void {
  tf.removeBackend('webgpu');
  device.destroy();
}

/** Makes WASM tfjs's backend, one thread, with the kernels that training needs beyond tfjs's own. */
export async function useWasm(): Promise<void> {
  await registerGradients();
  // Our kernels share the heap of the build without threads.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  wasmReady ??= useWasmKernels();
  await wasmReady;
  if (!(await tf.setBackend('wasm'))) throw new Error('tfjs could not start WASM');
  await registerTrainingKernels();
}

/** Makes plain JavaScript tfjs's backend. */
export async function useCpu(): Promise<void> {
  await registerGradients();
  await import('@tensorflow/tfjs-backend-cpu');
  await tf.setBackend('cpu');
}
