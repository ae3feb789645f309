// A browser's Worker as the bridge sees it: a channel, a way to end it, and news of its death.
import type { Endpoint } from 'comlink';
import { isWorkerSignal } from './protocol.ts';

export interface WorkerLink {
  readonly endpoint: Endpoint;
  terminate(): void;
  /** Calls back when the worker is known to be gone or broken; why, in words. */
  onDeath(report: (why: string) => void): void;
}

/**
 * Watches a module worker by its error events, by the lock that it holds while alive, and by calls of
 * its `terminate`: a worker stopped in the middle of computing lets go of its lock only much later.
 */
export function linkWorker(worker: Worker): WorkerLink {
  const unwatch = new AbortController();
  const stop = () => Worker.prototype.terminate.call(worker);
  return {
    endpoint: worker,
    terminate: () => {
      unwatch.abort();
      stop();
    },
    onDeath: (report) => {
      const { signal } = unwatch;
      worker.terminate = () => {
        stop();
        if (!signal.aborted) report('it was stopped');
      };
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
