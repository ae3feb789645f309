// WebGPU for Node: Dawn's bindings from the package `webgpu`, put where browsers have theirs.
import { tmpdir } from 'node:os';
import type { GpuFacts } from '../../inference/backend.ts';
import { driversAreGiven, findSoftwareVulkan, withDriver } from './software-vulkan.ts';

/** As tfjs asks for its adapter: what is judged here must be what it gets. */
const ADAPTER_WISH: GPURequestAdapterOptions = { powerPreference: 'high-performance' };

/** An entry to WebGPU whose `requestAdapter` gives the adapter that `facts` describe. */
export interface NodeGpu {
  readonly gpu: GPU;
  readonly facts: GpuFacts;
}

export type GpuSearch = NodeGpu | { readonly gpu: null; readonly problem: string };

/**
 * Looks for an adapter, a real one first. Changes nothing that others see but XDG_RUNTIME_DIR, without
 * which Vulkan's drivers complain; `installGpu` does.
 * @param softwareAllowed also a driver that computes on the CPU, looked for when there is no adapter
 */
export async function findGpu(softwareAllowed: boolean): Promise<GpuSearch> {
  const dawn = await importDawn();
  if (typeof dawn === 'string') return { gpu: null, problem: dawn };
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  const found = await openAdapter(dawn);
  if (found.gpu || !softwareAllowed || driversAreGiven()) return found;
  const manifest = findSoftwareVulkan();
  return manifest ? await withDriver(manifest, () => openAdapter(dawn)) : found;
}

type Dawn = typeof import('webgpu');

/** The bindings, or why there are none: the package is optional. */
async function importDawn(): Promise<Dawn | string> {
  try {
    return await import('webgpu');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
      ? 'the package "webgpu" is not installed for this machine'
      : `the package "webgpu" does not load here (${message.split('\n')[0]})`;
  }
}

async function openAdapter(dawn: Dawn): Promise<GpuSearch> {
  try {
    const gpu = dawn.create([]);
    const adapter = await gpu.requestAdapter(ADAPTER_WISH);
    if (!adapter) return { gpu: null, problem: 'there is no WebGPU adapter' };
    return { gpu, facts: gpuFacts(adapter.info) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return { gpu: null, problem: `WebGPU failed (${why.split('\n')[0]})` };
  }
}

function gpuFacts({
  vendor,
  architecture,
  device,
  description,
  isFallbackAdapter,
}: GPUAdapterInfo) {
  const words = [...new Set([vendor, architecture, device, description].filter(Boolean))];
  return { name: words.join(' ') || 'unnamed adapter', fallback: isFallbackAdapter };
}

/**
 * Puts WebGPU's classes on `globalThis` and `gpu` on `navigator`: to be awaited before
 * `@tensorflow/tfjs-backend-webgpu` is imported, which looks for them while it loads. Gives back what takes
 * `navigator.gpu` away again; the classes stay.
 */
export async function installGpu(gpu: GPU): Promise<() => void> {
  const { globals } = await import('webgpu');
  for (const [name, value] of Object.entries(globals)) {
    if (name in globalThis) continue;
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  // Node 21 brought a navigator of its own.
  if (!('navigator' in globalThis)) {
    const value = { userAgent: `Node.js/${process.versions.node.split('.')[0]}` };
    Object.defineProperty(globalThis, 'navigator', { value, configurable: true });
  }
  const { navigator } = globalThis;
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  return () => {
    Reflect.deleteProperty(navigator, 'gpu');
  };
}
