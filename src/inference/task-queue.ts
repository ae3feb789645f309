// Runs tasks one after the other: onnxruntime sessions must not be run twice at the same time.
import { CairnError, throwIfAborted } from '../errors.ts';

export class TaskQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** A task that is aborted while it waits is rejected at once and never starts. */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const onAbort = () =>
        reject(new CairnError('aborted', 'The work was stopped.', 'Start it again if needed.'));
      signal?.addEventListener('abort', onAbort);
      const turn = this.#last.then(async () => {
        throwIfAborted(signal);
        return task();
      });
      this.#last = turn.catch(() => {});
      turn.then(resolve, reject).finally(() => signal?.removeEventListener('abort', onAbort));
    });
  }
}
