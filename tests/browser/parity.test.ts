// The networks in the browser's onnxruntime against PyTorch's numbers: on WASM, and on software WebGPU.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TOLERANCE } from '../parity/cases.ts';
import { launch, openLab } from './harness/browser.ts';

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launch({ webgpu: 'software' });
  ({ page } = await openLab(browser));
});
afterAll(() => browser?.close());

// Lite0 takes software WebGPU a minute, and has no operation that the tiny network lacks.
test.each([
  ['wasm', undefined],
  ['webgpu', 'Lite0'],
] as const)('%s', async (backend, leaveOut) => {
  const { gpu } = await page.evaluate(() => lab.machine());
  if (backend === 'webgpu') console.log('WebGPU adapter:', gpu);
  expect(gpu).not.toBeNull();
  const found = await page.evaluate(([b, without]) => lab.parity(b, without), [
    backend,
    leaveOut,
  ] as const);
  expect(Object.keys(found).length).toBeGreaterThanOrEqual(3);
  for (const [name, outputs] of Object.entries(found)) {
    expect(Object.keys(outputs), name).not.toHaveLength(0);
    for (const [output, difference] of Object.entries(outputs)) {
      expect(difference, `${name}: ${output}`).toBeLessThanOrEqual(TOLERANCE);
    }
  }
});
