// The bridge to the trainer's worker, for the page.
import { WorkerBridge } from '../src/bridge/worker-bridge.ts';
import { linkWorker } from '../src/bridge/worker-link.ts';
import type { TrainerService } from '../src/training/tuning/trainer-service.ts';
import type { Hooks } from './spawn.ts';

/** Opening compiles the backend's kernels; a call of `advance` does a few steps. */
const TRAINER_TIMEOUTS = { open: 180_000, advance: 180_000 };

/** The trainer in a worker, started by the first call: most visits never need it. */
export function bridgeTrainer(
  hooks: Pick<Hooks<TrainerService>, 'onCrash'> = {},
): WorkerBridge<TrainerService> {
  return new WorkerBridge<TrainerService>(
    () => linkWorker(new Worker(new URL('./trainer.ts', import.meta.url), { type: 'module' })),
    { name: 'trainer', timeouts: TRAINER_TIMEOUTS, ...hooks },
  );
}
