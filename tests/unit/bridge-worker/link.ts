// The bridge's link to a Node thread: worker_threads tell of a death by themselves.
import { MessageChannel, Worker } from 'node:worker_threads';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { serve } from '../../../src/bridge/serve.ts';
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

/**
 * A worker of this very thread, for objects that share what the test has.
 * @param dies asked before each call whether the worker dies in it
 */
export function linkHere(api: object, dies: (method: string) => boolean): WorkerLink {
  const { port1: inside, port2: outside } = new MessageChannel();
  let report: (why: string) => void = () => undefined;
  const mortal = Object.fromEntries(
    Object.entries(api).map(([method, work]) => [
      method,
      (...args: unknown[]) => {
        if (!dies(method)) return work(...args);
        inside.close();
        report('it was killed');
        return new Promise(() => undefined);
      },
    ]),
  );
  serve(mortal, nodeEndpoint(inside));
  return {
    endpoint: nodeEndpoint(outside),
    terminate: () => outside.close(),
    onDeath: (told) => {
      report = told;
    },
  };
}
