// Several ways to do the same work, timed in turns, so that whatever slows the machine slows all of them.
import { type Timing, timing } from '../statistics.ts';

export interface Way {
  readonly name: string;
  /** Does the work of a round once. A number returned is its milliseconds, where not all of the call counts. */
  readonly run: (round: number) => unknown;
}

export interface RoundsOptions {
  /** Rounds that count. */
  readonly rounds: number;
  /** Rounds before them, which compile and warm caches. Numbered from −warmUp to −1. */
  readonly warmUp: number;
}

export interface WayTiming extends Timing {
  /** What it takes when nothing else wants the machine. */
  readonly fastest: number;
  /** Processor time of all threads, median: counts less of what else the machine does. */
  readonly cpu: number;
}

/** Milliseconds by name. Who begins changes with every round. */
export async function inRounds(
  ways: readonly Way[],
  { rounds, warmUp }: RoundsOptions,
): Promise<ReadonlyMap<string, WayTiming>> {
  const times = new Map(ways.map(({ name }) => [name, [] as number[]]));
  const used = new Map(ways.map(({ name }) => [name, [] as number[]]));
  for (let round = -warmUp; round < rounds; round++) {
    for (const { name, run } of round % 2 === 0 ? ways : ways.toReversed()) {
      const before = process.cpuUsage();
      const began = performance.now();
      const given = await run(round);
      const ms = typeof given === 'number' ? given : performance.now() - began;
      const { user, system } = process.cpuUsage(before);
      if (round < 0) continue;
      times.get(name)?.push(ms);
      used.get(name)?.push((user + system) / 1000);
    }
  }
  return new Map(
    [...times].map(([name, ms]) => {
      const cpu = timing(used.get(name) ?? []).median;
      return [name, { ...timing(ms), fastest: Math.min(...ms), cpu }];
    }),
  );
}
