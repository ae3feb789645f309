// The tuner: drives a trainer step by step, pauses, stops, survives a visit, applies and undoes heads.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { tuningsOf } from '../../src/app/teaching/tuner.ts';
import { CairnError } from '../../src/errors.ts';
import type { LastStageJob } from '../../src/training/tuning/courses.ts';
import { GPU_FAILED } from '../../src/training/tuning/gpu-failure.ts';
import { savedRun } from '../../src/training/tuning/trainer-keep.ts';
import { ENTRY, FIGURES, FILE, freshStore, STEPS, scripted, settle } from './tuner-script.ts';

// Node 20 has no navigator: as in a browser that tells nothing of its memory or storage.
beforeAll(() => vi.stubGlobal('navigator', {}));
afterAll(() => vi.unstubAllGlobals());

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

  it('goes on without the graphics processor from the step where that fails', async () => {
    const store = await freshStore();
    const { create, go, jobs } = scripted(store);
    const tuner = await create();
    void tuner.start();
    await settle();
    tuner.pause();
    await go();
    tuner.resume();
    await settle();
    await go(new CairnError('training-failed', 'It is lost.', 'Again.', { subject: GPU_FAILED }));
    expect(tuner.state.value).toMatchObject({ at: 'failed', error: { subject: GPU_FAILED } });
    await settle();
    expect(tuner.saved.value).toEqual({ scope: 'head', step: 3, steps: STEPS });
    void tuner.resumeSaved();
    await settle();
    await go();
    expect(tuner.state.value).toMatchObject({ at: 'running', run: { step: 6 } });
    await go(new CairnError('worker-crashed', 'gone', 'again'));
    void tuner.start();
    await settle();
    expect(jobs.map(({ wish, resume }) => [wish, resume])).toEqual([
      ['auto', false],
      ['wasm', true],
      ['wasm', false],
    ]);
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

  it('follows what another tab puts to use and undoes, or goes on as it was', async () => {
    const store = await freshStore();
    const [one, other] = [scripted(store), scripted(store)];
    const heard = new Map<object, () => void>();
    const tabs = (hear: () => void) => {
      const tab = {
        tell: () => {
          for (const [listener, told] of heard) if (listener !== tab) told();
        },
      };
      heard.set(tab, hear);
      return tab;
    };
    const here = await one.create({ tabs });
    const there = await other.create({ tabs });
    const tune = async () => {
      void here.start();
      await settle();
      here.stop();
      await one.go();
      await here.apply();
      await settle();
    };
    await tune();
    const first = here.active.value;
    expect(there.active.value).toEqual(first);
    expect(other.used).toEqual([first]);
    // Either may undo what both show.
    await there.undo();
    await settle();
    expect(here.active.value).toBeNull();
    expect(one.used.at(-1)).toBeNull();
    other.fail(true);
    await tune();
    expect(here.active.value).not.toBeNull();
    expect(there.active.value).toBeNull();
    expect(other.used.at(-1)).toBeNull();
  });
});
