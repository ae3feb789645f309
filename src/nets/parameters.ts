// A network's parameters before there are weights: their names and shapes, their number, a random start.

import { seededRandom } from '../evaluation/random.ts';
import { fromFloat32, type Weights, type WeightTensor } from '../weights/safetensors.ts';
import { network } from './networks.ts';

/**
 * Shapes (PyTorch's order) by the names of the published checkpoints, without the classifier, in the order
 * in which the network applies them. Batch norms' `num_batches_tracked` is none. Throws `model-invalid`.
 */
export function parameterShapes(arch: string, spec: string): Map<string, number[]> {
  const shapes = [...network(arch, spec).parameters].map(
    ([name, { shape }]) => [name, [...shape]] as [string, number[]],
  );
  return new Map(shapes);
}

/** How many numbers training may change: running statistics of batch norms do not count. */
export function countParameters(arch: string, spec: string): number {
  let count = 0;
  for (const { shape, statistic } of network(arch, spec).parameters.values()) {
    if (!statistic) count += sizeOf(shape);
  }
  return count;
}

/** Random weights to train from, float32; the same for the same seed everywhere. Throws `model-invalid`. */
export function initialise(arch: string, spec: string, seed: number): Weights {
  const weights = new Map<string, WeightTensor>();
  const normal = normalNumbers(seed);
  for (const [name, { shape, start }] of network(arch, spec).parameters) {
    const values = new Float32Array(sizeOf(shape));
    if ('value' in start) values.fill(start.value);
    else for (let i = 0; i < values.length; i++) values[i] = normal() * start.std;
    weights.set(name, fromFloat32(values, shape));
  }
  return weights;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** Standard normal numbers: Box and Muller's transform of seeded uniform ones. */
function normalNumbers(seed: number): () => number {
  const uniform = seededRandom(seed);
  let spare: number | null = null;
  return () => {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    // 1 − u lies in (0, 1]: its logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
