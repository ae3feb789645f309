// Several encoders as one, on tiny networks in onnxruntime: joined by weight, one decode, told as one.
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DecodePhoto } from '../../src/imaging/decode.ts';
import { decodePhoto } from '../../src/imaging/decode-node.ts';
import { drawScene } from '../../src/imaging/drawn.ts';
import { joinEmbeddings } from '../../src/inference/ensemble-encoder.ts';
import { GOLDEN_SCENE } from '../../src/inference/golden.ts';
import { createNodeEncoder } from '../../src/inference/node-encoder.ts';
import { nodeRuntime } from '../../src/inference/node-runtime.ts';
import { RegistryEncoder } from '../../src/inference/registry-encoder.ts';
import type { Progress } from '../../src/progress.ts';
import { ensembleSha256, findServed, parseRegistry } from '../../src/weights/load-registry.ts';
import { folderSource } from '../../src/weights/node-source.ts';
import type { EncoderEntry, EnsembleEntry, Registry } from '../../src/weights/registry.ts';
import { sha256Sync } from '../../src/weights/sha256.ts';
import { writeTinyModels } from '../browser/harness/tiny-models.ts';

const DIM = 16;
let folder: string;
let registry: Registry;
let photo: Uint8Array;

/** The tiny encoder twice (they differ in nothing but the id) under an ensemble that is the default. */
async function write(change: (pair: EnsembleEntry) => EnsembleEntry = (pair) => pair) {
  const [tiny] = registry.encoders as [EncoderEntry];
  const pair: EnsembleEntry = {
    id: 'pair',
    title: 'Two of them',
    members: [
      { encoder: 'tiny', weight: 3 },
      { encoder: 'twin', weight: 4 },
    ],
    bank: tiny.bank,
    decision: tiny.decision,
  };
  const whole: Registry = {
    version: 1,
    defaultEncoder: 'pair',
    encoders: [tiny, { ...tiny, id: 'twin' }],
    ensembles: [change(pair)],
  };
  await writeFile(join(folder, 'registry.json'), JSON.stringify(whole));
  return whole;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-ensemble-'));
  await writeTinyModels(folder, 'right');
  registry = parseRegistry(new Uint8Array(await readFile(join(folder, 'registry.json'))));
  await write();
  const { data, width, height } = drawScene(3, 1);
  photo = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
});
afterAll(() => rm(folder, { recursive: true }));

describe('joining', () => {
  test('normalises, weighs, concatenates and normalises again', () => {
    const joined = joinEmbeddings([Float32Array.of(0, 2), Float32Array.of(5, 0, 0)], [3, 4]);
    expect([...joined].map((v) => Number(v.toFixed(6)))).toEqual([0, 0.6, 0.8, 0, 0]);
  });

  test('an embedding without direction is inference-failed', () => {
    for (const bad of [new Float32Array(2), Float32Array.of(Number.NaN, 1)]) {
      expect(() => joinEmbeddings([Float32Array.of(1, 0), bad], [1, 1])).toThrow(
        expect.objectContaining({ code: 'inference-failed' }),
      );
    }
  });
});

describe('an ensemble', () => {
  test('gives its members’ embeddings joined, and is told as one model', async () => {
    const alone = createNodeEncoder({ models: folder, encoder: 'tiny', backend: 'wasm' });
    const pair = createNodeEncoder({ models: folder, backend: 'wasm' });
    const single = (await alone.encode(photo)).embedding;
    const info = await pair.open();
    const served = findServed(await write());
    expect(info).toMatchObject({ id: 'pair', dim: 2 * DIM, weightsSha256: served.weightsSha256 });
    expect(served.dim).toBe(2 * DIM);
    expect(info.backend.selfTest).toBeGreaterThan(0.999999);

    const { embedding, photo: seen, timings } = await pair.encode(photo);
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    single.forEach((value, i) => {
      expect(embedding[i]).toBeCloseTo(0.6 * value, 5);
      expect(embedding[DIM + i]).toBeCloseTo(0.8 * value, 5);
    });
    expect(seen).toMatchObject({ mime: 'image/png', width: 320 });
    expect(Object.keys(timings)).toEqual(['decode', 'resize', 'encode']);
    await alone.dispose();
    await pair.dispose();
  });

  test('decodes a photo once, and reports each member in turn', async () => {
    let decoded = 0;
    const counting: DecodePhoto = (bytes, work) => {
      decoded += 1;
      return decodePhoto(bytes, work);
    };
    const pair = new RegistryEncoder({
      runtime: nodeRuntime(),
      wish: 'wasm',
      decode: counting,
      source: async () => folderSource(folder),
    });
    await pair.open();
    const seen: Progress[] = [];
    await pair.encode(photo, { onProgress: (progress) => seen.push(progress) });
    expect(decoded).toBe(1);
    const steps = seen.filter(({ stage }) => stage === 'encode');
    expect(steps.map(({ done, total, item }) => [done, total, item])).toEqual([
      [0, 2, 'pair 1/2'],
      [1, 2, 'pair 1/2'],
      [1, 2, 'pair 2/2'],
      [2, 2, 'pair 2/2'],
    ]);
    await pair.dispose();
  });

  test('photos at once are encoded in turn; a bad one and an abort harm no other', async () => {
    const pair = createNodeEncoder({ models: folder, backend: 'wasm' });
    const alone = (await pair.encode(photo)).embedding;
    const stop = new AbortController();
    const all = Promise.allSettled([
      pair.encode(photo),
      pair.encode(new Uint8Array()),
      pair.encode(photo, { signal: stop.signal }),
      pair.encode(photo),
    ]);
    stop.abort();
    const [first, empty, aborted, last] = await all;
    expect(first).toMatchObject({ status: 'fulfilled', value: { embedding: alone } });
    expect(empty).toMatchObject({ status: 'rejected', reason: { code: 'photo-empty' } });
    expect(aborted).toMatchObject({ status: 'rejected', reason: { code: 'aborted' } });
    expect(last).toMatchObject({ status: 'fulfilled', value: { embedding: alone } });
    await pair.dispose();
    expect((await pair.encode(photo)).embedding, 'opens again').toEqual(alone);
    await pair.dispose();
  });

  test('a known embedding of the whole is held to', async () => {
    const [tiny] = registry.encoders as [EncoderEntry];
    const known = JSON.parse(readFileSync(join(folder, tiny.golden.file), 'utf8')) as {
      embedding: number[];
    };
    const half = Float32Array.from(known.embedding);
    const right = [...joinEmbeddings([half, half], [3, 4])];
    for (const [embedding, code] of [
      [right, null],
      [right.toReversed(), 'inference-failed'],
      [right.slice(1), 'model-invalid'],
    ] as const) {
      const bytes = new TextEncoder().encode(JSON.stringify({ scene: GOLDEN_SCENE, embedding }));
      await writeFile(join(folder, 'pair.json'), bytes);
      const golden = { file: 'pair.json', bytes: bytes.length, sha256: sha256Sync(bytes) };
      await write((pair) => ({ ...pair, golden }));
      const encoder = createNodeEncoder({ models: folder, backend: 'wasm' });
      if (code) await expect(encoder.open()).rejects.toMatchObject({ code });
      else expect((await encoder.open()).backend.selfTest).toBeGreaterThan(0.999);
      await encoder.dispose();
    }
    await write();
  });

  test('an unknown id is model-missing and names the ensembles too', async () => {
    const encoder = createNodeEncoder({ models: folder, encoder: 'none', backend: 'wasm' });
    await expect(encoder.open()).rejects.toMatchObject({
      code: 'model-missing',
      remedy: expect.stringContaining('pair'),
    });
  });
});

describe('in the registry', () => {
  type Loose = { ensembles: { members: Record<string, unknown>[] }[] & Record<string, unknown>[] };
  const parse = (value: unknown) => parseRegistry(new TextEncoder().encode(JSON.stringify(value)));

  test('a valid one passes unchanged, and one without ensembles stays without', async () => {
    const whole = await write();
    expect(parse(whole)).toEqual(whole);
    expect(parse(registry)).toEqual(registry);
    expect(findServed(registry)).toMatchObject({
      id: 'tiny',
      weightsSha256: registry.encoders[0]!.weights.sha256,
    });
  });

  test.each<[string, (registry: Loose) => void, RegExp]>([
    ['an encoder’s id', (r) => (r.ensembles[0]!.id = 'tiny'), /same id/],
    ['no title', (r) => delete r.ensembles[0]!.title, /title is missing/],
    ['one member', (r) => r.ensembles[0]!.members.pop(), /fewer than two/],
    [
      'an unknown member',
      (r) => (r.ensembles[0]!.members[0]!.encoder = 'x'),
      /encoder "x" is not listed/,
    ],
    ['a member twice', (r) => (r.ensembles[0]!.members[0]!.encoder = 'twin'), /names "twin" twice/],
    ['no weight', (r) => (r.ensembles[0]!.members[1]!.weight = 0), /no positive number/],
    ['no bank', (r) => delete r.ensembles[0]!.bank, /bank is no object/],
    ['what is no list', (r) => ((r as { ensembles: unknown }).ensembles = {}), /no list/],
  ])('%s is refused', async (_, spoil, message) => {
    const loose = structuredClone(await write()) as unknown as Loose;
    spoil(loose);
    expect(() => parse(loose)).toThrow(
      expect.objectContaining({ code: 'model-invalid', message: expect.stringMatching(message) }),
    );
  });

  test('its hash changes with any member, weight or order', () => {
    const a = { sha256: 'a'.repeat(64), weight: 1 };
    const b = { sha256: 'b'.repeat(64), weight: 2 };
    const hashes = [[a, b], [b, a], [a, { ...b, weight: 3 }], [a]].map(ensembleSha256);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
