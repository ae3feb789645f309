// Hostile input for every parser that reads foreign bytes (docs/fuzzing.md).
//
//   npm run fuzz -- [--runs 100000] [--only NAME[,NAME]] [--seed N] [--from INDEX] [--seconds N] [--list]
//
// Prints a line of JSON for each target, as it ends, and one for all; exits with 1 where there is a fault. Equal seeds
// give equal inputs.

import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { Fault, TargetReport } from './run-target.ts';
import { TARGETS } from './targets/index.ts';
import type { WorkerRequest } from './worker.ts';

/** Of the processor: an input that takes longer never ends, however busy the machine is with other things. */
const HANG_MS = 20_000;
/** By the clock: what waits for so long waits for ever. */
const STUCK_MS = 600_000;
const CHECK_MS = 500;
const HEAP_MB = 1024;
/** No input is being read yet; what goes wrong then is a fault of the target. */
const OPENING = -(2 ** 31);
/** After so many the target is given up: each costs a new thread. */
const MOST_RESTARTS = 20;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    only: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string', default: '0' },
    seconds: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});

if (values.list) {
  for (const { name, reads } of TARGETS) console.log(`${name}\t${reads.join(' ')}`);
  process.exit(0);
}

const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const only = values.only?.split(',');
const unknown = only?.find((name) => !TARGETS.some((target) => target.name === name));
if (unknown !== undefined) throw new Error(`There is no target "${unknown}"; see --list.`);

const reports: TargetReport[] = [];
for (const { name } of TARGETS) {
  if (only && !only.includes(name)) continue;
  const report = await runOrTell({
    target: name,
    seed,
    runs: Number(values.runs),
    from: Number(values.from),
    seconds: values.seconds === undefined ? 1e9 : Number(values.seconds),
    bombs: Number(values.from) === 0,
    firstBomb: 0,
  });
  reports.push(report);
  const told = `${report.runs} runs, ${report.seconds} s, ${report.faults.length} kinds of fault`;
  process.stderr.write(`${name}: ${told}\n`);
  console.log(JSON.stringify(report));
}
const faults = reports.reduce((sum, report) => sum + report.faults.length, 0);
console.log(JSON.stringify({ seed, targets: reports.length, faults }));
process.exit(faults === 0 ? 0 : 1);

/** As {@link runWatched}; a target that cannot be opened is a fault too, and the others are run all the same. */
async function runOrTell(request: Omit<WorkerRequest, 'progress'>): Promise<TargetReport> {
  return runWatched(request).catch((thrown: Error) => {
    const what = thrown.message;
    return joined(request, [], [{ what, signature: what, index: null, input: null }]);
  });
}

/** Goes on behind an input that ended its thread, which is a fault. */
async function runWatched(request: Omit<WorkerRequest, 'progress'>): Promise<TargetReport> {
  const parts: TargetReport[] = [];
  const lost: Fault[] = [];
  let { from, bombs, firstBomb } = request;
  const end = request.from + request.runs;
  for (let start = 0; from < end && start <= MOST_RESTARTS; start++) {
    const outcome = await runThread({ ...request, from, bombs, firstBomb, runs: end - from });
    if (!('lostAt' in outcome)) {
      parts.push(outcome);
      break;
    }
    const { lostAt, why } = outcome;
    const about = lostAt < 0 ? { index: null, bomb: `number ${-1 - lostAt}` } : { index: lostAt };
    lost.push({ what: why, signature: why, input: null, ...about });
    // What was counted up to there is lost with its thread: it is run again, without that input.
    if (lostAt < 0) firstBomb = -lostAt;
    else {
      if (lostAt > from) {
        const before = await runThread({ ...request, from, bombs, firstBomb, runs: lostAt - from });
        if (!('lostAt' in before)) parts.push(before);
      }
      bombs = false;
      from = lostAt + 1;
    }
  }
  return joined(request, parts, lost);
}

/** Of all threads: this one only waits. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

type Lost = { readonly lostAt: number; readonly why: string };

function runThread(request: Omit<WorkerRequest, 'progress'>): Promise<TargetReport | Lost> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  progress[0] = OPENING;
  const worker = new Worker(new URL('./worker-start.mjs', import.meta.url), {
    execArgv: [],
    workerData: { ...request, progress } satisfies WorkerRequest,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  return new Promise((done, fail) => {
    let [at, since, used] = [Number.NaN, performance.now(), cpuMs()];
    const watch = setInterval(() => {
      const now = Atomics.load(progress, 0);
      if (now !== at) [at, since, used] = [now, performance.now(), cpuMs()];
      else if (at !== OPENING && cpuMs() - used > HANG_MS) finish(`did not end in ${HANG_MS} ms`);
      else if (performance.now() - since > STUCK_MS) finish(`waited for ${STUCK_MS} ms`);
    }, CHECK_MS);
    const finish = (outcome: TargetReport | string) => {
      clearInterval(watch);
      const lostAt = Atomics.load(progress, 0);
      void worker.terminate();
      if (lostAt === OPENING && typeof outcome === 'string') {
        return fail(new Error(`${request.target} cannot be opened: ${outcome}`));
      }
      done(typeof outcome === 'string' ? { lostAt, why: outcome } : outcome);
    };
    worker.on('message', (report: TargetReport) => finish(report));
    worker.on('error', (error: Error) => finish(`ended its thread: ${error.message}`));
    worker.on('exit', (code) => finish(`ended its thread with ${code}`));
  });
}

function joined(
  { target, seed: own }: Omit<WorkerRequest, 'progress'>,
  parts: readonly TargetReport[],
  lost: readonly Fault[],
): TargetReport {
  const sum = (each: (part: TargetReport) => number) =>
    parts.reduce((all, part) => all + each(part), 0);
  const counts = (each: (part: TargetReport) => Readonly<Record<string, number>>) => {
    const all: Record<string, number> = {};
    for (const part of parts) {
      for (const [key, count] of Object.entries(each(part))) all[key] = (all[key] ?? 0) + count;
    }
    return all;
  };
  const firsts = new Map(parts.flatMap(({ faults }) => faults).map((f) => [f.signature, f]));
  return {
    target,
    seed: own,
    runs: sum(({ runs }) => runs) + lost.length,
    seconds: Math.round(100 * sum(({ seconds }) => seconds)) / 100,
    accepted: sum(({ accepted }) => accepted),
    refused: counts(({ refused }) => refused),
    slowestMs: Math.max(0, ...parts.map(({ slowestMs }) => slowestMs)),
    faults: [...firsts.values(), ...lost],
    faultCounts: counts(({ faultCounts }) => faultCounts),
  };
}
