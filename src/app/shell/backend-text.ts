// A backend in a few words, the same wherever the page names it.
import type { BackendReport } from '../../inference/encoder.ts';
import type { Words } from '../app.ts';

/** Such as `WASM · 2 threads` or `WebGPU`. */
export function backendText(
  { backend, threads }: Pick<BackendReport, 'backend' | 'threads'>,
  { t, f }: Pick<Words, 't' | 'f'>,
): string {
  if (backend === 'webgpu') return 'WebGPU';
  return `WASM · ${t.engine.threads(threads, f.count(threads))}`;
}
