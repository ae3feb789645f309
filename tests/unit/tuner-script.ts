// A tuner over a trainer that does what the test says: its steps are answered one by one, its worker dies when told.
import 'fake-indexeddb/auto';
import { signal } from '@preact/signals';
import { createTuner, type TunerParts, tuningsOf } from '../../src/app/teaching/tuner.ts';
import { type Remote, WorkerBridge } from '../../src/bridge/worker-bridge.ts';
import { CairnError } from '../../src/errors.ts';
import { type CairnStore, openStore } from '../../src/retrieval/store.ts';
import type { TuningJob } from '../../src/training/tuning/courses.ts';
import {
  type AppliedTuning,
  savedRun,
  saveRun,
  type TuningScope,
} from '../../src/training/tuning/trainer-keep.ts';
import type { TrainerService, TuningStatus } from '../../src/training/tuning/trainer-service.ts';
import type { EncoderEntry } from '../../src/weights/registry.ts';
import { linkHere } from './bridge-worker/link.ts';
import { HEX } from './retrieval-fixtures.ts';

export const STEPS = 9;
const SHARE = { right: 1, of: 2, lead: 0.1 };
export const FIGURES = { taught: SHARE, known: SHARE };
export const FILE = Uint8Array.of(1, 2, 3);
export const ENTRY = { id: 'e' } as EncoderEntry;

let number = 0;
export const freshStore = (): Promise<CairnStore> => openStore({ name: `tuner-${number++}` });
export const settle = () => new Promise((done) => setTimeout(done, 50));

/** A trainer whose calls of `advance` are answered by the test. */
export function scripted(store: CairnStore) {
  let step = 0;
  const waiting: ((fail?: Error) => void)[] = [];
  const used: (AppliedTuning | null)[] = [];
  const jobs: TuningJob[] = [];
  let scope: TuningScope = 'head';
  let failing = false;
  let released = 0;
  /** As long as a run is open in the worker that is there. */
  let begun = false;
  const atWork = () => {
    if (!begun) throw new CairnError('usage', 'No tuning is under way.', 'Start one.');
  };
  const status = (): TuningStatus => ({
    scope,
    backend: { backend: 'wasm', reason: 'test' },
    step,
    steps: STEPS,
    points: [],
    before: FIGURES,
    best: step > 0 ? { step, figures: FIGURES } : null,
    photos: 5,
    landmarks: 3,
  });
  const save = async () => {
    atWork();
    const { points, before, best } = status();
    const run = { key: 'k', scope, step, steps: STEPS, points, before, state: FILE };
    await saveRun(store, { ...run, best: best && { ...best, bytes: FILE } });
  };
  const api = {
    open: async (job: TuningJob) => {
      jobs.push(job);
      begun = true;
      scope = job.scope;
      const { resume } = job;
      step = resume ? ((await savedRun(store))?.step ?? 0) : 0;
      return status();
    },
    advance: (count: number) =>
      new Promise<TuningStatus>((resolve, reject) => {
        waiting.push((fail) => {
          if (fail) return reject(fail);
          step = Math.min(STEPS, step + count);
          resolve(status());
        });
      }),
    save,
    best: async () => {
      atWork();
      return FILE;
    },
    discard: async () => undefined,
  };
  const go = async (fail?: Error) => {
    waiting.shift()?.(fail);
    await settle();
  };
  const direct = {
    api: api as unknown as Remote<TrainerService>,
    release: () => {
      released += 1;
    },
  };
  /** Over a bridge to a worker that is served here, and dies when `dying` says so. */
  let dying: keyof typeof api | null = null;
  const bridged = () =>
    new WorkerBridge<TrainerService>(
      () => {
        begun = false;
        return linkHere(api, (method) => {
          const dies = method === dying;
          if (dies) dying = null;
          return dies;
        });
      },
      { name: 'trainer' },
    );
  const create = async ({
    trainer = direct,
    tabs = () => ({ tell: () => undefined }),
  }: Partial<Pick<TunerParts, 'trainer' | 'tabs'>> = {}) =>
    createTuner({
      store,
      trainer,
      tabs,
      job: {
        known: 'a',
        taught: 'b',
        encoder: { id: 'e', weightsSha256: HEX('a'), dim: 4 },
        bank: new Float32Array(4),
      },
      needs: signal({ taught: [3], knownLandmarks: 5, rows: 20, dim: 4 }),
      network: { models: 'http://localhost/', entry: ENTRY, slice: { from: 0, dim: 4 } },
      pictures: async () => [0, 1, 2].map((i) => ({ id: `${i}`, blob: new Blob(['12345']) })),
      pictureFacts: async () => ({ missing: 0, bytes: 15 }),
      tunings: await tuningsOf(store),
      use: async (applied) => {
        used.push(applied);
        if (failing && applied) throw new CairnError('storage-full', 'no room', 'make some');
      },
      tidy: async () => undefined,
    });
  return {
    create,
    bridged,
    die: (at: keyof typeof api) => {
      dying = at;
    },
    go,
    waiting,
    used,
    jobs,
    released: () => released,
    fail: (now: boolean) => {
      failing = now;
    },
  };
}
