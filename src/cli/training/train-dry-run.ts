// What a run would cost on this machine's backends, found out without running it.
import * as tf from '@tensorflow/tfjs-core';
import { costOf, type RunPlan } from '../../training/trainer/run-plan.ts';
import { type HarnessBackend, startHarness } from '../harness/index.ts';
import { note } from '../output.ts';
import type { TrainConfig } from './train-config.ts';

/** A convolution in the middle of what networks are made of. */
const PROBE = { batch: 8, side: 28, channels: 96, kernel: 3, runs: 3 } as const;

/**
 * How fast a run is beside the probe: norms, activations and the optimiser take their part, and photos in their
 * own shapes have fewer pixels than squares. Measured with the compact networks at 128 px on WASM: 0.49
 * (NFNet) to 0.63 (Swin).
 */
const SHARE_OF_PROBE = 0.55;

/** Steps, memory, and hours by each backend that starts here. */
export async function dryRun(config: TrainConfig, plan: RunPlan, classes: number) {
  const stages = costOf(plan, config.student);
  const flops = stages.reduce((sum, stage) => sum + stage.flops, 0);
  const backends = await hoursByBackend(flops, config.processes);
  return {
    arch: config.student.arch,
    spec: config.student.spec,
    classes,
    batch: plan.batch,
    steps: plan.steps,
    stages: stages.map((stage) => ({ ...stage, memory: Math.round(stage.memory) })),
    flops,
    memory: Math.round(Math.max(...stages.map(({ memory }) => memory))),
    backends,
  };
}

/** Of a run of so many floating-point operations, on each backend that starts here. */
export async function hoursByBackend(flops: number, processes = 1) {
  const backends: Record<string, { gflops: number; hours: number; why: string }> = {};
  for (const backend of ['webgpu', 'wasm', 'cpu'] as const) {
    const probed = await probe(backend);
    if (!probed) continue;
    const hours = flops / (probed.gflops * 1e9 * SHARE_OF_PROBE) / 3600 / processes;
    backends[backend] = { gflops: round(probed.gflops), hours: round(hours), why: probed.why };
  }
  return backends;
}

async function probe(backend: HarnessBackend): Promise<{ gflops: number; why: string } | null> {
  try {
    const harness = await startHarness({ backend });
    const gflops = await convolve();
    await harness.dispose();
    return { gflops, why: harness.why };
  } catch (thrown) {
    note(`${backend}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return null;
  }
}

/** GFLOP/s of the probe's fastest run. */
async function convolve(): Promise<number> {
  const { batch, side, channels, kernel, runs } = PROBE;
  const x = tf.randomUniform([batch, side, side, channels]) as tf.Tensor4D;
  const w = tf.randomUniform([kernel, kernel, channels, channels]) as tf.Tensor4D;
  const flops = 2 * batch * side * side * channels * channels * kernel * kernel;
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i <= runs; i++) {
    const began = performance.now();
    const y = tf.conv2d(x, w, 1, 'same');
    await y.data();
    // The first run compiles.
    if (i > 0) best = Math.min(best, performance.now() - began);
    y.dispose();
  }
  tf.dispose([x, w]);
  return flops / best / 1e6;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
