// The encoder in Node, on the tiny network: opening, self-test, fall-back, guards, order, errors.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodePhoto } from '../../src/imaging/decode-node.ts';
import { drawScene } from '../../src/imaging/drawn.ts';
import type { BackendWish } from '../../src/inference/backend.ts';
import { loadEncoderModel } from '../../src/inference/load-encoder.ts';
import { createNodeEncoder } from '../../src/inference/node-encoder.ts';
import { nodeRuntime } from '../../src/inference/node-runtime.ts';
import { type EncoderModel, OrtEncoder } from '../../src/inference/ort-encoder.ts';
import type { InferenceRuntime } from '../../src/inference/session.ts';
import type { Progress } from '../../src/progress.ts';
import { parseRegistry } from '../../src/weights/load-registry.ts';
import { folderSource } from '../../src/weights/node-source.ts';
import { writeTinyModels } from '../browser/harness/tiny-models.ts';
import { brokenGpu } from './broken-gpu.ts';

let folder: string;
let right: string;
let wrong: string;
let model: EncoderModel;
let photo: Uint8Array;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-models-'));
  right = join(folder, 'right');
  wrong = join(folder, 'wrong');
  await writeTinyModels(right, 'right');
  await writeTinyModels(wrong, 'wrong');
  model = await loadEncoderModel(folderSource(right));
  const { data, width, height } = drawScene(3, 1);
  photo = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
});

afterAll(() => rm(folder, { recursive: true }));

/** An encoder on the tiny network, by default Node's own. */
function encoder(parts: {
  model?: EncoderModel;
  runtime?: InferenceRuntime;
  wish?: BackendWish;
}): OrtEncoder {
  const { runtime = nodeRuntime(), wish = 'wasm' } = parts;
  return new OrtEncoder({
    runtime,
    wish,
    decode: decodePhoto,
    load: async () => parts.model ?? model,
  });
}

describe('opening', () => {
  test('reports model, backend and self-test, and progress by stage', async () => {
    const seen: Progress[] = [];
    const node = createNodeEncoder({ models: right, backend: 'wasm' });
    const info = await node.open({ onProgress: (p) => seen.push(p) });
    expect(info).toMatchObject({ id: 'tiny', dim: 16, weightsSha256: model.entry.weights.sha256 });
    expect(info.backend).toMatchObject({ backend: 'wasm', fellBack: false, adapter: null });
    expect(info.backend.selfTest).toBeGreaterThan(0.999999);
    expect([...new Set(seen.map((p) => p.stage))]).toEqual(['load-model', 'warm-up', 'self-test']);
    expect(await node.open()).toBe(info);
    await node.dispose();
  });

  test('a wrong golden on WASM is inference-failed, and opening again tries again', async () => {
    const bad = createNodeEncoder({ models: wrong, backend: 'wasm' });
    await expect(bad.open()).rejects.toMatchObject({ code: 'inference-failed' });
    let loads = 0;
    const recovering = new OrtEncoder({
      runtime: nodeRuntime(),
      wish: 'wasm',
      decode: decodePhoto,
      load: () => loadEncoderModel(folderSource(loads++ === 0 ? wrong : right)),
    });
    await expect(recovering.open()).rejects.toMatchObject({ code: 'inference-failed' });
    expect((await recovering.open()).id).toBe('tiny');
    await recovering.dispose();
  });

  test.each<[string, (data: Float32Array) => void]>([
    ['slightly wrong', (data) => data.reverse()],
    ['NaN', (data) => data.fill(Number.NaN)],
    ['zero', (data) => data.fill(0)],
  ])('WebGPU that gives %s numbers is left for WASM', async (_, spoil) => {
    const fallen = encoder({ runtime: brokenGpu(spoil), wish: 'auto' });
    const { backend } = await fallen.open();
    expect(backend).toMatchObject({ backend: 'wasm', fellBack: true, adapter: null });
    expect(backend.reason).toMatch(/given up/);
    expect(backend.selfTest).toBeGreaterThan(0.999);
    await fallen.dispose();
  });

  test('WebGPU that is right stays', async () => {
    const fine = encoder({ runtime: brokenGpu(() => {}), wish: 'auto' });
    expect((await fine.open()).backend).toMatchObject({ backend: 'webgpu', fellBack: false });
    await fine.dispose();
  });

  test('a damaged weights file is hash-mismatch, a missing folder model-missing', async () => {
    const damaged = await mkdtemp(join(folder, 'damaged-'));
    await writeTinyModels(damaged, 'right');
    const bytes = await readFile(join(damaged, 'tiny.safetensors'));
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(join(damaged, 'tiny.safetensors'), bytes);
    const open = (models: string) => createNodeEncoder({ models, backend: 'wasm' }).open();
    await expect(open(damaged)).rejects.toMatchObject({ code: 'hash-mismatch' });
    await expect(open(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'model-missing' });
  });
});

describe('encoding', () => {
  test('gives a unit vector, the photo as it was, and timings', async () => {
    const node = encoder({});
    const { embedding, photo: seen, timings } = await node.encode(photo);
    expect(embedding).toHaveLength(16);
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    expect(seen).toEqual({ mime: 'image/png', width: 320, height: 240, bytes: photo.length });
    expect(Object.keys(timings)).toEqual(['decode', 'resize', 'encode']);
    const again = await node.encode(new Blob([new Uint8Array(photo)]));
    expect(again.embedding).toEqual(embedding);
    await node.dispose();
  });

  test('calls made at once are run in turn and agree with calls made alone', async () => {
    const node = encoder({});
    const alone = (await node.encode(photo)).embedding;
    const together = await Promise.all([1, 2, 3, 4].map(() => node.encode(photo)));
    for (const { embedding } of together) expect(embedding).toEqual(alone);
    await node.dispose();
  });

  test('a bad photo is refused, and the next one is not', async () => {
    const node = encoder({});
    const [empty, fine] = await Promise.allSettled([
      node.encode(new Uint8Array()),
      node.encode(photo),
    ]);
    expect(empty).toMatchObject({ status: 'rejected', reason: { code: 'photo-empty' } });
    expect(fine.status).toBe('fulfilled');
    await node.dispose();
  });

  test('an abort while waiting rejects at once and keeps the others', async () => {
    const node = encoder({});
    await node.open();
    const controller = new AbortController();
    const first = node.encode(photo);
    const second = node.encode(photo, { signal: controller.signal });
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: 'aborted' });
    expect((await first).embedding).toHaveLength(16);
    await node.dispose();
  });

  test('numbers that go bad later are never returned: WASM computes them anew', async () => {
    let good = true;
    const runtime = brokenGpu((data) => {
      if (!good) data.fill(Number.NaN);
    });
    const node = encoder({ runtime, wish: 'auto' });
    await node.open();
    good = false;
    const { embedding, backend } = await node.encode(photo);
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    expect(backend).toMatchObject({ backend: 'wasm', fellBack: true });
    await node.dispose();
  });

  test('bad numbers on WASM are refused', async () => {
    const whole = nodeRuntime();
    let good = true;
    const runtime: InferenceRuntime = {
      ...whole,
      async createSession(onnx, choice) {
        const session = await whole.createSession(onnx, choice);
        return {
          ...session,
          async run(inputs) {
            const outputs = await session.run(inputs);
            if (!good) for (const { data } of Object.values(outputs)) data.fill(Number.NaN);
            return outputs;
          },
        };
      },
    };
    const node = encoder({ runtime });
    await node.open();
    good = false;
    await expect(node.encode(photo)).rejects.toMatchObject({ code: 'inference-failed' });
    good = true;
    expect((await node.encode(photo)).embedding).toHaveLength(16);
    await node.dispose();
  });
});

describe('registry', () => {
  const parse = (value: unknown) => parseRegistry(new TextEncoder().encode(JSON.stringify(value)));
  let valid: { version: number; defaultEncoder: string; encoders: Record<string, unknown>[] };

  beforeAll(async () => {
    valid = JSON.parse(await readFile(join(right, 'registry.json'), 'utf8'));
  });

  test('a valid one passes unchanged', () => expect(parse(valid)).toEqual(valid));

  test.each<[string, (registry: typeof valid, entry: Record<string, unknown>) => void, RegExp]>([
    ['another version', (r) => (r.version = 2), /version 2/],
    ['a default that is not listed', (r) => (r.defaultEncoder = 'x'), /"x" is not listed/],
    ['a default of any length', (r) => (r.defaultEncoder = 'x'.repeat(500)), /^.{1,200}$/],
    ['a title of any length', (_, e) => (e.title = 'x'.repeat(5000)), /title has 5000 characters/],
    ['two of one name', (r, e) => r.encoders.push(e), /same id/],
    ['an unknown architecture', (_, e) => (e.arch = 'vgg'), /arch "vgg"/],
    ['no weights', (_, e) => delete e.weights, /weights is no object/],
    [
      'a path in a file name',
      (_, e) => (e.bank = { ...(e.bank as object), file: '../secrets' }),
      /no plain file name/,
    ],
    [
      'a short hash',
      (_, e) => (e.golden = { ...(e.golden as object), sha256: 'abc' }),
      /golden.sha256/,
    ],
    ['no views', (_, e) => (e.input = { ...(e.input as object), views: [] }), /views is empty/],
    [
      'a device as a file name',
      (_, e) => (e.bank = { ...(e.bank as object), file: 'con.safetensors' }),
      /no plain file name/,
    ],
    ['a std of zero', (_, e) => (e.input = { ...(e.input as object), std: [1, 0, 1] }), /std/],
    ...[0, 11, '3', null, undefined].map(
      (p): [string, (r: unknown, e: Record<string, unknown>) => void, RegExp] => [
        `the exponent ${p}`,
        (_, e) => (e.pooling = { ...(e.pooling as object), p }),
        /pooling.p .* is no number from 1 to 10/,
      ],
    ),
    [
      'a version of any depth',
      (r) => Object.assign(r, { version: JSON.parse(`${'['.repeat(2000)}${']'.repeat(2000)}`) }),
      /version \[\[\[…\]\]\] is not 1/,
    ],
    ['a half dimension', (_, e) => (e.dim = 1.5), /dim is no positive whole number/],
  ])('%s is refused', (_, spoil, message) => {
    const registry = structuredClone(valid);
    spoil(registry, registry.encoders[0]!);
    expect(() => parse(registry)).toThrow(
      expect.objectContaining({ code: 'model-invalid', message: expect.stringMatching(message) }),
    );
  });

  test('what is no JSON is refused', () => {
    expect(() => parseRegistry(new TextEncoder().encode('<html>'))).toThrow(
      expect.objectContaining({ code: 'model-invalid' }),
    );
  });
});
