// tfjs in a browser's worker, for training: WebGPU on a real adapter, else WASM on one thread.
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plainWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import { chooseBackend, type MachineFacts } from '../../inference/backend.ts';
import { browserRuntime } from '../../inference/browser-runtime.ts';
import { requireRightProduct } from '../../tensor/tf/right-product.ts';
import { registerTrainingKernels } from '../../tensor/wasm/register.ts';

export interface TrainingBackend {
  readonly backend: 'webgpu' | 'wasm';
  /** Why this one. */
  readonly reason: string;
}

/** Makes a backend tfjs's current one. Throws `backend-unavailable` when even WASM cannot start. */
export async function startTrainingBackend(): Promise<TrainingBackend> {
  const facts = await browserRuntime().facts();
  const { backend, reason } = chooseBackend('auto', facts);
  if (backend !== 'webgpu') return startWasm(reason);
  try {
    await import('@tensorflow/tfjs-backend-webgpu');
    if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs got no device');
    await requireRightProduct();
    return { backend: 'webgpu', reason: inWords(facts, reason) };
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    return startWasm(`WebGPU was given up: ${why}`);
  }
}

function inWords({ gpu }: MachineFacts, reason: string): string {
  return gpu ? `${reason}: ${gpu.name}` : reason;
}

async function startWasm(reason: string): Promise<TrainingBackend> {
  // The threaded build hangs under cross-origin isolation once it is minified, and our kernels share the
  // heap of the other.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  setWasmPaths({
    'tfjs-backend-wasm.wasm': absolute(plainWasm),
    'tfjs-backend-wasm-simd.wasm': absolute(simdWasm),
    // Must be named, and is never read.
    'tfjs-backend-wasm-threaded-simd.wasm': absolute(simdWasm),
  });
  await tf.setBackend('wasm');
  await registerTrainingKernels();
  return { backend: 'wasm', reason };
}

const absolute = (url: string) => new URL(url, import.meta.url).href;
