// Recorded convolutions and batch norms: a norm is folded into the convolution before it.
import { requireConv, requireLength } from '../checks.ts';
import type { BatchNormParams, Conv2dOptions } from '../ops.ts';
import { windowsAlong } from '../sides.ts';
import type { OnnxValue } from './graph.ts';
import { channelsOf, type Recorder } from './recorder.ts';

export function recordConv2d(
  { graph, compute: type }: Recorder,
  x: OnnxValue,
  weight: OnnxValue,
  bias: OnnxValue | null,
  options: Conv2dOptions,
): OnnxValue {
  const { stride = 1, pads = [0, 0, 0, 0], groups = 1 } = options;
  requireConv(x.dims[1], weight.dims, groups);
  const [out, , kh, kw] = weight.dims as readonly [number, number, number, number];
  const inputs = [x, weight, ...(bias ? [bias] : [])].map((value) => graph.as(value, type));
  const [top, left, bottom, right] = pads;
  const dims = [
    x.dims[0] ?? null,
    out,
    windowsAlong(x.dims[2] ?? null, top + bottom, kh, stride),
    windowsAlong(x.dims[3] ?? null, left + right, kw, stride),
  ];
  return graph.node('Conv', inputs, dims, type, {
    kernel_shape: { ints: [kh, kw] },
    strides: { ints: [stride, stride] },
    pads: { ints: pads },
    group: { int: groups },
  });
}

export function recordBatchNorm(
  recorder: Recorder,
  x: OnnxValue,
  params: BatchNormParams<OnnxValue>,
  eps: number,
): OnnxValue {
  const { graph } = recorder;
  for (const each of Object.values(params)) requireLength(channelsOf(x), each.dims[0]);
  if (x.dims.length !== 4) return normLast(recorder, x, params, eps);
  const conv = graph.producer(x);
  const folded = conv?.op === 'Conv' ? recorder.foldIntoConv(conv.inputs, params, eps) : null;
  if (conv && folded) {
    const type = x.type;
    const inputs = [conv.inputs[0]!, graph.as(folded.weight, type), graph.as(folded.bias, type)];
    // The convolution without its norm stays recorded, and is dropped if nothing else uses it.
    return graph.node('Conv', inputs, x.dims, type, conv.attributes, [], `${conv.name}.bn`);
  }
  const { weight, bias, runningMean, runningVar } = params;
  const inputs = [x, weight, bias, runningMean, runningVar];
  return graph.node(
    'BatchNormalization',
    inputs.map((value) => graph.as(value, x.type)),
    x.dims,
    x.type,
    { epsilon: { float: eps } },
  );
}

/** Of vectors and sequences: what is multiplied and added depends on parameters alone and is computed now. */
function normLast(
  recorder: Recorder,
  x: OnnxValue,
  params: BatchNormParams<OnnxValue>,
  eps: number,
): OnnxValue {
  const { weight, bias, runningMean, runningVar } = params;
  const deviation = recorder.binary('Pow', recorder.binary('Add', runningVar, eps), 0.5);
  const scale = recorder.binary('Div', weight, deviation);
  const shift = recorder.binary('Sub', bias, recorder.binary('Mul', runningMean, scale));
  return recorder.binary('Add', recorder.binary('Mul', x, scale), shift);
}
