// tfjs's backends as training uses them in Node: each with its gradients, and checked before it is trusted.
import * as tf from '@tensorflow/tfjs-core';
import { CairnError } from '../../errors.ts';
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

/** Odd sides of a product that fills more than one workgroup; its numbers are whole and exact in float32. */
const [ROWS, SHARED, COLUMNS] = [67, 45, 53];
const LARGEST = 7;

/** A driver may compute nonsense and report no error. */
async function requireRightProduct(): Promise<void> {
  const a = Float32Array.from({ length: ROWS * SHARED }, (_, i) => (i % (2 * LARGEST)) - LARGEST);
  const b = Float32Array.from({ length: SHARED * COLUMNS }, (_, i) => ((i * 3) % LARGEST) - 2);
  const product = tf.tidy(() =>
    tf.matMul(tf.tensor2d(a, [ROWS, SHARED]), tf.tensor2d(b, [SHARED, COLUMNS])),
  );
  const values = await product.data();
  product.dispose();
  for (let i = 0; i < ROWS; i++) {
    for (let j = 0; j < COLUMNS; j++) {
      let sum = 0;
      for (let k = 0; k < SHARED; k++) sum += a[i * SHARED + k]! * b[k * COLUMNS + j]!;
      if (values[i * COLUMNS + j] !== sum) throw new Error('it multiplies matrices wrongly');
    }
  }
}
