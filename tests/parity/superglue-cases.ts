// Parity cases of SuperPoint and SuperGlue against transformers' numbers (scripts/golden-superglue.py). No
// Node imports here.
import type { SuperGlueSpec } from '../../src/nets/superglue/specs.ts';
import { type KeypointSide, superGlue } from '../../src/nets/superglue/superglue.ts';
import { superPoint } from '../../src/nets/superpoint/superpoint.ts';
import type { Ops, Params } from '../../src/tensor/ops.ts';
import type { Weights } from '../../src/weights/safetensors.ts';
import type { ParityCase, Values } from './cases.ts';
import { valuesOf } from './operations.ts';

export function goldenValues(golden: Weights, name: string): Values {
  const found = valuesOf(golden, `golden.${name}`);
  if (!found) throw new Error(`The golden file has no golden.${name}.`);
  return found;
}

export function weightsOf(golden: Weights): Weights {
  return new Map([...golden].filter(([name]) => !name.startsWith('golden.')));
}

/** Both pictures' maps. */
export function superPointCase(golden: Weights): ParityCase {
  const read = (name: string) => goldenValues(golden, name);
  return {
    name: 'SuperPoint',
    weights: weightsOf(golden),
    inputs: new Map([0, 1].map((i) => [`image${i}`, read(`image${i}`)])),
    expected: new Map(
      ['corners0', 'corners1', 'dense0', 'dense1'].map((name) => [name, read(name)]),
    ),
    build<T>(ops: Ops<T>, p: Params<T>, inputs: ReadonlyMap<string, T>) {
      const [a, b] = [0, 1].map((i) => superPoint(ops, p, inputs.get(`image${i}`)!));
      return {
        corners0: a!.corners,
        dense0: a!.descriptors,
        corners1: b!.corners,
        dense1: b!.descriptors,
      };
    },
  };
}

/** Keypoints of picture i as SuperGlue sees them: coordinates from −1 / 1.4 to 1 / 1.4 along the longer side. */
function placesOf(golden: Weights, i: number): Values {
  const { shape, values: points } = goldenValues(golden, `points${i}`);
  const { values: scores } = goldenValues(golden, `pointScores${i}`);
  const [, , height, width] = goldenValues(golden, `image${i}`).shape as [0, 0, number, number];
  const longer = 0.7 * Math.max(width, height);
  const values = Array.from(scores, (score, at) => [
    (points[2 * at]! - width / 2) / longer,
    (points[2 * at + 1]! - height / 2) / longer,
    score,
  ]);
  return { shape: [1, shape[0]!, 3], values: Float32Array.from(values.flat()) };
}

/** Rows of something else after the keypoints: what padding holds must not matter. */
function lengthened({ shape, values }: Values, rows: number): Values {
  const channels = shape[shape.length - 1]!;
  const all = new Float32Array(rows * channels).fill(3);
  all.set(values);
  return { shape: [1, rows, channels], values: all };
}

/** From keypoints to scores; with `padding` so many rows are added to both pictures, and masked. */
export function superGlueCase(golden: Weights, spec: SuperGlueSpec, padding = 0): ParityCase {
  const { shape, values } = goldenValues(golden, 'scores');
  const [length, across] = shape.slice(1) as [number, number];
  const inputs = new Map<string, Values>();
  for (const i of [0, 1]) {
    const descriptors = goldenValues(golden, `descriptors${i}`);
    const count = descriptors.shape[0]!;
    const rows = count + padding;
    inputs.set(`descriptors${i}`, lengthened(descriptors, rows));
    inputs.set(`places${i}`, lengthened(placesOf(golden, i), rows));
    if (padding > 0) {
      const mask = new Float32Array(rows).fill(1, 0, count);
      inputs.set(`mask${i}`, { shape: [1, rows, 1], values: mask });
    }
  }
  const expected = new Float32Array((length + padding) * (across + padding));
  for (let i = 0; i < length; i++) {
    expected.set(values.subarray(i * across, (i + 1) * across), i * (across + padding));
  }
  return {
    name: padding > 0 ? 'SuperGlue, padded' : 'SuperGlue',
    weights: weightsOf(golden),
    inputs,
    expected: new Map([
      ['scores', { shape: [1, length + padding, across + padding], values: expected }],
    ]),
    freeAxes: [0, 1],
    build<T>(ops: Ops<T>, p: Params<T>, given: ReadonlyMap<string, T>) {
      const [a, b] = [0, 1].map((i) => ({
        descriptors: given.get(`descriptors${i}`)!,
        places: given.get(`places${i}`)!,
        mask: given.get(`mask${i}`) ?? null,
      })) as [KeypointSide<T>, KeypointSide<T>];
      const scores = superGlue(ops, p, [a, b], spec);
      if (a.mask === null || b.mask === null) return { scores };
      // Scores of padding are nobody's business.
      return { scores: ops.mul(scores, ops.similarity(a.mask, b.mask)) };
    },
  };
}
