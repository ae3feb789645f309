// A browser's Worker as the bridge sees it: a channel, a way to end it, and news of its death.
import type { Endpoint } from 'comlink';
import { isWorkerSignal } from './protocol.ts';

export interface WorkerLink {
  readonly endpoint: Endpoint;
  terminate(): void;
  /** Calls back when the worker is known to be gone or broken; why, in words. */
  onDeath(report: (why: string) => void): void;
}

/** Watches a module worker by its error events and by the lock that it holds while alive. */
export function linkWorker(worker: Worker): WorkerLink {
  const unwatch = new AbortController();
  return {
    endpoint: worker,
    terminate: () => {
      unwatch.abort();
      worker.terminate();
    },
    onDeath: (report) => {
      const { signal } = unwatch;
      worker.addEventListener(
        'error',
        (event) => report(event.message || 'its code could not be loaded'),
        { signal },
      );
      worker.addEventListener('messageerror', () => report('it sent an unreadable message'), {
        signal,
      });
      worker.addEventListener(
        'message',
        ({ data }: MessageEvent<unknown>) => {
          if (!isWorkerSignal(data) || data.cairn !== 'ready' || !data.lock) return;
          // Granted only once the worker has let go of it, which it never does while it lives.
          navigator.locks
            .request(data.lock, { signal }, () => report('it was stopped'))
            .catch(() => {});
        },
        { signal },
      );
    },
  };
}
