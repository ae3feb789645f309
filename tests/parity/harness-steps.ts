// A process that trains a tiny network for a few steps on software WebGPU, and again on WASM.
// Arguments: the network, its size, the picture's side.
import * as tf from '@tensorflow/tfjs-core';
import type { Harness } from '../../src/cli/harness/index.ts';
import { network } from '../../src/nets/networks.ts';
import { mapFromNchw } from '../../src/tensor/tf-ops.ts';
import { AdamW } from '../../src/training/optimiser/adamw.ts';
import { Variables } from '../../src/training/trainer/model.ts';
import { TrainingOps } from '../../src/training/trainer/training-ops.ts';
import { largestDifference, numbers, print, start } from './harness-findings.ts';

const [arch = 'se-resnet', spec = 'tiny', side = '32'] = process.argv.slice(2);
const SHAPE = [2, 3, Number(side), Number(side)];
const STEPS = 3;
const RATE = 1e-3;
const net = network(arch, spec);

interface Trained {
  readonly before: ReadonlyMap<string, Float32Array>;
  readonly after: ReadonlyMap<string, Float32Array>;
  readonly losses: readonly number[];
  readonly seconds: number;
}

/** The mean square of what separates the pooled map from a fixed target: every parameter moves it. */
function loss(ops: TrainingOps, variables: Variables): tf.Scalar {
  const image = mapFromNchw(numbers(1, SHAPE), SHAPE);
  const { head } = net.maps(ops, variables.params, image);
  const pooled = ops.spatialMean(head);
  const target = tf.tensor(numbers(2, pooled.shape), pooled.shape);
  return tf.mean(tf.square(tf.sub(pooled, target)));
}

async function valuesOf(variables: Variables): Promise<Map<string, Float32Array>> {
  const all = [...variables.trainable].map(async ([path, variable]) => {
    return [path, Float32Array.from(await variable.data())] as const;
  });
  return new Map(await Promise.all(all));
}

async function train(): Promise<Trained> {
  const variables = Variables.start(net.parameters, 1);
  const before = await valuesOf(variables);
  const optimiser = new AdamW();
  // By a batch's statistics, maps of one cell from two photos would normalise to ±1: their gradients are
  // rounding errors, which AdamW blows up to whole steps. Operations by them are compared on their own.
  const ops = new TrainingOps({ frozenNorms: true });
  const losses: number[] = [];
  const from = performance.now();
  for (let step = 0; step < STEPS; step++) {
    const { value, grads } = tf.variableGrads(
      () => loss(ops, variables),
      [...variables.trainable.values()],
    );
    const byPath = [...variables.trainable].map(([path, { name }]) => [path, grads[name]!]);
    optimiser.apply(variables.trainable, Object.fromEntries(byPath), RATE);
    ops.updateRunning();
    losses.push((await value.data())[0]!);
    tf.dispose([value, grads]);
  }
  const last = tf.tidy(() => loss(ops, variables));
  ops.forget();
  losses.push((await last.data())[0]!);
  const seconds = (performance.now() - from) / 1000;
  const after = await valuesOf(variables);
  last.dispose();
  optimiser.dispose();
  variables.dispose();
  return { before, after, losses, seconds };
}

async function trainOn(backend: 'webgpu' | 'wasm'): Promise<Trained> {
  const harness: Harness = await start(backend);
  try {
    return await harness.guard(train());
  } finally {
    await harness.dispose();
  }
}

const gpu = await trainOn('webgpu');
const wasm = await trainOn('wasm');

let [apart, where, moved, parameters] = [0, '', 0, 0];
for (const [path, values] of gpu.after) {
  const difference = largestDifference(values, wasm.after.get(path)!);
  if (difference > apart) [apart, where] = [difference, path];
  const started = gpu.before.get(path)!;
  moved += values.reduce((sum, value, i) => sum + Math.abs(value - started[i]!), 0);
  parameters += values.length;
}
print({
  kind: 'steps',
  parameters,
  losses: gpu.losses,
  apart,
  where,
  moved: moved / parameters,
  seconds: { webgpu: gpu.seconds, wasm: wasm.seconds },
});
