// Our ONNX graphs beside PyTorch's own export of the same networks with the same weights, both in
// onnxruntime-web on WASM, run in turns. Writes the table in docs/models.md.
//
// Usage: npx tsx scripts/bench-published.ts [--n RUNS] [ARCH/SPEC...]
//        (needs Python with scripts/requirements.txt; PYTHON names it)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, readPart, rowsOf, tableRow, writePart } from './document.ts';

const DOCUMENT = 'docs/models.md';
const PART = 'bench-published';
const PYTHON = process.env.PYTHON ?? 'python3';
const THREADS = [1, 2];
const DEFAULT_RUNS = '10';
/** More is more than noise: ours is then slower than PyTorch's own. */
const NOISE = 0.05;

const MODELS = [
  { model: 'swin/compact', side: 224 },
  { model: 'se-resnet/compact', side: 224 },
  { model: 'nfnet/compact', side: 224 },
  { model: 'swin/swin_tiny_patch4_window7_224', side: 224 },
  { model: 'swin/swin_base_patch4_window12_384', side: 384 },
  { model: 'se-resnet/seresnet101', side: 224 },
  { model: 'nfnet/dm_nfnet_f0', side: 192 },
] as const;

interface Timing {
  readonly fastest: number;
}

/** What `cairn bench encode --model … --beside …` prints, as far as it is read here. */
interface Bench {
  readonly nodes: number;
  readonly besideNodes: number;
  readonly threads: readonly {
    readonly ours: Timing;
    readonly beside: Timing;
    readonly ratio: number;
    readonly difference: number;
  }[];
}

interface Row {
  readonly model: string;
  readonly line: string;
  readonly slower: boolean;
}

function benchOne({ model, side }: (typeof MODELS)[number], runs: string): Row {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-bench-'));
  const spec = model.slice(model.indexOf('/') + 1);
  try {
    const script = join(ROOT, 'scripts/export-torch-onnx.py');
    execFileSync(PYTHON, [script, model, String(side), folder], { stdio: 'ignore' });
    const files = ['--weights', `${spec}.safetensors`, '--beside', `${spec}.onnx`];
    const options = ['--n', runs, '--size', String(side), '--threads', THREADS.join(), '--json'];
    const args = [
      join(ROOT, 'src/cli/cairn.mjs'),
      ...['bench', 'encode', '--model', model],
      ...files.map((file) => (file.startsWith('--') ? file : join(folder, file))),
      ...options,
    ];
    const found = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Bench;
    const ms = ({ fastest }: Timing) => fastest.toFixed(fastest < 100 ? 1 : 0);
    const times = found.threads.flatMap(({ ours, beside, ratio }) => [
      ms(ours),
      ms(beside),
      ratio.toFixed(2),
    ]);
    const difference = Math.max(...found.threads.map((each) => each.difference));
    const nodes = [found.nodes, found.besideNodes];
    const cells = [`${model}`, side, ...nodes, ...times, difference.toExponential(0)];
    const slower = found.threads.some(({ ratio }) => ratio > 1 + NOISE);
    return { model, line: tableRow(cells), slower };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  options: { n: { type: 'string', default: DEFAULT_RUNS } },
  allowPositionals: true,
});
const chosen = MODELS.filter(({ model }) => !positionals.length || positionals.includes(model));
if (chosen.length === 0) {
  console.error(`Name some of: ${MODELS.map(({ model }) => model).join(', ')}.`);
  process.exit(2);
}
const before = rowsOf(readPart(DOCUMENT, PART));
const rows = chosen.map((each) => {
  const row = benchOne(each, values.n);
  console.log(row.line);
  before.set(row.model, [row.line]);
  return row;
});
const perThread = THREADS.flatMap((count) => {
  const threads = count === 1 ? '1 thread' : `${count} threads`;
  return [`ours, ms, ${threads}`, `PyTorch's, ms, ${threads}`, `ratio, ${threads}`];
});
const head = [
  'network',
  'side',
  'nodes, ours',
  "nodes, PyTorch's",
  ...perThread,
  'features differ by',
];
const lines = MODELS.flatMap(({ model }) => before.get(model) ?? []);
const processor = cpus()[0]?.model ?? 'an unknown processor';
const about = `Each figure is the fastest of several runs (--n, ${DEFAULT_RUNS} when left out), for the machine had other work too; Node ${process.versions.node}, ${processor}, ${cpus().length} cores.`;
writePart(
  DOCUMENT,
  PART,
  [about, '', tableRow(head), tableRow(head.map(() => '---')), ...lines].join('\n'),
);
const slower = rows.filter((row) => row.slower);
if (slower.length > 0) {
  console.error(
    `Slower than PyTorch's own export: ${slower.map(({ model }) => model).join(', ')}.`,
  );
  process.exitCode = 1;
}
