// A process that runs every operation and its gradients on software WebGPU and on tfjs's plain backend.
import * as tf from '@tensorflow/tfjs-core';
import { network } from '../../src/nets/networks.ts';
import { initialise } from '../../src/nets/parameters.ts';
import { loadTfParams, mapFromNchw, TfOps } from '../../src/tensor/tf-ops.ts';
import { OPERATIONS, type OperationCase } from './harness-cases.ts';
import { largestDifference, numbers, print, start } from './harness-findings.ts';

const NETWORKS = [
  ['se-resnet', 'tiny'],
  ['nfnet', 'tiny'],
  ['nfnet', 'tiny_eca'],
  ['swin', 'tiny'],
] as const;
const SIDE = 32;

/** The result, and the gradient for each argument of a random weighting of it. */
function run(of: OperationCase): tf.Tensor[] {
  return tf.tidy(() => {
    const x = of.shapes.map((shape, i) =>
      tf.tensor(numbers(i + 1, shape, of.offsets?.[i]), [...shape]),
    );
    const y = of.run(...x);
    const slope = tf.tensor(numbers(99, y.shape), y.shape);
    return [y, ...tf.grads((...args) => of.run(...args))(x, slope)];
  });
}

async function valuesOf(of: OperationCase): Promise<Float32Array[]> {
  const found = run(of);
  const values = await Promise.all(found.map((each) => each.data<'float32'>()));
  tf.dispose(found);
  return values;
}

const gpu = await start('webgpu');
// tfjs would compute small tensors on the CPU.
tf.env().set('WEBGPU_CPU_FORWARD', false);
const onGpu: Float32Array[][] = [];
for (const of of OPERATIONS) onGpu.push(await gpu.guard(valuesOf(of)));
await gpu.dispose();

await start('cpu');
const compared = new Set<string>();
for (const [i, of] of OPERATIONS.entries()) {
  const { kernelNames } = await tf.profile(() => run(of));
  for (const kernel of kernelNames) compared.add(kernel);
  const expected = await valuesOf(of);
  const apart = Math.max(...expected.map((each, j) => largestDifference(onGpu[i]![j]!, each)));
  const largest = Math.max(
    ...expected.map((each) => each.reduce((a, b) => Math.max(a, Math.abs(b)), 0)),
  );
  print({ kind: 'operation', name: of.name, apart, largest });
}

const needed = new Set<string>();
for (const [arch, spec] of NETWORKS) {
  const params = loadTfParams(initialise(arch, spec, 1), arch);
  const names = [...params.tensors.keys()].filter((name) => !name.includes('running_'));
  const { kernelNames } = await tf.profile(() =>
    tf.tidy(() => {
      const shape = [1, 3, SIDE, SIDE];
      const image = mapFromNchw(numbers(1, shape), shape);
      const loss = (...values: tf.Tensor[]) => {
        const changed = new Map(names.map((name, i) => [name, values[i]!]));
        const bag = { ...params, get: (name: string) => changed.get(name) ?? params.get(name) };
        return network(arch, spec).maps(new TfOps(), bag, image).head;
      };
      return tf.grads(loss)(names.map((name) => params.tensors.get(name)!));
    }),
  );
  for (const kernel of kernelNames) needed.add(kernel);
}
print({ kind: 'kernels', compared: [...compared].sort(), needed: [...needed].sort() });
