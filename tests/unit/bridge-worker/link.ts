// The bridge's link to a Node thread: worker_threads tell of a death by themselves.
import { Worker } from 'node:worker_threads';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { WorkerLink } from '../../../src/bridge/worker-link.ts';

const file = (name: string) => new URL(name, import.meta.url).href;

export interface ThreadLink extends WorkerLink {
  readonly thread: Worker;
}

/**
 * @param watched false = deaths go unnoticed, so that only heartbeats can tell
 * @param worker the file beside this one that it runs
 */
export function linkThread(watched = true, worker = './worker.ts'): ThreadLink {
  // Threads take no TypeScript by themselves: tsx's loader is registered inside.
  const code = `import('tsx/esm/api').then((tsx) => tsx.tsImport(${JSON.stringify(file(worker))}, ${JSON.stringify(file(worker))}))`;
  const thread = new Worker(code, { eval: true });
  thread.on('error', () => {});
  return {
    thread,
    endpoint: nodeEndpoint(thread),
    terminate: () => void thread.terminate(),
    onDeath: (report) => {
      if (!watched) return;
      thread.on('error', (error: Error) => report(error.message));
      thread.on('exit', (code) => report(`it ended with code ${code}`));
    },
  };
}
