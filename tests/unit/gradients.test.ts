// Gradients of whole networks through TfOps against central differences, on tfjs's plain backend and on
// WASM with our training kernels.
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { network } from '../../src/nets/networks.ts';
import { seededRandom } from '../../src/random.ts';
import { scopedParams } from '../../src/tensor/params.ts';
import { loadTfParams, mapFromNchw, TfOps, type TfParams } from '../../src/tensor/tf-ops.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { useTrainingKernels } from './wasm-backend.ts';

/** Small, and still with every kind of layer: Swin pads and shifts its windows here. */
const SIDE = 32;
/** A step along a unit direction: above float32's noise; few of ReLU's kinks lie within the smaller one. */
const STEP = { smooth: 4e-3, kinked: 3e-4 } as const;
const RELATIVE = 0.01;

const CASES = [
  {
    arch: 'se-resnet',
    spec: 'tiny',
    file: 'seresnet',
    step: STEP.kinked,
    names: [
      'conv1.weight',
      'bn1.bias',
      'layer1.0.se.fc1.weight',
      'layer2.0.downsample.0.weight',
      'layer3.1.conv2.weight',
      'layer4.0.se.fc2.bias',
    ],
  },
  {
    arch: 'nfnet',
    spec: 'tiny',
    file: 'nfnet',
    step: STEP.smooth,
    names: [
      'stem.conv1.weight',
      'stages.0.0.conv2.weight',
      'stages.1.0.downsample.conv.gain',
      'stages.1.1.skipinit_gain',
      'stages.2.0.attn_last.fc1.weight',
      'final_conv.bias',
    ],
  },
  {
    arch: 'nfnet',
    spec: 'tiny_eca',
    file: 'nfnet-eca',
    step: STEP.smooth,
    names: ['stem.conv4.gain', 'stages.1.0.conv2b.weight', 'stages.2.1.attn_last.conv.weight'],
  },
  {
    arch: 'swin',
    spec: 'tiny',
    file: 'swin',
    step: STEP.smooth,
    names: [
      'patch_embed.proj.weight',
      'layers.0.blocks.1.attn.qkv.weight',
      'layers.0.blocks.1.attn.relative_position_bias_table',
      'layers.1.downsample.reduction.weight',
      'layers.2.blocks.0.norm2.weight',
      // The map is smaller than a window: this table is resized.
      'layers.2.blocks.1.attn.relative_position_bias_table',
      'layers.3.blocks.0.mlp.fc1.bias',
      'norm.weight',
    ],
  },
] as const;

const read = (name: string) =>
  readSafetensors(
    new Uint8Array(
      readFileSync(new URL(`../fixtures/parity/${name}.safetensors`, import.meta.url)),
    ),
  );

function randomValues(seed: number, length: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, () => 2 * random() - 1);
}

/** A weighted sum of the network's output, which every parameter moves. */
function loss(
  { arch, spec }: { arch: string; spec: string },
  params: TfParams,
  changed: ReadonlyMap<string, tf.Tensor>,
): tf.Tensor {
  const find = (path: string) => changed.get(path) ?? params.tensors.get(path);
  const image = mapFromNchw(randomValues(1, 3 * SIDE * SIDE), [1, 3, SIDE, SIDE]);
  const { head } = network(arch, spec).maps(new TfOps(), scopedParams(find, arch), image);
  return tf.mul(head, tf.tensor(randomValues(2, head.size), head.shape));
}

/** The loss in float64: summed in float32 it would drown the differences. */
function lossAt(of: (typeof CASES)[number], params: TfParams, name: string, value: tf.Tensor) {
  return tf.tidy(() =>
    loss(of, params, new Map([[name, value]]))
      .dataSync<'float32'>()
      .reduce((sum, each) => sum + each, 0),
  );
}

const RUNS = (['cpu', 'wasm'] as const).flatMap((backend) =>
  CASES.map((of) => ({ ...of, backend })),
);

beforeAll(useTrainingKernels);

describe.each(RUNS)('$arch/$spec on $backend', ({ backend, ...of }) => {
  let params: TfParams;
  let gradients: tf.Tensor[];
  beforeAll(async () => {
    await tf.setBackend(backend);
    const weights = new Map([...read(of.file)].filter(([name]) => !name.startsWith('golden.')));
    params = loadTfParams(weights, of.arch);
    const run = (...values: tf.Tensor[]) =>
      tf.sum(loss(of, params, new Map(of.names.map((name, i) => [name, values[i]!]))));
    gradients = tf.tidy(() => tf.grads(run)(of.names.map((name) => params.tensors.get(name)!)));
  });
  afterAll(() => {
    params.dispose();
    tf.dispose(gradients);
  });

  test.each(of.names.map((name, i) => [name, i] as const))('%s', (name, i) => {
    const parameter = params.tensors.get(name)!;
    const gradient = gradients[i]!;
    expect(gradient.shape).toEqual(parameter.shape);
    const slope = Float32Array.from(gradient.dataSync());
    const length = Math.hypot(...slope);
    expect(length).toBeGreaterThan(0);
    // Along the gradient, and along what is left of it when a random half is struck out.
    const half = randomValues(3 + i, slope.length).map((value, j) => (value > 0 ? slope[j]! : 0));
    for (const direction of slope.length > 1 ? [slope, half] : [slope]) {
      const norm = Math.hypot(...direction);
      const unit = direction.map((value) => value / norm);
      const at = (step: number) =>
        tf.tidy(() =>
          lossAt(
            of,
            params,
            name,
            tf.add(
              parameter,
              tf.tensor(
                unit.map((u) => u * step),
                parameter.shape,
              ),
            ),
          ),
        );
      const measured = (at(of.step) - at(-of.step)) / (2 * of.step);
      const claimed = slope.reduce((sum, value, j) => sum + value * unit[j]!, 0);
      expect(Math.abs(measured - claimed) / claimed).toBeLessThan(RELATIVE);
    }
  });
});
