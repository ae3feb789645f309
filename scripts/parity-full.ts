// Full-size networks against PyTorch: timm's Swin-B/384, SE-ResNet-101 and NFNet-F0 with random weights, the
// same features by TfOps on WASM and by OnnxOps in onnxruntime-web on WASM. Writes the table in docs/parity.md;
// rows of networks that are not named stay as they are.
//
// Usage: npm run parity:full [-- NETWORK...]   (needs Python with scripts/requirements.txt; PYTHON names it)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-web';
import { readSafetensors } from '../src/weights/safetensors.ts';
import {
  differences,
  emitCase,
  mapsCase,
  type ParityCase,
  runOnnx,
  runTf,
  TOLERANCE,
  type Values,
} from '../tests/parity/cases.ts';
import { ROOT, readPart, rowsOf, tableRow, writePart } from './document.ts';

const DOCUMENT = 'docs/parity.md';
const PART = 'parity:full';
const PYTHON = process.env.PYTHON ?? 'python3';

/** Each in its own size and in another, not square; windows of 12 fit neither side of Swin's second. */
const NETWORKS = [
  { arch: 'swin', spec: 'swin_base_patch4_window12_384', sizes: ['384x384', '320x256'] },
  { arch: 'se-resnet', spec: 'seresnet101', sizes: ['224x224', '320x256'] },
  { arch: 'nfnet', spec: 'dm_nfnet_f0', sizes: ['192x192', '256x320'] },
] as const;
type FullNetwork = (typeof NETWORKS)[number];

/** Half precision may differ by this much of a map's largest magnitude. */
const HALF_TOLERANCE = 2e-2;

interface Row {
  readonly engine: string;
  /** float16 where set: then the relative difference counts, as these features are larger than 1. */
  readonly half?: true;
  readonly size: string;
  /** Over all maps. */
  readonly absolute: number;
  /** Largest difference within a map over that map's largest magnitude; the worst map. */
  readonly relative: number;
  readonly seconds: number;
}
interface Result {
  readonly spec: string;
  readonly rows: readonly Row[];
  readonly nodes: string;
  readonly versions: string;
}

function python(script: string, args: readonly string[]): string {
  const path = join(ROOT, 'scripts', script);
  const env = { ...process.env, PYTHONWARNINGS: 'ignore' };
  return execFileSync(PYTHON, [path, ...args], { encoding: 'utf8', env });
}

/** The case for one of its pictures. */
function withView(test: ParityCase, view: string): ParityCase {
  const inputs = new Map([...test.inputs].filter(([name]) => name === view));
  const expected = new Map([...test.expected].filter(([name]) => name.startsWith(`${view}.`)));
  return { ...test, inputs, expected };
}

function magnitude({ values }: Values): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

async function measure(
  engine: string,
  size: string,
  test: ParityCase,
  run: () => Promise<ReadonlyMap<string, Values>>,
): Promise<Row> {
  const begin = performance.now();
  const outputs = await run();
  const seconds = (performance.now() - begin) / 1000;
  let [absolute, relative] = [0, 0];
  for (const [name, difference] of differences(test.expected, outputs)) {
    absolute = Math.max(absolute, difference);
    relative = Math.max(relative, difference / magnitude(test.expected.get(name)!));
  }
  return { engine, size, absolute, relative, seconds };
}

/** Everything about one network. Runs in a process of its own: WASM memory never shrinks. */
async function compare({ arch, spec, sizes }: FullNetwork, folder: string): Promise<Result> {
  const read = (name: string) => readSafetensors(new Uint8Array(readFileSync(join(folder, name))));
  const weights = read('weights.safetensors');
  const test = mapsCase(spec, arch, spec, weights, read('golden.safetensors'));
  const timing = JSON.parse(readFileSync(join(folder, 'seconds.json'), 'utf8')) as {
    seconds: number[];
    torch: string;
    timm: string;
  };
  const require = createRequire(import.meta.url);
  setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  await tf.setBackend('wasm');
  ort.env.wasm.numThreads = 1;
  const rows: Row[] = [];
  let nodes = '';
  for (const [i, size] of sizes.entries()) {
    const one = withView(test, `view${i}`);
    const seconds = timing.seconds[i]!;
    rows.push({ engine: 'PyTorch', size, absolute: 0, relative: 0, seconds });
    rows.push(await measure('TfOps, tfjs on WASM', size, one, () => runTf(one)));
    const model = emitCase(one);
    rows.push(
      await measure('OnnxOps, onnxruntime-web on WASM', size, one, () =>
        runOnnx(ort, model, one.inputs),
      ),
    );
    const file = join(folder, 'model.onnx');
    writeFileSync(file, model);
    // Throws where the file breaks a rule.
    nodes = python('check-onnx.py', [file]).trim().replace(`${file}: `, '');
    if (i > 0) continue;
    const halves = emitCase(one, { compute: 'float16', storage: 'float16' });
    writeFileSync(file, halves);
    python('check-onnx.py', [file]);
    const engine = 'OnnxOps in float16, onnxruntime-web on WASM';
    const row = await measure(engine, size, one, () => runOnnx(ort, halves, one.inputs));
    rows.push({ ...row, half: true });
  }
  return { spec, rows, nodes, versions: `PyTorch ${timing.torch}, timm ${timing.timm}` };
}

function small(value: number): string {
  return value === 0 ? '–' : value.toExponential(1);
}

function isOff({ half, absolute, relative }: Row): boolean {
  return half ? relative > HALF_TOLERANCE : absolute > TOLERANCE;
}

/** Writes the table; of networks that were not run, its rows stay. */
function write(results: readonly Result[]): void {
  const before = readPart(DOCUMENT, PART);
  const lines = rowsOf(before);
  const nodes = new Map(
    [...before.matchAll(/^- (\S+): .*$/gm)].map(([line, spec]) => [spec!, line] as const),
  );
  for (const result of results) {
    const { spec } = result;
    const rows = result.rows.map(({ engine, size, absolute, relative, seconds }) => {
      const cells = [spec, size.replace('x', ' × '), engine, small(absolute), small(relative)];
      return tableRow([...cells, seconds.toFixed(1)]);
    });
    lines.set(spec, rows);
    nodes.set(spec, `- ${spec}: ${result.nodes}`);
  }
  const order = NETWORKS.map(({ spec }) => spec);
  const processor = cpus()[0]?.model ?? 'an unknown processor';
  const about = [
    'Largest differences from PyTorch over the maps of all stages and the final one, float32 unless said, one thread each.',
    'Relative: to the largest magnitude of the same map.',
    'Seconds are those of a single run of one photo, on a machine that had other work too; for tfjs and onnxruntime-web with loading the weights and making the session.',
    `${results[0]!.versions}, Node ${process.versions.node}, ${processor}.`,
  ];
  const head = ['network', 'input, H × W', 'computed by', 'max abs', 'max relative', 'seconds'];
  const part = [
    about.join(' '),
    '',
    tableRow(head),
    tableRow(head.map(() => '---')),
    ...order.flatMap((spec) => lines.get(spec) ?? []),
    '',
    'Nodes of the ONNX graphs, which pass onnx.checker and our own rules:',
    '',
    ...order.flatMap((spec) => nodes.get(spec) ?? []),
  ];
  writePart(DOCUMENT, PART, part.join('\n'));
}

function runOne(net: FullNetwork): Result {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-parity-'));
  try {
    console.log(`${net.spec}: PyTorch…`);
    python('parity-full.py', [net.spec, folder, ...net.sizes]);
    console.log(`${net.spec}: tfjs and onnxruntime-web…`);
    const self = process.argv.slice(0, 2) as [string, string];
    const args = [...process.execArgv, self[1], '--child', net.spec, folder];
    execFileSync(self[0], args, { stdio: 'inherit' });
    const result = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as Result;
    for (const { size, engine, absolute, relative, seconds } of result.rows) {
      console.log(
        `  ${size} ${engine}: ${small(absolute)} ${small(relative)} ${seconds.toFixed(1)} s`,
      );
    }
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [mode, ...rest] = process.argv.slice(2);
if (mode === '--child') {
  const [spec, folder] = rest as [string, string];
  const result = await compare(NETWORKS.find((net) => net.spec === spec)!, folder);
  writeFileSync(join(folder, 'result.json'), JSON.stringify(result));
} else {
  const wanted = mode === undefined ? [] : [mode, ...rest];
  const results = NETWORKS.filter(({ spec }) => !wanted.length || wanted.includes(spec)).map(
    runOne,
  );
  if (results.length === 0) {
    console.error(`Name some of: ${NETWORKS.map(({ spec }) => spec).join(', ')}.`);
    process.exitCode = 2;
  } else {
    write(results);
    const off = results.flatMap(({ rows }) => rows).filter(isOff);
    if (off.length > 0) {
      console.error(`${off.length} differences are larger than they may be.`);
      process.exitCode = 1;
    }
  }
}
