// A graphics card that is lost after everything was opened on it: each photo gets its answer, computed on WASM.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePhoto } from '../../src/imaging/decode-node.ts';
import { drawScene } from '../../src/imaging/drawn.ts';
import { EnsembleEncoder } from '../../src/inference/ensemble-encoder.ts';
import { loadEncoderModel } from '../../src/inference/load-encoder.ts';
import { type MatcherModel, OrtMatcher } from '../../src/inference/matcher.ts';
import { type EncoderModel, OrtEncoder } from '../../src/inference/ort-encoder.ts';
import { folderSource } from '../../src/weights/node-source.ts';
import { writeTinyModels } from '../browser/harness/tiny-models.ts';
import { losableGpu } from './broken-gpu.ts';
import { cosineWeights } from './matching-weights.ts';

let folder: string;
let model: EncoderModel;
let photo: Uint8Array;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-lost-'));
  await writeTinyModels(folder, 'right');
  model = await loadEncoderModel(folderSource(folder));
  const { data, width, height } = drawScene(3, 1);
  photo = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
});
afterAll(() => rm(folder, { recursive: true }));

const onGpu = { wish: 'auto', decode: decodePhoto } as const;

describe('an encoder whose device is lost', () => {
  it('gives the photo at work its embedding, and says where it computes from then on', async () => {
    const runtime = losableGpu();
    let loads = 0;
    const load = async () => {
      loads += 1;
      return model;
    };
    const encoder = new OrtEncoder({ ...onGpu, runtime, load });
    const before = await encoder.encode(photo);
    expect(before.backend).toMatchObject({ backend: 'webgpu', fellBack: false });
    runtime.lose();
    const [during, waiting] = await Promise.all([encoder.encode(photo), encoder.encode(photo)]);
    for (const { backend, embedding } of [during, waiting]) {
      expect(backend).toMatchObject({ backend: 'wasm', fellBack: true, adapter: null });
      expect(backend?.reason).toMatch(/The device is lost/);
      const cosine = embedding.reduce((sum, x, i) => sum + x * before.embedding[i]!, 0);
      expect(cosine).toBeGreaterThan(0.9999);
    }
    expect((await encoder.open()).backend).toEqual(during.backend);
    // Once each, not for every photo that was waiting.
    expect(loads).toBe(2);
    await encoder.dispose();
  });

  it('does so as a member of an ensemble, which tells as well', async () => {
    const runtime = losableGpu();
    const member = () => new OrtEncoder({ ...onGpu, runtime, load: async () => model });
    const encoder = new EnsembleEncoder({
      id: 'two',
      decode: decodePhoto,
      members: [1, 1].map((weight) => ({ encoder: member(), weight })),
    });
    expect((await encoder.open()).backend).toMatchObject({ backend: 'webgpu', fellBack: false });
    runtime.lose();
    const { embedding, backend } = await encoder.encode(photo);
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    expect(backend).toMatchObject({ backend: 'wasm', fellBack: true });
    expect((await encoder.open()).backend).toMatchObject({ backend: 'wasm', fellBack: true });
    await encoder.dispose();
  });

  it('fails with its error where WASM cannot be opened either, and tries again with the next photo', async () => {
    const runtime = losableGpu();
    let broken = false;
    const load = async () => {
      if (broken) throw new Error('the store is gone');
      return model;
    };
    const encoder = new OrtEncoder({ ...onGpu, runtime, load });
    await encoder.open();
    runtime.lose();
    broken = true;
    await expect(encoder.encode(photo)).rejects.toThrow('the store is gone');
    broken = false;
    // Opened anew, as for the first time; this card is still lost.
    const { backend } = await encoder.encode(photo);
    expect(backend).toMatchObject({ backend: 'wasm', fellBack: true });
    await encoder.dispose();
  });

  it('a photo that cannot be read costs no backend', async () => {
    const encoder = new OrtEncoder({ ...onGpu, runtime: losableGpu(), load: async () => model });
    await expect(encoder.encode(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({
      code: 'photo-unsupported',
    });
    expect((await encoder.open()).backend).toMatchObject({ backend: 'webgpu' });
    await encoder.dispose();
  });
});

describe('a matcher whose device is lost', () => {
  const weights = cosineWeights('tiny');
  const scene = (seed: number) => ({ bitmap: drawScene(seed, 0), id: String(seed) });

  it('finds on WASM what it would have found', async () => {
    const runtime = losableGpu();
    const load = async (): Promise<MatcherModel> => ({ spec: 'tiny', weights });
    const matcher = new OrtMatcher({ runtime, wish: 'auto', load, longestSide: 160 });
    const before = await matcher.match(scene(7), scene(7));
    expect(before.points.length).toBeGreaterThan(0);
    expect(await matcher.open()).toMatchObject({ backend: 'webgpu', fellBack: false });
    runtime.lose();
    const during = await matcher.match(scene(8), scene(8));
    expect(during.points.length).toBeGreaterThan(0);
    expect(await matcher.open()).toMatchObject({ backend: 'wasm', fellBack: true });
    // What the lost device had kept of the first picture is not looked for.
    const after = await matcher.match(scene(7), scene(7));
    expect(after.points.length).toBeGreaterThan(before.points.length / 2);
    await matcher.dispose();
  });
});
