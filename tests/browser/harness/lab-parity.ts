// The parity cases in the page: onnxruntime-web on WASM and WebGPU, tfjs on WebGPU, against PyTorch's numbers.
import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { loadOrt } from '../../../src/inference/browser-runtime.ts';
import {
  differences,
  FIXTURES,
  type FixtureBytes,
  type ParityCase,
  parityCases,
  runOrt,
  runTf,
  type Values,
} from '../../parity/cases.ts';

export type ParityEngine = 'ort-wasm' | 'ort-webgpu' | 'tfjs-webgpu';
/** Largest difference from PyTorch, by case and by output. */
export type Differences = Record<string, Record<string, number>>;

type FetchBytes = (path: string) => Promise<Uint8Array<ArrayBuffer>>;
type Run = (test: ParityCase) => Promise<ReadonlyMap<string, Values>>;

/** @param leaveOut no case whose name holds this */
export async function parity(
  fetchBytes: FetchBytes,
  engine: ParityEngine,
  leaveOut?: string,
): Promise<Differences> {
  const files = await Promise.all(
    Object.entries(FIXTURES).map(async ([key, path]) => [key, await fetchBytes(path)] as const),
  );
  const run = engine === 'tfjs-webgpu' ? await onTf() : await onOrt(engine);
  const found: Differences = {};
  for (const test of parityCases(Object.fromEntries(files) as unknown as FixtureBytes)) {
    if (leaveOut && test.name.includes(leaveOut)) continue;
    found[test.name] = Object.fromEntries(differences(test.expected, await run(test)));
  }
  return found;
}

async function onOrt(engine: 'ort-wasm' | 'ort-webgpu'): Promise<Run> {
  const backend = engine === 'ort-wasm' ? 'wasm' : 'webgpu';
  const ort = await loadOrt({ backend, threads: navigator.hardwareConcurrency });
  return (test) => runOrt(ort, test, { executionProviders: [backend] });
}

/** Throws where tfjs would quietly compute on another backend. */
async function onTf(): Promise<Run> {
  // Small tensors would be computed by JavaScript otherwise, and all of these are small.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  if (!(await tf.setBackend('webgpu')) || tf.getBackend() !== 'webgpu') {
    throw new Error(`tfjs chose ${tf.getBackend()} in place of WebGPU`);
  }
  return async (test) => {
    const before = tf.memory().numTensors;
    const outputs = await runTf(test);
    const left = tf.memory().numTensors - before;
    if (left !== 0) throw new Error(`${test.name} left ${left} tensors behind`);
    return outputs;
  };
}
