// The tuner: drives a trainer step by step, pauses, stops, survives a visit, applies and undoes heads.
import 'fake-indexeddb/auto';
import { signal } from '@preact/signals';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTuner, tuningsOf } from '../../src/app/teaching/tuner.ts';
import type { Remote } from '../../src/bridge/worker-bridge.ts';
import { CairnError } from '../../src/errors.ts';
import { type CairnStore, openStore } from '../../src/retrieval/store.ts';
import type { LastStageJob, TuningJob } from '../../src/training/tuning/courses.ts';
import {
  type AppliedTuning,
  savedRun,
  saveRun,
  type TuningScope,
} from '../../src/training/tuning/trainer-keep.ts';
import type { TrainerService, TuningStatus } from '../../src/training/tuning/trainer-service.ts';
import type { EncoderEntry } from '../../src/weights/registry.ts';
import { HEX } from './retrieval-fixtures.ts';

const STEPS = 9;
const SHARE = { right: 1, of: 2, lead: 0.1 };
const FIGURES = { taught: SHARE, known: SHARE };
const FILE = Uint8Array.of(1, 2, 3);
const ENTRY = { id: 'e' } as EncoderEntry;

// Node 20 has no navigator: as in a browser that tells nothing of its memory or storage.
beforeAll(() => vi.stubGlobal('navigator', {}));
afterAll(() => vi.unstubAllGlobals());

let number = 0;
const freshStore = (): Promise<CairnStore> => openStore({ name: `tuner-${number++}` });
const settle = () => new Promise((done) => setTimeout(done, 50));

/** A trainer whose calls of `advance` are answered by the test. */
function scripted(store: CairnStore) {
  let step = 0;
  const waiting: ((fail?: Error) => void)[] = [];
  const used: (AppliedTuning | null)[] = [];
  const jobs: TuningJob[] = [];
  let scope: TuningScope = 'head';
  let failing = false;
  let released = 0;
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
    const { points, before, best } = status();
    const run = { key: 'k', scope, step, steps: STEPS, points, before, state: FILE };
    await saveRun(store, { ...run, best: best && { ...best, bytes: FILE } });
  };
  const api = {
    open: async (job: TuningJob) => {
      jobs.push(job);
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
    best: async () => FILE,
    discard: async () => undefined,
  };
  const go = async (fail?: Error) => {
    waiting.shift()?.(fail);
    await settle();
  };
  const create = async () =>
    createTuner({
      store,
      trainer: {
        api: api as unknown as Remote<TrainerService>,
        release: () => {
          released += 1;
        },
      },
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

describe('the tuner', () => {
  it('runs to the end, applies the best head, and undoes it, also after a visit', async () => {
    const store = await freshStore();
    const { create, go, used, released } = scripted(store);
    const tuner = await create();
    expect(tuner.refusal.value).toBeNull();
    void tuner.start();
    await settle();
    expect(tuner.state.value.at).toBe('running');
    for (let i = 0; i < STEPS / 3; i++) await go();
    expect(tuner.state.value).toMatchObject({ at: 'over', run: { step: STEPS } });
    await tuner.apply();
    expect(used).toMatchObject([{ scope: 'head', bytes: FILE }]);
    expect(tuner.active.value).toMatchObject({ figures: FIGURES });
    expect(tuner.state.value.at).toBe('idle');
    expect(released()).toBe(1);
    expect(await savedRun(store)).toBeNull();
    const next = await create();
    expect(next.active.value?.bytes).toEqual(FILE);
    await next.undo();
    expect(used.at(-1)).toBeNull();
    expect((await tuningsOf(store)).active).toBeNull();
  });

  it('pauses after the steps under way, and never runs two loops', async () => {
    const store = await freshStore();
    const { create, go, waiting } = scripted(store);
    const tuner = await create();
    void tuner.start();
    await settle();
    tuner.pause();
    tuner.resume();
    expect(tuner.state.value.at).toBe('paused');
    await go();
    expect(tuner.state.value).toMatchObject({ at: 'running', run: { step: 3 } });
    expect(waiting).toHaveLength(1);
    tuner.pause();
    await go();
    expect(tuner.state.value).toMatchObject({ at: 'paused', run: { step: 6 } });
    expect(waiting).toHaveLength(0);
    expect((await savedRun(store))?.step).toBe(6);
    const next = await create();
    expect(next.saved.value).toEqual({ scope: 'head', step: 6, steps: STEPS });
    void next.resumeSaved();
    await settle();
    await go();
    expect(next.state.value).toMatchObject({ at: 'over', run: { step: STEPS } });
    await next.discard();
    expect(next.saved.value).toBeNull();
  });

  it('says what went wrong and offers what was saved', async () => {
    const store = await freshStore();
    const { create, go } = scripted(store);
    const tuner = await create();
    void tuner.start();
    await settle();
    tuner.pause();
    await go();
    tuner.resume();
    await settle();
    await go(new CairnError('worker-crashed', 'gone', 'again'));
    expect(tuner.state.value).toMatchObject({ at: 'failed', error: { code: 'worker-crashed' } });
    expect(tuner.saved.value).toEqual({ scope: 'head', step: 3, steps: STEPS });
  });

  it('tunes head and last stage when that is chosen, step by step, and undoes to what was before', async () => {
    const store = await freshStore();
    const { create, go, used, jobs } = scripted(store);
    const tuner = await create();
    await settle();
    tuner.choose('last-stage');
    expect(tuner.refusal.value).toBeNull();
    expect(tuner.pictureBytes.value).toBe(15);
    void tuner.start();
    await settle();
    await go();
    expect(tuner.state.value).toMatchObject({ run: { scope: 'last-stage', step: 1 } });
    expect(jobs[0]).toMatchObject({ scope: 'last-stage', inUse: null, network: { entry: ENTRY } });
    expect((jobs[0] as LastStageJob).network.pictures).toHaveLength(3);
    tuner.stop();
    await go();
    await tuner.apply();
    expect(tuner.active.value).toMatchObject({ scope: 'last-stage' });
    expect((await tuner.exported())?.scope).toBe('last-stage');
    // A head on top of it is compared with it, and undoing comes back to it.
    tuner.choose('head');
    void tuner.start();
    await settle();
    expect(jobs[1]).toMatchObject({ scope: 'head', inUse: { scope: 'last-stage' } });
    tuner.stop();
    await go();
    await tuner.apply();
    expect(used.map((one) => one?.scope)).toEqual(['last-stage', 'head']);
    await tuner.undo();
    expect(tuner.active.value?.scope).toBe('last-stage');
    await tuner.undo();
    expect(tuner.active.value).toBeNull();
  });

  it('keeps the run and what was in use when a result cannot be put to use', async () => {
    const store = await freshStore();
    const { create, go, used, fail } = scripted(store);
    const tuner = await create();
    void tuner.start();
    await settle();
    tuner.stop();
    await go();
    fail(true);
    await expect(tuner.apply()).rejects.toThrow(/no room/);
    expect(used.at(-1)).toBeNull();
    expect(tuner.state.value.at).toBe('over');
    expect((await tuningsOf(store)).active).toBeNull();
    expect(await savedRun(store)).not.toBeNull();
    fail(false);
    await tuner.apply();
    expect((await tuningsOf(store)).active?.scope).toBe('head');
  });

  it('does not tune, and discards nothing, while another tab tunes', async () => {
    const store = await freshStore();
    const { create, jobs } = scripted(store);
    const tuner = await create();
    const locks = {
      request: async (_name: string, _how: object, work: (lock: null) => void) => work(null),
    };
    vi.stubGlobal('navigator', { locks });
    await tuner.start();
    expect(tuner.state.value.at).toBe('elsewhere');
    await tuner.discard();
    expect(tuner.state.value.at).toBe('elsewhere');
    expect(jobs).toEqual([]);
    // Free again: the other tab has gone.
    vi.stubGlobal('navigator', {});
    void tuner.start();
    await settle();
    expect(tuner.state.value.at).toBe('running');
  });

  it('in two tabs loses nothing that either put to use', async () => {
    const store = await freshStore();
    const [one, other] = [scripted(store), scripted(store)];
    const [here, there] = [await one.create(), await other.create()];
    const tune = async (tuner: typeof here, { go }: typeof one) => {
      void tuner.start();
      await settle();
      for (let i = 0; i < STEPS / 3; i++) await go();
      await tuner.apply();
    };
    await tune(here, one);
    const first = here.active.value!;
    await settle();
    // This tab has not heard of it.
    expect(there.active.value).toBeNull();
    await tune(there, other);
    const kept = await tuningsOf(store);
    expect(kept.active).toMatchObject({ applied: there.active.value!.applied });
    expect(kept.previous).toMatchObject({ applied: first.applied });
    // The first tab shows its own still: it must not undo what it does not show.
    await expect(here.undo()).rejects.toMatchObject({ code: 'usage' });
    expect(await tuningsOf(store)).toEqual(kept);
    await there.undo();
    expect((await tuningsOf(store)).active).toMatchObject({ applied: first.applied });
  });
});
