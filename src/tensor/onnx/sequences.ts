// Operations on recorded sequences [N, L, C]: what transformers are made of. Softmax and norms compute in
// float32, everything else in the graph's precision.
import { requireLength, requireLinear } from '../checks.ts';
import type { AttentionMask, AttentionOptions } from '../ops.ts';
import type { OnnxValue } from './graph.ts';
import type { Dim } from './proto.ts';
import { misuse, type Recorder } from './recorder.ts';

function known(side: Dim | undefined): number {
  if (typeof side !== 'number') throw misuse('A size that must be fixed is free.');
  return side;
}

export function recordFlatten(recorder: Recorder, x: OnnxValue): OnnxValue {
  const [n = null, c = null, h, w] = recorder.dims(x, 4);
  const length = typeof h === 'number' && typeof w === 'number' ? h * w : null;
  const rows = recorder.reshape(x, [0, known(c), length ?? -1], [n, c, length]);
  return recorder.transpose(rows, [0, 2, 1], [n, length, c]);
}

export function recordUnflatten(
  recorder: Recorder,
  x: OnnxValue,
  height: number,
  width: number,
): OnnxValue {
  const [n = null, length = null, c = null] = recorder.dims(x, 3);
  const rows = recorder.transpose(x, [0, 2, 1], [n, c, length]);
  return recorder.reshape(rows, [0, known(c), height, width], [n, c, height, width]);
}

export function recordSumTokens(recorder: Recorder, x: OnnxValue): OnnxValue {
  const { graph } = recorder;
  const [n = null, , c = null] = recorder.dims(x, 3);
  const input = graph.as(x, 'float32');
  const axis = graph.ints([1]);
  return graph.node('ReduceSum', [input], [n, c], 'float32', { keepdims: { int: 0 } }, [axis]);
}

/** Weights are turned while recording: MatMul then reads them as they lie. */
export function recordTokenLinear(
  recorder: Recorder,
  x: OnnxValue,
  weight: OnnxValue,
  bias: OnnxValue | null,
): OnnxValue {
  const { graph, compute } = recorder;
  const [n = null, length = null, channels = null] = recorder.dims(x, 3);
  requireLinear(channels, weight.dims);
  if (bias) requireLength(weight.dims[0], bias.dims[0]);
  const dims = [n, length, weight.dims[0] ?? null];
  const inputs = [x, recorder.transposed(recorder.matrix(weight))].map((value) =>
    graph.as(value, compute),
  );
  const y = graph.node('MatMul', inputs, dims, compute);
  return bias ? graph.node('Add', [y, graph.as(bias, compute)], dims, compute) : y;
}

export function recordLayerNorm(
  { graph }: Recorder,
  x: OnnxValue,
  weight: OnnxValue,
  bias: OnnxValue,
  eps: number,
): OnnxValue {
  const channels = x.dims[x.dims.length - 1];
  for (const each of [weight, bias]) requireLength(channels, each.dims[0]);
  const inputs = [graph.as(x, 'float32'), weight, bias];
  const attributes = { axis: { int: -1 }, epsilon: { float: eps } };
  return graph.node('LayerNormalization', inputs, x.dims, 'float32', attributes);
}

export function recordReorder(
  recorder: Recorder,
  x: OnnxValue,
  order: readonly number[],
): OnnxValue {
  const { graph } = recorder;
  const [n = null, length, c = null] = recorder.dims(x, 3);
  const tokens = known(length);
  let source = x;
  let index = order;
  if (order.includes(-1)) {
    // One token of zeros at the end, for all that stand outside the map.
    const pads = graph.ints([0, 0, 0, 0, 1, 0]);
    source = graph.node('Pad', [x], [n, tokens + 1, c], x.type, {}, [pads]);
    index = order.map((token) => (token === -1 ? tokens : token));
  }
  const dims = [n, order.length, c];
  return graph.node('Gather', [source], dims, x.type, { axis: { int: 1 } }, [graph.ints(index)]);
}

export function recordRegroup(
  recorder: Recorder,
  x: OnnxValue,
  length: number,
  channels: number,
): OnnxValue {
  const [n, l, c] = recorder.dims(x, 3);
  const sizes = [n, l, c].every((side) => typeof side === 'number');
  const all = sizes ? known(n) * known(l) * known(c) : null;
  const batch = all === null ? null : all / (length * channels);
  return recorder.reshape(x, [-1, length, channels], [batch, length, channels]);
}

export function recordAttention(
  recorder: Recorder,
  q: OnnxValue,
  k: OnnxValue,
  v: OnnxValue,
  { heads, bias, mask }: AttentionOptions<OnnxValue>,
): OnnxValue {
  const { graph, compute } = recorder;
  const [n = null, l, c] = recorder.dims(q, 3);
  const length = known(l);
  const channels = known(c);
  const each = channels / heads;
  const split = (x: OnnxValue) =>
    recorder.reshape(graph.as(x, compute), [0, length, heads, each], [n, length, heads, each]);
  const perHead = [n, heads, length, each];
  const queries = recorder.transpose(split(q), [0, 2, 1, 3], perHead);
  const keys = recorder.transpose(split(k), [0, 2, 3, 1], [n, heads, each, length]);
  const values = recorder.transpose(split(v), [0, 2, 1, 3], perHead);
  const square = [n, heads, length, length];
  const products = graph.node('MatMul', [queries, keys], square, compute);
  const inputs = [products, bias].map((value) => graph.as(value, 'float32'));
  const scores = graph.node('Add', inputs, square, 'float32');
  const masked = mask ? addMask(recorder, scores, mask, heads, length) : scores;
  const weights = graph.node('Softmax', [masked], square, 'float32', { axis: { int: -1 } });
  const sums = graph.node('MatMul', [graph.as(weights, compute), values], perHead, compute);
  const joined = recorder.transpose(sums, [0, 2, 1, 3], [n, length, heads, each]);
  return recorder.reshape(joined, [0, length, channels], [n, length, channels]);
}

function addMask(
  recorder: Recorder,
  scores: OnnxValue,
  mask: AttentionMask,
  heads: number,
  length: number,
): OnnxValue {
  const { windows } = mask;
  const perMap = [null, windows, heads, length, length];
  const byMap = recorder.reshape(scores, [-1, windows, heads, length, length], perMap);
  const inputs = [byMap, recorder.maskConstant(mask, length)];
  const masked = recorder.graph.node('Add', inputs, perMap, 'float32');
  return recorder.reshape(masked, [-1, heads, length, length], scores.dims);
}
