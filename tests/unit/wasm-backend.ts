// tfjs's WASM backend in Node with the training kernels, for tests.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { registerTrainingKernels } from '../../src/tensor/wasm/register.ts';

export async function useTrainingKernels(): Promise<void> {
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  const require = createRequire(import.meta.url);
  setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  await tf.setBackend('wasm');
  await registerTrainingKernels();
}

/** A tensor's values on no backend: tests hand the same to two. */
export interface Values {
  readonly values: Float32Array | Int32Array;
  readonly shape: number[];
  readonly dtype: 'float32' | 'int32';
}

/** From −1 to 1. */
export function randomTensor(shape: readonly number[], seed: number): Values {
  const random = seededRandom(seed);
  const size = shape.reduce((product, side) => product * side, 1);
  const values = Float32Array.from({ length: size }, () => 2 * random() - 1);
  return { values, shape: [...shape], dtype: 'float32' };
}

/** A kernel's first output on one backend, which is the current one afterwards. */
async function outputOn(
  backend: 'cpu' | 'wasm',
  kernel: string,
  inputs: Record<string, Values>,
  attrs: Record<string, unknown>,
) {
  await tf.setBackend(backend);
  return tf.tidy(() => {
    const tensors = Object.entries(inputs).map(([name, { values, shape, dtype }]) => [
      name,
      tf.tensor(values, shape, dtype),
    ]);
    const out = tf
      .engine()
      .runKernel(kernel, Object.fromEntries(tensors), attrs as tf.NamedAttrMap);
    const first = (Array.isArray(out) ? out[0] : out) as tf.Tensor;
    return { values: Float32Array.from(first.dataSync()), shape: first.shape };
  });
}

/** No value differs by more than `relative` of the largest one. */
export function expectClose(actual: Float32Array, expected: Float32Array, relative = 1e-4): void {
  expect(actual.length).toBe(expected.length);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  // NaN wins every maximum, and then fails.
  const worst = actual.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - expected[i]!)),
    0,
  );
  expect(worst / scale).toBeLessThan(relative);
}

/** The kernel gives on WASM what tfjs's plain backend gives. */
export async function expectSame(
  kernel: string,
  inputs: Record<string, Values>,
  attrs: Record<string, unknown> = {},
): Promise<void> {
  const expected = await outputOn('cpu', kernel, inputs, attrs);
  const actual = await outputOn('wasm', kernel, inputs, attrs);
  expect(actual.shape).toEqual(expected.shape);
  expectClose(actual.values, expected.values);
}

const REPEATS = 100;
const GROWTH_BYTES = 48 << 20;

/** Repeats change neither tfjs's books nor the backend's; results stay the same when the heap has grown. */
export async function steadyMemory(run: () => tf.Tensor | tf.Tensor[]): Promise<void> {
  const values = () => tf.tidy(() => Float32Array.from([run()].flat()[0]!.dataSync()));
  const first = values();
  const { numTensors, numBytes } = tf.memory();
  const held = tf.engine().backend.numDataIds();
  const { buffer } = heapMemory();
  for (let i = 0; i < REPEATS; i++) values();
  expect(heapMemory().buffer).toBe(buffer);
  // Kept until the end: the next results are written beyond what the heap was.
  const large: tf.Tensor[] = [];
  while (heapMemory().buffer === buffer) large.push(tf.zeros([GROWTH_BYTES / 4]));
  expect(values()).toEqual(first);
  tf.dispose(large);
  expect(tf.memory()).toMatchObject({ numTensors, numBytes });
  expect(tf.engine().backend.numDataIds()).toBe(held);
}

function heapMemory(): WebAssembly.Memory {
  const { wasm } = tf.backend() as unknown as { wasm: { asm: { memory: WebAssembly.Memory } } };
  return wasm.asm.memory;
}
