// Our kernels bound to the heap of tfjs's WASM backend: they read and write its tensors in place.

import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { CairnError } from '../../errors.ts';
import { KERNEL_WASM } from './kernel.generated.ts';
import type { KernelExports } from './kernel-exports.ts';

/** The kernels on one backend's heap. Addresses stay valid when the heap grows. */
export interface Heap {
  readonly kernels: KernelExports;
  /** Address of SCRATCH_BYTES that every call may use; nothing in it outlives a call. */
  readonly scratch: number;
  /** Address of a tensor's first element. */
  at(tensor: TensorInfo): number;
  /** Runs with a float32 buffer on the heap, which is freed afterwards. */
  borrow(floats: number, use: (address: number) => void): void;
}

/** A cut-off tile, 256 zeros, one panel of 256 × 4 floats, sixteen of 256 × 8: see kernel/gemm.as. */
const SCRATCH_BYTES = 128 + 256 * 4 + 256 * 16 + 256 * 128 * 4;
/** See kernel/functions.as. */
const TABLE_BYTES = 132;

let compiled: Promise<WebAssembly.Module> | undefined;
let module: WebAssembly.Module | undefined;
const heaps = new WeakMap<object, Heap>();

function unbound(why: string, remedy: string, cause?: unknown): CairnError {
  const options = cause === undefined ? undefined : { cause };
  return new CairnError('backend-unavailable', `Training kernels: ${why}`, remedy, options);
}

/** Compiles the module once. Throws `backend-unavailable` where WASM SIMD is missing. */
export async function compileKernels(): Promise<void> {
  compiled ??= WebAssembly.compile(Uint8Array.from(atob(KERNEL_WASM), (c) => c.charCodeAt(0)));
  try {
    module = await compiled;
  } catch (thrown) {
    compiled = undefined;
    throw unbound('this machine has no WebAssembly SIMD.', 'Train on another backend.', thrown);
  }
}

/**
 * The heap of a backend, bound at its first use. Throws `backend-unavailable` when its memory cannot be
 * had, or belongs to the threaded build.
 */
export function heapOf(backend: BackendWasm): Heap {
  // Emscripten's module has more than its declared type tells.
  const wasm = backend.wasm as BackendWasm['wasm'] & {
    readonly asm?: WebAssembly.Exports;
    _malloc(bytes: number): number;
  };
  const known = heaps.get(wasm);
  if (known) return known;
  if (!module) throw unbound('they are not compiled yet.', 'Await registerTrainingKernels first.');
  const memory = wasm.asm?.memory;
  if (!(memory instanceof WebAssembly.Memory)) {
    throw unbound('this release of tfjs hides its memory.', 'Use tfjs-backend-wasm 4.22.');
  }
  if (!(memory.buffer instanceof ArrayBuffer)) {
    const remedy = 'Set the flag WASM_HAS_MULTITHREAD_SUPPORT to false before the backend starts.';
    throw unbound('tfjs runs its threaded build.', remedy);
  }
  const scratch = wasm._malloc(SCRATCH_BYTES + TABLE_BYTES) >>> 0;
  if (scratch === 0) throw unbound('no memory is left.', 'Close other work, or shrink the batch.');
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const kernels = instance.exports as unknown as KernelExports;
  kernels.start(scratch + SCRATCH_BYTES);
  const heap: Heap = {
    kernels,
    scratch,
    at: (tensor) => backend.dataIdMap.get(tensor.dataId).memoryOffset,
    borrow(floats, use) {
      const buffer = backend.makeOutput([floats], 'float32');
      try {
        use(this.at(buffer));
      } finally {
        backend.disposeData(buffer.dataId);
      }
    },
  };
  heaps.set(wasm, heap);
  return heap;
}
