// LoFTR at the published size against kornia, with random weights: features, confidences and offsets of one
// pair by TfOps on WASM and by OnnxOps in onnxruntime-web on WASM. Writes the table in docs/matching.md.
//
// Usage: npx tsx scripts/parity-loftr.ts   (needs Python with scripts/requirements.txt; PYTHON names it)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-web';
import { LOFTR } from '../src/nets/loftr/specs.ts';
import { readSafetensors } from '../src/weights/safetensors.ts';
import {
  differences,
  emitCase,
  type ParityCase,
  runOnnx,
  runTf,
  TOLERANCE,
  type Values,
} from '../tests/parity/cases.ts';
import { coarseCase, featuresCase, fineCase } from '../tests/parity/loftr-cases.ts';
import { ROOT, tableRow, writePart } from './document.ts';

const DOCUMENT = 'docs/matching.md';
const PART = 'parity:loftr';
const PYTHON = process.env.PYTHON ?? 'python3';
/** Height × width of the two pictures. */
const SIZES = ['320x256', '256x320'] as const;

function python(script: string, args: readonly string[]): string {
  const path = join(ROOT, 'scripts', script);
  const env = { ...process.env, PYTHONWARNINGS: 'ignore' };
  return execFileSync(PYTHON, [path, ...args], { encoding: 'utf8', env });
}

function magnitude({ values }: Values): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

interface Row {
  readonly step: string;
  readonly engine: string;
  readonly absolute: number;
  readonly relative: number;
}

/** Of all outputs of a step: the largest difference, and the largest relative to an output's magnitude. */
async function measure(
  step: ParityCase,
  engine: string,
  run: () => Promise<ReadonlyMap<string, Values>>,
): Promise<Row> {
  let [absolute, relative] = [0, 0];
  for (const [name, difference] of differences(step.expected, await run())) {
    absolute = Math.max(absolute, difference);
    relative = Math.max(relative, difference / magnitude(step.expected.get(name)!));
  }
  const row = { step: step.name, engine, absolute, relative };
  console.log(row);
  return row;
}

const folder = mkdtempSync(join(tmpdir(), 'cairn-loftr-'));
try {
  console.log(python('golden-loftr.py', ['--full', folder, ...SIZES]).trim());
  const read = (name: string) => readSafetensors(new Uint8Array(readFileSync(join(folder, name))));
  const golden = new Map([...read('weights.safetensors'), ...read('golden.safetensors')]);
  const about = JSON.parse(readFileSync(join(folder, 'seconds.json'), 'utf8')) as {
    matches: number;
    torch: string;
    kornia: string;
  };
  const pair = { spec: LOFTR.outdoor!, prefix: 'golden.full.' };
  const require = createRequire(import.meta.url);
  setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  await tf.setBackend('wasm');
  ort.env.wasm.numThreads = 1;
  const rows: Row[] = [];
  const nodes: string[] = [];
  for (const step of [
    featuresCase('features', golden, pair),
    coarseCase('confidences', golden, pair),
    fineCase('offsets', golden, pair),
  ]) {
    rows.push(await measure(step, 'TfOps, tfjs on WASM', () => runTf(step)));
    const model = emitCase(step);
    const run = () => runOnnx(ort, model, step.inputs);
    rows.push(await measure(step, 'OnnxOps, onnxruntime-web on WASM', run));
    const file = join(folder, 'model.onnx');
    writeFileSync(file, model);
    // Throws where the file breaks a rule.
    const checked = python('check-onnx.py', [file]).trim().replace(`${file}: `, '');
    nodes.push(`- ${step.name}: ${checked}`);
  }
  const head = ['step', 'computed by', 'max abs', 'max relative'];
  const sizes = SIZES.map((size) => size.replace('x', ' × ')).join(' and ');
  const processor = cpus()[0]?.model ?? 'an unknown processor';
  writePart(
    DOCUMENT,
    PART,
    [
      `Largest differences from kornia at the spec \`outdoor\`, float32, of pictures of ${sizes} (height × width) with ${about.matches} matches; relative: to the largest magnitude of the same output. Each step starts from kornia's results of the one before. PyTorch ${about.torch}, kornia ${about.kornia}, Node ${process.versions.node}, ${processor}.`,
      '',
      tableRow(head),
      tableRow(head.map(() => '---')),
      ...rows.map(({ step, engine, absolute, relative }) =>
        tableRow([step, engine, absolute.toExponential(1), relative.toExponential(1)]),
      ),
      '',
      'Nodes of the graphs of both pictures, which pass onnx.checker and our own rules:',
      '',
      ...nodes,
    ].join('\n'),
  );
  const off = rows.filter(({ absolute }) => !(absolute <= TOLERANCE));
  if (off.length > 0) {
    console.error(`${off.length} differences are larger than they may be.`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
