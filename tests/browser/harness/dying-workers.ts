// For pages' init scripts: workers of the built page that end in the middle of a call.
import type { WorkerKind } from './worker-prelude.ts';

export interface Death {
  readonly kind: WorkerKind;
  /** The first call of this method is the last thing that the worker hears. */
  readonly method: string;
}

/** Ends the first worker that is called so, and none of those that follow it. */
export const dieInCall = ({ kind, method }: Death) => {
  const Native = Worker;
  let dead = false;
  globalThis.Worker = class extends Native {
    readonly #isOfKind: boolean;

    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      this.#isOfKind = String(url).includes(`/${kind}-`);
    }

    override postMessage(message: unknown, how?: unknown): void {
      super.postMessage(message, how as Transferable[]);
      const asked = (message as { readonly path?: readonly string[] } | null)?.path?.[0];
      if (dead || !this.#isOfKind || asked !== method) return;
      dead = true;
      // At once: a short call would be answered by the next task.
      this.terminate();
    }
  };
};
