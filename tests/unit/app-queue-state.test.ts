// The photo queue's state machine: every step, and that late or misplaced steps change nothing.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  nextUp,
  PHOTO_STAGES,
  type Queue,
  type QueueAction,
  stageStanding,
  step,
  stonesLaid,
  tally,
} from '../../src/app/recognize/queue-state.ts';
import type { Stage } from '../../src/progress.ts';
import { verdictOf } from './app-verdict.ts';

const photo = (id: number) => ({
  id,
  name: `${id}.jpg`,
  blob: new Blob(),
  url: `blob:${id}`,
  country: null,
});
const error = { code: 'photo-corrupt', message: 'broken', remedy: 'mend it' } as const;
const verdict = verdictOf({ kind: 'landmark', label: 'tower', confidence: 0.9 });

function run(...actions: readonly QueueAction[]): Queue {
  return actions.reduce<Queue>(step, []);
}

const progress = (id: number, stage: Stage, done = 0, total = 1): QueueAction => ({
  do: 'progress',
  id,
  progress: { stage, done, total, unit: 'steps' },
});

describe('the queue of photos', () => {
  it('takes photos in order and works on one at a time', () => {
    const added = run({ do: 'add', items: [photo(1), photo(2)] });
    expect(nextUp(added)?.id).toBe(1);
    const started = step(added, { do: 'start', id: 1 });
    expect(nextUp(started)).toBeNull();
    const finished = step(started, { do: 'finish', id: 1, verdict, elapsed: 12 });
    expect(nextUp(finished)?.id).toBe(2);
    expect(finished[0]?.at).toEqual({ state: 'done', verdict, elapsed: 12 });
    expect(tally(finished)).toEqual({ total: 2, settled: 1 });
  });

  it('goes on after a failure, and a failed photo can be queued again', () => {
    const failed = run(
      { do: 'add', items: [photo(1), photo(2)] },
      { do: 'start', id: 1 },
      { do: 'fail', id: 1, error },
    );
    expect(failed[0]?.at).toEqual({ state: 'failed', error });
    expect(nextUp(failed)?.id).toBe(2);
    expect(step(failed, { do: 'again', id: 1 })[0]?.at.state).toBe('queued');
  });

  it('moves through the stages forward only, although a second search comes after query expansion', () => {
    const decoding = run(
      { do: 'add', items: [photo(1)] },
      { do: 'start', id: 1 },
      progress(1, 'rerank', 1, 4),
    );
    expect(decoding[0]?.at).toEqual({ state: 'working', stage: 'rerank', share: 0.25 });
    expect(step(decoding, progress(1, 'search'))).toBe(decoding);
    expect(step(decoding, progress(1, 'rerank', 0, 4))).toBe(decoding);
    expect(step(decoding, progress(1, 'decide'))[0]?.at).toMatchObject({ stage: 'decide' });
  });

  it('does not take progress of loading for progress of the photo', () => {
    const started = run({ do: 'add', items: [photo(1)] }, { do: 'start', id: 1 });
    expect(step(started, progress(1, 'download', 5, 10))).toBe(started);
  });

  it('ignores answers for photos that are gone, stopped or not begun', () => {
    const queue = run({ do: 'add', items: [photo(1)] });
    const late: QueueAction[] = [
      progress(1, 'encode'),
      { do: 'finish', id: 1, verdict, elapsed: 1 },
      { do: 'fail', id: 1, error },
      { do: 'again', id: 1 },
      { do: 'start', id: 7 },
      { do: 'remove', id: 7 },
      { do: 'measure', id: 7, width: 1, height: 1 },
    ];
    for (const action of late) expect(step(queue, action)).toBe(queue);
    expect(step([], { do: 'clear' })).toEqual([]);
  });

  it('keeps at most one photo at work and the order of adding, whatever the steps', () => {
    const id = fc.integer({ min: 1, max: 4 });
    const action = fc.oneof(
      id.map((n): QueueAction => ({ do: 'remove', id: n })),
      id.map((n): QueueAction => ({ do: 'fail', id: n, error })),
      id.map((n): QueueAction => ({ do: 'finish', id: n, verdict, elapsed: 1 })),
      id.map((n): QueueAction => ({ do: 'again', id: n })),
      id.map((n): QueueAction => progress(n, 'encode')),
      fc.constant<'next'>('next'),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        let queue = run({ do: 'add', items: [1, 2, 3, 4].map(photo) });
        for (const one of actions) {
          const next = nextUp(queue);
          if (one !== 'next') queue = step(queue, one);
          else if (next) queue = step(queue, { do: 'start', id: next.id });
        }
        expect(queue.filter(({ at }) => at.state === 'working').length).toBeLessThanOrEqual(1);
        const ids = queue.map((item) => item.id);
        expect(ids).toEqual([...ids].sort((a, b) => a - b));
      }),
    );
  });
});

describe('the stages shown', () => {
  it('are behind, here or ahead', () => {
    expect(PHOTO_STAGES.map((stage) => stageStanding(stage, 'search'))).toEqual([
      'past',
      'past',
      'now',
      'ahead',
      'ahead',
      'ahead',
    ]);
    expect(stageStanding('decode', null)).toBe('ahead');
  });

  it('lay a stone for each stage behind', () => {
    expect(stonesLaid({ state: 'queued' })).toBe(0);
    expect(stonesLaid({ state: 'working', stage: null, share: 0 })).toBe(0);
    expect(stonesLaid({ state: 'working', stage: 'match', share: 0 })).toBe(3);
    expect(stonesLaid({ state: 'working', stage: 'decide', share: 0 })).toBe(4);
  });
});
