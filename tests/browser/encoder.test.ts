// The encoder in its worker, in a real browser: the same numbers as Node's, on WASM threads and WebGPU.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawScene } from '../../src/imaging/drawn.ts';
import { createNodeEncoder } from '../../src/inference/node-encoder.ts';
import type { RegistryEncoder } from '../../src/inference/registry-encoder.ts';
import { launch, openLab } from './harness/browser.ts';
import { writeTinyModels } from './harness/tiny-models.ts';
import { ROOT } from './harness/vite.lab.config.ts';

const SHIPPED = resolve(ROOT, 'models');
const HAS_SHIPPED = existsSync(join(SHIPPED, 'registry.json'));
if (!HAS_SHIPPED) console.log('models/registry.json is absent: the shipped encoder is left out.');

const RIGHT = 'test-models/right/';
const WRONG = 'test-models/wrong/';
const SCENES = [
  [3, 0],
  [3, 2],
  [11, 1],
] as const;

let browser: Browser;
let page: Page;
let problems: readonly string[];
let folder: string;
let node: RegistryEncoder;

beforeAll(async () => {
  browser = await launch();
  ({ page, problems } = await openLab(browser));
  folder = await mkdtemp(join(tmpdir(), 'cairn-encoder-'));
  await writeTinyModels(folder, 'right');
  node = createNodeEncoder({ models: folder, backend: 'wasm' });
});
afterAll(async () => {
  await browser?.close();
  await node?.dispose();
  if (folder) await rm(folder, { recursive: true });
});

async function encodeInNode(seed: number, view: number, encoder = node): Promise<Float32Array> {
  const { data, width, height } = drawScene(seed, view);
  const raw = { width, height, channels: 3 } as const;
  return (await encoder.encode(await sharp(data, { raw }).png().toBuffer())).embedding;
}

const cosine = (a: Float32Array, b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

test('the page is cross-origin isolated, so WASM runs on threads', async () => {
  const machine = await page.evaluate(() => lab.machine());
  expect(await page.evaluate(() => lab.isolated())).toBe(true);
  expect(machine).toMatchObject({ runtime: 'browser', sharedMemory: true, ios: false });
  const { backend } = await page.evaluate((models) => lab.encoder(models, 'wasm').open(), RIGHT);
  expect(backend).toMatchObject({ backend: 'wasm', threads: Math.min(machine.cores, 4) });
});

test('auto never takes a software adapter for real work', async () => {
  const { backend } = await page.evaluate((models) => lab.encoder(models, 'auto').open(), RIGHT);
  if (backend.backend === 'wasm') expect(backend.reason).toMatch(/WebGPU/);
  else expect(backend.adapter).not.toMatch(/swiftshader|llvmpipe/i);
});

test('embeddings equal those of Node', async () => {
  const { info, encoded, stages } = await page.evaluate(
    async ([models, scenes]) => {
      const encoder = lab.encoder(models, 'wasm');
      const info = await encoder.open();
      const encoded = [];
      for (const [seed, view] of scenes) encoded.push(await encoder.encodeDrawn(seed, view));
      encoder.release();
      return { info, encoded, stages: [...encoder.stages] };
    },
    [RIGHT, SCENES] as const,
  );
  expect(info.backend.selfTest).toBeGreaterThan(0.9999);
  expect(stages).toEqual(expect.arrayContaining(['download', 'load-model', 'self-test']));
  for (const [i, [seed, view]] of SCENES.entries()) {
    expect(cosine(await encodeInNode(seed, view), encoded[i]!.embedding)).toBeGreaterThan(0.9999);
    expect(encoded[i]!.photo).toMatchObject({ mime: 'image/png', width: 320, height: 240 });
    expect(Object.keys(encoded[i]!.timings)).toEqual(['decode', 'resize', 'encode']);
  }
  expect(problems).toEqual([]);
});

test.skipIf(!HAS_SHIPPED)('the shipped encoder, too, gives the embeddings of Node', async () => {
  const { info, encoded } = await page.evaluate(async () => {
    const encoder = lab.encoder('models/', 'wasm');
    const info = await encoder.open();
    const encoded = await encoder.encodeDrawn(3, 2);
    encoder.release();
    return { info, encoded };
  });
  const shipped = createNodeEncoder({ models: SHIPPED, backend: 'wasm' });
  expect(await shipped.open()).toMatchObject({ id: info.id, weightsSha256: info.weightsSha256 });
  expect(info.backend.selfTest).toBeGreaterThan(0.9999);
  expect(cosine(await encodeInNode(3, 2, shipped), encoded.embedding)).toBeGreaterThan(0.9999);
  await shipped.dispose();
});

test('a failing self-test on WASM is a typed error', async () => {
  const error = await page.evaluate(
    (models) => lab.encoder(models, 'wasm').open().catch(lab.toPlainError),
    WRONG,
  );
  expect(error).toMatchObject({ code: 'inference-failed' });
});

test('a missing models folder is a typed error', async () => {
  const error = await page.evaluate(() =>
    lab.encoder('nowhere/', 'wasm').open().catch(lab.toPlainError),
  );
  expect(error).toMatchObject({ code: 'download-failed' });
});

describe('software WebGPU, asked for', () => {
  let gpuBrowser: Browser;
  let gpuPage: Page;

  beforeAll(async () => {
    gpuBrowser = await launch({ webgpu: 'software' });
    ({ page: gpuPage } = await openLab(gpuBrowser));
  });
  afterAll(() => gpuBrowser?.close());

  test('there is an adapter', async () => {
    const { gpu } = await gpuPage.evaluate(() => lab.machine());
    console.log('WebGPU adapter:', gpu);
    expect(gpu).not.toBeNull();
  });

  test('auto says why it does not take a software adapter', async () => {
    const machine = await gpuPage.evaluate(() => lab.machine());
    const { backend } = await gpuPage.evaluate((m) => lab.encoder(m, 'auto').open(), RIGHT);
    if (machine.gpu?.fallback) {
      expect(backend).toMatchObject({ backend: 'wasm', fellBack: false });
      expect(backend.reason).toMatch(/software WebGPU adapter/);
    } else expect(backend.backend).toBe('webgpu');
  });

  test('embeddings equal those of Node', async () => {
    const { info, encoded } = await gpuPage.evaluate(async (models) => {
      const encoder = lab.encoder(models, 'webgpu-software');
      const info = await encoder.open();
      return { info, encoded: await encoder.encodeDrawn(3, 2) };
    }, RIGHT);
    expect(info.backend).toMatchObject({ backend: 'webgpu', fellBack: false, threads: 1 });
    expect(cosine(await encodeInNode(3, 2), encoded.embedding)).toBeGreaterThan(0.9999);
  });

  test('a failing self-test falls back to WASM, and there to a typed error', async () => {
    const error = await gpuPage.evaluate(
      (models) => lab.encoder(models, 'webgpu-software').open().catch(lab.toPlainError),
      WRONG,
    );
    expect(error).toMatchObject({ code: 'inference-failed' });
  });
});
