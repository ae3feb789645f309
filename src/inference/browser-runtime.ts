// onnxruntime-web in a browser: only the build that is used gets fetched, from beside our own files.
import asyncifyMjs from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import asyncifyWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import wasmMjs from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasmWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import type { BackendChoice, MachineFacts } from './backend.ts';
import { createOrtSession, type InferenceRuntime } from './session.ts';

export interface BrowserFacts {
  /** `navigator.maxTouchPoints` of the page: an iPad calls itself a Mac, and workers cannot tell. */
  readonly touchPoints?: number;
}

/** Runs in a page or a worker. Sessions of one runtime share one WASM instance or one device. */
export function browserRuntime(page: BrowserFacts = {}): InferenceRuntime {
  let facts: Promise<MachineFacts> | undefined;
  return {
    defaultWish: 'auto',
    facts: () => {
      facts ??= probe(page);
      return facts;
    },
    createSession: async (onnx, choice) =>
      createOrtSession(await loadOrt(choice), onnx, { executionProviders: [choice.backend] }),
  };
}

/** The build of onnxruntime-web for a choice, told where its files are and how many threads to use. */
export async function loadOrt(choice: Pick<BackendChoice, 'backend' | 'threads'>) {
  // The WASM inside the WebGPU build is twice slower than the plain one: hence two builds.
  const gpu = choice.backend === 'webgpu';
  const ort = gpu ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm');
  const { wasm } = ort.env;
  wasm.wasmPaths = gpu
    ? { mjs: absolute(asyncifyMjs), wasm: absolute(asyncifyWasm) }
    : { mjs: absolute(wasmMjs), wasm: absolute(wasmWasm) };
  wasm.numThreads = choice.threads;
  ort.env.logLevel = 'error';
  return ort;
}

const absolute = (url: string) => new URL(url, import.meta.url).href;

async function probe(page: BrowserFacts): Promise<MachineFacts> {
  const { userAgent } = navigator;
  return {
    runtime: 'browser',
    ...(await probeGpu()),
    sharedMemory: globalThis.crossOriginIsolated,
    cores: navigator.hardwareConcurrency || 1,
    ios:
      /iPhone|iPad|iPod/.test(userAgent) ||
      (userAgent.includes('Macintosh') && (page.touchPoints ?? 0) > 1),
    native: false,
  };
}

async function probeGpu(): Promise<Pick<MachineFacts, 'gpu' | 'gpuProblem'>> {
  if (!navigator.gpu) return { gpu: null, gpuProblem: 'this browser has no WebGPU' };
  try {
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) return { gpu: null, gpuProblem: 'no WebGPU adapter' };
    const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
    const words = [...new Set([vendor, architecture, device, description].filter(Boolean))];
    return {
      gpu: { name: words.join(' ') || 'unnamed adapter', fallback: isFallbackAdapter === true },
      gpuProblem: null,
    };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return { gpu: null, gpuProblem: `WebGPU failed: ${why}` };
  }
}
