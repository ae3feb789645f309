// A tuned head: its file, its arithmetic, what it is tuned on, and that tuning learns and can be resumed.
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowVector } from '../../src/retrieval/shard.ts';
import { adaptCollection } from '../../src/retrieval/taught-adapter.ts';
import {
  type Adapter,
  adapt,
  decodeAdapter,
  encodeAdapter,
} from '../../src/training/adapter/adapter.ts';
import { AdapterTrainer } from '../../src/training/adapter/adapter-trainer.ts';
import { judge } from '../../src/training/adapter/figures.ts';
import { TUNING } from '../../src/training/adapter/presets.ts';
import {
  type DeviceFacts,
  refusalOf,
  splitRows,
  type TuningNeeds,
  type TuningRow,
} from '../../src/training/adapter/tuning-data.ts';
import {
  filesOf,
  HEX,
  headOf,
  loadFiles,
  randomUnits,
  rowsOf,
  seeded,
} from './retrieval-fixtures.ts';
import { useTrainingKernels } from './wasm-backend.ts';

const DIM = 24;
const MAKER = { id: 'encoder-a', weightsSha256: HEX('a') };

function randomAdapter(rank: number, seed: number): Adapter {
  const random = seeded(seed);
  const values = (n: number) => Float32Array.from({ length: n }, () => random() - 0.5);
  return { dim: DIM, rank, down: values(DIM * rank), up: values(rank * DIM) };
}

describe('an adapter', () => {
  it('leaves vectors alone while its second matrix is zero, and gives unit length else', () => {
    const vectors = randomUnits(5, DIM, 1);
    const still = { ...randomAdapter(4, 2), up: new Float32Array(4 * DIM) };
    for (const [i, x] of adapt(still, vectors).entries()) expect(x).toBeCloseTo(vectors[i]!, 6);
    const moved = adapt(randomAdapter(4, 2), vectors);
    for (let row = 0; row < 5; row++) {
      const length = Math.hypot(...moved.subarray(row * DIM, (row + 1) * DIM));
      expect(length).toBeCloseTo(1, 6);
    }
    expect(moved).not.toEqual(vectors);
  });

  it('is normalise(z + up · down · z)', () => {
    const adapter: Adapter = {
      dim: 2,
      rank: 1,
      down: Float32Array.of(1, 2),
      up: Float32Array.of(0, 1),
    };
    // z = (0.6, 0.8): down · z = 0.6 + 1.6 = 2.2, so (0.6, 0.8 + 2.2) before normalising.
    const [x, y] = adapt(adapter, Float32Array.of(0.6, 0.8));
    expect(x).toBeCloseTo(0.6 / Math.hypot(0.6, 3), 6);
    expect(y).toBeCloseTo(3 / Math.hypot(0.6, 3), 6);
  });

  it('comes back from its file, which names its encoder; other files are refused', () => {
    const adapter = randomAdapter(4, 3);
    const bytes = encodeAdapter(adapter, MAKER);
    expect(decodeAdapter(bytes)).toEqual({ adapter, maker: MAKER });
    expect(() => decodeAdapter(bytes.subarray(0, 100))).toThrow(/safetensors/);
    const broken = { ...adapter, up: adapter.up.with(3, Number.NaN) };
    expect(() => decodeAdapter(encodeAdapter(broken, MAKER))).toThrow(/no numbers/);
    const odd = encodeAdapter({ ...adapter, dim: DIM }, { ...MAKER, weightsSha256: 'none' });
    expect(() => decodeAdapter(odd)).toThrow(/no adapter/);
  });

  it('moves every row of a collection as it moves a query', async () => {
    const loaded = await loadFiles(
      await filesOf(headOf(6, DIM), rowsOf(30, 6, DIM, 4), { dtype: 'fp16' }),
    );
    const adapter = randomAdapter(4, 5);
    const bank = adapt(adapter, randomUnits(8, DIM, 6));
    const adapted = await adaptCollection(loaded, { adapter, bank, bankNeighbours: 3 });
    expect(adapted.collection.labels).toEqual(loaded.collection.labels);
    const [before, after] = [loaded.shards[0]!, adapted.shards[0]!];
    expect(after.labels).toEqual(before.labels);
    const vector = new Float32Array(DIM);
    const found = new Float32Array(DIM);
    for (let row = 0; row < before.rows; row++) {
      rowVector(before, row, vector);
      rowVector(after, row, found);
      for (const [i, x] of adapt(adapter, vector).entries()) expect(found[i]).toBeCloseTo(x, 3);
    }
  });
});

/** Photos of each landmark scattered about its centre along few directions that mean nothing. */
function clustered(landmarks: number, photos: number, taughtFrom: number): TuningRow[] {
  const centres = randomUnits(landmarks, DIM, 7);
  const nuisance = randomUnits(3, DIM, 8);
  const random = seeded(9);
  return Array.from({ length: landmarks * photos }, (_, i) => {
    const label = Math.floor(i / photos);
    const vector = centres.slice(label * DIM, (label + 1) * DIM);
    for (let k = 0; k < 3; k++) {
      const amount = (random() - 0.5) * 3;
      for (let d = 0; d < DIM; d++) vector[d]! += amount * nuisance[k * DIM + d]!;
    }
    const length = Math.hypot(...vector);
    return {
      embedding: vector.map((x) => x / length),
      label: `place_${label}`,
      taught: label >= taughtFrom,
    };
  });
}

describe('what a head is tuned on', () => {
  it('keeps one photo of each taught landmark with three or more, and one of each other', () => {
    const rows = [...clustered(4, 5, 3), ...clustered(5, 2, 0).slice(-2)];
    const { classes } = splitRows(rows, new Float32Array(0), { heldOutKnown: 2, seed: 1 });
    const of = (label: string) => classes.find((one) => one.label === label)!;
    expect(of('place_3')).toEqual({
      label: 'place_3',
      taught: true,
      train: [15, 16, 17, 18],
      heldOut: [19],
    });
    expect(of('place_4').heldOut).toEqual([]);
    const known = classes.filter(({ taught }) => !taught);
    expect(known.flatMap(({ heldOut }) => heldOut)).toHaveLength(2);
    for (const { train, heldOut } of known) expect(train.length + heldOut.length).toBe(5);
  });

  it('is refused with its reason', () => {
    const needs: TuningNeeds = { taught: [4], knownLandmarks: 200, rows: 3000, dim: 512 };
    const device: DeviceFacts = { persistent: true, storageLeft: 1e9, memory: 8e9 };
    expect(refusalOf(needs, device)).toBeNull();
    expect(refusalOf(needs, { persistent: true, storageLeft: null, memory: null })).toBeNull();
    expect(refusalOf({ ...needs, taught: [] }, device)).toBe('nothing-taught');
    expect(refusalOf({ ...needs, taught: [1, 1] }, device)).toBe('one-photo');
    expect(refusalOf({ ...needs, knownLandmarks: 1 }, device)).toBe('one-landmark');
    expect(refusalOf(needs, { ...device, persistent: false })).toBe('no-storage');
    expect(refusalOf(needs, { ...device, storageLeft: 1e6 })).toBe('little-storage');
    expect(refusalOf(needs, { ...device, memory: 0.5 * 2 ** 30 })).toBe('little-memory');
    expect(refusalOf({ ...needs, rows: 1e6 }, device)).toBe('little-memory');
  });

  it('is judged by the most similar photo', () => {
    const vectors = Float32Array.of(1, 0, 0, 1, 0.8, 0.6, 0.6, 0.8);
    const figures = judge({
      dim: 2,
      vectors,
      bank: new Float32Array(0),
      classes: [
        { label: 'a', taught: true, train: [0], heldOut: [2] },
        { label: 'b', taught: false, train: [1], heldOut: [3] },
      ],
    });
    expect(figures.taught).toMatchObject({ right: 1, of: 1 });
    expect(figures.taught.lead).toBeCloseTo(0.2, 6);
    expect(figures.known).toMatchObject({ right: 1, of: 1 });
  });
});

describe('tuning', () => {
  beforeAll(useTrainingKernels);
  afterAll(() => tf.disposeVariables());

  const settings = {
    ...TUNING,
    rank: 8,
    steps: 60,
    batch: 32,
    warmUp: 5,
    learningRate: 5e-3,
    stay: 0.1,
  };
  const data = splitRows(clustered(12, 6, 8), randomUnits(10, DIM, 10), settings);

  it('learns to disregard what does not tell landmarks apart, on held-out photos too', async () => {
    const trainer = new AdapterTrainer(data, settings);
    const before = await trainer.validate();
    while (trainer.step < settings.steps) await trainer.advance();
    const after = await trainer.validate();
    expect(after.loss!).toBeLessThan(before.loss! * 0.8);
    expect(after.figures.taught.right).toBeGreaterThanOrEqual(before.figures.taught.right);
    expect(after.figures.taught.lead).toBeGreaterThan(before.figures.taught.lead);
    // What is exported does what was trained.
    const adapted = judge({ ...data, vectors: adapt(await trainer.adapter(), data.vectors) });
    expect(adapted.taught.lead).toBeCloseTo(after.figures.taught.lead, 4);
    trainer.dispose();
  });

  it('goes on after an interruption as if there had been none, and leaves nothing behind', async () => {
    const { numTensors } = tf.memory();
    const whole = new AdapterTrainer(data, settings);
    const first = new AdapterTrainer(data, settings);
    for (let i = 0; i < 6; i++) {
      await whole.advance();
      await first.advance();
    }
    const saved = await first.save();
    first.dispose();
    const second = new AdapterTrainer(data, settings);
    second.restore(saved);
    expect(second.step).toBe(6);
    for (let i = 0; i < 6; i++) expect(await second.advance()).toBe(await whole.advance());
    expect(await second.adapter()).toEqual(await whole.adapter());
    const { numTensors: during } = tf.memory();
    for (let i = 0; i < 5; i++) await whole.advance();
    await whole.validate();
    expect(tf.memory().numTensors).toBe(during);
    whole.dispose();
    second.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('refuses a saved run of other landmarks', async () => {
    const trainer = new AdapterTrainer(data, settings);
    const saved = await trainer.save();
    trainer.dispose();
    const other = splitRows(clustered(11, 6, 8), new Float32Array(0), settings);
    const different = new AdapterTrainer(other, settings);
    expect(() => different.restore(saved)).toThrow(/other settings/);
    different.dispose();
  });
});
