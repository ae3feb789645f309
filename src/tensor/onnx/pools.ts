// Pooling, resizing and channel attention on recorded maps.
import type { AvgPoolOptions, PoolOptions } from '../ops.ts';
import { windowsAlong } from '../sides.ts';
import type { OnnxValue } from './graph.ts';
import type { Dim } from './proto.ts';
import type { Recorder } from './recorder.ts';

/** [N, C, H, W] → [N, C, 1, 1], float32: sums over a map overflow or lose small terms in half precision. */
export function recordGlobalPool({ graph }: Recorder, x: OnnxValue): OnnxValue {
  const [n = null, c = null] = x.dims;
  return graph.node('GlobalAveragePool', [graph.as(x, 'float32')], [n, c, 1, 1], 'float32');
}

/** In float32, as {@link recordGlobalPool}. */
export function recordMixCells(recorder: Recorder, x: OnnxValue, weights: OnnxValue): OnnxValue {
  const { graph } = recorder;
  const [n = null, c = null] = recorder.dims(x, 4);
  const [cells = null, regions = null] = recorder.dims(weights, 2);
  const rows = recorder.reshape(graph.as(x, 'float32'), [0, 0, -1], [n, c, cells]);
  const inputs = [rows, graph.as(weights, 'float32')];
  const mixed = graph.node('MatMul', inputs, [n, c, regions], 'float32');
  return recorder.transpose(mixed, [0, 2, 1], [n, regions, c]);
}

function pooledDims(x: OnnxValue, options: PoolOptions): readonly Dim[] {
  const { kernel, stride, pads = [0, 0, 0, 0] } = options;
  const [n = null, c = null, h = null, w = null] = x.dims;
  return [
    n,
    c,
    windowsAlong(h, pads[0] + pads[2], kernel, stride),
    windowsAlong(w, pads[1] + pads[3], kernel, stride),
  ];
}

function attributes({ kernel, stride, pads = [0, 0, 0, 0] }: PoolOptions) {
  return {
    kernel_shape: { ints: [kernel, kernel] },
    strides: { ints: [stride, stride] },
    pads: { ints: pads },
  };
}

export function recordMaxPool({ graph }: Recorder, x: OnnxValue, options: PoolOptions): OnnxValue {
  return graph.node('MaxPool', [x], pooledDims(x, options), x.type, attributes(options));
}

export function recordAvgPool(
  { graph }: Recorder,
  x: OnnxValue,
  options: AvgPoolOptions,
): OnnxValue {
  const counted = { count_include_pad: { int: options.countPadding === false ? 0 : 1 } };
  const all = { ...attributes(options), ...counted };
  return graph.node('AveragePool', [x], pooledDims(x, options), x.type, all);
}

/** In the map's precision: the gate is the smaller of the two. */
export function recordGate({ graph }: Recorder, x: OnnxValue, gate: OnnxValue): OnnxValue {
  return graph.node('Mul', [x, graph.as(gate, x.type)], x.dims, x.type);
}

/** An input that is left out. */
const NONE: OnnxValue = { name: '', type: 'float32', dims: [0], constant: null };

export function recordDoubleSize(recorder: Recorder, x: OnnxValue): OnnxValue {
  const [n = null, c = null, h, w] = recorder.dims(x, 4);
  const doubled = (side: Dim | undefined) => (typeof side === 'number' ? 2 * side : null);
  const scales = recorder.shared('doubled', () => ({
    dims: [4],
    values: Float32Array.of(1, 1, 2, 2),
  }));
  const dims = [n, c, doubled(h), doubled(w)];
  return recorder.graph.node('Resize', [x, NONE, scales], dims, x.type, {
    mode: { string: 'linear' },
    coordinate_transformation_mode: { string: 'align_corners' },
  });
}

/** The channels become the width of a picture one row high; float32, for it is tiny. */
export function recordChannelConv(recorder: Recorder, x: OnnxValue, weight: OnnxValue): OnnxValue {
  const { graph } = recorder;
  const [n = null, c = null] = recorder.dims(x, 4);
  const { length: kernel } = recorder.values(weight).values;
  const asMap = recorder.derive(weight, 'row', ({ values }) => ({
    dims: [1, 1, 1, kernel],
    values,
  }));
  const side = (kernel - 1) / 2;
  const row = recorder.reshape(graph.as(x, 'float32'), [0, 1, 1, -1], [n, 1, 1, c]);
  const y = graph.node('Conv', [row, asMap], [n, 1, 1, c], 'float32', {
    kernel_shape: { ints: [1, kernel] },
    strides: { ints: [1, 1] },
    pads: { ints: [0, side, 0, side] },
    group: { int: 1 },
  });
  return recorder.reshape(y, [0, -1, 1, 1], [n, c, 1, 1]);
}
