// Training's operations on WebGPU in Node, by a driver that computes on the CPU: against tfjs's plain
// backend, and whole optimiser steps against WASM. Each runs in a process of its own, since a driver is
// chosen, and may crash, by process.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { findBrowser } from '../../scripts/find-browser.ts';
import { findSoftwareVulkan, softwareVulkanEnvironment } from '../../src/cli/harness/index.ts';
import { OPERATIONS } from './harness-cases.ts';
import type { Finding } from './harness-findings.ts';

/** Measured on two cores: 20 to 30 seconds, up to 80 beside other work; most of it compiles shaders. */
const LIMIT_MS = 360_000;
const TOLERANCE = 1e-3;
const REPORT_BYTES = 2 ** 22;

const manifest = findSoftwareVulkan(findBrowser());
const reason = whyNot();
if (reason) console.warn(`Software WebGPU is not tested: ${reason}.`);

function whyNot(): string | null {
  if (!manifest) return 'neither Chromium with its SwiftShader nor Mesa was found';
  try {
    createRequire(import.meta.url).resolve('webgpu');
  } catch {
    return 'the package "webgpu" is not installed';
  }
  return existsSync(manifest) ? null : `${manifest} vanished`;
}

/** What a script of this folder finds; the adapter is asserted and printed first. */
async function findings(script: string, ...args: string[]): Promise<Finding[]> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', file, ...args],
    {
      env: { ...process.env, ...softwareVulkanEnvironment(manifest!) },
      timeout: LIMIT_MS,
      maxBuffer: REPORT_BYTES,
    },
  );
  const found = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Finding);
  const [first] = found;
  expect(first).toMatchObject({ kind: 'harness', backend: 'webgpu', software: true });
  if (first?.kind !== 'harness') throw new Error('unreachable');
  expect(first.adapter).toBeTruthy();
  console.log(`${script} ${args.join(' ')}: ${first.why}`);
  return found;
}

describe.skipIf(reason !== null)('WebGPU in Node', () => {
  test(
    'every operation and its gradients are as on the plain backend',
    async () => {
      const found = await findings('harness-operations.ts');
      const operations = found.filter((each) => each.kind === 'operation');
      expect(operations.map(({ name }) => name)).toEqual(OPERATIONS.map(({ name }) => name));
      for (const { name, apart, largest } of operations) {
        expect(largest, name).toBeGreaterThan(0);
        expect(apart, name).toBeLessThan(TOLERANCE);
      }
      // No network may run, forwards or backwards, what is not compared here.
      const [kernels] = found.filter((each) => each.kind === 'kernels');
      expect(kernels!.compared).toEqual(expect.arrayContaining([...kernels!.needed]));
      expect(kernels!.compared).toEqual(
        expect.arrayContaining([
          'Conv2DBackpropFilter',
          'Conv2DBackpropInput',
          'DepthwiseConv2dNativeBackpropFilter',
          'DepthwiseConv2dNativeBackpropInput',
        ]),
      );
    },
    LIMIT_MS,
  );

  test.each([
    ['se-resnet', 'tiny', '32'],
    ['nfnet', 'tiny', '32'],
  ])(
    'three optimiser steps of %s/%s at %s px are as on WASM',
    async (...args) => {
      const found = await findings('harness-steps.ts', ...args);
      const [steps] = found.filter((each) => each.kind === 'steps');
      const { losses, apart, where, moved, parameters, seconds } = steps!;
      const time = `${seconds.webgpu.toFixed(1)} s on WebGPU, ${seconds.wasm.toFixed(1)} s on WASM`;
      console.log(`${parameters} parameters are at most ${apart} apart, at ${where}; ${time}`);
      expect(apart).toBeLessThan(TOLERANCE);
      // Otherwise agreeing would be no art: the steps moved what they trained, and helped.
      expect(moved).toBeGreaterThan(TOLERANCE);
      expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    },
    LIMIT_MS,
  );

  test.each([
    ['destroy', 'backend-unavailable', /was lost/],
    ['refuse', 'training-failed', /refused a command/],
  ])(
    'after %s, work ends with a typed error and a new harness starts',
    async (cause, code, message) => {
      const found = await findings('harness-loss.ts', cause);
      const [loss] = found.filter((each) => each.kind === 'loss');
      expect(loss).toMatchObject({ error: { code }, lost: true });
      expect(loss!.error!.message).toMatch(message);
      expect(loss!.error!.remedy).toMatch(/--resume/);
      expect(found.at(-1)).toEqual({ kind: 'again', right: true });
    },
    LIMIT_MS,
  );
});
