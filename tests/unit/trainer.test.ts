// The trainer: it learns by heart what is small, goes on bit for bit, and leaves nothing behind.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startHarness } from '../../src/cli/harness/index.ts';
import { seededRandom } from '../../src/random.ts';
import type { Batch } from '../../src/training/data/batch.ts';
import { classLoss } from '../../src/training/losses/loss.ts';
import { readCheckpoint } from '../../src/training/trainer/checkpoint.ts';
import { START } from '../../src/training/trainer/loop.ts';
import { type Images, type StudentSpec, studentModel } from '../../src/training/trainer/model.ts';
import { Objective } from '../../src/training/trainer/objective.ts';
import { Trainer, type TrainerOptions } from '../../src/training/trainer/trainer.ts';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors.ts';

const SIDE = 32;
const CLASSES = 3;
const STUDENT: StudentSpec = {
  arch: 'se-resnet',
  spec: 'tiny',
  pooling: { kind: 'gem', p: 3 },
  dim: 8,
};

beforeAll(async () => {
  await startHarness({ backend: 'wasm' });
});

/** Noise with bars a quarter of the side wide, whose direction and colour are the class. */
function stripes(count: number, seed: number): Batch {
  const next = seededRandom(seed);
  const pixels = new Float32Array(count * SIDE * SIDE * 3);
  const labels = Int32Array.from({ length: count }, (_, i) => i % CLASSES);
  for (let n = 0; n < count; n++) {
    const at = Math.floor(next() * SIDE);
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const place = [x, y, x + y][labels[n]!]!;
        const on = (place + at) % SIDE < SIDE / 4;
        for (let c = 0; c < 3; c++) {
          const value = (on && c === labels[n] ? 2 : 0) + 0.2 * (next() - 0.5);
          pixels[((n * SIDE + y) * SIDE + x) * 3 + c] = value;
        }
      }
    }
  }
  const photos = Int32Array.from(labels.keys());
  return {
    pixels,
    count,
    height: SIDE,
    width: SIDE,
    photos,
    labels,
    flipped: new Uint8Array(count),
  };
}

function make(options: Partial<TrainerOptions<Images>> = {}): Trainer<Images> {
  const loss = classLoss('curricularface', { classes: CLASSES, dim: STUDENT.dim });
  return new Trainer({
    model: studentModel(STUDENT),
    objective: new Objective({ loss, weight: 1 }, null),
    seed: 1,
    weightDecay: 0.01,
    clipNorm: 5,
    averageDecay: 0.9,
    ...options,
  });
}

const RATE = 3e-3;
/** For what is to be learned by heart. */
const FAST = 1e-2;

async function steps(trainer: Trainer<Images>, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let i = from; i < to; i++) {
    const batch = stripes(6, i);
    losses.push((await trainer.step(batch, { labels: batch.labels }, RATE)).loss);
  }
  return losses;
}

async function bytesOf(trainer: Trainer<Images>): Promise<Map<string, Uint8Array>> {
  return new Map([...(await trainer.weights())].map(([name, { data }]) => [name, data]));
}

test('learns a tiny set by heart: the loss falls until every photo is right', async () => {
  const trainer = make();
  const batch = stripes(12, 7);
  const targets = { labels: batch.labels };
  const first = await trainer.step(batch, targets, RATE);
  let last = first;
  for (let i = 0; i < 30; i++) last = await trainer.step(batch, targets, FAST);
  expect(last.parts.accuracy).toBe(1);
  expect(last.loss).toBeLessThan(first.loss / 10);
  trainer.dispose();
});

describe('a checkpoint', () => {
  test('goes on bit for bit as if the run had not stopped', async () => {
    const whole = make();
    const expected = await steps(whole, 0, 6);
    const half = make();
    await steps(half, 0, 3);
    const saved = await half.save({ ...START, step: 3 }, 'plan');
    half.dispose();
    // Another seed: all that counts must come from the checkpoint.
    const resumed = make({ seed: 99 });
    expect(resumed.restore(saved, 'plan').step).toBe(3);
    expect(await steps(resumed, 3, 6)).toEqual(expected.slice(3));
    expect(await bytesOf(resumed)).toEqual(await bytesOf(whole));
    whole.dispose();
    resumed.dispose();
  });

  test('of other settings, or another network, is refused by name', async () => {
    const trainer = make();
    const saved = await trainer.save(START, 'plan');
    expect(() => trainer.restore(saved, 'another')).toThrow(/other settings/);
    const wider = make({
      model: studentModel({ ...STUDENT, dim: 9 }),
      objective: new Objective(null, null),
    });
    expect(() => wider.restore(saved, 'plan')).toThrow(/embedding\.fc\.weight/);
    expect(() => trainer.restore(saved.subarray(0, 100), 'plan')).toThrow(/safetensors/);
    trainer.dispose();
    wider.dispose();
  });

  test('holds every learned number, named', async () => {
    const trainer = make();
    await steps(trainer, 0, 1);
    const names = [...readSafetensors(await trainer.save(START, 'plan')).keys()];
    for (const name of ['network/conv1.weight', 'network/pooling.p', 'loss/classes.weight']) {
      expect(names).toContain(name);
    }
    trainer.dispose();
  });
});

describe('memory is steady over a thousand steps, and nothing is left after the end', () => {
  // Steps of the head alone take a fraction of the time: most of the thousand are such.
  test.each([
    ['the whole network', 150, undefined],
    ['the head', 850, (path: string) => path.startsWith('embedding.')],
  ] as const)(
    'of %s',
    async (_, count, trains) => {
      const before = tf.memory();
      const trainer = make({
        model: studentModel({ ...STUDENT, pooling: { kind: 'average', p: 1 } }),
        ...(trains ? { trains } : {}),
      });
      const batch = stripes(2, 3);
      const targets = { labels: batch.labels };
      await trainer.step(batch, targets, 1e-4);
      await trainer.step(batch, targets, 1e-4);
      const warm = tf.memory();
      for (let i = 2; i < count; i++) await trainer.step(batch, targets, 1e-4);
      expect(tf.memory().numTensors).toBe(warm.numTensors);
      expect(tf.memory().numBytes).toBe(warm.numBytes);
      trainer.dispose();
      expect(tf.memory().numTensors).toBe(before.numTensors);
      expect(tf.memory().numBytes).toBe(before.numBytes);
    },
    240_000,
  );
});

test('a loss that is no number stops the run and changes nothing', async () => {
  const trainer = make();
  await steps(trainer, 0, 1);
  const before = await bytesOf(trainer);
  const batch = stripes(6, 1);
  batch.pixels[5] = Number.NaN;
  await expect(trainer.step(batch, { labels: batch.labels }, RATE)).rejects.toMatchObject({
    code: 'training-failed',
  });
  expect(await bytesOf(trainer)).toEqual(before);
  trainer.dispose();
});

test('imitates a teacher', async () => {
  const trainer = make({ objective: new Objective(null, { embedding: 1, relational: 1 }) });
  const batch = stripes(6, 11);
  const teacher = new Float32Array(6 * STUDENT.dim);
  for (let i = 0; i < 6; i++) teacher[i * STUDENT.dim + (i % CLASSES)] = 1;
  const targets = { labels: batch.labels.map(() => -1), teacher };
  const first = await trainer.step(batch, targets, RATE);
  let last = first;
  for (let i = 0; i < 40; i++) last = await trainer.step(batch, targets, FAST);
  expect(first.parts.distillation).toBeGreaterThan(0.5);
  expect(last.parts.distillation).toBeLessThan(0.2);
  trainer.dispose();
});

test('processes that exchange gradients train as one', async () => {
  // Two halves of a batch that take turns: each waits for the other's gradients.
  const waiting: { row: Float32Array; give: (mean: Float32Array) => void }[] = [];
  const exchange = (row: Float32Array) =>
    new Promise<Float32Array>((give) => {
      waiting.push({ row, give });
      if (waiting.length < 2) return;
      const [a, b] = waiting.splice(0) as [(typeof waiting)[0], (typeof waiting)[0]];
      const mean = a.row.map((value, i) => (value + b.row[i]!) / 2);
      a.give(mean);
      b.give(mean.slice());
    });
  const pair = [make({ exchange }), make({ exchange })] as const;
  for (let i = 0; i < 2; i++) {
    const halves = [stripes(3, 2 * i), stripes(3, 2 * i + 1)] as const;
    await Promise.all(
      pair.map((trainer, k) => trainer.step(halves[k]!, { labels: halves[k]!.labels }, RATE)),
    );
  }
  const [left, right] = await Promise.all(pair.map(bytesOf));
  for (const [name, bytes] of left!) {
    // Running statistics are each process's own.
    if (!name.includes('running_')) expect(right!.get(name), name).toEqual(bytes);
  }
  // The loss's moving average too, or a resumed pair would differ from one that had gone on.
  const kept = pair.map(
    async (trainer) => readCheckpoint(await trainer.save(START, 'plan'), 'plan').progress.loss,
  );
  const [of, another] = await Promise.all(kept);
  expect(of!.t).not.toBe(0);
  expect(another).toEqual(of);
  for (const trainer of pair) trainer.dispose();
});

test('a checkpoint that is damaged is refused, whatever its progress says', () => {
  const checkpoint = (progress: string | undefined) => {
    const metadata = new Map([
      ['cairn-checkpoint', '1'],
      ['plan', 'plan'],
    ]);
    if (progress !== undefined) metadata.set('progress', progress);
    return writeSafetensors(new Map(), metadata);
  };
  const whole = { step: 1, loss: { t: 0.5 }, best: null, stale: 0, seconds: 1.5, images: 8 };
  expect(readCheckpoint(checkpoint(JSON.stringify(whole)), 'plan').progress).toEqual(whole);
  const best = { ...whole, best: { step: 1, gap: 0.5 } };
  expect(readCheckpoint(checkpoint(JSON.stringify(best)), 'plan').progress).toEqual(best);
  const damaged = [
    ...Object.keys(whole).map((key) => ({ ...whole, [key]: undefined })),
    { ...whole, step: -1 },
    { ...whole, step: '1' },
    { ...whole, loss: null },
    { ...whole, loss: { t: '0' } },
    { ...whole, best: {} },
    { ...whole, seconds: null },
  ].map((progress) => JSON.stringify(progress));
  for (const progress of [undefined, '', '{', 'null', '1', '[]', ...damaged]) {
    expect(() => readCheckpoint(checkpoint(progress), 'plan')).toThrowError(
      expect.objectContaining({ code: 'model-invalid' }),
    );
  }
});

test('takes batches with and without labels in turn', async () => {
  const loss = classLoss('curricularface', { classes: CLASSES, dim: STUDENT.dim });
  const trainer = make({
    objective: new Objective({ loss, weight: 1 }, { embedding: 1, relational: 0 }),
  });
  const batch = stripes(6, 5);
  const teacher = new Float32Array(6 * STUDENT.dim).fill(1 / Math.sqrt(STUDENT.dim));
  const named = await trainer.step(batch, { labels: batch.labels, teacher }, RATE);
  const unnamed = await trainer.step(batch, { labels: batch.labels.map(() => -1), teacher }, RATE);
  expect(Object.keys(named.parts)).toContain('curricularface');
  expect(Object.keys(unnamed.parts)).toEqual(['distillation']);
  trainer.dispose();
});

test('measures a batch without learning from it', async () => {
  const trainer = make();
  await steps(trainer, 0, 2);
  const before = await bytesOf(trainer);
  const { numTensors } = tf.memory();
  const batch = stripes(6, 9);
  const { loss, parts } = await trainer.measure(batch, { labels: batch.labels });
  expect(loss).toBe(parts.curricularface);
  expect(loss).toBeGreaterThan(0);
  expect(tf.memory().numTensors).toBe(numTensors);
  expect(await bytesOf(trainer)).toEqual(before);
  trainer.dispose();
});

test('trains only what it is told to', async () => {
  const trainer = make({ trains: (path) => path.startsWith('embedding.') });
  const before = await bytesOf(trainer);
  await steps(trainer, 0, 2);
  const after = await bytesOf(trainer);
  expect(after.get('conv1.weight')).toEqual(before.get('conv1.weight'));
  expect(after.get('embedding.fc.weight')).not.toEqual(before.get('embedding.fc.weight'));
  trainer.dispose();
});
