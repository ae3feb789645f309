// The lab's bridge to the trial worker, with the worker itself within reach so that it can be killed.
import { type BridgeOptions, WorkerBridge } from '../../../src/bridge/worker-bridge.ts';
import { linkWorker } from '../../../src/bridge/worker-link.ts';
import { toPlainError } from '../../../src/errors.ts';
import type { TrialApi } from '../../unit/bridge-worker/api.ts';

/** How a call ended, and how long after `start` (ms since the page began). */
export interface Ending {
  readonly code: string;
  readonly message: string;
  readonly ms: number;
}

export class TrialBridge {
  readonly bridge: WorkerBridge<TrialApi>;
  readonly crashes: string[] = [];
  #worker: Worker | undefined;

  constructor(options: Partial<BridgeOptions<TrialApi>> = {}) {
    const spawn = () => {
      this.#worker = new Worker(new URL('./trial-worker.ts', import.meta.url), { type: 'module' });
      return linkWorker(this.#worker);
    };
    const onCrash = (error: Error) => void this.crashes.push(error.message);
    this.bridge = new WorkerBridge<TrialApi>(spawn, { name: 'trial', onCrash, ...options });
  }

  /** Ends the worker behind the bridge's back, as the browser does when memory is short. */
  kill(): void {
    this.#worker?.terminate();
  }

  async ending(call: Promise<unknown>): Promise<Ending> {
    const start = performance.now();
    try {
      await call;
      return { code: 'resolved', message: '', ms: performance.now() - start };
    } catch (thrown) {
      const { code, message } = toPlainError(thrown);
      return { code, message, ms: performance.now() - start };
    }
  }
}

/** A bridge to a script that does not exist. */
export function bridgeToNowhere(): WorkerBridge<TrialApi> {
  const spawn = () => linkWorker(new Worker('./nowhere.js', { type: 'module' }));
  return new WorkerBridge<TrialApi>(spawn, { name: 'trial' });
}
