// Parity cases of LoFTR and of the operations that it brought, against kornia's numbers
// (scripts/golden-loftr.py). No Node imports here.

import { gatherCells, gatherWindows } from '../../src/matching/windows.ts';
import {
  type CoarseSide,
  loftrCoarse,
  loftrConfidence,
  loftrFeatures,
  loftrFine,
} from '../../src/nets/loftr/loftr.ts';
import { gridPositions } from '../../src/nets/loftr/positions.ts';
import {
  COARSE_STRIDE,
  FINE_STRIDE,
  FINE_WINDOW,
  LOFTR,
  type LoftrSpec,
} from '../../src/nets/loftr/specs.ts';
import type { Ops, Params } from '../../src/tensor/ops.ts';
import type { Weights } from '../../src/weights/safetensors.ts';
import type { ParityCase, Values } from './cases.ts';
import { valuesOf } from './operations.ts';

/** A pair of pictures in a golden file. */
export interface GoldenPair {
  readonly spec: LoftrSpec;
  readonly prefix: string;
}

export const PLAIN: GoldenPair = {
  spec: { ...LOFTR.tiny!, positions: 'released' },
  prefix: 'golden.plain.',
};
export const MASKED: GoldenPair = { spec: LOFTR.tiny!, prefix: 'golden.masked.' };

/** kornia's maps [1, C, H, W] as rows of cells, [1, H · W, C]. */
export function asTokens({ shape, values }: Values): Values {
  const [, channels, height, width] = shape as [number, number, number, number];
  const area = height * width;
  const tokens = new Float32Array(values.length);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) tokens[i * channels + c] = values[c * area + i]!;
  }
  return { shape: [1, area, channels], values: tokens };
}

export function goldenReader(golden: Weights, { prefix }: GoldenPair): (name: string) => Values {
  return (name) => {
    const found = valuesOf(golden, prefix + name);
    if (!found) throw new Error(`The golden file has no ${prefix}${name}.`);
    return found;
  };
}

function weightsOf(golden: Weights): Weights {
  return new Map([...golden].filter(([name]) => !name.startsWith('golden.')));
}

/** Both pictures' features. */
export function featuresCase(name: string, golden: Weights, pair: GoldenPair): ParityCase {
  const read = goldenReader(golden, pair);
  const expected = new Map<string, Values>();
  for (const i of [0, 1]) {
    for (const map of ['coarse', 'fine'] as const) {
      expected.set(`${map}${i}`, asTokens(read(`${map}${i}`)));
    }
  }
  return {
    name,
    weights: weightsOf(golden),
    inputs: new Map([0, 1].map((i) => [`image${i}`, read(`image${i}`)])),
    expected,
    build<T>(ops: Ops<T>, p: Params<T>, inputs: ReadonlyMap<string, T>) {
      const [a, b] = [0, 1].map((i) =>
        loftrFeatures(ops, p, inputs.get(`image${i}`)!, pair.spec),
      ) as [ReturnType<typeof loftrFeatures<T>>, ReturnType<typeof loftrFeatures<T>>];
      return { coarse0: a.coarse, fine0: a.fine, coarse1: b.coarse, fine1: b.fine };
    },
  };
}

/** From both pictures' features to the confidences. */
export function coarseCase(name: string, golden: Weights, pair: GoldenPair): ParityCase {
  const read = goldenReader(golden, pair);
  const masked = golden.has(`${pair.prefix}mask0`);
  const channels = pair.spec.channels[2];
  const inputs = new Map<string, Values>();
  for (const i of [0, 1]) {
    const map = read(`coarse${i}`);
    const [, , height, width] = map.shape as [number, number, number, number];
    const shape = [1, height * width, channels];
    const values = gridPositions(width, height, channels, pair.spec.positions);
    inputs.set(`tokens${i}`, asTokens(map));
    inputs.set(`positions${i}`, { shape, values });
    if (masked) {
      const { values: mask } = read(`mask${i}`);
      inputs.set(`mask${i}`, { shape: [1, mask.length, 1], values: mask });
    }
  }
  const names = { seen0: 'tokens0', seen1: 'tokens1', confidence: 'confidence' };
  return {
    name,
    weights: weightsOf(golden),
    inputs,
    expected: new Map(Object.entries(names).map(([output, name]) => [output, read(name)])),
    freeAxes: [0, 1],
    build<T>(ops: Ops<T>, p: Params<T>, given: ReadonlyMap<string, T>) {
      const [first, second] = [0, 1].map((i) => ({
        tokens: given.get(`tokens${i}`)!,
        positions: given.get(`positions${i}`)!,
        mask: given.get(`mask${i}`) ?? null,
      })) as [CoarseSide<T>, CoarseSide<T>];
      const [a, b] = loftrCoarse(ops, p, [first, second], pair.spec);
      const confidence = loftrConfidence(
        ops,
        [
          { tokens: a, mask: first.mask },
          { tokens: b, mask: second.mask },
        ],
        pair.spec,
      );
      // What padding's own tokens become is nobody's business.
      const seen = (x: T, mask: T | null) => (mask === null ? x : ops.mul(x, mask));
      return { seen0: seen(a, first.mask), seen1: seen(b, second.mask), confidence };
    },
  };
}

/** From the windows around kornia's matches to its offsets. */
export function fineCase(name: string, golden: Weights, pair: GoldenPair): ParityCase {
  const read = goldenReader(golden, pair);
  const [fine, , coarse] = pair.spec.channels;
  const inputs = new Map<string, Values>();
  const cells = [read('i'), read('j')].map(({ values }) => Int32Array.from(values));
  const count = cells[0]!.length;
  for (const i of [0, 1]) {
    const [, , height, width] = read(`fine${i}`).shape as [number, number, number, number];
    const map = { values: asTokens(read(`fine${i}`)).values, width, height, channels: fine };
    const windows = gatherWindows(map, cells[i]!, {
      side: FINE_WINDOW,
      stride: COARSE_STRIDE / FINE_STRIDE,
      columns: (width * FINE_STRIDE) / COARSE_STRIDE,
    });
    inputs.set(`windows${i}`, { shape: [count, FINE_WINDOW ** 2, fine], values: windows });
    const tokens = gatherCells(read(`tokens${i}`).values, coarse, cells[i]!);
    inputs.set(`cells${i}`, { shape: [count, 1, coarse], values: tokens });
  }
  const { values } = read('expectation');
  return {
    name,
    weights: weightsOf(golden),
    inputs,
    expected: new Map([['offsets', { shape: [count, 1, 3], values }]]),
    freeAxes: [0],
    build<T>(ops: Ops<T>, p: Params<T>, given: ReadonlyMap<string, T>) {
      const [a, b] = [0, 1].map((i) => ({
        windows: given.get(`windows${i}`)!,
        cells: given.get(`cells${i}`)!,
      })) as [{ windows: T; cells: T }, { windows: T; cells: T }];
      return { offsets: loftrFine(ops, p, [a, b], pair.spec) };
    },
  };
}

/** Operations by themselves. */
export function correspondenceOperations(file: Weights): ParityCase {
  const given = ['x', 'single', 'q', 'k', 'v', 'mask', 'one'];
  const outputs = [...file.keys()].filter((name) => name.endsWith('.out'));
  return {
    name: 'operations of matching',
    weights: new Map(),
    inputs: new Map(given.map((name) => [name, valuesOf(file, name)!])),
    expected: new Map(outputs.map((name) => [name, valuesOf(file, name)!])),
    fixedSize: true,
    build<T>(ops: Ops<T>, _p: Params<T>, values: ReadonlyMap<string, T>) {
      const [x, single, q, k, v, mask, one] = given.map((name) => values.get(name)!) as [
        T,
        T,
        T,
        T,
        T,
        T,
        T,
      ];
      const options = { heads: 3, eps: 1e-6 };
      const similarity = ops.similarity(q, k);
      const { rows, places, columns } = ops.maxima(similarity);
      return {
        'double.out': ops.doubleSize(x),
        'single.out': ops.doubleSize(single),
        'leaky.out': ops.leakyRelu(x, 0.01),
        'attention.out': ops.linearAttention(q, k, v, options),
        'masked.out': ops.linearAttention(q, k, v, { ...options, keyMask: mask }),
        'repeat.out': ops.repeat(one, 5),
        'softmax.out': ops.softmax(similarity),
        'similarity.out': similarity,
        'dual.out': ops.dualSoftmax(similarity),
        'rows.out': rows,
        'places.out': places,
        'columns.out': columns,
        'concat.out': ops.concat([q, ops.mul(q, 2)]),
      };
    },
  };
}

/** All of them, of the files in tests/fixtures/loftr. */
export function loftrCases(tiny: Weights, ops: Weights): ParityCase[] {
  return [
    correspondenceOperations(ops),
    ...[PLAIN, MASKED].flatMap((pair) => {
      const kind = pair === PLAIN ? 'whole pictures' : 'padded pictures';
      return [
        featuresCase(`LoFTR in little, ${kind}: features`, tiny, pair),
        coarseCase(`LoFTR in little, ${kind}: confidences`, tiny, pair),
        fineCase(`LoFTR in little, ${kind}: offsets`, tiny, pair),
      ];
    }),
  ];
}
