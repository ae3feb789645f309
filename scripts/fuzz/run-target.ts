// One target's run: inputs from a seed, each judged; faults are made small and kept with what makes them again.
import type { Bytes } from '../../src/weights/sha256.ts';
import { Dice, seedOf } from './dice.ts';
import { BOUNDS, type Bounds, judge } from './judge.ts';
import { concat } from './mutate/bytes.ts';
import type { FuzzTarget, OpenTarget } from './target.ts';

export interface Fault {
  readonly what: string;
  readonly signature: string;
  /** Makes the input again: `--only TARGET --seed SEED --from INDEX --runs 1`; null for bombs. */
  readonly index: number | null;
  readonly bomb?: string;
  /** As small as it got, base64; null above {@link MOST_SHOWN}. */
  readonly input: string | null;
}

export interface TargetReport {
  readonly target: string;
  readonly seed: number;
  readonly runs: number;
  readonly seconds: number;
  readonly accepted: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Of the processor. */
  readonly slowestMs: number;
  readonly faults: readonly Fault[];
  /** By signature, the shown one included. */
  readonly faultCounts: Readonly<Record<string, number>>;
}

export interface RunOptions {
  readonly seed: number;
  readonly runs: number;
  readonly from?: number;
  /** Stops after so long; what was reached is in the report. */
  readonly seconds?: number;
  readonly bombs?: boolean;
  /** Those before are left out. */
  readonly firstBomb?: number;
  readonly bounds?: Bounds;
  /** Told of each input before it is read, so that one which never ends is known. */
  readonly onInput?: (index: number) => void;
}

/** Inputs that are left as they are: that whole ones are accepted belongs to the run. */
const WHOLE = 0.02;
const MOST_SHOWN = 16_384;
const MINIMISE = { tries: 400, milliseconds: 5000 } as const;

export async function runTarget(
  target: FuzzTarget,
  open: OpenTarget,
  options: RunOptions,
): Promise<TargetReport> {
  const { seed, runs, from = 0, seconds = Number.POSITIVE_INFINITY, bounds = BOUNDS } = options;
  const refused: Record<string, number> = {};
  const faultCounts: Record<string, number> = {};
  const faults: Fault[] = [];
  let [accepted, done, slowestMs] = [0, 0, 0];
  const start = performance.now();

  const tryOne = async (input: Bytes, about: Pick<Fault, 'index' | 'bomb'>) => {
    const before = process.cpuUsage();
    const outcome = await judge(target, open, input, bounds);
    const { user, system } = process.cpuUsage(before);
    slowestMs = Math.max(slowestMs, (user + system) / 1000);
    done++;
    if (outcome.kind === 'accepted') accepted++;
    else if (outcome.kind === 'refused') refused[outcome.code] = (refused[outcome.code] ?? 0) + 1;
    else {
      const { what, signature } = outcome;
      const count = (faultCounts[signature] ?? 0) + 1;
      faultCounts[signature] = count;
      if (count > 1) return;
      const small = about.bomb ? input : await minimise(target, open, input, signature, bounds);
      const shown = small.length <= MOST_SHOWN ? Buffer.from(small).toString('base64') : null;
      faults.push({ what, signature, ...about, input: shown });
    }
  };

  if (options.bombs) {
    for (const [i, { name, make }] of (open.bombs ?? []).entries()) {
      if (i < (options.firstBomb ?? 0)) continue;
      options.onInput?.(-1 - i);
      await tryOne(make(), { index: null, bomb: name });
    }
  }
  for (let index = from; index < from + runs; index++) {
    if (performance.now() - start > 1000 * seconds) break;
    options.onInput?.(index);
    await tryOne(inputOf(target, open, seed, index), { index });
  }
  return {
    target: target.name,
    seed,
    runs: done,
    seconds: Math.round((performance.now() - start) / 10) / 100,
    accepted,
    refused,
    slowestMs: Math.round(slowestMs),
    faults,
    faultCounts,
  };
}

export function inputOf(target: FuzzTarget, open: OpenTarget, seed: number, index: number): Bytes {
  const dice = new Dice(seedOf(seed, target.name, index));
  const whole = dice.pick(open.corpus);
  if (dice.chance(WHOLE)) return whole;
  const input = open.mutate(whole, dice);
  // Most have their checksums put right; some keep wrong ones, which must be seen.
  return open.fix && dice.chance(0.9) ? open.fix(input) : input;
}

/** Takes out what the fault does not need, in ever smaller pieces. */
async function minimise(
  target: FuzzTarget,
  open: OpenTarget,
  input: Bytes,
  signature: string,
  bounds: Bounds,
): Promise<Bytes> {
  const end = performance.now() + MINIMISE.milliseconds;
  let [small, tries] = [input, 0];
  const holds = async (candidate: Bytes) => {
    tries++;
    const outcome = await judge(target, open, candidate, bounds);
    return outcome.kind === 'fault' && outcome.signature === signature;
  };
  for (let size = input.length >>> 1; size >= 1; size >>>= 1) {
    for (let at = 0; at < small.length; ) {
      if (tries >= MINIMISE.tries || performance.now() > end) return small;
      const shorter = concat(small.subarray(0, at), small.subarray(at + size));
      const candidate = open.fix ? open.fix(shorter) : shorter;
      if (candidate.length < small.length && (await holds(candidate))) small = candidate;
      else at += size;
    }
  }
  return small;
}
