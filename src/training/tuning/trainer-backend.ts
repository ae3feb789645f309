// tfjs in a browser's worker, for training: WebGPU on a real adapter, else WASM on one thread.
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plainWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import { type BackendWish, chooseBackend, type MachineFacts } from '../../inference/backend.ts';
import { browserRuntime } from '../../inference/browser-runtime.ts';
import { type DeviceWatch, NO_DEVICE, watchDevice } from '../../tensor/tf/device-watch.ts';
import { requireRightProduct } from '../../tensor/tf/right-product.ts';
import { registerTrainingKernels } from '../../tensor/wasm/register.ts';

export interface TrainingBackend {
  readonly backend: 'webgpu' | 'wasm';
  /** Why this one. */
  readonly reason: string;
}

/** `wasm` where the graphics processor has failed before. */
export type TrainingWish = Extract<BackendWish, 'auto' | 'wasm'>;

export interface StartedBackend {
  readonly report: TrainingBackend;
  readonly watch: DeviceWatch;
}

const WHEN_LOST =
  'Start again, or go on from what was kept: it is computed without that device then.';

/** Makes a backend tfjs's current one. Throws `backend-unavailable` when even WASM cannot start. */
export async function startTrainingBackend(wish: TrainingWish): Promise<StartedBackend> {
  const facts = await browserRuntime().facts();
  const { backend, reason } = chooseBackend(wish, facts);
  if (backend !== 'webgpu') return startWasm(reason);
  try {
    await import('@tensorflow/tfjs-backend-webgpu');
    if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs got no device');
    const { device } = tf.backend() as unknown as { readonly device: GPUDevice };
    const watch = watchDevice(device, facts.gpu?.name ?? '', WHEN_LOST);
    await watch.guard(requireRightProduct());
    return { report: { backend: 'webgpu', reason: inWords(facts, reason) }, watch };
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    return startWasm(`WebGPU was given up: ${why}`);
  }
}

function inWords({ gpu }: MachineFacts, reason: string): string {
  return gpu ? `${reason}: ${gpu.name}` : reason;
}

async function startWasm(reason: string): Promise<StartedBackend> {
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
  return { report: { backend: 'wasm', reason }, watch: NO_DEVICE };
}

const absolute = (url: string) => new URL(url, import.meta.url).href;
