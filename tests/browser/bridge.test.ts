// The worker bridge over a browser's own workers: answers, aborts, and deaths of every kind.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launch, openLab } from './harness/browser.ts';

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launch();
  ({ page } = await openLab(browser));
});
afterAll(() => browser?.close());

test('calls, progress and typed errors cross', async () => {
  const result = await page.evaluate(async () => {
    const { bridge } = lab.trial();
    const seen: number[] = [];
    await bridge.api.steps(3, { onProgress: (p) => seen.push(p.done) });
    const doubled = await bridge.api.double(Float32Array.of(1, 2));
    const error = await bridge.api.fail('ours').catch(lab.toPlainError);
    bridge.release();
    return { seen, doubled: [...doubled], error };
  });
  expect(result).toEqual({
    seen: [0, 1, 2],
    doubled: [2, 4],
    error: { code: 'photo-corrupt', message: 'It is torn.', remedy: 'Take another.' },
  });
});

test('an abort rejects at once and the worker stops by itself', async () => {
  const { ending, sameWorker, cancelled } = await page.evaluate(async () => {
    const trial = lab.trial();
    const { api } = trial.bridge;
    const born = await api.born();
    const controller = new AbortController();
    const call = trial.ending(api.steps(500, { signal: controller.signal }));
    setTimeout(() => controller.abort(), 60);
    const ending = await call;
    await new Promise((resolve) => setTimeout(resolve, 100));
    const cancelled = await api.cancelled();
    const sameWorker = (await api.born()) === born;
    trial.bridge.release();
    return { ending, sameWorker, cancelled };
  });
  expect(ending.code).toBe('aborted');
  expect(ending.ms).toBeLessThan(1000);
  expect(cancelled).toBe(1);
  expect(sameWorker).toBe(true);
});

describe('a worker that dies rejects what is pending within a second, and the next call works', () => {
  test.each([
    ['killed while idle inside', 'kill', 'sleep'],
    ['killed while computing', 'kill', 'spin'],
    ['closes itself', 'exit', 'sleep'],
    ['throws where nobody catches', 'throw', 'sleep'],
  ] as const)('%s', async (_, how, work) => {
    const { endings, crashes, answer, alive } = await page.evaluate(
      async ([how, work]) => {
        const trial = lab.trial();
        const { api } = trial.bridge;
        await api.born();
        const calls = [1, 2].map(() => (work === 'sleep' ? api.sleep() : api.spin(20_000)));
        await new Promise((resolve) => setTimeout(resolve, 100));
        const pending = calls.map((call) => trial.ending(call));
        if (how === 'kill') trial.kill();
        else pending.push(trial.ending(api.die(how)));
        const endings = await Promise.all(pending);
        const { alive } = trial.bridge;
        const answer = [...(await api.double(Float32Array.of(21)))];
        trial.bridge.release();
        return { endings, crashes: trial.crashes.length, answer, alive };
      },
      [how, work] as const,
    );
    for (const { code, ms } of endings) {
      expect(code).toBe('worker-crashed');
      expect(ms).toBeLessThan(1000);
    }
    expect(crashes).toBe(1);
    expect(alive).toBe(false);
    expect(answer).toEqual([42]);
  });

  test('its script cannot be loaded', async () => {
    const ending = await page.evaluate(async () => lab.trial().ending(lab.nowhere().api.born()));
    expect(ending.code).toBe('worker-crashed');
  });

  test('hung: found by its missing heartbeat', async () => {
    const ending = await page.evaluate(async () => {
      const trial = lab.trial({ silenceMs: 400 });
      await trial.bridge.api.born();
      return trial.ending(trial.bridge.api.spin(20_000));
    });
    expect(ending.code).toBe('worker-crashed');
    expect(ending.message).toContain('no longer answers');
    expect(ending.ms).toBeLessThan(1000);
  });
});

test('a busy worker is left to its work', async () => {
  const same = await page.evaluate(async () => {
    const { bridge } = lab.trial();
    const born = await bridge.api.born();
    await bridge.api.spin(1500);
    const same = (await bridge.api.born()) === born;
    bridge.release();
    return same;
  });
  expect(same).toBe(true);
});
