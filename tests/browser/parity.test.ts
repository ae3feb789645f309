// The networks in the browser against PyTorch's numbers: onnxruntime-web on WASM and on software WebGPU,
// and TfOps with tfjs on software WebGPU.
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

/** The networks that each engine has to be right for; Lite0 stands for the full sizes. */
const TINY = [
  'tiny network, random weights',
  'tiny encoder with whitening, two views',
  'single operations',
  'operations of the backbones',
  'SE-ResNet in little',
  'NFNet-F in little',
  'ECA-NFNet in little',
  'Swin in little',
  'operations of matching',
  'LoFTR in little, padded pictures: features',
  'LoFTR in little, padded pictures: confidences',
  'LoFTR in little, padded pictures: offsets',
];

// Lite0 takes software WebGPU a minute, and has no operation that the tiny network lacks.
test.each([
  ['ort-wasm', undefined],
  ['ort-webgpu', 'Lite0'],
  ['tfjs-webgpu', 'Lite0'],
] as const)('%s', async (engine, leaveOut) => {
  const { gpu } = await page.evaluate(() => lab.machine());
  if (engine !== 'ort-wasm') console.log(`${engine}, WebGPU adapter:`, gpu);
  expect(gpu).not.toBeNull();
  const found = await page.evaluate(([name, without]) => lab.parity(name, without), [
    engine,
    leaveOut,
  ] as const);
  expect(Object.keys(found)).toEqual(expect.arrayContaining(TINY));
  for (const [name, outputs] of Object.entries(found)) {
    expect(Object.keys(outputs), name).not.toHaveLength(0);
    for (const [output, difference] of Object.entries(outputs)) {
      expect(difference, `${name}: ${output}`).toBeLessThanOrEqual(TOLERANCE);
    }
  }
});
