// The ablation: heads learn on vectors with every loss, poolings are the product's, tables say what was found.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startHarness } from '../../src/cli/harness/index.ts';
import type { RolePhoto } from '../../src/cli/training/validate-student.ts';
import type { Role } from '../../src/evaluation/protocol.ts';
import { decodePhoto } from '../../src/imaging/decode-node.ts';
import { toViews } from '../../src/imaging/to-tensor.ts';
import { describe as descriptorOf } from '../../src/nets/encoder.ts';
import { initialise } from '../../src/nets/parameters.ts';
import { seededRandom } from '../../src/random.ts';
import { loadTfParams, TfOps } from '../../src/tensor/tf-ops.ts';
import { ablationPicture } from '../../src/training/ablation/picture.ts';
import { ABLATION, ABLATION_RUN } from '../../src/training/ablation/presets.ts';
import { runReference } from '../../src/training/ablation/reference.ts';
import { runHead } from '../../src/training/ablation/run.ts';
import { ablationTable, spreadOf, summarise } from '../../src/training/ablation/summary.ts';
import type { DescribedPhoto } from '../../src/training/descriptors.ts';

let folder: string;

beforeAll(async () => {
  await startHarness({ backend: 'wasm' });
  folder = await mkdtemp(join(tmpdir(), 'cairn-ablation-'));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const CHANNELS = 24;
const CLASSES = 8;

/** A class's own direction, drowned in noise that lies in the other half of the channels. */
function vectors(): DescribedPhoto[] {
  const next = seededRandom(5);
  const make = (label: string, index: number, role: Role, n: number): DescribedPhoto => {
    const values = Float32Array.from({ length: CHANNELS }, (_, c) => {
      const noise = 2 * next() - 1;
      return c < CHANNELS / 2 ? (c === index ? 1 : 0) + 0.3 * noise : noise;
    });
    const norm = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
    return { path: `${role}/${label}/${n}`, label, role, descriptor: values.map((x) => x / norm) };
  };
  const photos: DescribedPhoto[] = [];
  for (let index = 0; index < CLASSES; index++) {
    for (let n = 0; n < 12; n++) photos.push(make(`place${index}`, index, 'train', n));
    for (let n = 0; n < 4; n++) photos.push(make(`place${index}`, index, 'known', n));
  }
  for (let n = 0; n < 6; n++) photos.push(make('extra', 8, 'train-extra', n));
  for (let n = 0; n < 2; n++) photos.push(make('fresh', 9, 'gallery-new', n));
  for (let n = 0; n < 3; n++) photos.push(make('fresh', 9, 'new', n));
  for (let n = 0; n < 4; n++) photos.push(make('absent', 10, 'unlisted', n));
  for (let n = 0; n < 12; n++) photos.push(make('', -1, 'negative-bank', n));
  for (let n = 0; n < 8; n++) photos.push(make('', -1, 'negative-validation', n));
  return photos;
}

describe('a head on vectors', () => {
  const settings = { ...ABLATION_RUN, dim: 12, epochs: 40, batch: 24, learningRate: 1e-2 };

  test.each(ABLATION.losses)('learns with %s what tells landmarks apart', async (loss) => {
    const photos = vectors();
    const before = await runReference(photos, 'untrained');
    const tensors = tf.memory().numTensors;
    const result = await runHead(photos, { loss, seed: 1, settings });
    expect(tf.memory().numTensors).toBe(tensors);
    expect(result.top1).toBeGreaterThan(before.top1 + 0.1);
    expect(result.gap).toBeGreaterThan(before.gap + 0.1);
    expect(result.accuracy === null).toBe(loss === 'triplet');
    // 102 photos to learn from, in batches of 24.
    expect(result.steps).toBe(40 * 5);
  });

  test('comes out the same for the same seed, and otherwise for another', async () => {
    const photos = vectors();
    const short = { ...settings, epochs: 2 };
    const run = (seed: number) => runHead(photos, { loss: 'arcface', seed, settings: short });
    const first = await run(1);
    expect((await run(1)).loss).toBe(first.loss);
    expect((await run(2)).loss).not.toBe(first.loss);
  });

  test('is held against a whitening that is learned on the same photos', async () => {
    const photos = vectors().map((photo) => ({ ...photo }));
    const plain = await runReference(photos, 'untrained');
    const whitened = await runReference(photos, 'whitening');
    expect(whitened.top1).toBeGreaterThan(plain.top1 + 0.2);
  });
});

describe('frozen features', () => {
  test('are the descriptors that an encoder of each pooling gives, and are kept', async () => {
    vi.stubEnv('CAIRN_CACHE', folder);
    const { frozenFeatures } = await import('../../src/cli/training/frozen-features.ts');
    const weights = initialise('efficientnet-lite', 'tiny', 3);
    const input = {
      views: [96],
      multiple: 32,
      mean: [127, 127, 127] as const,
      std: [128, 128, 128] as const,
    };
    const frozen = { arch: 'efficientnet-lite', spec: 'tiny', weights, input } as const;
    const photos: RolePhoto[] = [];
    for (const [n, [width, height]] of [
      [96, 64],
      [64, 96],
      [90, 60],
    ].entries()) {
      const file = join(folder, `${n}.png`);
      const noise = seededRandom(n);
      const data = Uint8Array.from({ length: width! * height! * 3 }, () => 256 * noise());
      const raw = { width: width!, height: height!, channels: 3 } as const;
      await sharp(data, { raw }).png().toFile(file);
      const row = { path: `${n}.png`, file, label: 'x', split: 'train', kind: '', source: '' };
      photos.push({ ...row, licence: '', role: 'train' });
    }
    const broken = join(folder, 'broken.png');
    await writeFile(broken, 'no picture');
    photos.splice(1, 0, { ...photos[0]!, path: 'broken.png', file: broken });

    const found = await frozenFeatures(photos, frozen);
    expect(found.map(({ path }) => path)).toEqual(['0.png', '1.png', '2.png']);
    const params = loadTfParams(weights, 'test');
    for (const { file, pooled } of found) {
      const [view] = toViews(await decodePhoto(await sharp(file).png().toBuffer()), input);
      const planes = tf.tensor4d(view!.data, [1, 3, view!.height, view!.width]);
      const image = tf.transpose(planes, [0, 2, 3, 1]);
      for (const kind of ABLATION.poolings) {
        const spec = { ...frozen, pooling: { kind, p: ABLATION_RUN.power } };
        const expected = descriptorOf(new TfOps(), params, [image], spec).dataSync();
        expect(pooled[kind].length).toBe(expected.length);
        const worst = Math.max(...pooled[kind].map((x, i) => Math.abs(x - expected[i]!)));
        expect(worst).toBeLessThan(1e-5);
      }
    }
    // Once computed they are read: a second time needs no network.
    const empty = { ...frozen, weights };
    expect(await frozenFeatures(photos, empty)).toEqual(found);
  });
});

describe('what was found', () => {
  const line = (pooling: 'gem' | 'r-mac', method: 'arcface' | 'untrained', gap: number) => ({
    pooling,
    method,
    seed: method === 'untrained' ? null : gap,
    gap,
    top1: gap / 2,
    nearest: 0,
  });
  const cells = summarise([
    line('gem', 'arcface', 0.5),
    line('gem', 'arcface', 0.6),
    line('gem', 'arcface', 0.7),
    line('gem', 'untrained', 0.4),
    line('r-mac', 'arcface', 0.55),
  ]);

  test('is a mean with the sample deviation over seeds', () => {
    expect(spreadOf([0.5, 0.6, 0.7]).mean).toBeCloseTo(0.6, 12);
    expect(spreadOf([0.5, 0.6, 0.7]).deviation).toBeCloseTo(0.1, 12);
    expect(spreadOf([0.5])).toEqual({ mean: 0.5, deviation: null });
    expect(cells.map(({ method, pooling, runs }) => [method, pooling, runs])).toEqual([
      ['untrained', 'gem', 1],
      ['arcface', 'gem', 3],
      ['arcface', 'r-mac', 1],
    ]);
  });

  test('stands in a table, the best in bold, gaps where nothing was run', () => {
    expect(ablationTable(cells, 'gap').split('\n')).toEqual([
      '|  | average | gem | r-mac | r-gem | mean |',
      '| --- | --- | --- | --- | --- | --- |',
      '| untrained | – | 0.400 | – | – | 0.400 |',
      '| arcface | – | **0.600** ± 0.100 | 0.550 | – | 0.575 |',
      '| mean of the losses | – | 0.600 | 0.550 | – | 0.575 |',
    ]);
  });

  test('is drawn, a dot for each cell and figure beside the legend', () => {
    const svg = ablationPicture(cells, ['gap', 'top1']);
    expect(svg.match(/<circle/g)).toHaveLength(2 * (cells.length + ABLATION.poolings.length));
    expect(svg).not.toMatch(/NaN|undefined/);
    expect(svg.match(/<svg/g)).toHaveLength(1);
  });
});
