// Operations on recorded vectors [N, C], and what joins values along their channels.
import { requireLength, requireLinear } from '../checks.ts';
import { NORM_EPS } from '../ops.ts';
import type { OnnxValue } from './graph.ts';
import { misuse, type Recorder } from './recorder.ts';

export function recordLinear(
  recorder: Recorder,
  x: OnnxValue,
  weight: OnnxValue,
  bias: OnnxValue | null,
): OnnxValue {
  const { graph } = recorder;
  const [n] = recorder.dims(x, 2);
  requireLinear(x.dims[1], weight.dims);
  if (bias) requireLength(weight.dims[0], bias.dims[0]);
  const inputs = [x, recorder.matrix(weight), ...(bias ? [bias] : [])].map((value) =>
    graph.as(value, 'float32'),
  );
  return graph.node('Gemm', inputs, [n!, weight.dims[0] ?? null], 'float32', {
    transB: { int: 1 },
  });
}

export function recordL2Normalize(recorder: Recorder, x: OnnxValue): OnnxValue {
  const { graph } = recorder;
  const input = graph.as(x, 'float32');
  const last = x.dims.length - 1;
  const dims = [...x.dims.slice(0, last), 1];
  const length = graph.node('ReduceL2', [input], dims, 'float32', {}, [graph.ints([last])]);
  const norm = recorder.clip(length, NORM_EPS, Infinity);
  return graph.node('Div', [input, norm], x.dims, 'float32');
}

export function recordConcat({ graph }: Recorder, parts: readonly OnnxValue[]): OnnxValue {
  const [first] = parts;
  if (!first) throw misuse('A concatenation of nothing was recorded.');
  if (parts.length === 1) return first;
  const along = first.dims.length === 4 ? 1 : first.dims.length - 1;
  const channels = parts.reduce<number | null>((sum, { dims }) => {
    const side = dims[along];
    return sum === null || typeof side !== 'number' ? null : sum + side;
  }, 0);
  const type = parts.every((part) => part.type === 'float16') ? 'float16' : 'float32';
  const dims = first.dims.map((side, axis) => (axis === along ? channels : side));
  const inputs = parts.map((part) => graph.as(part, type));
  return graph.node('Concat', inputs, dims, type, { axis: { int: along } });
}
