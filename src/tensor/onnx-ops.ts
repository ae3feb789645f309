// Ops that record an ONNX graph, for onnxruntime-web. Batch norms are folded into the convolution before
// them, arithmetic on parameters alone is done while recording, and padding is always explicit
// (onnxruntime's `auto_pad` is wrong on WebGPU with stride 2: onnxruntime#26734).
import { toFloat32, type Weights } from '../weights/safetensors.ts';
import * as convolutions from './onnx/convolutions.ts';
import * as correspondence from './onnx/correspondence.ts';
import { foldMixRows, foldRows, foldSpread, foldStandardise } from './onnx/fold.ts';
import type { FloatType, OnnxValue } from './onnx/graph.ts';
import * as pools from './onnx/pools.ts';
import type { Dim } from './onnx/proto.ts';
import { Recorder } from './onnx/recorder.ts';
import * as sequences from './onnx/sequences.ts';
import * as vectors from './onnx/vectors.ts';
import type {
  AttentionOptions,
  AvgPoolOptions,
  BatchNormParams,
  Conv2dOptions,
  InterleavedAttentionOptions,
  LinearAttentionOptions,
  Maxima,
  Ops,
  Params,
  PoolOptions,
  Shape,
} from './ops.ts';
import { scopedParams } from './params.ts';

export type { OnnxValue } from './onnx/graph.ts';

export interface OnnxOptions {
  /**
   * What convolutions and what follows them compute in. Means, powers, norms and linear layers always
   * compute in float32: sums over a map overflow or lose their small terms in half precision.
   * Inputs and outputs are float32 either way.
   */
  readonly compute?: FloatType;
  /** How weights lie in the file; float16 halves it and is cast to float32 when a session is created. */
  readonly storage?: FloatType;
}

export class OnnxOps implements Ops<OnnxValue> {
  readonly #recorder: Recorder;
  readonly #graph: Recorder['graph'];

  constructor(options: OnnxOptions = {}) {
    this.#recorder = new Recorder(options.compute ?? 'float32', options.storage === 'float16');
    this.#graph = this.#recorder.graph;
  }

  /** A graph input, float32; strings name sizes that are free at run time. */
  input(name: string, dims: readonly Dim[]): OnnxValue {
    return this.#graph.input(name, dims);
  }

  /** Parameters from weights of any floating-point type. Each becomes one initialiser, if it is used. */
  params(weights: Weights, source: string): Params<OnnxValue> {
    const found = new Map<string, OnnxValue>();
    const find = (path: string) => {
      const known = found.get(path);
      if (known) return known;
      const tensor = weights.get(path);
      if (!tensor) return undefined;
      const constant = { dims: tensor.shape, values: toFloat32(tensor, path) };
      const value = this.#graph.constant(path, constant);
      found.set(path, value);
      return value;
    };
    return scopedParams(find, source);
  }

  /** The `.onnx` file; `outputs` are float32 whatever the graph computes in. */
  encode(
    name: string,
    outputs: Readonly<Record<string, OnnxValue>>,
    metadata: ReadonlyMap<string, string> = new Map(),
  ): Uint8Array<ArrayBuffer> {
    const float32 = Object.entries(outputs).map(
      ([key, value]) => [key, this.#graph.as(value, 'float32')] as const,
    );
    return this.#graph.encode(name, new Map(float32), metadata);
  }

  scope<R>(name: string, body: () => R): R {
    return this.#graph.scope(name, body);
  }

  shape(x: OnnxValue): Shape {
    return x.dims.map((side) => (typeof side === 'number' ? side : null));
  }

  conv2d(x: OnnxValue, weight: OnnxValue, bias: OnnxValue | null, options: Conv2dOptions = {}) {
    return convolutions.recordConv2d(this.#recorder, x, weight, bias, options);
  }

  batchNorm(x: OnnxValue, params: BatchNormParams<OnnxValue>, eps: number): OnnxValue {
    return convolutions.recordBatchNorm(this.#recorder, x, params, eps);
  }

  spatialMean(x: OnnxValue): OnnxValue {
    const [n, c] = this.#recorder.dims(x, 4);
    const pooled = pools.recordGlobalPool(this.#recorder, x);
    return this.#graph.node('Flatten', [pooled], [n!, c!], 'float32', { axis: { int: 1 } });
  }

  mixCells(x: OnnxValue, weights: OnnxValue): OnnxValue {
    return pools.recordMixCells(this.#recorder, x, weights);
  }

  globalPool(x: OnnxValue): OnnxValue {
    return pools.recordGlobalPool(this.#recorder, x);
  }

  maxPool(x: OnnxValue, options: PoolOptions): OnnxValue {
    return pools.recordMaxPool(this.#recorder, x, options);
  }

  avgPool(x: OnnxValue, options: AvgPoolOptions): OnnxValue {
    return pools.recordAvgPool(this.#recorder, x, options);
  }

  gate(x: OnnxValue, gate: OnnxValue): OnnxValue {
    return pools.recordGate(this.#recorder, x, gate);
  }

  doubleSize(x: OnnxValue): OnnxValue {
    return pools.recordDoubleSize(this.#recorder, x);
  }

  channelConv(x: OnnxValue, weight: OnnxValue): OnnxValue {
    return pools.recordChannelConv(this.#recorder, x, weight);
  }

  relu(x: OnnxValue): OnnxValue {
    return this.#recorder.clip(x, 0, Infinity);
  }

  relu6(x: OnnxValue): OnnxValue {
    return this.#recorder.clip(x, 0, 6);
  }

  leakyRelu(x: OnnxValue, slope: number): OnnxValue {
    return this.#graph.node('LeakyRelu', [x], x.dims, x.type, { alpha: { float: slope } });
  }

  sigmoid(x: OnnxValue): OnnxValue {
    return this.#graph.node('Sigmoid', [x], x.dims, x.type);
  }

  silu(x: OnnxValue): OnnxValue {
    return this.#graph.node('Mul', [x, this.sigmoid(x)], x.dims, x.type);
  }

  gelu(x: OnnxValue): OnnxValue {
    return this.#graph.node('Gelu', [x], x.dims, x.type);
  }

  add(a: OnnxValue, b: OnnxValue | number): OnnxValue {
    return this.#recorder.binary('Add', a, b);
  }

  sub(a: OnnxValue, b: OnnxValue | number): OnnxValue {
    return this.#recorder.binary('Sub', a, b);
  }

  mul(a: OnnxValue, b: OnnxValue | number): OnnxValue {
    return this.#recorder.binary('Mul', a, b);
  }

  div(a: OnnxValue, b: OnnxValue | number): OnnxValue {
    return this.#recorder.binary('Div', a, b);
  }

  pow(x: OnnxValue, exponent: OnnxValue | number): OnnxValue {
    if (exponent === 1) return x;
    return this.#recorder.binary('Pow', this.#graph.as(x, 'float32'), exponent);
  }

  clampMin(x: OnnxValue, min: number): OnnxValue {
    return this.#recorder.clip(x, min, Infinity);
  }

  clamp(x: OnnxValue, min: number, max: number): OnnxValue {
    return this.#recorder.clip(x, min, max);
  }

  linear(x: OnnxValue, weight: OnnxValue, bias: OnnxValue | null): OnnxValue {
    if (x.dims.length === 3) return sequences.recordTokenLinear(this.#recorder, x, weight, bias);
    return vectors.recordLinear(this.#recorder, x, weight, bias);
  }

  l2Normalize(x: OnnxValue): OnnxValue {
    return vectors.recordL2Normalize(this.#recorder, x);
  }

  concat(parts: readonly OnnxValue[]): OnnxValue {
    return vectors.recordConcat(this.#recorder, parts);
  }

  flatten(x: OnnxValue): OnnxValue {
    return sequences.recordFlatten(this.#recorder, x);
  }

  unflatten(x: OnnxValue, height: number, width: number): OnnxValue {
    return sequences.recordUnflatten(this.#recorder, x, height, width);
  }

  layerNorm(x: OnnxValue, weight: OnnxValue, bias: OnnxValue, eps: number): OnnxValue {
    return sequences.recordLayerNorm(this.#recorder, x, weight, bias, eps);
  }

  reorder(x: OnnxValue, order: readonly number[]): OnnxValue {
    return sequences.recordReorder(this.#recorder, x, order);
  }

  regroup(x: OnnxValue, length: number, channels: number): OnnxValue {
    return sequences.recordRegroup(this.#recorder, x, length, channels);
  }

  attention(q: OnnxValue, k: OnnxValue, v: OnnxValue, options: AttentionOptions<OnnxValue>) {
    return sequences.recordAttention(this.#recorder, q, k, v, options);
  }

  linearAttention(
    q: OnnxValue,
    k: OnnxValue,
    v: OnnxValue,
    options: LinearAttentionOptions<OnnxValue>,
  ): OnnxValue {
    return correspondence.recordLinearAttention(this.#recorder, q, k, v, options);
  }

  interleavedAttention(
    q: OnnxValue,
    k: OnnxValue,
    v: OnnxValue,
    options: InterleavedAttentionOptions<OnnxValue>,
  ): OnnxValue {
    return correspondence.recordInterleavedAttention(this.#recorder, q, k, v, options);
  }

  sumTokens(x: OnnxValue): OnnxValue {
    return sequences.recordSumTokens(this.#recorder, x);
  }

  repeat(x: OnnxValue, length: number): OnnxValue {
    return correspondence.recordRepeat(this.#recorder, x, length);
  }

  softmax(x: OnnxValue): OnnxValue {
    return correspondence.recordSoftmax(this.#recorder, x, -1);
  }

  similarity(a: OnnxValue, b: OnnxValue): OnnxValue {
    return correspondence.recordSimilarity(this.#recorder, a, b);
  }

  dualSoftmax(x: OnnxValue): OnnxValue {
    const [down, along] = [1, 2].map((axis) =>
      correspondence.recordSoftmax(this.#recorder, x, axis),
    ) as [OnnxValue, OnnxValue];
    return this.mul(down, along);
  }

  maxima(x: OnnxValue): Maxima<OnnxValue> {
    return correspondence.recordMaxima(this.#recorder, x);
  }

  constant(values: Float32Array, shape: readonly number[]): OnnxValue {
    return this.#graph.constant('constant', { dims: shape, values });
  }

  standardise(weight: OnnxValue, gain: OnnxValue, scale: number, eps: number): OnnxValue {
    const gains = this.#recorder.values(gain);
    return this.#recorder.derive(weight, `standardised-${scale}`, (constant) =>
      foldStandardise(constant, gains, scale, eps),
    );
  }

  rows(x: OnnxValue, from: number, to: number, scale = 1): OnnxValue {
    return this.#recorder.derive(x, `rows-${from}-${to}-${scale}`, (constant) =>
      foldRows(constant, from, to, scale),
    );
  }

  mixRows(x: OnnxValue, matrix: Float32Array): OnnxValue {
    const mixed = foldMixRows(this.#recorder.values(x), matrix);
    return this.#graph.constant(`${x.name}/mixed`, mixed);
  }

  spread(table: OnnxValue, index: readonly number[], length: number): OnnxValue {
    // One table is always spread in the same way.
    return this.#recorder.derive(table, `spread-${length}`, (constant) =>
      foldSpread(constant, index, length),
    );
  }
}
