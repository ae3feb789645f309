// LoFTR on the first stages of an EfficientNet-Lite: what they lend, where their cells stand, and that both
// interpreters agree.
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { chooseBackend } from '../../src/inference/backend.ts';
import { openLoftr } from '../../src/inference/loftr-network.ts';
import { nodeRuntime } from '../../src/inference/node-runtime.ts';
import type { MatchingPicture } from '../../src/matching/picture.ts';
import {
  efficientNetLiteParameters,
  efficientNetLiteStages,
} from '../../src/nets/efficientnet-lite.ts';
import { loftrCost } from '../../src/nets/loftr/cost.ts';
import { isLent, lentWeights, loftrFeatures, loftrParameters } from '../../src/nets/loftr/loftr.ts';
import { LOFTR } from '../../src/nets/loftr/specs.ts';
import { matcherParameters } from '../../src/nets/matchers.ts';
import { startWeights } from '../../src/nets/parameters.ts';
import { EFFICIENTNET_LITE } from '../../src/nets/specs.ts';
import { seededRandom } from '../../src/random.ts';
import { loadTfParams, mapFromNchw, TfOps } from '../../src/tensor/tf-ops.ts';
import { fromFloat32, type Weights } from '../../src/weights/safetensors.ts';
import { expectClose, useTrainingKernels } from './wasm-backend.ts';

const SPEC = LOFTR['tiny-lite']!;
const LENDER = EFFICIENTNET_LITE.tiny!;

/** As a trained network's: statistics of norms that do something. */
function lender(): Weights {
  const parameters = efficientNetLiteParameters(LENDER);
  const random = seededRandom(7);
  return new Map(
    [...startWeights(parameters, 3)].map(([name, tensor]) => {
      if (!parameters.get(name)!.statistic) return [name, tensor] as const;
      const size = tensor.shape.reduce((product, side) => product * side, 1);
      const values = Float32Array.from({ length: size }, () => 0.5 + random());
      return [name, fromFloat32(values, tensor.shape)] as const;
    }),
  );
}

function noise(seed: number, length: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, random);
}

beforeAll(async () => {
  await useTrainingKernels();
  await tf.setBackend('wasm');
});

test('lite0 is for the page: under 4 MB in half precision, its features as cheap as compact ones', () => {
  let count = 0;
  for (const { shape } of matcherParameters('loftr', 'lite0').values()) {
    count += shape.reduce((product, side) => product * side, 1);
  }
  expect(2 * count).toBeLessThan(4e6);
  const size = { width: 320, height: 256 };
  const [own, compact] = ['lite0', 'compact'].map((spec) => loftrCost(spec, size, 1).features);
  expect(own).toBeLessThan(1.2 * compact!);
});

describe('what is lent', () => {
  test('has the names and shapes of the stages, and nothing else', () => {
    const lent = lentWeights(lender(), SPEC);
    const wanted = [...loftrParameters(SPEC)].filter(([name]) => isLent(name));
    expect([...lent.keys()].sort()).toEqual(wanted.map(([name]) => name).sort());
    for (const [name, { shape }] of wanted) expect(lent.get(name)!.shape, name).toEqual(shape);
  });

  test('sees a grey picture as the whole network sees three equal colours', () => {
    const weights = lender();
    const lent = lentWeights(weights, SPEC);
    const grey = mapFromNchw(noise(1, 64 * 96), [1, 1, 64, 96]);
    const [whole, own] = [weights, lent].map((each) => loadTfParams(each, 'the test'));
    const ops = new TfOps();
    const normal = tf.div(tf.sub(tf.mul(grey, 255), 127), 128);
    const colour = tf.concat([normal, normal, normal], 3);
    const expected = efficientNetLiteStages<tf.Tensor>(ops, whole!, colour, LENDER);
    const scope = own!.scope('backbone.stages');
    const spec = { ...LENDER, stages: LENDER.stages.slice(0, 4) };
    const found = efficientNetLiteStages<tf.Tensor>(ops, scope, normal, spec);
    expect(found).toHaveLength(4);
    found.forEach((map, i) => {
      expectClose(map.dataSync<'float32'>(), expected[i]!.dataSync<'float32'>());
    });
    whole!.dispose();
    own!.dispose();
  });
});

test('padding at the beginning puts cell (x, y) at pixel (8x, 8y): it moves the picture, nothing else', () => {
  const params = loadTfParams(lender(), 'the test');
  const side = 192;
  const image = tf.tensor4d(noise(2, side * side * 3), [1, side, side, 3]);
  const spec = { ...LENDER, stages: LENDER.stages.slice(0, 3) };
  const ops = new TfOps();
  // Cell i of the map as trained stands at pixel 8i + 7.
  const by: [number, number] = [7, 0];
  const padded = tf.pad(image, [[0, 0], by, by, [0, 0]]);
  const moved = tf.slice(padded, [0, 0, 0, 0], [1, side, side, 3]);
  const begin = efficientNetLiteStages<tf.Tensor>(ops, params, image, spec, 'begin').at(-1)!;
  const end = efficientNetLiteStages<tf.Tensor>(ops, params, moved, spec).at(-1)!;
  // Where edges do not reach.
  const middle = (map: tf.Tensor) => tf.slice(map, [0, 9, 9, 0], [1, 6, 6, -1]);
  expectClose(middle(begin).dataSync<'float32'>(), middle(end).dataSync<'float32'>());
  params.dispose();
});

test('features are those of tfjs, for sides that are multiples of 16', async () => {
  const weights = startWeights(loftrParameters(SPEC), 5, lentWeights(lender(), SPEC));
  const runtime = nodeRuntime();
  const choice = chooseBackend('wasm', await runtime.facts());
  const network = await openLoftr(runtime, choice, weights, 'tiny-lite');
  expect(network).toMatchObject({ cell: 8, multiple: 16 });
  const [width, height] = [48, 80];
  const pixels = noise(4, width * height);
  const cells = { width: 6, height: 10, seenWidth: 6, seenHeight: 10 };
  const size = { width, height };
  const picture: MatchingPicture = { ...size, pixels, cells, shrunk: size, original: size };
  const found = await network.features(picture);
  await network.release();
  // What is kept of many pictures must not hold their pixels.
  expect(found.picture).toEqual({ ...size, cells, shrunk: size, original: size });
  expect(found.bytes).toBe(found.coarse.byteLength + found.fine.byteLength);
  const params = loadTfParams(weights, 'the test');
  const image = mapFromNchw(pixels, [1, 1, height, width]);
  const expected = loftrFeatures<tf.Tensor>(new TfOps(), params, image, SPEC);
  expectClose(found.coarse, expected.coarse.dataSync<'float32'>(), 1e-3);
  expectClose(found.fine, expected.fine.dataSync<'float32'>(), 1e-3);
  params.dispose();
});
