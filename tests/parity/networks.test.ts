// Three-way parity in Node: golden files of PyTorch = TfOps on cpu and wasm = OnnxOps in onnxruntime-web.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-web';
import { beforeAll, describe, expect, test } from 'vitest';
import { emitEncoderOnnx } from '../../src/nets/encoder.ts';
import {
  differences,
  FIXTURES,
  type FixtureBytes,
  parityCases,
  runOnnx,
  runOrt,
  runTf,
  TOLERANCE,
  tinySpec,
  type Values,
} from './cases.ts';

const read = (path: string) =>
  new Uint8Array(readFileSync(new URL(`../../${path}`, import.meta.url)));
const bytes = Object.fromEntries(
  Object.entries(FIXTURES).map(([key, path]) => [key, read(path)]),
) as FixtureBytes;
const cases = parityCases(bytes);

/** Features of O(1) that half precision was used for. */
const HALF_TOLERANCE = 2e-2;

function expectParity(
  expected: ReadonlyMap<string, Values>,
  actual: ReadonlyMap<string, Values>,
  tolerance = TOLERANCE,
): void {
  expect(expected.size).toBeGreaterThan(0);
  for (const [name, difference] of differences(expected, actual)) {
    expect(difference, name).toBeLessThanOrEqual(tolerance);
  }
}

beforeAll(() => {
  const require = createRequire(import.meta.url);
  // The package's main file lies beside its .wasm files.
  setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  // One thread: the machines that run tests have few cores, and other tests run beside this one.
  ort.env.wasm.numThreads = 1;
});

for (const backend of ['cpu', 'wasm']) {
  describe(`tfjs on ${backend}`, () => {
    beforeAll(async () => {
      expect(await tf.setBackend(backend)).toBe(true);
    });
    test.each(cases)('$name', async (parityCase) => {
      expect(tf.getBackend()).toBe(backend);
      const before = tf.memory().numTensors;
      expectParity(parityCase.expected, await runTf(parityCase));
      expect(tf.memory().numTensors, 'tensors left behind').toBe(before);
    });
  });
}

describe('onnxruntime-web on WASM', () => {
  test.each(cases)('$name', async (parityCase) => {
    expectParity(parityCase.expected, await runOrt(ort, parityCase));
  });

  test.each(cases.filter(({ name }) => name.endsWith('in little')))(
    '$name, computing in float16',
    async (parityCase) => {
      const outputs = await runOrt(ort, parityCase, {}, { compute: 'float16' });
      expectParity(parityCase.expected, outputs, HALF_TOLERANCE);
    },
  );
});

describe('the emitted encoder', () => {
  const encoder = cases.find(({ name }) => name.startsWith('tiny encoder'))!;
  const entry = { ...tinySpec(), id: 'tiny', dim: 16, input: { views: [64, 96] } };
  const emit = (
    options: Omit<Parameters<typeof emitEncoderOnnx>[2], 'output'>,
    output = 'embedding' as const,
  ) => emitEncoderOnnx(encoder.weights, entry, { output, ...options });
  const golden = new Map([['embedding', encoder.expected.get('embedding')!]]);

  test('gives the embedding', async () => {
    expectParity(golden, await runOnnx(ort, emit({}), encoder.inputs));
  });
  test('gives the embedding to half precision with weights stored as float16', async () => {
    const model = emit({ fp16Weights: true });
    expect(model.byteLength).toBeLessThan(emit({}).byteLength * 0.75);
    expectParity(golden, await runOnnx(ort, model, encoder.inputs), 5e-3);
  });
  test('gives the embedding to half precision with convolutions in float16', async () => {
    const model = emit({ fp16: true });
    expectParity(golden, await runOnnx(ort, model, encoder.inputs), 2e-2);
  });
});
