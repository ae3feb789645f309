// The trainer as its worker serves it, on head and last stage: opened from the store, saved, gone on with.
import 'fake-indexeddb/auto';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DecodePhoto } from '../../src/imaging/decode.ts';
import { drawScene } from '../../src/imaging/drawn.ts';
import { initialise } from '../../src/nets/parameters.ts';
import { type CairnStore, openStore } from '../../src/retrieval/store.ts';
import { type TaughtLabel, writeTaught } from '../../src/retrieval/taught-collection.ts';
import { NO_DEVICE, watchDevice } from '../../src/tensor/tf/device-watch.ts';
import { TUNING } from '../../src/training/adapter/presets.ts';
import { lastStagePaths } from '../../src/training/trainer/trained-paths.ts';
import type { HeadJob, LastStageJob } from '../../src/training/tuning/courses.ts';
import { GPU_FAILED } from '../../src/training/tuning/gpu-failure.ts';
import { LAST_STAGE } from '../../src/training/tuning/last-stage-presets.ts';
import { plainView } from '../../src/training/tuning/photo-views.ts';
import { LowerPart } from '../../src/training/tuning/still-part.ts';
import { savedRun } from '../../src/training/tuning/trainer-keep.ts';
import { TrainerService } from '../../src/training/tuning/trainer-service.ts';
import { decodeTunedNetwork } from '../../src/training/tuning/tuned-network.ts';
import type { EncoderEntry } from '../../src/weights/registry.ts';
import { fromFloat32, writeSafetensors } from '../../src/weights/safetensors.ts';
import { sha256Hex } from '../../src/weights/sha256.ts';
import { TestDevice } from './broken-gpu.ts';
import { HEX, randomUnits, seeded } from './retrieval-fixtures.ts';
import { useTrainingKernels } from './wasm-backend.ts';

const DIM = 16;
const CHANNELS = 64;
const KNOWN = 'known';
const TAUGHT = 'taught';

/** A picture is written as the numbers that it is drawn by. */
const decode: DecodePhoto = async (bytes) => {
  const [scene, view] = JSON.parse(new TextDecoder().decode(bytes)) as [number, number];
  const drawing = drawScene(scene, view);
  const { width, height } = drawing;
  return { ...drawing, header: { mime: 'image/png', width, height } as never };
};

let entry: EncoderEntry;
let weights: Uint8Array<ArrayBuffer>;
let taught: TaughtLabel[];
let number = 0;
let store: CairnStore;

beforeAll(async () => {
  await useTrainingKernels();
  const random = seeded(5);
  const matrix = Float32Array.from({ length: DIM * CHANNELS }, () => random() - 0.5);
  const tensors = new Map([
    ...initialise('efficientnet-lite', 'tiny', 3),
    ['whitening.mean', fromFloat32(new Float32Array(CHANNELS), [CHANNELS])],
    ['whitening.weight', fromFloat32(matrix, [DIM, CHANNELS])],
  ] as const);
  weights = writeSafetensors(tensors);
  const file = {
    file: 'tiny.safetensors',
    bytes: weights.length,
    sha256: await sha256Hex(weights),
  };
  entry = {
    id: 'tiny',
    title: 'tiny',
    arch: 'efficientnet-lite',
    spec: 'tiny',
    input: { views: [64], multiple: 32, mean: [127, 127, 127], std: [128, 128, 128] },
    pooling: { kind: 'gem', p: 3 },
    licence: 'Apache-2.0',
    card: 'tiny.md',
    dim: DIM,
    weights: file,
    bank: file,
    decision: file,
    golden: file,
  };
  const above = lastStagePaths(entry.arch, entry.spec);
  const lower = new LowerPart({ spec: entry, weights: tensors, above });
  const photo = async (scene: number, view: number) => ({
    id: (scene * 100 + view).toString(16).padStart(32, '0'),
    embedding: (await plainView(drawScene(scene, view), lower, entry.input)).embedding,
  });
  const label = async (scene: number): Promise<TaughtLabel> => ({
    facts: { ...NOWHERE, label: `scene_${scene}`, title: { en: `${scene}`, zh: `${scene}` } },
    photos: await Promise.all([1, 2, 3, 4].map((view) => photo(scene, view))),
  });
  taught = [await label(23), await label(31)];
  lower.dispose();
});
afterAll(() => tf.disposeVariables());

const NOWHERE = { country: null, lat: null, lon: null, wikidata: null };

beforeEach(async () => {
  store = await openStore({ name: `service-${number++}` });
  await store.putFile(entry.weights.sha256, weights);
  const head = {
    encoder: { id: entry.id, weightsSha256: entry.weights.sha256 },
    bank: { sha256: HEX('b') },
    dimension: DIM,
  };
  const vectors = randomUnits(6, DIM, 1);
  const known = [0, 1, 2].map((n) => ({
    facts: { ...NOWHERE, label: `known_${n}`, title: { en: `${n}`, zh: `${n}` } },
    photos: [0, 1].map((p) => ({
      id: (n * 2 + p).toString(16).padStart(32, 'f'),
      embedding: vectors.slice((n * 2 + p) * DIM, (n * 2 + p + 1) * DIM),
    })),
  }));
  await writeTaught(store, { head, labels: known }, () => 0, KNOWN);
  await writeTaught(store, { head, labels: taught }, () => 0, TAUGHT);
});

/** @param card what it computes on where that is not asked to be avoided; it computes as WASM does */
const service = (card?: TestDevice) =>
  new TrainerService({
    startBackend: async (wish) =>
      card && wish === 'auto'
        ? {
            report: { backend: 'webgpu', reason: 'test' },
            watch: watchDevice(card.asDevice(), 'a card', 'Again.'),
          }
        : { report: { backend: 'wasm', reason: 'test' }, watch: NO_DEVICE },
    decode,
    openStore: async () => store,
  });

const job = (change: Partial<LastStageJob> = {}): LastStageJob => ({
  scope: 'last-stage',
  known: KNOWN,
  taught: TAUGHT,
  encoder: { id: entry.id, weightsSha256: entry.weights.sha256, dim: DIM },
  bank: randomUnits(12, DIM, 2),
  inUse: null,
  resume: false,
  wish: 'auto',
  settings: {
    ...LAST_STAGE,
    steps: 12,
    batch: 4,
    corners: 1,
    crops: 1,
    learningRate: 2e-3,
    warmUp: 2,
    stay: 0.5,
    validateEvery: 2,
    saveEvery: 4,
  },
  network: {
    models: 'http://localhost/',
    entry,
    slice: { from: 0, dim: DIM },
    pictures: taught.flatMap(({ photos }) =>
      photos.map(({ id }) => {
        const n = Number.parseInt(id, 16);
        return { id, blob: new Blob([JSON.stringify([Math.floor(n / 100), n % 100])]) };
      }),
    ),
  },
  ...change,
});

describe('the trainer on head and last stage', () => {
  it('goes from stored photos to a file, with progress and curves on the way', async () => {
    const trainer = service();
    const seen: number[] = [];
    const opened = await trainer.open(job(), {
      onProgress: ({ unit, done }) => {
        if (unit === 'photos') seen.push(done);
      },
    });
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(opened).toMatchObject({ scope: 'last-stage', step: 0, steps: 12, photos: 14 });
    expect(opened.before.taught.of).toBe(2);
    // Known landmarks stay with the original encoder: nothing of theirs is held out.
    expect(opened.before.known.of).toBe(0);
    const status = await trainer.advance(12);
    expect(status.step).toBe(12);
    expect(status.points.map(({ step }) => step)).toEqual([0, 2, 4, 6, 8, 10, 12]);
    expect(status.best).not.toBeNull();
    const { maker, golden } = decodeTunedNetwork(trainer.best()!);
    expect(maker).toEqual({ id: 'tiny', weightsSha256: entry.weights.sha256 });
    expect(golden).toHaveLength(DIM);
    await trainer.discard();
    expect(await savedRun(store)).toBeNull();
  });

  it('goes on from the store in another worker as an undisturbed run does', async () => {
    const whole = service();
    await whole.open(job());
    const expected = await whole.advance(12);
    const file = whole.best();
    await whole.discard();
    const first = service();
    await first.open(job());
    await first.advance(5);
    expect((await savedRun(store))?.step).toBe(4);
    // Closed without a word: what was saved at step 4 is what there is.
    const second = service();
    const resumed = await second.open(job({ resume: true }));
    expect(resumed.step).toBe(4);
    const status = await second.advance(12);
    expect(status.points).toEqual(expected.points);
    expect(second.best()).toEqual(file);
    await second.discard();
    await first.discard();
  });

  it('refuses to go on when what is taught has changed, and to begin without a picture', async () => {
    const trainer = service();
    await trainer.open(job());
    await trainer.advance(4);
    const head = {
      encoder: { id: entry.id, weightsSha256: entry.weights.sha256 },
      bank: { sha256: HEX('b') },
      dimension: DIM,
    };
    await writeTaught(store, { head, labels: taught.slice(0, 1) }, () => 0, TAUGHT);
    await expect(service().open(job({ resume: true }))).rejects.toMatchObject({ code: 'usage' });
    const { network } = job();
    const fewer = { ...network, pictures: network.pictures.slice(1) };
    await expect(service().open(job({ network: fewer }))).rejects.toMatchObject({
      code: 'storage-failed',
    });
    await trainer.discard();
  });
});

const headJob = (): HeadJob => {
  const { network: _, settings: __, ...rest } = job();
  const few = { steps: 12, batch: 8, rank: 4, warmUp: 2, validateEvery: 2, saveEvery: 4 };
  return { ...rest, scope: 'head', settings: { ...TUNING, ...few } };
};

describe.each([
  ['head', headJob],
  ['last stage', job],
] as const)('a graphics processor that fails while the %s is tuned', (_, jobOf) => {
  const failed = { code: 'training-failed', subject: GPU_FAILED };

  it.each(['is lost', 'refuses a command'] as const)(
    '%s: that is said, and WASM goes on from what was kept as an undisturbed run does',
    async (how) => {
      const whole = service();
      await whole.open(jobOf());
      const expected = await whole.advance(12);
      const file = whole.best();
      await whole.discard();
      const card = new TestDevice();
      const first = service(card);
      expect(await first.open(jobOf())).toMatchObject({ backend: { backend: 'webgpu' } });
      await first.advance(5);
      if (how === 'is lost') card.lose({ reason: 'unknown', message: 'the driver was reset' });
      else card.report('out of memory');
      await expect(first.advance(3)).rejects.toMatchObject(failed);
      // Nothing that it computes from then on is kept.
      await expect(first.save()).rejects.toMatchObject(failed);
      expect((await savedRun(store))?.step).toBe(4);
      const second = service(card);
      const resumed = await second.open({ ...jobOf(), resume: true, wish: 'wasm' });
      expect(resumed).toMatchObject({ step: 4, backend: { backend: 'wasm' } });
      expect((await second.advance(12)).points).toEqual(expected.points);
      expect(second.best()).toEqual(file);
      await second.discard();
    },
  );

  it('is lost at the start: nothing is kept, and starting again on WASM works', async () => {
    const card = new TestDevice();
    card.lose({ reason: 'unknown', message: 'gone' });
    await expect(service(card).open(jobOf())).rejects.toMatchObject(failed);
    expect(await savedRun(store)).toBeNull();
    const again = service(card);
    expect(await again.open({ ...jobOf(), wish: 'wasm' })).toMatchObject({ step: 0 });
    await again.discard();
  });
});
