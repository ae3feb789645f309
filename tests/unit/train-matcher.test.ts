// The matcher's model on the project's trainer: it learns two pairs by heart, as recognition would match them.
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startHarness } from '../../src/cli/harness/index.ts';
import { validateMatcher } from '../../src/cli/training/validate-matcher.ts';
import { drawScene } from '../../src/imaging/drawn.ts';
import { jpegRoundTrip } from '../../src/training/augment/jpeg-node.ts';
import { makePairs, type PairBatch } from '../../src/training/matcher/make-pairs.ts';
import { MATCHER_AIM, matcherModel, type PairOutput } from '../../src/training/matcher/model.ts';
import { START } from '../../src/training/trainer/loop.ts';
import { BaseTrainer } from '../../src/training/trainer/trainer.ts';

beforeAll(async () => {
  await startHarness({ backend: 'wasm' });
});

const SIDE = 96;
const RATE = 3e-3;
const LIMIT_MS = 240_000;

function make(seed = 1): BaseTrainer<PairBatch, PairOutput, PairBatch> {
  return new BaseTrainer({
    model: matcherModel('tiny'),
    objective: MATCHER_AIM,
    seed,
    weightDecay: 0.01,
    clipNorm: 5,
    averageDecay: 0.9,
  });
}

function pairsOf(seeds: readonly number[], side: number): Promise<PairBatch> {
  const entries = seeds.map((seed) => ({ kind: 'one' as const, photo: drawScene(seed, 0) }));
  return makePairs(entries, { width: side, height: side, seed: 3 }, jpegRoundTrip);
}

test(
  'learns two photos by heart: its matches are right to three pixels, and so are the homographies',
  async () => {
    // Recognition counts cells from 0, and so must what is learned by heart.
    const batch = { ...(await pairsOf([1, 2], SIDE)), origins: new Int32Array(8) };
    const trainer = make();
    const first = await trainer.step(batch, batch, RATE);
    let last = first;
    for (let i = 0; i < 100; i++) last = await trainer.step(batch, batch, RATE);
    expect(last.loss).toBeLessThan(first.loss / 20);
    expect(last.parts.confidence).toBeGreaterThan(0.8);
    expect(last.parts.pixels).toBeLessThan(1);
    const scores = await validateMatcher(await trainer.weights(), 'tiny', [batch]);
    expect(scores.matches).toBeGreaterThan(15);
    expect(scores.within3).toBeGreaterThan(0.8);
    expect(scores.auc10).toBeGreaterThan(0.3);
    trainer.dispose();
  },
  LIMIT_MS,
);

describe('a run', { timeout: LIMIT_MS }, () => {
  test('goes on bit for bit from a checkpoint, and leaves nothing behind', async () => {
    const batch = await pairsOf([5], 48);
    const steps = async (trainer: ReturnType<typeof make>, count: number) => {
      const losses: number[] = [];
      for (let i = 0; i < count; i++) losses.push((await trainer.step(batch, batch, RATE)).loss);
      return losses;
    };
    const before = tf.memory().numTensors;
    const whole = make();
    const expected = await steps(whole, 4);
    const half = make();
    await steps(half, 2);
    const saved = await half.save({ ...START, step: 2 }, 'plan');
    const resumed = make(9);
    expect(resumed.restore(saved, 'plan').step).toBe(2);
    expect(await steps(resumed, 2)).toEqual(expected.slice(2));
    for (const trainer of [whole, half, resumed]) trainer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
