// Tuning head and last stage: the cut through the network, what is learned and what stays, going on.
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawScene } from '../../src/imaging/drawn.ts';
import { embed } from '../../src/nets/encoder.ts';
import { initialise } from '../../src/nets/parameters.ts';
import { loadTfParams, TfOps } from '../../src/tensor/tf-ops.ts';
import { splitRows, type TuningRow } from '../../src/training/adapter/tuning-data.ts';
import { lastStagePaths } from '../../src/training/trainer/trained-paths.ts';
import { LAST_STAGE } from '../../src/training/tuning/last-stage-presets.ts';
import {
  type LastStageData,
  LastStageTrainer,
  tunedSimilarity,
} from '../../src/training/tuning/last-stage-trainer.ts';
import {
  drawViews,
  type PhotoViews,
  plainView,
  viewsOf,
} from '../../src/training/tuning/photo-views.ts';
import {
  type CutEncoder,
  groupBySize,
  LowerPart,
  upperModel,
} from '../../src/training/tuning/still-part.ts';
import {
  decodeTunedNetwork,
  encodeTunedNetwork,
  withTuned,
} from '../../src/training/tuning/tuned-network.ts';
import type { Arch, PoolingKind } from '../../src/weights/registry.ts';
import { fromFloat32, toFloat32, type Weights } from '../../src/weights/safetensors.ts';
import { HEX, randomUnits, seeded } from './retrieval-fixtures.ts';
import { expectClose, useTrainingKernels } from './wasm-backend.ts';

const DIM = 16;
const MAKER = { id: 'encoder-a', weightsSha256: HEX('a') };
const INPUT = {
  views: [64, 96],
  multiple: 32,
  mean: [127, 127, 127],
  std: [128, 128, 128],
} as const;

/** A network with random weights, whitened. */
function encoderOf(
  arch: Arch,
  spec: string,
  channels: number,
  pooling: PoolingKind = 'gem',
): CutEncoder {
  const random = seeded(5);
  const matrix = Float32Array.from({ length: DIM * channels }, () => random() - 0.5);
  const weights: Weights = new Map([
    ...initialise(arch, spec, 3),
    ['whitening.mean', fromFloat32(new Float32Array(channels), [channels])],
    ['whitening.weight', fromFloat32(matrix, [DIM, channels])],
  ]);
  return {
    spec: { arch, spec, pooling: { kind: pooling, p: 3, views: 'mean' } },
    weights,
    above: lastStagePaths(arch, spec),
  };
}

const ENCODER = encoderOf('efficientnet-lite', 'tiny', 64);
const SETTINGS = {
  ...LAST_STAGE,
  steps: 20,
  batch: 6,
  corners: 2,
  crops: 1,
  learningRate: 2e-3,
  warmUp: 2,
  stay: 0.5,
};

let data: LastStageData;
beforeAll(async () => {
  await useTrainingKernels();
  const lower = new LowerPart(ENCODER);
  const known = randomUnits(10, DIM, 1);
  const rows: TuningRow[] = Array.from({ length: 10 }, (_, i) => ({
    embedding: known.slice(i * DIM, (i + 1) * DIM),
    label: `known_${i >> 1}`,
    taught: false,
  }));
  const photos = new Map<number, PhotoViews>();
  for (const scene of [23, 31]) {
    for (const view of [1, 2, 3, 4]) {
      const drawing = drawScene(scene, view);
      const views = await viewsOf(drawing, lower, INPUT, { crops: 1, seed: rows.length });
      photos.set(rows.length, views);
      const { embedding } = views.whole[0]!;
      rows.push({ embedding, label: `taught_${scene}`, taught: true });
    }
  }
  const golden = await plainView(drawScene(7, 0), lower, INPUT);
  lower.dispose();
  const own = splitRows(rows, randomUnits(20, DIM, 2), { heldOutKnown: 0, seed: 1 });
  data = { encoder: ENCODER, own, searched: own, photos, golden };
});
afterAll(() => tf.disposeVariables());

describe('a network cut below its last stage', () => {
  it.each([
    ['efficientnet-lite', 'gem'],
    ['efficientnet-lite', 'r-gem'],
    ['efficientnet-lite', 'r-mac'],
    ['se-resnet', 'gem'],
    ['nfnet', 'gem'],
    ['swin', 'r-gem'],
  ] as const)(
    '%s with %s computes above the cut what the whole computes',
    async (arch, pooling) => {
      const { network } = await import('../../src/nets/networks.ts');
      const encoder = encoderOf(arch, 'tiny', network(arch, 'tiny').channels, pooling);
      const lower = new LowerPart(encoder);
      const pictures = [drawScene(3, 0), drawScene(4, 1)];
      const side = 64;
      const views = pictures.map(({ data: pixels, width }) =>
        tf.tidy(() =>
          tf.tensor4d(
            Float32Array.from({ length: side * side * 3 }, (_, i) => {
              const [x, y, c] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side), i % 3];
              return (pixels[(y * 2 * width + x * 2) * 3 + c]! - 127) / 128;
            }),
            [1, side, side, 3],
          ),
        ),
      );
      const whole = loadTfParams(encoder.weights, 'test');
      const expected = tf.tidy(() => [
        ...embed<tf.Tensor>(new TfOps(), whole, [tf.concat(views, 0)], encoder.spec).dataSync(),
      ]);
      const seen = [];
      for (const view of views) seen.push(await lower.of([view]));
      expectClose(
        Float32Array.from(seen.flatMap(({ embedding }) => [...embedding])),
        Float32Array.from(expected),
      );
      const { parameters, embed: above } = upperModel(encoder);
      for (const path of parameters.keys()) expect(encoder.above(path)).toBe(true);
      expect(parameters.size).toBeGreaterThan(4);
      expect(parameters.size).toBeLessThan(encoder.weights.size);
      const only: Weights = new Map([...encoder.weights].filter(([path]) => parameters.has(path)));
      const params = loadTfParams(only, 'test');
      const { batch } = groupBySize(seen.map(({ part }) => part));
      const replayed = tf.tidy(() => [...above(new TfOps(), params, batch).dataSync()]);
      expectClose(Float32Array.from(replayed), Float32Array.from(expected));
      for (const { part } of seen) expect(part.kept.size).toBeLessThanOrEqual(2);
      params.dispose();
      whole.dispose();
      lower.dispose();
    },
  );

  it('keeps together what is of one size, and says in which order', async () => {
    const views = [...data.photos.values()].map(({ whole }) => whole[0]!.part);
    const lower = new LowerPart(ENCODER);
    const tall = await lower.of([tf.zeros([1, 96, 64, 3]), tf.zeros([1, 96, 64, 3])]);
    lower.dispose();
    const { batch, order } = groupBySize([views[0]!, tall.part, views[1]!]);
    expect(batch.groups.map(({ length }) => length)).toEqual([2, 1]);
    expect(order).toEqual([0, 2, 1]);
  });
});

describe('pictures of a photo', () => {
  it('are the photo, its mirror image, mild cuts, and one corner; the same for a seed', () => {
    const { whole, corner } = drawViews(3, 9);
    expect(whole).toHaveLength(5);
    expect(whole.map(({ flip }) => flip).slice(0, 2)).toEqual([false, true]);
    for (const { crop } of whole.slice(2)) {
      expect(crop!.width * crop!.height).toBeGreaterThan(0.6);
    }
    expect(corner.crop!.width * corner.crop!.height).toBeLessThan(0.2);
    expect(drawViews(3, 9)).toEqual({ whole, corner });
    expect(drawViews(3, 10)).not.toEqual({ whole, corner });
  });
});

describe('tuning head and last stage', () => {
  it('learns, leaves everything below alone, and keeps photos near where they were', async () => {
    const trainer = new LastStageTrainer(data, SETTINGS);
    const before = await trainer.validate();
    const first = await trainer.advance();
    let last = first;
    while (trainer.step < SETTINGS.steps) last = await trainer.advance();
    const after = await trainer.validate();
    expect(last).toBeLessThan(first * 0.9);
    expect(after.loss!).toBeLessThan(before.loss!);
    expect(after.figures.taught.of).toBe(2);
    const { weights, golden } = await trainer.result();
    const all = withTuned(ENCODER.weights, weights);
    let moved = 0;
    for (const [path, tensor] of all) {
      const same = Buffer.from(tensor.data).equals(Buffer.from(ENCODER.weights.get(path)!.data));
      if (!ENCODER.above(path) || /running_/.test(path)) expect([path, same]).toEqual([path, true]);
      else if (!same) moved += 1;
    }
    expect(moved).toBeGreaterThan(5);
    const stayed = golden.reduce((sum, x, d) => sum + x * data.golden.embedding[d]!, 0);
    expect(stayed).toBeGreaterThan(0.5);
    trainer.dispose();
  });

  it('goes on after an interruption as if there had been none, and leaves nothing behind', async () => {
    const { numTensors } = tf.memory();
    const whole = new LastStageTrainer(data, SETTINGS);
    const first = new LastStageTrainer(data, SETTINGS);
    for (let i = 0; i < 4; i++) {
      await whole.advance();
      await first.advance();
    }
    const saved = await first.save();
    first.dispose();
    const second = new LastStageTrainer(data, SETTINGS);
    second.restore(saved);
    expect(second.step).toBe(4);
    for (let i = 0; i < 4; i++) expect(await second.advance()).toBe(await whole.advance());
    expect(await second.result()).toEqual(await whole.result());
    const { numTensors: during } = tf.memory();
    for (let i = 0; i < 3; i++) await whole.advance();
    await whole.validate();
    expect(tf.memory().numTensors).toBe(during);
    const other = new LastStageTrainer(data, { ...SETTINGS, stay: 1 });
    expect(() => other.restore(saved)).toThrow(/other settings/);
    for (const trainer of [whole, second, other]) trainer.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('compares taught photos by the tuned network, and all others by the original', () => {
    const tuned = new Map(
      [...data.photos.keys()].map((row) => [
        row,
        data.own.vectors.slice(row * DIM, (row + 1) * DIM),
      ]),
    );
    const { vectors, bank } = data.own;
    const [a, b] = [...data.photos.keys()] as [number, number];
    const cosine = (x: number, y: number) =>
      Array.from({ length: DIM }, (_, d) => vectors[x * DIM + d]! * vectors[y * DIM + d]!).reduce(
        (sum, each) => sum + each,
        0,
      );
    // A network that changed nothing changes no similarity.
    const same = tunedSimilarity(data.own, bank, tuned);
    expect(same(a, b)).toBeCloseTo(cosine(a, b), 5);
    expect(same(a, 0)).toBeCloseTo(cosine(a, 0), 5);
  });
});

describe('the file of a tuned network', () => {
  it('has published names, comes back as it was, and fits only its encoder', async () => {
    const trainer = new LastStageTrainer(data, SETTINGS);
    const { weights, golden } = await trainer.result();
    trainer.dispose();
    expect([...weights.keys()]).toContain('_blocks.8._project_conv.weight');
    expect([...weights.keys()]).toContain('whitening.weight');
    const bytes = encodeTunedNetwork({ weights, golden, maker: MAKER });
    const back = decodeTunedNetwork(bytes);
    expect(back.maker).toEqual(MAKER);
    expect(back.golden).toEqual(golden);
    for (const [path, tensor] of weights) {
      expect(toFloat32(back.weights.get(path)!, path)).toEqual(toFloat32(tensor, path));
    }
    const other = encoderOf('efficientnet-lite', 'lite0', 64).weights;
    expect(() => withTuned(other, back.weights)).toThrow(/does not fit/);
    const broken = new Map([...weights, ['x', fromFloat32(Float32Array.of(Number.NaN), [1])]]);
    expect(() =>
      decodeTunedNetwork(encodeTunedNetwork({ weights: broken, golden, maker: MAKER })),
    ).toThrow(/no numbers/);
    expect(() => decodeTunedNetwork(bytes.subarray(0, 50))).toThrow(/safetensors/);
  });
});
