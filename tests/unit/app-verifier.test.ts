// Verification as the page has it: which collections it serves, what it tells of the matcher's worker, and how
// that worker comes and goes. The worker is a thread of Node's, with a stand-in for the matcher.
import { afterEach, describe, expect, test } from 'vitest';
import type { Notice } from '../../src/app/engine.ts';
import { type BridgeOptions, WorkerBridge } from '../../src/bridge/worker-bridge.ts';
import { type PageVerifier, pageVerifier, type VerifierParts } from '../../src/browser/verifier.ts';
import type { VerificationTask } from '../../src/inference/verify-photo.ts';
import { nextTask, type Progress } from '../../src/progress.ts';
import type { Verifier } from '../../src/recognizer.ts';
import { VERIFICATION } from '../../src/rerank/presets.ts';
import type { ReferenceSource } from '../../src/retrieval/search.ts';
import type { MatcherEntry } from '../../src/weights/registry.ts';
import { linkThread, type ThreadLink } from './bridge-worker/link.ts';
import { PHOTO, type TrialMatcher } from './bridge-worker/matcher-api.ts';
import { HEX } from './retrieval-fixtures.ts';

const file = (name: string, digit: string) => ({ file: name, bytes: 1, sha256: HEX(digit) });
const ENTRY = {
  id: 'm',
  weights: file('m.safetensors', 'c'),
  golden: file('m.json', 'd'),
} as MatcherEntry;

const links: ThreadLink[] = [];
const verifiers: PageVerifier[] = [];
afterEach(async () => {
  for (const verifier of verifiers.splice(0)) verifier.release();
  await Promise.all(links.splice(0).map((link) => link.thread.terminate()));
});

interface Opened {
  readonly verifier: PageVerifier;
  readonly notices: Notice[];
  readonly openings: (Progress | null)[];
  readonly bridge: WorkerBridge<TrialMatcher>;
  /** What the page asked of the bridge. */
  readonly idleMs: number | undefined;
}

/** @param how the trial matcher's models; see there */
function open(
  how: 'fine' | 'fell-back' | 'falls-back' | 'missing' = 'fine',
  parts: Partial<VerifierParts> = {},
  options: Partial<BridgeOptions<TrialMatcher>> = {},
): Opened {
  const notices: Notice[] = [];
  const openings: (Progress | null)[] = [];
  let made: Pick<Opened, 'bridge' | 'idleMs'> | undefined;
  const verifier = pageVerifier({
    models: how,
    entry: ENTRY,
    persistent: true,
    notify: (notice) => notices.push(notice),
    onOpening: (progress) => openings.push(progress),
    bridge: (settings, hooks = {}) => {
      const spawn = () => {
        const link = linkThread(true, './matcher-worker.ts');
        links.push(link);
        return link;
      };
      const bridge = new WorkerBridge<TrialMatcher>(spawn, {
        name: 'matcher',
        prepare: (api) => api.configure(settings),
        ...hooks,
        ...options,
      });
      made = { bridge, idleMs: hooks.idleMs };
      return bridge;
    },
    ...parts,
  });
  verifiers.push(verifier);
  return { verifier, notices, openings, ...made! };
}

const source = (some: Partial<ReferenceSource['matcher']> = {}): ReferenceSource => ({
  matcher: { id: 'm', weightsSha256: HEX('c'), ...some },
  references: async (_, labels, most) => {
    asked.push({ labels, most });
    return [];
  },
});
const asked: unknown[] = [];

const TASK: VerificationTask = { ranked: [], references: [], preset: VERIFICATION };

/** Which worker answered. */
async function verify(verifier: PageVerifier, photo: number = PHOTO.answers, signal?: AbortSignal) {
  const stage = verifier.stage(source())!;
  const [found] = await stage.verify(Uint8Array.of(photo), TASK, { signal });
  return found!.row;
}

describe('a collection', () => {
  test('is served where its views are of the registry’s matcher, and asked for few', async () => {
    const { verifier, bridge } = open();
    const stage = verifier.stage(source()) as Verifier;
    expect(stage.preset).toBe(VERIFICATION);
    await stage.references(new Float32Array(2), [4, 5]);
    expect(asked).toEqual([{ labels: [4, 5], most: VERIFICATION.viewsOfLabel }]);
    // Nothing is started for the asking.
    expect(bridge.alive).toBe(false);
  });

  test('is not where they are of another, or there are none, or there is no matcher', () => {
    const { verifier } = open();
    expect(verifier.stage(null)).toBeUndefined();
    expect(verifier.stage(source({ id: 'other' }))).toBeUndefined();
    expect(verifier.stage(source({ weightsSha256: HEX('e') }))).toBeUndefined();
    expect(open('fine', { entry: null }).verifier.stage(source())).toBeUndefined();
  });
});

describe('opening', () => {
  test('is told while it lasts, once for all photos that wait for it', async () => {
    const { verifier, openings, notices } = open();
    verifier.prepare();
    const [first, second] = await Promise.all([verify(verifier), verify(verifier)]);
    expect(second).toBe(first);
    expect(openings).toEqual([{ stage: 'download', done: 1, total: 2, unit: 'bytes' }, null]);
    expect(notices).toEqual([]);
  });

  test('that falls back is told once, in whichever worker', async () => {
    const { verifier, bridge, notices } = open('fell-back');
    const first = await verify(verifier);
    bridge.release();
    expect(await verify(verifier)).not.toBe(first);
    expect(notices).toEqual([{ id: 'self-test-failed', detail: 'The card computes wrongly.' }]);
  });

  test('is told of a card that is lost later, once', async () => {
    const { verifier, notices } = open('falls-back');
    verifier.prepare();
    for (let i = 0; i < 2; i++) await verify(verifier);
    expect(notices).toEqual([{ id: 'self-test-failed', detail: 'The card computes wrongly.' }]);
  });

  test('that fails fails the photo, not the page, and is tried again with the next', async () => {
    const { verifier, openings, notices } = open('missing');
    verifier.prepare();
    for (let i = 0; i < 2; i++) {
      await expect(verify(verifier)).rejects.toMatchObject({ code: 'download-failed' });
    }
    expect(openings.filter((progress) => progress === null)).toHaveLength(3);
    expect(openings.at(-1)).toBeNull();
    // The recognizer tells the stage of what went wrong.
    expect(notices).toEqual([]);
    verifier.stage(source())!.onProblem(new Error('no matcher'));
    expect(notices).toEqual([{ id: 'matcher-unavailable', detail: 'no matcher' }]);
  });

  test('goes on for the next photo where one is stopped that waits for it', async () => {
    const { verifier, openings } = open();
    const controller = new AbortController();
    const stopped = verify(verifier, PHOTO.answers, controller.signal);
    controller.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    await verify(verifier);
    expect(openings.filter((progress) => progress === null)).toHaveLength(1);
  });
});

describe('the worker', () => {
  test('that dies with a photo fails that one alone, and the page tells', async () => {
    const { verifier, notices } = open();
    const first = await verify(verifier);
    await expect(verify(verifier, PHOTO.dies)).rejects.toMatchObject({ code: 'worker-crashed' });
    expect(notices).toMatchObject([{ id: 'worker-restarted' }]);
    expect(await verify(verifier)).not.toBe(first);
  });

  test('outlives a photo that cannot be read', async () => {
    const { verifier, notices } = open();
    const first = await verify(verifier);
    await expect(verify(verifier, PHOTO.fails)).rejects.toMatchObject({ code: 'photo-corrupt' });
    expect(await verify(verifier)).toBe(first);
    expect(notices).toEqual([]);
  });

  test('is let go when idle, without a word, and comes back with the next photo', async () => {
    const { verifier, bridge, notices, openings, idleMs } = open('fine', {}, { idleMs: 100 });
    expect(idleMs).toBeGreaterThan(10_000);
    const first = await verify(verifier);
    await expect.poll(() => bridge.alive, { timeout: 5000 }).toBe(false);
    expect(await verify(verifier)).not.toBe(first);
    expect(openings.filter((progress) => progress === null)).toHaveLength(2);
    expect(notices).toEqual([]);
  });

  test('is kept for good where its model would have to be downloaded again', () => {
    expect(open('fine', { persistent: false }).idleMs).toBe(0);
  });

  test('ends with the page’s parts: what is at work is stopped, and no problem', async () => {
    const { verifier, bridge, notices } = open();
    await verify(verifier);
    const pending = verify(verifier, PHOTO.hangs);
    const stopped = expect(pending).rejects.toMatchObject({ code: 'aborted' });
    await nextTask();
    verifier.release();
    await stopped;
    expect(bridge.alive).toBe(false);
    expect(notices).toEqual([]);
  });
});
