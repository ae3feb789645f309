// `npm run bench:peers`: Cairn beside its peers, on one machine, in one run. Prints JSON; writes docs/benchmarks.md.
//
//   npm run bench:peers -- [--parts encode,search,ransac,trees,whole,accuracy] [--quick] [--print-only]
//
// What of the peers comes from npm is installed apart on the first run (bench/peers/install.ts). PyTorch's exports are
// timed where `npx tsx bench/peers/export.ts` has made them, LightGBM where PYTHON names a Python that has it.
// --quick runs few rounds on small sizes, to see that all works: it writes nothing.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { benchEncodePeers } from './encode.ts';
import { installPeers } from './install.ts';
import { MANIFEST, plainAccuracy } from './plain-embedder.ts';
import { benchRansac } from './ransac.ts';
import { machineFacts, writeReport } from './report.ts';
import { benchSearchPeers } from './search.ts';
import { benchTrees } from './trees.ts';
import { benchWhole } from './whole.ts';

const PARTS = ['encode', 'search', 'ransac', 'trees', 'whole', 'accuracy'] as const;
type PartName = (typeof PARTS)[number];

/** Rounds and sizes: of a report, and of a look whether all works. */
const AMOUNTS = {
  full: { rounds: 30, rows: [10_000, 100_000], queries: 200, scenes: 500, trees: 30, photos: 78 },
  quick: { rounds: 3, rows: [2000], queries: 20, scenes: 50, trees: 3, photos: 4 },
} as const;
const DIM = 512;

interface Job {
  readonly part: PartName;
  /** Threads of `encode`, rows of `search`; processors that `whole` may use. */
  readonly size: number;
  readonly quick: boolean;
}

const { values: flags } = parseArgs({
  options: {
    parts: { type: 'string', default: PARTS.join() },
    quick: { type: 'boolean', default: false },
    'print-only': { type: 'boolean', default: false },
    job: { type: 'string' },
  },
});
if (flags.job === undefined) await runAll();
else await runOne(JSON.parse(flags.job) as Job);

async function runAll(): Promise<void> {
  const { quick } = flags;
  const wanted = flags.parts.split(',');
  const unknown = wanted.find((name) => !(PARTS as readonly string[]).includes(name));
  if (unknown !== undefined) {
    console.error(`There is no part "${unknown}": choose of ${PARTS.join(', ')}.`);
    process.exit(2);
  }
  installPeers();
  const cores = [...new Set([1, Math.min(2, availableParallelism())])];
  const sizes = { encode: cores, search: AMOUNTS[quick ? 'quick' : 'full'].rows, whole: cores };
  const report: Record<string, unknown[]> = {};
  for (const part of PARTS.filter((name) => wanted.includes(name) && isPossible(name, quick))) {
    report[part] = [];
    for (const size of part in sizes ? sizes[part as keyof typeof sizes] : [0]) {
      report[part].push(await inOwnProcess({ part, size, quick }));
    }
  }
  const machine = machineFacts();
  console.log(JSON.stringify({ bench: 'peers', machine, ...report }, null, 2));
  if (!quick && !flags['print-only']) writeReport(machine, report);
}

/** Accuracy is of real photos, and not quick. */
function isPossible(part: PartName, quick: boolean): boolean {
  return part !== 'accuracy' || (!quick && existsSync(MANIFEST));
}

/** Of its own: WASM takes its threads once, what V8 has compiled for one part must not serve the next. */
function inOwnProcess(job: Job): Promise<unknown> {
  const node = [process.execPath, ...process.execArgv, import.meta.filename];
  const command = [...node, '--job', JSON.stringify(job)];
  // One processor, or all: what runs in the product counts them.
  const pinned = job.part === 'whole' && job.size === 1;
  const [program, ...args] = pinned ? ['taskset', '-c', '0', ...command] : command;
  return new Promise((done, fail) => {
    // What packages print goes to stderr: stdout is the report's.
    const child = spawn(program!, args, { stdio: ['ignore', 2, 2, 'ipc'] });
    let result: unknown;
    child.on('message', (message) => {
      result = message;
    });
    child.on('error', fail);
    child.on('close', (code) => {
      if (code === 0 && result !== undefined) done(result);
      else fail(new Error(`${job.part} ended with code ${code}.`));
    });
  });
}

async function runOne(job: Job): Promise<void> {
  const result = await measure(job);
  await new Promise((sent) => process.send!(result, sent));
  // OpenCV.js keeps the process alive.
  process.exit(0);
}

function measure({ part, size, quick }: Job): Promise<unknown> {
  const amounts = AMOUNTS[quick ? 'quick' : 'full'];
  switch (part) {
    case 'encode':
      return benchEncodePeers(size, amounts.rounds);
    case 'search':
      return benchSearchPeers(size, DIM, amounts.queries);
    case 'ransac':
      return benchRansac(amounts.scenes);
    case 'trees':
      return benchTrees(amounts.trees);
    case 'whole':
      return benchWhole(amounts.photos);
    case 'accuracy':
      return plainAccuracy();
  }
}
