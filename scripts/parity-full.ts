// Full-size networks against PyTorch: timm's Swin-B/384, SE-ResNet-101 and NFNet-F0 with random weights, the
// same features by TfOps on WASM and by OnnxOps in onnxruntime-web on WASM. Writes the table in docs/parity.md.
//
// Usage: npm run parity:full [-- NETWORK...]   (needs Python with scripts/requirements.txt; PYTHON names it)
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
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

const ROOT = resolve(import.meta.dirname, '..');
const DOCUMENT = join(ROOT, 'docs/parity.md');
/** The table stands between these lines; what is written around them stays. */
const BEGIN = '<!-- parity:full begins -->';
const END = '<!-- parity:full ends -->';
const PYTHON = process.env.PYTHON ?? 'python3';

/** Each in its own size and in another, not square; windows of 12 fit neither side of Swin's second. */
const NETWORKS = [
  { arch: 'swin', spec: 'swin_base_patch4_window12_384', sizes: ['384x384', '320x256'] },
  { arch: 'se-resnet', spec: 'seresnet101', sizes: ['224x224', '320x256'] },
  { arch: 'nfnet', spec: 'dm_nfnet_f0', sizes: ['192x192', '256x320'] },
] as const;
type FullNetwork = (typeof NETWORKS)[number];

interface Row {
  readonly engine: string;
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
  }
  return { spec, rows, nodes, versions: `PyTorch ${timing.torch}, timm ${timing.timm}` };
}

function small(value: number): string {
  return value === 0 ? '–' : value.toExponential(1);
}

function report(results: readonly Result[]): string {
  const processor = cpus()[0]?.model ?? 'an unknown processor';
  const about = [
    'Largest differences from PyTorch over the maps of all stages and the final one, float32, one thread each.',
    'Relative: to the largest magnitude of the same map.',
    'Seconds are those of one photo, for tfjs and onnxruntime-web with loading the weights and making the session.',
    `${results[0]!.versions}, Node ${process.versions.node}, ${processor}.`,
  ];
  const lines = [
    about.join(' '),
    '',
    '| network | input, H × W | computed by | max abs | max relative | seconds |',
    '|---|---|---|---|---|---|',
  ];
  for (const { spec, rows } of results) {
    for (const { engine, size, absolute, relative, seconds } of rows) {
      const cells = [spec, size.replace('x', ' × '), engine, small(absolute), small(relative)];
      lines.push(`| ${cells.join(' | ')} | ${seconds.toFixed(1)} |`);
    }
  }
  lines.push('', 'Nodes of the ONNX graphs, which pass onnx.checker and our own rules:', '');
  for (const { spec, nodes } of results) lines.push(`- ${spec}: ${nodes}`);
  return lines.join('\n');
}

/** Replaces what stands between the marks. */
function write(results: readonly Result[]): void {
  const document = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${DOCUMENT} lacks the marks of the table.`);
  const before = document.slice(0, begin + BEGIN.length);
  writeFileSync(DOCUMENT, `${before}\n${report(results)}\n${document.slice(end)}`);
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
    if (wanted.length === 0 && existsSync(DOCUMENT)) write(results);
    else console.log(report(results));
    const off = results.flatMap(({ rows }) => rows).filter(({ absolute }) => absolute > TOLERANCE);
    if (off.length > 0) {
      console.error(`${off.length} differences are larger than ${TOLERANCE}.`);
      process.exitCode = 1;
    }
  }
}
