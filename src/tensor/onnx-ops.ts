// Ops that record an ONNX graph, for onnxruntime-web. Batch norms are folded into the convolution before
// them, arithmetic on parameters alone is done while recording, and padding is always explicit
// (onnxruntime's `auto_pad` is wrong on WebGPU with stride 2: onnxruntime#26734).
import { CairnError } from '../errors.ts';
import { toFloat32, type Weights } from '../weights/safetensors.ts';
import { requireConv, requireLength, requireLinear } from './checks.ts';
import type { BinaryOp, Constant } from './onnx/fold.ts';
import { foldBatchNorm, foldBinary, foldClamp } from './onnx/fold.ts';
import { type FloatType, GraphBuilder, type OnnxValue } from './onnx/graph.ts';
import type { Dim } from './onnx/proto.ts';
import type { BatchNormParams, Conv2dOptions, Ops, Params, Shape } from './ops.ts';
import { NORM_EPS } from './ops.ts';
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

/** A malformed use of the graph by a network: a fault of ours, never of the user. */
function misuse(what: string): CairnError {
  return new CairnError('internal', what, 'This is a fault of Cairn: please report it.');
}

export class OnnxOps implements Ops<OnnxValue> {
  readonly #graph: GraphBuilder;
  readonly #compute: FloatType;
  /** Folded convolutions by the parameters that went into them: views share them. */
  readonly #folded = new Map<OnnxValue, Map<OnnxValue, { weight: OnnxValue; bias: OnnxValue }>>();
  /** What each clamped value is a clamp of. */
  readonly #ranges = new Map<OnnxValue, { source: OnnxValue; min: number; max: number }>();

  constructor(options: OnnxOptions = {}) {
    this.#graph = new GraphBuilder(options.storage === 'float16');
    this.#compute = options.compute ?? 'float32';
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
    const { stride = 1, pads = [0, 0, 0, 0], groups = 1 } = options;
    requireConv(x.dims[1], weight.dims, groups);
    const [out, , kh, kw] = weight.dims as readonly [number, number, number, number];
    const type = this.#compute;
    const inputs = [x, weight, ...(bias ? [bias] : [])].map((value) => this.#graph.as(value, type));
    return this.#graph.node('Conv', inputs, [x.dims[0] ?? null, out, null, null], type, {
      kernel_shape: { ints: [kh, kw] },
      strides: { ints: [stride, stride] },
      pads: { ints: pads },
      group: { int: groups },
    });
  }

  batchNorm(x: OnnxValue, params: BatchNormParams<OnnxValue>, eps: number): OnnxValue {
    for (const each of Object.values(params)) requireLength(channelsOf(x), each.dims[0]);
    const conv = this.#graph.producer(x);
    const folded = conv?.op === 'Conv' ? this.#foldIntoConv(conv.inputs, params, eps) : null;
    if (conv && folded) {
      const type = x.type;
      const inputs = [
        conv.inputs[0]!,
        this.#graph.as(folded.weight, type),
        this.#graph.as(folded.bias, type),
      ];
      // The convolution without its norm stays recorded, and is dropped if nothing else uses it.
      return this.#graph.node('Conv', inputs, x.dims, type, conv.attributes, [], `${conv.name}.bn`);
    }
    const { weight, bias, runningMean, runningVar } = params;
    const inputs = [x, weight, bias, runningMean, runningVar];
    return this.#graph.node(
      'BatchNormalization',
      inputs.map((value) => this.#graph.as(value, x.type)),
      x.dims,
      x.type,
      { epsilon: { float: eps } },
    );
  }

  spatialMean(x: OnnxValue): OnnxValue {
    const [n, c] = this.#dims(x, 4);
    const input = this.#graph.as(x, 'float32');
    const pooled = this.#graph.node('GlobalAveragePool', [input], [n!, c!, 1, 1], 'float32');
    return this.#graph.node('Flatten', [pooled], [n!, c!], 'float32', { axis: { int: 1 } });
  }

  relu(x: OnnxValue): OnnxValue {
    return this.#clip(x, 0, Infinity);
  }

  relu6(x: OnnxValue): OnnxValue {
    return this.#clip(x, 0, 6);
  }

  add(a: OnnxValue, b: OnnxValue | number): OnnxValue {
    return this.#binary('Add', a, b);
  }

  sub(a: OnnxValue, b: OnnxValue | number): OnnxValue {
    return this.#binary('Sub', a, b);
  }

  mul(a: OnnxValue, b: OnnxValue | number): OnnxValue {
    return this.#binary('Mul', a, b);
  }

  div(a: OnnxValue, b: OnnxValue | number): OnnxValue {
    return this.#binary('Div', a, b);
  }

  pow(x: OnnxValue, exponent: OnnxValue | number): OnnxValue {
    if (exponent === 1) return x;
    return this.#binary('Pow', this.#graph.as(x, 'float32'), exponent);
  }

  clampMin(x: OnnxValue, min: number): OnnxValue {
    return this.#clip(x, min, Infinity);
  }

  clamp(x: OnnxValue, min: number, max: number): OnnxValue {
    return this.#clip(x, min, max);
  }

  linear(x: OnnxValue, weight: OnnxValue, bias: OnnxValue | null): OnnxValue {
    const [n] = this.#dims(x, 2);
    requireLinear(x.dims[1], weight.dims);
    if (bias) requireLength(weight.dims[0], bias.dims[0]);
    const inputs = [x, weight, ...(bias ? [bias] : [])].map((v) => this.#graph.as(v, 'float32'));
    return this.#graph.node('Gemm', inputs, [n!, weight.dims[0] ?? null], 'float32', {
      transB: { int: 1 },
    });
  }

  l2Normalize(x: OnnxValue): OnnxValue {
    const [n] = this.#dims(x, 2);
    const input = this.#graph.as(x, 'float32');
    const length = this.#graph.node('ReduceL2', [input], [n!, 1], 'float32', {}, [
      this.#graph.ints([1]),
    ]);
    const norm = this.#clip(length, NORM_EPS, Infinity);
    return this.#graph.node('Div', [input, norm], x.dims, 'float32');
  }

  concat(parts: readonly OnnxValue[]): OnnxValue {
    const [first] = parts;
    if (!first) throw misuse('A concatenation of nothing was recorded.');
    if (parts.length === 1) return first;
    const channels = parts.reduce<number | null>((sum, { dims }) => {
      const side = dims[1];
      return sum === null || typeof side !== 'number' ? null : sum + side;
    }, 0);
    const type = parts.every((part) => part.type === 'float16') ? 'float16' : 'float32';
    const dims = first.dims.map((side, axis) => (axis === 1 ? channels : side));
    const inputs = parts.map((part) => this.#graph.as(part, type));
    return this.#graph.node('Concat', inputs, dims, type, { axis: { int: 1 } });
  }

  #dims(x: OnnxValue, rank: number): readonly Dim[] {
    if (x.dims.length !== rank)
      throw misuse(`A value of rank ${x.dims.length} came instead of ${rank}.`);
    return x.dims;
  }

  /**
   * A clamp of a clamp becomes one of the unclamped value. That is more than thrift: onnxruntime-web 1.30
   * on WebGPU fuses both clamps of Conv → Clip → Clip into the convolution and applies the second alone.
   */
  #clip(x: OnnxValue, min: number, max: number): OnnxValue {
    if (x.constant) return this.#graph.constant(x.name, foldClamp(x.constant, min, max));
    const inner = this.#ranges.get(x) ?? { source: x, min: -Infinity, max: Infinity };
    const within = (bound: number) => Math.min(Math.max(bound, min), max);
    const range = { source: inner.source, min: within(inner.min), max: within(inner.max) };
    // 1e-6 is no half: such a clamp needs float32.
    const type = min !== 0 && Math.abs(min) < 2 ** -14 ? 'float32' : x.type;
    const source = this.#graph.as(range.source, type);
    let clipped: OnnxValue;
    if (range.min === 0 && range.max === Infinity) {
      clipped = this.#graph.node('Relu', [source], x.dims, type);
    } else {
      const bounds = range.max === Infinity ? [range.min] : [range.min, range.max];
      const limits = bounds.map((limit) => this.#graph.as(this.#graph.scalar(limit), type));
      clipped = this.#graph.node('Clip', [source, ...limits], x.dims, type);
    }
    this.#ranges.set(clipped, range);
    return clipped;
  }

  #binary(op: BinaryOp, a: OnnxValue, right: OnnxValue | number): OnnxValue {
    const b = typeof right === 'number' ? this.#graph.scalar(right) : right;
    if (a.constant && b.constant) {
      return this.#graph.constant(`${a.name}/${op}`, foldBinary(op, a.constant, b.constant));
    }
    if (b.constant && b.dims.length === 1 && b.dims[0] !== 1)
      requireLength(channelsOf(a), b.dims[0]);
    // A parameter follows the map that it is applied to; of two maps, float32 wins.
    const type = a.type === 'float32' && !a.constant ? 'float32' : b.constant ? a.type : b.type;
    const inputs = [a, this.#perChannel(a, b)].map((value) => this.#graph.as(value, type));
    return this.#graph.node(op, inputs, a.dims, type);
  }

  /** A vector [C] beside a map is [C, 1, 1] in ONNX's trailing broadcast. */
  #perChannel(a: OnnxValue, b: OnnxValue): OnnxValue {
    if (!b.constant || b.dims.length !== 1 || a.dims.length !== 4) return b;
    const dims = [b.constant.values.length, 1, 1];
    return this.#graph.constant(`${b.name}/map`, { dims, values: b.constant.values });
  }

  #foldIntoConv(
    inputs: readonly OnnxValue[],
    params: BatchNormParams<OnnxValue>,
    eps: number,
  ): { weight: OnnxValue; bias: OnnxValue } | null {
    const [, weight, bias] = inputs;
    if (!weight?.constant || (bias && !bias.constant)) return null;
    const { weight: gamma, bias: beta, runningMean, runningVar } = params;
    const norm = constants({ weight: gamma, bias: beta, runningMean, runningVar });
    if (!norm) return null;
    let byNorm = this.#folded.get(weight);
    if (!byNorm) {
      byNorm = new Map();
      this.#folded.set(weight, byNorm);
    }
    let folded = byNorm.get(gamma);
    if (!folded) {
      const constant = foldBatchNorm(weight.constant, bias?.constant ?? null, norm, eps);
      folded = {
        weight: this.#graph.constant(`${weight.name}/folded`, constant.weight),
        bias: this.#graph.constant(`${weight.name}/folded.bias`, constant.bias),
      };
      byNorm.set(gamma, folded);
    }
    return folded;
  }
}

/** Axis 1 of a map, the last axis of everything else. */
function channelsOf(x: OnnxValue): Dim {
  return x.dims[x.dims.length === 4 ? 1 : x.dims.length - 1] ?? null;
}

function constants(params: BatchNormParams<OnnxValue>): BatchNormParams<Constant> | null {
  const { weight, bias, runningMean, runningVar } = params;
  if (!weight.constant || !bias.constant || !runningMean.constant || !runningVar.constant)
    return null;
  return {
    weight: weight.constant,
    bias: bias.constant,
    runningMean: runningMean.constant,
    runningVar: runningVar.constant,
  };
}
