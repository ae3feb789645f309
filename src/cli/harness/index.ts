// The harness that trains in Node: takes WebGPU on a real adapter, else WASM, else plain JavaScript.
import { CairnError } from '../../errors.ts';
import { isSoftwareAdapter } from '../../inference/backend.ts';
import { type DeviceWatch, NO_DEVICE, watchDevice } from '../../tensor/tf/device-watch.ts';
import { findGpu, type GpuSearch, installGpu, type NodeGpu } from './node-gpu.ts';
import { releaseWebGpu, useCpu, useWasm, useWebGpu } from './tfjs-backends.ts';

export { findSoftwareVulkan, softwareVulkanEnvironment } from './software-vulkan.ts';

const WHEN_LOST =
  'Go on from the last checkpoint with --resume; if it happens again, train smaller batches or pictures, or choose --backend wasm.';

export type HarnessBackend = 'webgpu' | 'wasm' | 'cpu';
export type HarnessWish = 'auto' | HarnessBackend;
export const HARNESS_WISHES: readonly HarnessWish[] = ['auto', 'webgpu', 'wasm', 'cpu'];

export interface HarnessOptions {
  /** `auto`, the default, takes what is fastest here, and never a software adapter. */
  readonly backend?: HarnessWish;
  /** Whether the wish `webgpu` may be met by an adapter that computes on the CPU: for tests. */
  readonly softwareAllowed?: boolean;
}

/** tfjs, ready to train on one backend. Lifetime: whoever starts it calls `dispose` when done. */
export interface Harness extends DeviceWatch {
  readonly backend: HarnessBackend;
  /** The WebGPU adapter's name. */
  readonly adapter: string | null;
  /** The adapter computes on the CPU. */
  readonly software: boolean;
  /** In one sentence, for people: what was taken, and why. */
  readonly why: string;
  /** Frees the GPU; tensors on it are gone. Other backends stay as they are. Idempotent. */
  dispose(): Promise<void>;
}

/**
 * Makes one backend tfjs's, with the gradients of all operations registered. One harness at a time.
 * Values of tensors on WebGPU are to be read by `await x.data()`: `dataSync` wants a canvas there.
 * Throws `backend-unavailable` when the wish cannot be met; `auto` always can.
 */
export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  const { backend: wish = 'auto', softwareAllowed = false } = options;
  if (wish === 'wasm' || wish === 'cpu') {
    return startPlain(wish, 'as asked for').catch((cause) => {
      throw unavailable(wish, firstLine(cause), cause);
    });
  }
  const search = await findGpu(softwareAllowed && wish === 'webgpu');
  const problem = problemOf(search, softwareAllowed && wish === 'webgpu');
  if (wish === 'webgpu') {
    if (problem) throw unavailable(wish, problem);
    return startWebGpu(search as NodeGpu, 'as asked for').catch((cause) => {
      throw unavailable(wish, firstLine(cause), cause);
    });
  }
  let reason = problem;
  if (!reason) {
    try {
      return await startWebGpu(search as NodeGpu, 'a real adapter');
    } catch (cause) {
      reason = `WebGPU was given up: ${firstLine(cause)}`;
    }
  }
  try {
    return await startPlain('wasm', `since ${reason}`);
  } catch (cause) {
    return startPlain('cpu', `since ${reason}, and WASM failed: ${firstLine(cause)}`);
  }
}

/** Why what was found will not do; null when it will. */
export function problemOf(search: GpuSearch, softwareAllowed: boolean): string | null {
  if (!search.gpu) return search.problem;
  if (softwareAllowed || !isSoftwareAdapter(search.facts)) return null;
  return `the only WebGPU adapter computes on the CPU (${search.facts.name})`;
}

async function startWebGpu({ gpu, facts }: NodeGpu, because: string): Promise<Harness> {
  const uninstall = await installGpu(gpu);
  let device: GPUDevice;
  try {
    device = await useWebGpu();
  } catch (cause) {
    uninstall();
    throw cause;
  }
  const { lost, guard, release } = watchDevice(device, facts.name, WHEN_LOST);
  const software = isSoftwareAdapter(facts);
  let disposed = false;
  return {
    backend: 'webgpu',
    adapter: facts.name,
    software,
    why: `Trains on WebGPU (${facts.name}${software ? ', software' : ''}), ${because}.`,
    lost,
    guard,
    dispose: async () => {
      if (disposed) return;
      disposed = true;
      release();
      releaseWebGpu(device);
      uninstall();
    },
  };
}

async function startPlain(backend: 'wasm' | 'cpu', because: string): Promise<Harness> {
  await (backend === 'wasm' ? useWasm() : useCpu());
  const words = backend === 'wasm' ? 'WASM, one thread' : 'plain JavaScript, which is slow';
  return {
    ...NO_DEVICE,
    backend,
    adapter: null,
    software: false,
    why: `Trains on ${words}, ${because}.`,
    dispose: async () => {},
  };
}

function unavailable(wish: HarnessWish, why: string, cause?: unknown): CairnError {
  return new CairnError(
    'backend-unavailable',
    `Training cannot use the backend "${wish}": ${why}.`,
    'Choose "auto", or see docs/harness.md for how to get a WebGPU adapter.',
    { cause },
  );
}

function firstLine(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!;
}
