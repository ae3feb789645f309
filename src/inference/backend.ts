// Which backend computes here, and why: a pure choice over the facts of a machine.
import { CairnError } from '../errors.ts';
import type { Backend, BackendReport } from './encoder.ts';

/** What the user asks for; `webgpu-software` also takes a software adapter, for tests. */
export type BackendWish = 'auto' | 'webgpu' | 'webgpu-software' | 'wasm' | 'native';

export const BACKEND_WISHES: readonly BackendWish[] = [
  'auto',
  'webgpu',
  'webgpu-software',
  'wasm',
  'native',
];

export interface GpuFacts {
  /** Vendor, architecture and so on, joined for people. */
  readonly name: string;
  /** The browser itself says that it is a fallback. */
  readonly fallback: boolean;
}

export interface MachineFacts {
  readonly runtime: 'browser' | 'node';
  /** Null without an adapter; then `gpuProblem` says why. */
  readonly gpu: GpuFacts | null;
  readonly gpuProblem: string | null;
  /** SharedArrayBuffer may be used: cross-origin isolation in browsers, always in Node. */
  readonly sharedMemory: boolean;
  /** Logical cores. */
  readonly cores: number;
  /** iPhone or iPad, where threads cost more memory than the system grants. */
  readonly ios: boolean;
  /** onnxruntime-node is installed. */
  readonly native: boolean;
}

export type BackendChoice = Pick<BackendReport, 'backend' | 'threads' | 'adapter' | 'reason'>;

/** More threads gain nothing on networks of this size, and take cores from the page. */
export const MAX_THREADS = 4;

/** Adapters that compute on the CPU: measured 5 500 ms for a network that WASM ran in 30. */
const SOFTWARE_ADAPTER = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bcpu\b|software/i;

export function isSoftwareAdapter(gpu: GpuFacts): boolean {
  return gpu.fallback || SOFTWARE_ADAPTER.test(gpu.name);
}

/**
 * `auto` takes WebGPU on a real adapter in a browser and native code in Node where installed,
 * else WASM. Throws `backend-unavailable` when the wish cannot be met.
 */
export function chooseBackend(wish: BackendWish, facts: MachineFacts): BackendChoice {
  if (wish === 'native' || (wish === 'auto' && facts.native)) {
    if (!facts.native) throw unavailable('native', 'onnxruntime-node is not installed');
    const reason = wish === 'native' ? 'asked for' : 'onnxruntime-node is installed';
    return cpu('native', facts.cores, reason);
  }
  if (wish === 'wasm') return wasm(facts, 'asked for');
  const missing = gpuMissing(facts);
  const software = facts.gpu !== null && isSoftwareAdapter(facts.gpu);
  const adapter = facts.gpu?.name ?? null;
  if (wish === 'auto') {
    if (missing) return wasm(facts, missing);
    if (software) return wasm(facts, `only a software WebGPU adapter (${adapter})`);
    return { backend: 'webgpu', threads: 1, adapter, reason: 'a real WebGPU adapter' };
  }
  if (missing) throw unavailable('webgpu', missing);
  if (wish === 'webgpu' && software) {
    throw unavailable('webgpu', `there is only a software adapter (${adapter})`);
  }
  return { backend: 'webgpu', threads: 1, adapter, reason: 'asked for' };
}

/** The choice after WebGPU gave wrong numbers or none. */
export function fallBackToWasm(facts: MachineFacts, why: string): BackendChoice {
  return wasm(facts, `WebGPU was given up: ${why}`);
}

function gpuMissing(facts: MachineFacts): string | null {
  if (facts.runtime === 'node') return 'Node has no WebGPU';
  return facts.gpu ? null : (facts.gpuProblem ?? 'no WebGPU adapter');
}

function wasm(facts: MachineFacts, why: string): BackendChoice {
  if (facts.ios) return cpu('wasm', 1, `${why}; one thread on iOS`);
  if (!facts.sharedMemory) {
    return cpu('wasm', 1, `${why}; one thread, since the page is not cross-origin isolated`);
  }
  return cpu('wasm', facts.cores, why);
}

function cpu(backend: Backend, cores: number, reason: string): BackendChoice {
  return { backend, threads: Math.max(1, Math.min(cores, MAX_THREADS)), adapter: null, reason };
}

function unavailable(backend: Backend, why: string): CairnError {
  return new CairnError(
    'backend-unavailable',
    `The backend "${backend}" cannot be used: ${why}.`,
    'Choose "auto" or "wasm".',
  );
}

/** Such as `wasm (2 threads)` or `webgpu (NVIDIA Ampere)`. */
export function backendInWords(choice: Pick<BackendChoice, 'backend' | 'threads' | 'adapter'>) {
  if (choice.backend === 'webgpu') return `webgpu (${choice.adapter ?? 'unknown adapter'})`;
  return `${choice.backend} (${choice.threads} ${choice.threads === 1 ? 'thread' : 'threads'})`;
}
