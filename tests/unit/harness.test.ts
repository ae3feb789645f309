// Which backend training takes, and how the harness reports a GPU that fails.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, test } from 'vitest';
import {
  findSoftwareVulkan,
  problemOf,
  softwareVulkanEnvironment,
  startHarness,
} from '../../src/cli/harness/index.ts';
import { CairnError } from '../../src/errors.ts';
import { NO_DEVICE, watchDevice } from '../../src/tensor/tf/device-watch.ts';
import { TestDevice } from './broken-gpu.ts';

const found = (name: string, fallback = false) => ({
  gpu: {} as GPU,
  facts: { name, fallback },
});

describe('what counts as an adapter', () => {
  test.each([
    ['nvidia hopper NVIDIA H100 80GB HBM3', false, false, null],
    [
      'google swiftshader',
      true,
      false,
      'the only WebGPU adapter computes on the CPU (google swiftshader)',
    ],
    [
      'mesa llvmpipe (LLVM 15)',
      false,
      false,
      'the only WebGPU adapter computes on the CPU (mesa llvmpipe (LLVM 15))',
    ],
    ['google swiftshader', true, true, null],
  ])('%s (fallback %s, software allowed %s)', (name, fallback, allowed, problem) => {
    expect(problemOf(found(name, fallback), allowed)).toBe(problem);
  });

  test('none says why', () => {
    expect(problemOf({ gpu: null, problem: 'there is no WebGPU adapter' }, true)).toBe(
      'there is no WebGPU adapter',
    );
  });
});

describe('starting', () => {
  test('auto never takes software, and says what it took and why', async () => {
    const harness = await startHarness();
    expect(harness.software).toBe(false);
    expect(tf.getBackend()).toBe(harness.backend);
    expect(harness.adapter === null).toBe(harness.backend !== 'webgpu');
    expect(harness.why).toMatch(
      /^Trains on (WebGPU|WASM|plain JavaScript).*(since|real adapter).*\.$/,
    );
    await harness.dispose();
    // Other programs in this process must not take a GPU for granted.
    expect('navigator' in globalThis && 'gpu' in navigator).toBe(false);
  });

  test('WebGPU without a real adapter is refused with a remedy', async () => {
    const harness = await startHarness({ backend: 'webgpu' }).catch((thrown: unknown) => thrown);
    if (harness instanceof CairnError) {
      expect(harness.code).toBe('backend-unavailable');
      expect(harness.remedy).toMatch(/auto/);
    } else {
      expect(harness).toMatchObject({ backend: 'webgpu', software: false });
      await (harness as Awaited<ReturnType<typeof startHarness>>).dispose();
    }
  });

  test.each(['wasm', 'cpu'] as const)('%s has gradients', async (backend) => {
    const harness = await startHarness({ backend });
    expect(harness).toMatchObject({ backend, adapter: null, software: false });
    expect(harness.why).toMatch(/as asked for\.$/);
    const slope = tf.tidy(() =>
      tf
        .grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([1, -2, 3]))
        .arraySync(),
    );
    expect(slope).toEqual([2, -4, 6]);
    await harness.dispose();
    expect(harness.lost.aborted).toBe(false);
  });
});

describe('a watched device', () => {
  const failure = (work: Promise<unknown>) => work.catch((thrown: unknown) => thrown);

  test('ends work that would never settle', async () => {
    const device = new TestDevice();
    const watch = watchDevice(device.asDevice(), 'Test GPU', 'Go on.');
    const work = failure(watch.guard(new Promise(() => {})));
    device.lose({ reason: 'unknown', message: 'the driver was reset' });
    const error = (await work) as CairnError;
    expect(error).toBeInstanceOf(CairnError);
    expect(error.code).toBe('backend-unavailable');
    expect(error.message).toBe('The WebGPU device Test GPU was lost (the driver was reset).');
    expect(watch.lost.reason).toBe(error);
    expect(await failure(watch.guard(Promise.resolve(1)))).toBe(error);
  });

  test('explains a failure by the loss that follows it', async () => {
    const device = new TestDevice();
    const watch = watchDevice(device.asDevice(), 'Test GPU', 'Go on.');
    const work = failure(watch.guard(Promise.reject(new Error('mapAsync failed'))));
    setTimeout(() => device.lose({ reason: 'destroyed', message: 'gone' }), 5);
    expect(await work).toMatchObject({ code: 'backend-unavailable' });
  });

  test('takes an error that nobody caught for a loss: zeros would follow', async () => {
    const device = new TestDevice();
    const watch = watchDevice(device.asDevice(), 'Test GPU', 'Go on.');
    device.report('the buffer is too large\nmore');
    expect(await failure(watch.guard(new Promise(() => {})))).toMatchObject({
      code: 'training-failed',
      message: 'The WebGPU device Test GPU refused a command: the buffer is too large',
    });
  });

  test("leaves work's own outcome alone", async () => {
    const device = new TestDevice();
    const watch = watchDevice(device.asDevice(), 'Test GPU', 'Go on.');
    expect(await watch.guard(Promise.resolve(7))).toBe(7);
    expect(await NO_DEVICE.guard(Promise.resolve(8))).toBe(8);
    const own = new Error('of its own');
    expect(await failure(watch.guard(Promise.reject(own)))).toBe(own);
    watch.release();
    device.report('late');
    device.lose({ reason: 'destroyed', message: '' });
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(watch.lost.aborted).toBe(false);
  });
});

describe.runIf(process.platform === 'linux')('software drivers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-vulkan-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("SwiftShader is found beside the browser, and Chromium's own loader with it", () => {
    const browser = join(folder, 'chromium');
    const manifest = join(folder, 'vk_swiftshader_icd.json');
    mkdirSync(folder, { recursive: true });
    for (const file of [browser, manifest]) writeFileSync(file, '{}');
    expect(findSoftwareVulkan(browser)).toBe(manifest);
    expect(softwareVulkanEnvironment(manifest)).toEqual({
      VK_DRIVER_FILES: manifest,
      VK_ICD_FILENAMES: manifest,
    });
    writeFileSync(join(folder, 'libvulkan.so.1'), '');
    const path = softwareVulkanEnvironment(manifest).LD_LIBRARY_PATH;
    expect(path?.split(':').at(-1)).toBe(folder);
  });
});
