// Runs a target in a thread of its own, so that one which hangs or takes all memory can be ended from outside.
import { parentPort, workerData } from 'node:worker_threads';
import { runTarget } from './run-target.ts';
import { TARGETS } from './targets/index.ts';

export interface WorkerRequest {
  readonly target: string;
  readonly seed: number;
  readonly runs: number;
  readonly from: number;
  readonly seconds: number;
  readonly bombs: boolean;
  readonly firstBomb: number;
  /** One number: of the input that is being read. */
  readonly progress: Int32Array<SharedArrayBuffer>;
}

const { target: name, progress, ...options } = workerData as WorkerRequest;
const target = TARGETS.find((each) => each.name === name);
if (!target) throw new Error(`There is no target "${name}".`);

const open = await target.open();
const stray: string[] = [];
process.on('unhandledRejection', (reason) => stray.push(String(reason)));
const report = await runTarget(target, open, {
  ...options,
  onInput: (index) => Atomics.store(progress, 0, index),
});
await open.close?.();
const strayFaults = stray.slice(0, 1).map((what) => ({
  what: `a rejection that nobody handled: ${what}`,
  signature: 'unhandled rejection',
  index: null,
  input: null,
}));
parentPort?.postMessage({ ...report, faults: [...report.faults, ...strayFaults] });
