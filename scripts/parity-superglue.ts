// SuperPoint and SuperGlue at the published sizes against transformers, with random weights: maps and scores
// by TfOps on WASM and by OnnxOps in onnxruntime-web on WASM, the rest by plain TypeScript. Writes the table
// in docs/matching.md.
//
// Usage: npx tsx scripts/parity-superglue.ts   (needs Python with scripts/requirements.txt; PYTHON names it)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-web';
import { findKeypoints, pixelScores, sampleDescriptors } from '../src/matching/keypoints.ts';
import { transportProbabilities } from '../src/matching/optimal-transport.ts';
import { SUPERGLUE } from '../src/nets/superglue/specs.ts';
import { BIN_SCORE } from '../src/nets/superglue/superglue.ts';
import { readSafetensors, toFloat32, type Weights } from '../src/weights/safetensors.ts';
import { differences, runOrt, runTf, TOLERANCE } from '../tests/parity/cases.ts';
import { goldenValues, superGlueCase, superPointCase } from '../tests/parity/superglue-cases.ts';
import { ROOT, tableRow, writePart } from './document.ts';

const DOCUMENT = 'docs/matching.md';
const PART = 'parity:superglue';
/** Height × width of the two pictures. */
const SIZES = ['128x160', '136x128'] as const;
const CELL = 8;
const CHANNELS = 256;
const ITERATIONS = 100;

interface Row {
  readonly step: string;
  readonly engine: string;
  readonly absolute: number;
  readonly largest: number;
}

const magnitude = (values: Float32Array) =>
  values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

function farthest(a: Float32Array, b: (i: number) => number): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b(i))), 0);
}

async function networkRows(golden: Weights): Promise<Row[]> {
  const rows: Row[] = [];
  for (const step of [superPointCase(golden), superGlueCase(golden, SUPERGLUE.outdoor!)]) {
    for (const [engine, outputs] of [
      ['TfOps, tfjs on WASM', await runTf(step)],
      ['OnnxOps, onnxruntime-web on WASM', await runOrt(ort, step)],
    ] as const) {
      for (const [name, absolute] of differences(step.expected, outputs)) {
        const largest = magnitude(step.expected.get(name)!.values);
        rows.push({ step: `${step.name}: ${name}`, engine, absolute, largest });
      }
    }
  }
  return rows;
}

/** Keypoints must be the same; the rest may differ a little. */
function typeScriptRows(golden: Weights): Row[] {
  const engine = 'TypeScript';
  const rows: Row[] = [];
  for (const i of [0, 1]) {
    const read = (name: string) => goldenValues(golden, `${name}${i}`);
    const [, , height, width] = read('image').shape as [number, number, number, number];
    const size = { width, height };
    const cells = { width: width / CELL, height: height / CELL };
    const found = findKeypoints(pixelScores(read('corners').values, cells), size, size);
    const places = read('points').values;
    const absolute = farthest(places, (k) => found.places[k] ?? Number.NaN);
    rows.push({ step: `keypoints ${i}`, engine, absolute, largest: magnitude(places) });
    const map = { values: read('dense').values, ...cells, channels: CHANNELS };
    const sampled = sampleDescriptors(map, places, CELL);
    const expected = read('descriptors').values;
    const off = farthest(expected, (k) => sampled[k]!);
    rows.push({ step: `descriptors ${i}`, engine, absolute: off, largest: magnitude(expected) });
  }
  const { values, shape } = goldenValues(golden, 'scores');
  const [, n, m] = shape as [number, number, number];
  const bin = toFloat32(golden.get(BIN_SCORE)!, BIN_SCORE)[0]!;
  const probabilities = transportProbabilities(values, n, m, bin, ITERATIONS);
  // Logarithms with a last row and column for the dustbin.
  const logs = goldenValues(golden, 'transport').values;
  const expected = (k: number) => Math.exp(logs[Math.floor(k / m) * (m + 1) + (k % m)]!);
  const absolute = farthest(probabilities, expected);
  rows.push({ step: 'probabilities', engine, absolute, largest: magnitude(probabilities) });
  return rows;
}

const folder = mkdtempSync(join(tmpdir(), 'cairn-superglue-'));
try {
  const script = join(ROOT, 'scripts', 'golden-superglue.py');
  execFileSync(process.env.PYTHON ?? 'python3', [script, '--full', folder, ...SIZES]);
  const read = (name: string) => readSafetensors(new Uint8Array(readFileSync(join(folder, name))));
  const golden = new Map([...read('weights.safetensors'), ...read('golden.safetensors')]);
  const require = createRequire(import.meta.url);
  setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  await tf.setBackend('wasm');
  ort.env.wasm.numThreads = 1;
  const rows = [...(await networkRows(golden)), ...typeScriptRows(golden)];
  const counts = [0, 1].map((i) => goldenValues(golden, `points${i}`).values.length / 2);
  const head = ['step', 'computed by', 'max abs', 'largest value'];
  writePart(
    DOCUMENT,
    PART,
    [
      `Pictures of ${SIZES.join(' and ').replaceAll('x', ' × ')} (height × width) with ${counts.join(' and ')} keypoints.`,
      '',
      tableRow(head),
      tableRow(head.map(() => '---')),
      ...rows.map(({ step, engine, absolute, largest }) =>
        tableRow([step, engine, absolute.toExponential(1), largest.toPrecision(2)]),
      ),
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
