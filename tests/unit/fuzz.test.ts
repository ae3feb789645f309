// Hostile input for every parser that reads foreign bytes, a little of it: `npm run fuzz` gives far more
// (docs/fuzzing.md). And the fuzzing itself: it finds what it is there to find.
import { describe, expect, it } from 'vitest';
import { type Dice, seedOf } from '../../scripts/fuzz/dice.ts';
import { judge } from '../../scripts/fuzz/judge.ts';
import { inputOf, runTarget } from '../../scripts/fuzz/run-target.ts';
import { text } from '../../scripts/fuzz/target.ts';
import { TARGETS } from '../../scripts/fuzz/targets/index.ts';
import { CairnError } from '../../src/errors.ts';

/** The same inputs each time: a change is not to fail by what chance finds elsewhere. `npm run fuzz` draws new ones. */
const SEED = 1;
/** Writing files and decoding pixels take longer. */
const SLOW = ['photo-pixels', 'container-folder', 'kept-lines', 'record-file'];
/** Other tests run beside these. Times are judged by the long runs. */
const BOUNDS = { milliseconds: 30_000, bytes: 256 << 20 };

describe('hostile input is read or refused', () => {
  it.each(TARGETS.map((target) => [target.name, target] as const))('%s', async (name, target) => {
    const open = await target.open();
    try {
      const runs = SLOW.includes(name) ? 20 : 160;
      const report = await runTarget(target, open, { seed: SEED, runs, bounds: BOUNDS });
      expect(report.faults).toEqual([]);
      expect(report.runs).toBe(runs);
    } finally {
      await open.close?.();
    }
  });

  it('and whole input of each target is read', async () => {
    for (const target of TARGETS) {
      const open = await target.open();
      const outcomes = [];
      for (const input of open.corpus) outcomes.push(await judge(target, open, input, BOUNDS));
      expect(outcomes, target.name).toContainEqual({ kind: 'accepted' });
      await open.close?.();
    }
  });
});

describe('the judge', () => {
  const codes = ['collection-invalid'] as const;
  const outcome = (read: () => unknown, bounds = BOUNDS) =>
    judge({ codes }, { read }, text(''), bounds);
  const refuse =
    (code: CairnError['code'], message = 'No.') =>
    () => {
      throw new CairnError(code, message, 'Do otherwise.');
    };

  it('takes a value, or a code that is documented', async () => {
    expect(await outcome(() => 1)).toEqual({ kind: 'accepted' });
    expect(await outcome(async () => 1)).toEqual({ kind: 'accepted' });
    expect(await outcome(refuse('collection-invalid'))).toEqual({
      kind: 'refused',
      code: 'collection-invalid',
    });
  });

  it.each([
    ['another code', refuse('internal')],
    ['another error', () => new Uint8Array(-1)],
    ['a rejection', () => Promise.reject(new TypeError('x'))],
    ['a message without end', refuse('collection-invalid', 'x'.repeat(5000))],
  ])('calls %s a fault', async (_, read) => {
    expect(await outcome(read)).toMatchObject({ kind: 'fault' });
  });

  it('sees what was done to a prototype', async () => {
    const prototype = Object.prototype as Record<string, unknown>;
    const polluted = await outcome(() => {
      prototype.polluted = 1;
    });
    delete prototype.polluted;
    expect(polluted).toMatchObject({ kind: 'fault', signature: 'pollution' });
  });

  it('sees memory that is held, and time', async () => {
    const held: Uint8Array[] = [];
    const small = { milliseconds: 30_000, bytes: 1 << 20 };
    const taken = await outcome(() => held.push(new Uint8Array(64 << 20)), small);
    expect(taken).toMatchObject({ kind: 'fault', signature: 'memory' });
    const slow = await outcome(() => 1, { milliseconds: -1, bytes: 1 << 30 });
    expect(slow).toMatchObject({ kind: 'fault', signature: 'slow' });
  });
});

describe('a run', () => {
  const target = { name: 'needle', reads: [], codes: [] as const };
  const needle = {
    corpus: [text('hay hay hay hay')],
    mutate: (_: Uint8Array, dice: Dice) =>
      text(`${'hay '.repeat(dice.below(20))}${dice.chance(0.2) ? 'needle' : ''}`),
    read(input: Uint8Array) {
      if (new TextDecoder().decode(input).includes('needle')) throw new RangeError('found');
    },
  };
  const whole = { ...target, open: async () => needle };

  it('finds a fault, makes it small, and says how to make it again', async () => {
    const { faults, faultCounts } = await runTarget(whole, needle, { seed: 3, runs: 200 });
    const [found, ...others] = faults;
    expect(others).toEqual([]);
    expect(Buffer.from(found!.input!, 'base64').toString()).toBe('needle');
    expect(faultCounts[found!.signature]).toBeGreaterThan(20);
    const again = new TextDecoder().decode(inputOf(whole, needle, 3, found!.index!));
    expect(again).toContain('needle');
  });

  it('of a seed is the same each time, and another of each seed', () => {
    const inputs = (seed: number) =>
      Array.from({ length: 50 }, (_, i) => String(inputOf(whole, needle, seed, i)));
    expect(inputs(3)).toEqual(inputs(3));
    expect(inputs(3)).not.toEqual(inputs(4));
    expect(seedOf(1, 'a', 0)).not.toBe(seedOf(1, 'b', 0));
  });
});
