// Recorded operations on sequences that set one picture beside another: attention across them, confidences.
// All of them compute in float32: sums over a picture's tokens overflow half precision.
import { headOf, sameHead } from '../heads.ts';
import type { InterleavedAttentionOptions, LinearAttentionOptions, Maxima } from '../ops.ts';
import type { OnnxValue } from './graph.ts';
import { DATA_TYPE, type Dim } from './proto.ts';
import { misuse, type Recorder } from './recorder.ts';

function matMul({ graph }: Recorder, a: OnnxValue, b: OnnxValue): OnnxValue {
  const dims = [...a.dims.slice(0, -1), b.dims[b.dims.length - 1] ?? null];
  return graph.node('MatMul', [a, b], dims, 'float32');
}

/** [N, L, C] → [N, C, L]. */
function turn(recorder: Recorder, x: OnnxValue): OnnxValue {
  const [n = null, length = null, channels = null] = recorder.dims(x, 3);
  return recorder.transpose(x, [0, 2, 1], [n, channels, length]);
}

/** elu(x) + 1. */
function positive(recorder: Recorder, x: OnnxValue): OnnxValue {
  const { graph } = recorder;
  const elu = graph.node('Elu', [graph.as(x, 'float32')], x.dims, 'float32');
  return recorder.binary('Add', elu, 1);
}

/** All heads in one product, of which what crosses heads is struck out: few small products are slow. */
export function recordLinearAttention(
  recorder: Recorder,
  q: OnnxValue,
  k: OnnxValue,
  v: OnnxValue,
  { heads, eps, keyMask }: LinearAttentionOptions<OnnxValue>,
): OnnxValue {
  const { graph } = recorder;
  const [n = null, , channels] = recorder.dims(q, 3);
  if (typeof channels !== 'number') throw misuse('The channels of attention are free.');
  const queries = positive(recorder, q);
  const unmasked = positive(recorder, k);
  const keys = keyMask ? recorder.binary('Mul', unmasked, keyMask) : unmasked;
  const sizes = `${channels}-in-${heads}`;
  const own = recorder.shared(`same-head/${sizes}`, () => ({
    dims: [channels, channels],
    values: sameHead(channels, heads),
  }));
  const members = recorder.shared(`head-of/${sizes}`, () => ({
    dims: [heads, channels],
    values: headOf(channels, heads),
  }));
  const crossed = matMul(recorder, turn(recorder, keys), graph.as(v, 'float32')); // [N, C, C]
  const sums = matMul(recorder, queries, recorder.binary('Mul', crossed, own)); // [N, L, C]
  const total = graph.node('ReduceSum', [keys], [n, 1, channels], 'float32', {}, [graph.ints([1])]);
  const weighed = recorder.binary('Mul', queries, total);
  const norms = matMul(recorder, weighed, recorder.transposed(members)); // [N, L, heads]
  const inverse = graph.node(
    'Reciprocal',
    [recorder.binary('Add', norms, eps)],
    norms.dims,
    'float32',
  );
  return recorder.binary('Mul', sums, matMul(recorder, inverse, members));
}

/** What is added to the scores of keys that do not count: nothing of them is left after a softmax. */
const NEVER = 1e9;

export function recordInterleavedAttention(
  recorder: Recorder,
  q: OnnxValue,
  k: OnnxValue,
  v: OnnxValue,
  { heads, keyMask }: InterleavedAttentionOptions<OnnxValue>,
): OnnxValue {
  const { graph } = recorder;
  const [n = null, length = null, channels] = recorder.dims(q, 3);
  const keys = k.dims[1] ?? null;
  if (typeof channels !== 'number') throw misuse('The channels of attention are free.');
  const each = channels / heads;
  // Sizes of 0 are taken over: the lengths stay free.
  const split = (x: OnnxValue, order: readonly number[], dims: readonly Dim[]) => {
    const shape = [n, x.dims[1] ?? null, each, heads];
    const parts = recorder.reshape(graph.as(x, 'float32'), [0, 0, each, heads], shape);
    return recorder.transpose(parts, order, dims);
  };
  const queries = split(q, [0, 3, 1, 2], [n, heads, length, each]);
  const turned = split(k, [0, 3, 2, 1], [n, heads, each, keys]);
  let scores = matMul(recorder, queries, turned);
  if (keyMask) {
    const never = recorder.binary('Mul', recorder.binary('Sub', keyMask, 1), NEVER); // [N, S, 1]
    const row = recorder.reshape(never, [0, 1, 1, -1], [n, 1, 1, keys]);
    scores = recorder.binary('Add', scores, row);
  }
  const weights = recordSoftmax(recorder, scores, -1);
  const sums = matMul(recorder, weights, split(v, [0, 3, 1, 2], [n, heads, keys, each]));
  const joined = recorder.transpose(sums, [0, 2, 3, 1], [n, length, each, heads]);
  return recorder.reshape(joined, [0, 0, channels], [n, length, channels]);
}

export function recordRepeat(recorder: Recorder, x: OnnxValue, length: number): OnnxValue {
  const [n = null, , channels = null] = recorder.dims(x, 3);
  const { graph } = recorder;
  // Sides of 1 stay as they are.
  return graph.node('Expand', [x], [n, length, channels], x.type, {}, [graph.ints([1, length, 1])]);
}

export function recordSoftmax({ graph }: Recorder, x: OnnxValue, axis: number): OnnxValue {
  const input = graph.as(x, 'float32');
  return graph.node('Softmax', [input], x.dims, 'float32', { axis: { int: axis } });
}

export function recordSimilarity(recorder: Recorder, a: OnnxValue, b: OnnxValue): OnnxValue {
  const [left, right] = [a, b].map((x) => recorder.graph.as(x, 'float32')) as [
    OnnxValue,
    OnnxValue,
  ];
  return matMul(recorder, left, turn(recorder, right));
}

export function recordMaxima(recorder: Recorder, x: OnnxValue): Maxima<OnnxValue> {
  const { graph } = recorder;
  const [n = null, l = null, s = null] = recorder.dims(x, 3);
  const input = graph.as(x, 'float32');
  const most = (axis: number, dims: readonly Dim[]) =>
    graph.node('ReduceMax', [input], dims, 'float32', { keepdims: { int: 0 } }, [
      graph.ints([axis]),
    ]);
  const places = graph.node('ArgMax', [input], [n, l], 'float32', {
    axis: { int: 2 },
    keepdims: { int: 0 },
  });
  return {
    rows: most(2, [n, l]),
    // What ArgMax gives are int64, whatever type the graph notes.
    places: graph.node('Cast', [places], [n, l], 'float32', { to: { int: DATA_TYPE.float32 } }),
    columns: most(1, [n, s]),
  };
}
