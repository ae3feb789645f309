// Weights and what goes with them: safetensors and the files made of it, the registry, decisions, golden files.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseGolden } from '../../../src/inference/golden.ts';
import { parseMatcherGolden } from '../../../src/inference/matcher-golden.ts';
import { parseDecision } from '../../../src/rerank/decision.ts';
import { decodeBank, encodeBank } from '../../../src/rerank/load-reranker.ts';
import { decodeAdapter, encodeAdapter } from '../../../src/training/adapter/adapter.ts';
import { readCheckpoint, writeCheckpoint } from '../../../src/training/trainer/checkpoint.ts';
import {
  decodeTunedNetwork,
  encodeTunedNetwork,
} from '../../../src/training/tuning/tuned-network.ts';
import { findServed, parseJson, parseRegistry } from '../../../src/weights/load-registry.ts';
import {
  ELEMENT_BYTES,
  fromFloat32,
  readSafetensors,
  readSafetensorsMetadata,
  toFloat32,
  writeSafetensors,
} from '../../../src/weights/safetensors.ts';
import type { Bytes } from '../../../src/weights/sha256.ts';
import { randomUnits } from '../../../tests/unit/retrieval-fixtures.ts';
import { concat } from '../mutate/bytes.ts';
import { mutateJsonBytes } from '../mutate/json.ts';
import { joinSafetensors, mutateSafetensors } from '../mutate/safetensors.ts';
import { type Bomb, type FuzzTarget, json, must, text } from '../target.ts';
import { isSafeName } from './made.ts';

const MODELS = join(import.meta.dirname, '../../../models');
const model = (name: string): Bytes => new Uint8Array(readFileSync(join(MODELS, name)));

/** A target over files in safetensors' form. */
function tensorsTarget(
  name: string,
  reads: readonly string[],
  whole: () => Bytes[] | Promise<Bytes[]>,
  read: (input: Bytes) => unknown,
  bombs: readonly Bomb[] = [],
  codes: FuzzTarget['codes'] = ['model-invalid'],
): FuzzTarget {
  return {
    name,
    reads,
    codes,
    async open() {
      const corpus = await whole();
      return {
        corpus,
        mutate: (input, dice) => mutateSafetensors(input, dice, corpus),
        read,
        bombs,
      };
    },
  };
}

const nested: Bomb = {
  name: 'a dtype of a million levels',
  make: () =>
    joinSafetensors(
      `{"a":{"dtype":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)},"shape":[],"data_offsets":[0,0]}}`,
      new Uint8Array(),
    ),
};

export const safetensors = tensorsTarget(
  'safetensors',
  ['src/weights/safetensors.ts', 'src/weights/half.ts'],
  () => {
    const data = (bytes: number) => Uint8Array.from({ length: bytes }, (_, i) => i);
    return [
      writeSafetensors(
        new Map([
          ['a', { dtype: 'F32', shape: [2, 3], data: data(24) }],
          ['b.weight', { dtype: 'F16', shape: [4], data: data(8) }],
          ['c', { dtype: 'BF16', shape: [], data: data(2) }],
          ['d', { dtype: 'F64', shape: [0, 5], data: data(0) }],
          ['e', { dtype: 'BOOL', shape: [3], data: data(3) }],
        ]),
        new Map([['made', 'by a test']]),
      ),
      writeSafetensors(new Map()),
    ];
  },
  (input) => {
    const tensors = readSafetensors(input);
    readSafetensorsMetadata(input);
    for (const [name, tensor] of tensors) {
      const { dtype, shape, data } = tensor;
      const elements = shape.reduce((product, side) => product * side, 1);
      must(data.byteLength === elements * ELEMENT_BYTES[dtype], 'bytes that do not fill its shape');
      if (['F16', 'F32', 'F64', 'BF16'].includes(dtype)) {
        must(toFloat32(tensor, name).length === elements, 'numbers that do not fill its shape');
      }
    }
  },
  [
    nested,
    {
      name: 'half a million empty tensors',
      make: () => {
        const entries = Array.from(
          { length: 500_000 },
          (_, i) => `"${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`,
        );
        return joinSafetensors(`{${entries.join()}}`, new Uint8Array());
      },
    },
  ],
);

const MAKER = { id: 'encoder-a', weightsSha256: 'a'.repeat(64) };

export const tunedNetwork = tensorsTarget(
  'tuned-network',
  ['src/training/tuning/tuned-network.ts'],
  () => [
    encodeTunedNetwork({
      weights: new Map([['head.weight', fromFloat32(Float32Array.of(1, 2, 3, 4), [2, 2])]]),
      maker: MAKER,
      golden: Float32Array.of(0.6, 0.8),
    }),
  ],
  (input) => {
    const { maker, golden, weights } = decodeTunedNetwork(input);
    must(/^[0-9a-f]{64}$/.test(maker.weightsSha256) && maker.id !== '', 'no maker');
    must(golden.length > 0 && golden.every(Number.isFinite), 'a golden embedding of no numbers');
    for (const [name, tensor] of weights) {
      must(toFloat32(tensor, name).every(Number.isFinite), 'weights that are no numbers');
    }
  },
);

export const adapter = tensorsTarget(
  'adapter',
  ['src/training/adapter/adapter.ts'],
  () => [
    encodeAdapter({ dim: 4, rank: 2, down: randomUnits(2, 4, 1), up: randomUnits(4, 2, 2) }, MAKER),
  ],
  (input) => {
    const { dim, rank, down, up } = decodeAdapter(input).adapter;
    must(down.length === dim * rank && up.length === dim * rank, 'another shape');
    must(dim > 0 && rank > 0 && down.every(Number.isFinite), 'no adapter');
  },
);

export const bank = tensorsTarget(
  'non-landmark-bank',
  ['src/rerank/load-reranker.ts', 'src/rerank/non-landmark-bank.ts'],
  () => [new Uint8Array(encodeBank(randomUnits(5, 8, 1), 8))],
  (input) => {
    const { rows, size } = decodeBank(input, 8);
    must(rows.length === size * 8 && size > 0, 'rows of another length');
    must(rows.every(Number.isFinite), 'rows of no numbers');
  },
);

const PLAN = '{"steps":3}';

export const checkpoint = tensorsTarget(
  'checkpoint',
  ['src/training/trainer/checkpoint.ts'],
  async () => {
    const tf = await import('@tensorflow/tfjs-core');
    await import('@tensorflow/tfjs-backend-cpu');
    await tf.setBackend('cpu');
    const tensors = new Map([['network' as const, new Map([['a/b', tf.tensor([1, 2], [2, 1])]])]]);
    const progress = { step: 1, loss: {}, best: null, stale: 0, seconds: 1, images: 4 };
    return [new Uint8Array(await writeCheckpoint({ progress, plan: PLAN, tensors }))];
  },
  (input) => {
    const { progress, tensors } = readCheckpoint(input, PLAN);
    for (const group of tensors.values()) for (const tensor of group.values()) tensor.dispose();
    must(Number.isInteger(progress.step) && progress.step >= 0, 'progress without a step');
    must(typeof progress.loss === 'object' && progress.loss !== null, 'progress without a loss');
  },
  [],
  ['model-invalid', 'usage'],
);

/** A target over JSON files of models. */
function modelJson(
  name: string,
  reads: readonly string[],
  whole: () => Bytes[],
  read: (input: Bytes) => unknown,
): FuzzTarget {
  return {
    name,
    reads,
    codes: ['model-invalid', 'model-missing'],
    async open() {
      const corpus = whole();
      return {
        corpus,
        mutate: (input, dice) => mutateJsonBytes(input, dice, corpus),
        bombs: [
          {
            name: 'a million levels',
            make: () =>
              text(`{"version":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)},"features":1}`),
          },
          {
            name: 'features of a million levels',
            make: () =>
              text(`{"version":1,"features":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`),
          },
        ],
        read,
      };
    },
  };
}

export const registry = modelJson(
  'registry',
  ['src/weights/check-registry.ts', 'src/weights/load-registry.ts'],
  () => [model('registry.json')],
  (input) => {
    const read = parseRegistry(input);
    for (const {
      weights,
      bank: own,
      decision,
      golden,
      input: wanted,
      dim,
      pooling,
    } of read.encoders) {
      for (const file of [weights, own, decision, golden]) {
        must(isSafeName(file.file), `a file named ${file.file}`);
      }
      must(
        wanted.std.every((s) => Number.isFinite(s) && s !== 0),
        'std of zero',
      );
      must(dim > 0 && wanted.views.length > 0, 'no views');
      must(pooling.p >= 1 && pooling.p <= 10, `the exponent ${pooling.p}`);
    }
    const served = findServed(read);
    must(served.dim > 0 && served.id !== '', 'nothing that is served');
    for (const { weights, golden } of read.matchers ?? []) {
      must(isSafeName(weights.file) && isSafeName(golden.file), 'a file of a matcher');
    }
  },
);

export const decision = modelJson(
  'decision',
  ['src/rerank/decision.ts'],
  () => [model('efficientnet-lite0-gem-decision.json')],
  (input) => {
    const { scale, bias, weights } = parseDecision(parseJson(input, 'decision.json'));
    must([...scale, ...bias, ...weights.flat()].every(Number.isFinite), 'numbers that are none');
  },
);

/** With a blank behind it where its length must be even, or odd: that tells the two kinds apart below. */
function ofParity(bytes: Bytes, odd: number): Bytes {
  return bytes.length % 2 === odd ? bytes : concat(bytes, text(' '));
}

export const golden = modelJson(
  'golden',
  ['src/inference/golden.ts', 'src/inference/matcher-golden.ts'],
  () => [
    ofParity(json({ scene: { seed: 7, view: 0 }, embedding: [...randomUnits(1, 16, 1)] }), 0),
    ofParity(model('loftr-lite0-golden.json'), 1),
  ],
  (input) => {
    if (input.length % 2) {
      must(parseMatcherGolden(input, 'golden.json').leastInliers > 0, 'nothing to find');
      return;
    }
    const file = { file: 'golden.json', bytes: 1, sha256: '' };
    const embedding = parseGolden(input, { golden: file, dim: 16 });
    must(embedding.length === 16 && embedding.every(Number.isFinite), 'no embedding');
  },
);
