// The choice of backend, by table: facts of a machine and a wish in, a backend and its reason out.
import { describe, expect, test } from 'vitest';
import {
  type BackendWish,
  backendInWords,
  chooseBackend,
  fallBackToWasm,
  isSoftwareAdapter,
  type MachineFacts,
} from '../../src/inference/backend.ts';

const LAPTOP: MachineFacts = {
  runtime: 'browser',
  gpu: { name: 'intel gen-12lp', fallback: false },
  gpuProblem: null,
  sharedMemory: true,
  cores: 8,
  ios: false,
  native: false,
};
const NO_GPU: MachineFacts = { ...LAPTOP, gpu: null, gpuProblem: 'no WebGPU adapter' };
const FALLBACK: MachineFacts = { ...LAPTOP, gpu: { name: 'google swiftshader', fallback: true } };
const LLVMPIPE: MachineFacts = { ...LAPTOP, gpu: { name: 'mesa llvmpipe', fallback: false } };
const NODE: MachineFacts = { ...NO_GPU, runtime: 'node', gpuProblem: null, cores: 2 };

const TABLE: [string, BackendWish, MachineFacts, string, RegExp][] = [
  ['real adapter', 'auto', LAPTOP, 'webgpu (intel gen-12lp)', /a real WebGPU adapter/],
  ['no adapter', 'auto', NO_GPU, 'wasm (4 threads)', /no WebGPU adapter/],
  ['fallback adapter', 'auto', FALLBACK, 'wasm (4 threads)', /software.*swiftshader/],
  ['software by its name', 'auto', LLVMPIPE, 'wasm (4 threads)', /software.*llvmpipe/],
  ['software asked for', 'webgpu-software', FALLBACK, 'webgpu (google swiftshader)', /asked for/],
  ['WASM asked for', 'wasm', LAPTOP, 'wasm (4 threads)', /asked for/],
  ['two cores', 'wasm', { ...NO_GPU, cores: 2 }, 'wasm (2 threads)', /asked for/],
  ['one core', 'auto', { ...NO_GPU, cores: 1 }, 'wasm (1 thread)', /no WebGPU adapter/],
  ['not isolated', 'auto', { ...NO_GPU, sharedMemory: false }, 'wasm (1 thread)', /isolated/],
  ['iOS', 'auto', { ...NO_GPU, ios: true }, 'wasm (1 thread)', /iOS/],
  ['Node', 'auto', NODE, 'wasm (2 threads)', /Node has no WebGPU/],
  ['Node, native', 'auto', { ...NODE, native: true }, 'native (2 threads)', /installed/],
  ['Node, native, WASM asked for', 'wasm', { ...NODE, native: true }, 'wasm (2 threads)', /asked/],
];

describe('chooseBackend', () => {
  test.each(TABLE)('%s', (_, wish, facts, words, reason) => {
    const choice = chooseBackend(wish, facts);
    expect(backendInWords(choice)).toBe(words);
    expect(choice.reason).toMatch(reason);
    expect(choice.adapter === null).toBe(choice.backend !== 'webgpu');
  });

  test.each<[string, BackendWish, MachineFacts]>([
    ['WebGPU without an adapter', 'webgpu', NO_GPU],
    ['WebGPU on a software adapter', 'webgpu', FALLBACK],
    ['software WebGPU without an adapter', 'webgpu-software', NO_GPU],
    ['WebGPU in Node', 'webgpu', NODE],
    ['native where it is not installed', 'native', NODE],
  ])('%s is refused', (_, wish, facts) => {
    expect(() => chooseBackend(wish, facts)).toThrow(
      expect.objectContaining({ code: 'backend-unavailable', remedy: expect.stringMatching(/./) }),
    );
  });

  test('falling back keeps the limits of threads and says why', () => {
    expect(fallBackToWasm({ ...LAPTOP, ios: true }, 'NaN')).toMatchObject({
      backend: 'wasm',
      threads: 1,
      reason: expect.stringMatching(/given up: NaN/),
    });
  });
});

test.each([
  ['nvidia ampere', false],
  ['apple common-3d', false],
  ['amd rdna-3', false],
  ['google swiftshader', true],
  ['Microsoft Basic Render Driver', true],
])('%s is software: %s', (name, software) => {
  expect(isSoftwareAdapter({ name, fallback: false })).toBe(software);
});
