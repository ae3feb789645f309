// What processes that train one network tell each other in every step.
import * as tf from '@tensorflow/tfjs-core';
import type { LossState } from '../losses/loss.ts';

export type Gradients = Record<string, tf.Tensor>;

/** Averaged over processes; the given gradients are disposed. */
export async function exchanged(
  gradients: Gradients,
  state: LossState,
  exchange: (row: Float32Array) => Promise<Float32Array>,
): Promise<{ gradients: Gradients; state: LossState }> {
  const paths = Object.keys(gradients);
  const names = Object.keys(state);
  const row = tf.tidy(() =>
    tf.concat([
      ...paths.map((path) => tf.reshape(gradients[path]!, [-1])),
      tf.tensor1d(names.map((name) => state[name]!)),
    ]),
  );
  const mean = await exchange(Float32Array.from(await row.data()));
  row.dispose();
  const averaged: Gradients = {};
  let at = 0;
  for (const path of paths) {
    const { shape, size } = gradients[path]!;
    averaged[path] = tf.tensor(mean.subarray(at, at + size), shape);
    at += size;
  }
  tf.dispose(gradients);
  const kept = names.map((name, i) => [name, mean[at + i]!] as const);
  return { gradients: averaged, state: Object.fromEntries(kept) };
}
