// A network's parameters before there are weights: their names and shapes, their number, a random start.

import { CairnError } from '../errors.ts';
import { seededRandom } from '../random.ts';
import { fromFloat32, type Weights, type WeightTensor } from '../weights/safetensors.ts';
import { network } from './networks.ts';
import type { Parameter } from './parameter-list.ts';

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
  return startWeights(network(arch, spec).parameters, seed);
}

/**
 * Where training starts, float32: `given` where it has the name, else random numbers, the same for the
 * same seed everywhere. Throws `model-invalid` for a given one of another shape.
 */
export function startWeights(
  parameters: ReadonlyMap<string, Parameter>,
  seed: number,
  given: Weights = new Map(),
): Weights {
  const weights = new Map<string, WeightTensor>();
  const normal = normalNumbers(seed);
  for (const [name, { shape, start }] of parameters) {
    const values = new Float32Array(sizeOf(shape));
    if ('value' in start) values.fill(start.value);
    else for (let i = 0; i < values.length; i++) values[i] = normal() * start.std;
    const known = given.get(name);
    weights.set(name, known ? fitting(name, known, shape) : fromFloat32(values, shape));
  }
  return weights;
}

function fitting(name: string, known: WeightTensor, shape: readonly number[]): WeightTensor {
  if (known.shape.join() === shape.join()) return known;
  throw new CairnError(
    'model-invalid',
    `The parameter "${name}" has the shape ${known.shape.join(' × ')} where ${shape.join(' × ')} is wanted.`,
    'Give weights of the same network, size and length of embedding.',
  );
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
