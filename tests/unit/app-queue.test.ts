// The queue at work: waits for the engine, one photo at a time, stops, removes, revokes its URLs.
import { signal } from '@preact/signals';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EngineStatus } from '../../src/app/engine.ts';
import { createQueue, type PhotoQueue } from '../../src/app/recognize/queue.ts';
import { CairnError } from '../../src/errors.ts';
import type { RecognizeWork } from '../../src/recognizer.ts';
import type { Verdict } from '../../src/verdict.ts';
import { verdictOf } from './app-verdict.ts';

interface Call {
  readonly photo: Blob;
  readonly work: RecognizeWork;
  readonly answer: (verdict: Verdict) => void;
  readonly refuse: (reason: unknown) => void;
}

const ready: EngineStatus = {
  state: 'ready',
  encoder: {
    id: 'e',
    weightsSha256: '',
    dim: 2,
    backend: {
      backend: 'wasm',
      threads: 1,
      adapter: null,
      reason: '',
      selfTest: 1,
      fellBack: false,
    },
  },
};

/** An engine whose every recognition is answered by the test. */
function scripted(first: EngineStatus) {
  const status = signal<EngineStatus>(first);
  const calls: Call[] = [];
  return {
    status,
    calls,
    recognize: (photo: Blob, work: RecognizeWork = {}) =>
      new Promise<Verdict>((answer, refuse) => {
        calls.push({ photo, work, answer, refuse });
      }),
  };
}

const photos = (...names: string[]) =>
  names.map((name) => ({ name, blob: new Blob([name], { type: 'image/jpeg' }) }));
const states = (queue: PhotoQueue) => queue.items.value.map(({ at }) => at.state);
const settle = () => new Promise((done) => setTimeout(done, 0));

let created = 0;
const revoked: string[] = [];
beforeEach(() => {
  created = 0;
  revoked.length = 0;
  vi.spyOn(URL, 'createObjectURL').mockImplementation(() => `blob:${++created}`);
  vi.spyOn(URL, 'revokeObjectURL').mockImplementation((url) => {
    revoked.push(url);
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('the queue at work', () => {
  it('lets photos wait until the engine is ready, then works on them in order', async () => {
    const engine = scripted({ state: 'loading', progress: null });
    const queue = createQueue(engine);
    queue.add(photos('a', 'b'));
    expect(states(queue)).toEqual(['queued', 'queued']);
    expect(engine.calls).toHaveLength(0);

    engine.status.value = ready;
    expect(states(queue)).toEqual(['working', 'queued']);
    engine.calls[0]?.answer(verdictOf({ label: 'a' }));
    await settle();
    expect(states(queue)).toEqual(['done', 'working']);
    expect(await engine.calls[1]?.photo.text()).toBe('b');
  });

  it('looks for each photo where it was to be looked for when it was added', async () => {
    const engine = scripted(ready);
    const queue = createQueue(engine);
    queue.lookIn('FR');
    queue.add(photos('a'));
    queue.lookIn(null);
    queue.add(photos('b'));
    engine.calls[0]?.answer(verdictOf({ label: 'a' }));
    await settle();
    expect(engine.calls.map(({ work }) => work.where)).toEqual([{ countries: ['FR'] }, undefined]);
    expect(queue.items.value.map(({ country }) => country)).toEqual(['FR', null]);
  });

  it('goes on after a photo that fails and keeps its typed error', async () => {
    const settled = vi.fn();
    const engine = scripted(ready);
    const queue = createQueue(engine, { onSettled: settled });
    queue.add(photos('a', 'b'));
    engine.calls[0]?.refuse(new CairnError('photo-truncated', 'cut', 'copy again'));
    await settle();
    expect(queue.items.value[0]?.at).toMatchObject({
      state: 'failed',
      error: { code: 'photo-truncated', message: 'cut' },
    });
    expect(states(queue)).toEqual(['failed', 'working']);
    expect(settled).toHaveBeenCalledTimes(1);
  });

  it('stops at once even when the engine does not notice, and drops its late answers', async () => {
    const settled = vi.fn();
    const engine = scripted(ready);
    const queue = createQueue(engine, { onSettled: settled });
    queue.add(photos('a', 'b'));
    const id = queue.items.value[0]?.id ?? 0;
    queue.stop(id);
    await settle();
    expect(engine.calls[0]?.work.signal?.aborted).toBe(true);
    expect(queue.items.value[0]?.at).toMatchObject({ error: { code: 'aborted' } });
    expect(states(queue)).toEqual(['failed', 'working']);
    expect(settled).not.toHaveBeenCalled();

    queue.again(id);
    engine.calls[1]?.answer(verdictOf({}));
    await settle();
    expect(states(queue)).toEqual(['working', 'done']);
    engine.calls[0]?.work.onProgress?.({ stage: 'decide', done: 1, total: 1, unit: 'steps' });
    engine.calls[0]?.answer(verdictOf({ label: 'late' }));
    await settle();
    expect(queue.items.value[0]?.at).toMatchObject({ state: 'working', stage: null });
  });

  it('revokes the URL of a removed photo, stops its work and takes the next', async () => {
    const engine = scripted(ready);
    const queue = createQueue(engine);
    queue.add(photos('a', 'b'));
    queue.remove(queue.items.value[0]?.id ?? 0);
    await settle();
    expect(revoked).toEqual(['blob:1']);
    expect(engine.calls[0]?.work.signal?.aborted).toBe(true);
    expect(states(queue)).toEqual(['working']);
    expect(engine.calls).toHaveLength(2);
  });

  it('clears everything, and takes new photos straight away', async () => {
    const engine = scripted(ready);
    const queue = createQueue(engine);
    queue.add(photos('a', 'b'));
    queue.clear();
    queue.add(photos('c'));
    await settle();
    expect(revoked).toEqual(['blob:1', 'blob:2']);
    expect(states(queue)).toEqual(['working']);
    expect(await engine.calls.at(-1)?.photo.text()).toBe('c');
  });

  it('waits while the engine is down and goes on when it is back', async () => {
    const engine = scripted(ready);
    const queue = createQueue(engine);
    queue.add(photos('a', 'b'));
    engine.status.value = { state: 'loading', progress: null };
    engine.calls[0]?.refuse(new CairnError('worker-crashed', 'gone', 'again'));
    await settle();
    expect(states(queue)).toEqual(['failed', 'queued']);
    engine.status.value = ready;
    expect(states(queue)).toEqual(['failed', 'working']);
  });

  it('does nothing more once disposed of', async () => {
    const engine = scripted({ state: 'loading', progress: null });
    const queue = createQueue(engine);
    queue.add(photos('a'));
    queue.dispose();
    engine.status.value = ready;
    await settle();
    expect(revoked).toEqual(['blob:1']);
    expect(engine.calls).toHaveLength(0);
  });

  it('shows a copy of what the browser cannot show, before the result is there', async () => {
    const engine = scripted(ready);
    const made: { readonly url: string; readonly give: (made: boolean) => void }[] = [];
    const copy = { blob: new Blob(['copy']), width: 4032, height: 3024 };
    const queue = createQueue(engine, {}, (_, url) => {
      return new Promise((done) => {
        made.push({ url, give: (it) => done(it ? copy : null) });
      });
    });
    queue.add(photos('a.heic', 'b.jpg'));
    await settle();
    // One at a time.
    expect(made.map(({ url }) => url)).toEqual(['blob:1']);
    engine.calls[0]?.answer(verdictOf({}));
    await settle();
    expect(states(queue)).toEqual(['working', 'queued']);
    made[0]?.give(true);
    await settle();
    expect(states(queue)).toEqual(['done', 'working']);
    expect(queue.items.value[0]).toMatchObject({
      url: 'blob:3',
      copied: true,
      size: { width: 4032, height: 3024 },
    });
    expect(revoked).toEqual(['blob:1']);
    // The copy's own pixels are not the photo's.
    queue.measure(1, 2048, 1536);
    expect(queue.items.value[0]?.size?.width).toBe(4032);
    queue.remove(2);
    made[1]?.give(true);
    await settle();
    expect(created).toBe(3);
    queue.clear();
    expect(revoked).toEqual(['blob:1', 'blob:2', 'blob:3']);
  });
});
