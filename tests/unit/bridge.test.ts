// The worker bridge against a real thread: answers, errors, aborts, timeouts, deaths, restarts.
import { afterEach, describe, expect, expectTypeOf, test } from 'vitest';
import { type BridgeOptions, type Remote, WorkerBridge } from '../../src/bridge/worker-bridge.ts';
import { CairnError } from '../../src/errors.ts';
import type { Progress } from '../../src/progress.ts';
import type { TrialApi } from './bridge-worker/api.ts';
import { linkThread, type ThreadLink } from './bridge-worker/link.ts';

const links: ThreadLink[] = [];
const bridges: WorkerBridge<TrialApi>[] = [];

function open(options: Partial<BridgeOptions<TrialApi>> = {}, watched = true) {
  const spawn = () => {
    const link = linkThread(watched);
    links.push(link);
    return link;
  };
  const bridge = new WorkerBridge<TrialApi>(spawn, { name: 'trial', ...options });
  bridges.push(bridge);
  return bridge;
}

const latest = () => links.at(-1)!;

afterEach(async () => {
  for (const bridge of bridges.splice(0)) bridge.release();
  await Promise.all(links.splice(0).map((link) => link.thread.terminate()));
});

/** The code that a promise is rejected with, and how long that took, ms. */
async function failure(promise: Promise<unknown>): Promise<{ error: CairnError; ms: number }> {
  const start = performance.now();
  const error = await promise.then(
    (value) => expect.fail(`resolved with ${String(value)}`),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CairnError);
  return { error: error as CairnError, ms: performance.now() - start };
}

describe('calls', () => {
  test('starts nothing before the first call, then answers from one worker', async () => {
    const bridge = open();
    expect(bridge.alive).toBe(false);
    expect(links).toHaveLength(0);
    const [born, doubled] = await Promise.all([
      bridge.api.born(),
      bridge.api.double(Float32Array.of(1, 2.5)),
    ]);
    expect(doubled).toEqual(Float32Array.of(2, 5));
    expect(await bridge.api.born()).toBe(born);
    expect(links).toHaveLength(1);
  });

  test('errors come back as CairnError with code, message and remedy', async () => {
    const { api } = open();
    const { error } = await failure(api.fail('ours'));
    expect(error).toMatchObject({
      code: 'photo-corrupt',
      message: 'It is torn.',
      remedy: 'Take another.',
    });
    const foreign = await failure(api.fail('foreign'));
    expect(foreign.error).toMatchObject({ code: 'internal', message: 'x is not a function' });
  });

  test('after a failure that spoils the worker the next call gets another, and what is pending is done', async () => {
    const { api } = open({ spoiledBy: ['photo-corrupt'] });
    const born = await api.born();
    await failure(api.fail('foreign'));
    expect(await api.born()).toBe(born);
    const steps = api.steps(3);
    await failure(api.fail('ours'));
    expect(await steps).toBe(3);
    expect(await api.born()).not.toBe(born);
    expect(links).toHaveLength(2);
  });

  test('what cannot be cloned is refused, and the worker goes on', async () => {
    const { api } = open();
    const unclonable = (() => 1) as unknown as Float32Array;
    expect((await failure(api.double(unclonable))).error.code).toBe('internal');
    expect(await api.double(Float32Array.of(4))).toEqual(Float32Array.of(8));
  });

  test('a LongWork keeps its other members', async () => {
    const { api } = open();
    const signal = new AbortController().signal;
    expect(await api.options({ k: 7, signal })).toEqual({
      k: 7,
      keys: ['k', 'onProgress', 'signal'],
    });
    expect(await api.options({ k: 7 })).toEqual({ k: 7, keys: ['k'] });
  });

  test('progress arrives in order', async () => {
    const { api } = open();
    const seen: Progress[] = [];
    await api.steps(4, { onProgress: (p) => seen.push(p) });
    expect(seen.map((p) => p.done)).toEqual([0, 1, 2, 3]);
    expect(seen[0]).toEqual({ stage: 'encode', done: 0, total: 4, unit: 'steps' });
  });

  test('types: the face has the methods, all by promise, and no other members', () => {
    interface Mixed {
      readonly dim: number;
      near(x: number): number;
      far(x: string): Promise<number>;
    }
    expectTypeOf<keyof Remote<Mixed>>().toEqualTypeOf<'near' | 'far'>();
    expectTypeOf<Remote<Mixed>['near']>().toEqualTypeOf<(x: number) => Promise<number>>();
    expectTypeOf<Remote<Mixed>['far']>().toEqualTypeOf<(x: string) => Promise<number>>();
  });
});

describe('abort', () => {
  test('a fired signal starts no worker', async () => {
    const bridge = open();
    const { error } = await failure(bridge.api.steps(3, { signal: AbortSignal.abort() }));
    expect(error.code).toBe('aborted');
    expect(bridge.alive).toBe(false);
  });

  test('rejects at once; a worker that stops by itself is kept', async () => {
    const { api } = open();
    const born = await api.born();
    const controller = new AbortController();
    const other = api.steps(10);
    const call = api.steps(1000, { signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    const { error, ms } = await failure(call);
    expect(error.code).toBe('aborted');
    expect(ms).toBeLessThan(500);
    expect(await other).toBe(10);
    expect(await api.cancelled()).toBe(1);
    expect(await api.born()).toBe(born);
  });

  test('a worker that does not stop is ended after the grace', async () => {
    const crashes: string[] = [];
    const { api } = open({ graceMs: 100, onCrash: (e) => crashes.push(e.code) });
    const born = await api.born();
    const controller = new AbortController();
    const aborted = failure(api.sleep({ signal: controller.signal }));
    const bystander = failure(api.sleep());
    setTimeout(() => controller.abort(), 20);
    expect((await aborted).error.code).toBe('aborted');
    expect((await bystander).error.code).toBe('worker-crashed');
    expect(crashes).toEqual(['worker-crashed']);
    expect(await api.born()).not.toBe(born);
  });
});

describe('timeout', () => {
  test('a silent call times out, and the next one gets a new worker', async () => {
    const { api } = open({ timeouts: { sleep: 150 } });
    const born = await api.born();
    const { error, ms } = await failure(api.sleep());
    expect(error.code).toBe('timeout');
    expect(ms).toBeGreaterThanOrEqual(140);
    expect(ms).toBeLessThan(1000);
    expect(await api.born()).not.toBe(born);
  });

  test('progress is a sign of life: slow but moving work is not cut', async () => {
    const { api } = open({ timeouts: { steps: 150 } });
    await api.born();
    expect(await api.steps(20, { onProgress: () => {} })).toBe(20);
  });
});

describe('death', () => {
  test('killed in the middle: everything pending is rejected within a second', async () => {
    const crashes: string[] = [];
    const bridge = open({ onCrash: (e) => crashes.push(e.message) });
    const born = await bridge.api.born();
    const pending = [1, 2, 3].map(() => failure(bridge.api.sleep()));
    await latest().thread.terminate();
    for (const { error, ms } of await Promise.all(pending)) {
      expect(error.code).toBe('worker-crashed');
      expect(error.remedy).not.toBe('');
      expect(ms).toBeLessThan(1000);
    }
    expect(bridge.alive).toBe(false);
    expect(crashes).toHaveLength(1);
    expect(await bridge.api.born()).not.toBe(born);
  });

  test.each(['exit', 'throw'] as const)('its own end by %s is noticed', async (how) => {
    const { api } = open();
    await api.born();
    const { error, ms } = await failure(api.die(how));
    expect(error.code).toBe('worker-crashed');
    expect(ms).toBeLessThan(1000);
    expect(await api.double(Float32Array.of(1))).toEqual(Float32Array.of(2));
  });

  test('a hung worker is found by its missing heartbeat', async () => {
    const { api } = open({ silenceMs: 400 }, false);
    await api.born();
    const { error, ms } = await failure(api.spin(5000));
    expect(error.code).toBe('worker-crashed');
    expect(error.message).toContain('no longer answers');
    expect(ms).toBeLessThan(1000);
  });

  test('a busy worker is not taken for a hung one', async () => {
    const { api } = open({ silenceMs: 2000 });
    const born = await api.born();
    await api.spin(700);
    await api.spin(700);
    expect(await api.born()).toBe(born);
  });
});

describe('life', () => {
  test('release rejects what is pending with aborted', async () => {
    const bridge = open();
    await bridge.api.born();
    const call = failure(bridge.api.sleep());
    bridge.release();
    expect((await call).error.code).toBe('aborted');
    expect(bridge.alive).toBe(false);
  });

  test('an idle worker is let go, a busy one is not', async () => {
    const bridge = open({ idleMs: 100 });
    const born = await bridge.api.born();
    await bridge.api.steps(15);
    expect(await bridge.api.born()).toBe(born);
    await expect.poll(() => bridge.alive, { timeout: 2000 }).toBe(false);
    expect(await bridge.api.born()).not.toBe(born);
  });

  test('prepare runs first in each new worker, and calls wait for it', async () => {
    const order: string[] = [];
    const bridge = open({
      prepare: async (api) => {
        await api.steps(3);
        order.push('prepared');
      },
    });
    await bridge.api.born().then(() => order.push('answered'));
    await latest().thread.terminate();
    await expect.poll(() => bridge.alive).toBe(false);
    await bridge.api.born().then(() => order.push('answered'));
    expect(order).toEqual(['prepared', 'answered', 'prepared', 'answered']);
  });

  test('a failed prepare fails the calls that waited, with its own error', async () => {
    let attempts = 0;
    const bridge = open({
      prepare: async (api) => {
        if (attempts++ === 0) await api.fail('ours');
      },
    });
    expect((await failure(bridge.api.born())).error.code).toBe('photo-corrupt');
    expect(await bridge.api.born()).toBeTypeOf('number');
  });
});
