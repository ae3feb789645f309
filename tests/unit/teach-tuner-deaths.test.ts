// The tuner when its trainer's worker is killed in the middle of a call: what is said, and what can be gone on with.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { tuningsOf } from '../../src/app/teaching/tuner.ts';
import { FILE, freshStore, scripted, settle } from './tuner-script.ts';

// Node 20 has no navigator: as in a browser that tells nothing of its memory or storage.
beforeAll(() => vi.stubGlobal('navigator', {}));
afterAll(() => vi.unstubAllGlobals());

describe("a tuner whose trainer's worker dies", () => {
  async function running() {
    const store = await freshStore();
    const script = scripted(store);
    const bridge = script.bridged();
    const tuner = await script.create({ trainer: bridge });
    const start = async () => {
      void tuner.start();
      await settle();
      expect(tuner.state.value.at).toBe('running');
    };
    return { ...script, store, tuner, start };
  }
  const crashed = { at: 'failed', error: { code: 'worker-crashed' } };

  it('in open: nothing is begun, and starting again works', async () => {
    const { tuner, start, die } = await running();
    die('open');
    await tuner.start();
    expect(tuner.state.value).toMatchObject(crashed);
    await start();
  });

  it('in open of a run that was kept: it can still be gone on with', async () => {
    const { tuner, start, die, go, create, bridged } = await running();
    await start();
    tuner.pause();
    await go();
    const next = await create({ trainer: bridged() });
    die('open');
    await next.resumeSaved();
    expect(next.state.value).toMatchObject(crashed);
    await settle();
    expect(next.saved.value).toMatchObject({ step: 3 });
    void next.resumeSaved();
    await settle();
    expect(next.state.value).toMatchObject({ at: 'running', run: { step: 3 } });
  });

  it.each(['pause', 'stop'] as const)(
    'in save, at %s: what was kept before is there',
    async (how) => {
      const { tuner, start, die, go } = await running();
      await start();
      tuner.pause();
      await go();
      tuner.resume();
      await settle();
      die('save');
      tuner[how]();
      await go();
      expect(tuner.state.value).toMatchObject(crashed);
      expect(tuner.saved.value).toMatchObject({ step: 3 });
      void tuner.resumeSaved();
      await settle();
      await go();
      expect(tuner.state.value).toMatchObject({ at: 'running', run: { step: 6 } });
    },
  );

  it('in best: the result that was kept is exported, and put to use', async () => {
    const { tuner, start, die, go, store } = await running();
    await start();
    tuner.stop();
    await go();
    expect(tuner.state.value.at).toBe('over');
    die('best');
    const file = (await tuner.exported())!.file;
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(FILE);
    // The worker that takes its place knows of no run.
    await tuner.apply();
    expect(tuner.active.value?.bytes).toEqual(FILE);
    expect((await tuningsOf(store)).active?.bytes).toEqual(FILE);
    expect(tuner.state.value.at).toBe('idle');
  });
});
