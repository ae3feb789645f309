// What every recorded operation shares: the graph, the precision, arithmetic, and constants made from others.
import { CairnError } from '../../errors.ts';
import { requireLength } from '../checks.ts';
import type { AttentionMask, BatchNormParams } from '../ops.ts';
import {
  type BinaryOp,
  type Constant,
  foldBatchNorm,
  foldBinary,
  foldClamp,
  foldTranspose,
} from './fold.ts';
import { type FloatType, GraphBuilder, type OnnxValue } from './graph.ts';
import type { Dim } from './proto.ts';

/** A malformed use of the graph by a network: a fault of ours, never of the user. */
export function misuse(what: string): CairnError {
  return new CairnError('internal', what, 'This is a fault of Cairn: please report it.');
}

export class Recorder {
  readonly graph: GraphBuilder;
  /** Constants made from parameters, by what they were made from: views share them. */
  readonly #derived = new Map<OnnxValue, Map<string, OnnxValue>>();
  /** Folded convolutions by the parameters that went into them. */
  readonly #folded = new Map<OnnxValue, Map<OnnxValue, { weight: OnnxValue; bias: OnnxValue }>>();
  readonly #masks = new Map<AttentionMask, OnnxValue>();
  /** Constants that follow from sizes alone, by a key that says which. */
  readonly #shared = new Map<string, OnnxValue>();
  /** What each clamped value is a clamp of. */
  readonly #ranges = new Map<OnnxValue, { source: OnnxValue; min: number; max: number }>();

  /** `compute` is what convolutions, and what follows them, compute in. */
  constructor(
    readonly compute: FloatType,
    halfStorage: boolean,
  ) {
    this.graph = new GraphBuilder(halfStorage);
  }

  dims(x: OnnxValue, rank: number): readonly Dim[] {
    if (x.dims.length !== rank)
      throw misuse(`A value of rank ${x.dims.length} came instead of ${rank}.`);
    return x.dims;
  }

  /** A parameter's values. Throws `internal` where a network computes what may only be a parameter. */
  values(x: OnnxValue): Constant {
    if (!x.constant) throw misuse(`"${x.name}" must be a parameter.`);
    return x.constant;
  }

  /** A constant computed from a parameter, once for each `key`, which must say all that it depends on. */
  derive(x: OnnxValue, key: string, fold: (constant: Constant) => Constant): OnnxValue {
    const constant = this.values(x);
    let byKey = this.#derived.get(x);
    if (!byKey) {
      byKey = new Map();
      this.#derived.set(x, byKey);
    }
    let found = byKey.get(key);
    if (!found) {
      found = this.graph.constant(`${x.name}/${key}`, fold(constant));
      byKey.set(key, found);
    }
    return found;
  }

  /** One constant for each `key`, which must say all that it depends on. */
  shared(key: string, make: () => Constant): OnnxValue {
    let found = this.#shared.get(key);
    if (!found) {
      found = this.graph.constant(key, make());
      this.#shared.set(key, found);
    }
    return found;
  }

  /** [windows, 1, L, L]; one constant for each mask. */
  maskConstant(mask: AttentionMask, length: number): OnnxValue {
    let found = this.#masks.get(mask);
    if (!found) {
      const dims = [mask.windows, 1, length, length];
      found = this.graph.constant('attention-mask', { dims, values: mask.values });
      this.#masks.set(mask, found);
    }
    return found;
  }

  /** [out, in, 1] → [out, in]: the same numbers. */
  matrix(weight: OnnxValue): OnnxValue {
    if (weight.dims.length === 2) return weight;
    return this.derive(weight, 'matrix', ({ dims, values }) => ({
      dims: dims.slice(0, 2),
      values,
    }));
  }

  /** [out, in] → [in, out], as MatMul wants it. */
  transposed(weight: OnnxValue): OnnxValue {
    if (weight.constant) return this.derive(weight, 'transposed', foldTranspose);
    const [rows = null, columns = null] = weight.dims;
    return this.transpose(weight, [1, 0], [columns, rows]);
  }

  reshape(x: OnnxValue, shape: readonly number[], dims: readonly Dim[]): OnnxValue {
    return this.graph.node('Reshape', [x], dims, x.type, {}, [this.graph.ints(shape)]);
  }

  transpose(x: OnnxValue, order: readonly number[], dims: readonly Dim[]): OnnxValue {
    return this.graph.node('Transpose', [x], dims, x.type, { perm: { ints: order } });
  }

  /**
   * A clamp of a clamp becomes one of the unclamped value. That is more than thrift: onnxruntime-web 1.30
   * on WebGPU fuses both clamps of Conv → Clip → Clip into the convolution and applies the second alone.
   */
  clip(x: OnnxValue, min: number, max: number): OnnxValue {
    if (x.constant) return this.graph.constant(x.name, foldClamp(x.constant, min, max));
    const inner = this.#ranges.get(x) ?? { source: x, min: -Infinity, max: Infinity };
    const within = (bound: number) => Math.min(Math.max(bound, min), max);
    const range = { source: inner.source, min: within(inner.min), max: within(inner.max) };
    // 1e-6 is no half: such a clamp needs float32.
    const type = min !== 0 && Math.abs(min) < 2 ** -14 ? 'float32' : x.type;
    const source = this.graph.as(range.source, type);
    let clipped: OnnxValue;
    if (range.min === 0 && range.max === Infinity) {
      clipped = this.graph.node('Relu', [source], x.dims, type);
    } else {
      const bounds = range.max === Infinity ? [range.min] : [range.min, range.max];
      const limits = bounds.map((limit) => this.graph.as(this.graph.scalar(limit), type));
      clipped = this.graph.node('Clip', [source, ...limits], x.dims, type);
    }
    this.#ranges.set(clipped, range);
    return clipped;
  }

  binary(op: BinaryOp, a: OnnxValue, right: OnnxValue | number): OnnxValue {
    const b = typeof right === 'number' ? this.graph.scalar(right) : right;
    if (a.constant && b.constant) {
      return this.graph.constant(`${a.name}/${op}`, foldBinary(op, a.constant, b.constant));
    }
    if (b.constant && b.dims.length === 1 && b.dims[0] !== 1)
      requireLength(channelsOf(a), b.dims[0]);
    // A parameter follows the map that it is applied to; of two maps, float32 wins.
    const type = a.type === 'float32' && !a.constant ? 'float32' : b.constant ? a.type : b.type;
    const inputs = [a, this.#perChannel(a, b)].map((value) => this.graph.as(value, type));
    return this.graph.node(op, inputs, a.dims, type);
  }

  /** A vector [C] beside a map is [C, 1, 1] in ONNX's trailing broadcast. */
  #perChannel(a: OnnxValue, b: OnnxValue): OnnxValue {
    if (!b.constant || b.dims.length !== 1 || a.dims.length !== 4) return b;
    const dims = [b.constant.values.length, 1, 1];
    return this.graph.constant(`${b.name}/map`, { dims, values: b.constant.values });
  }

  /** The convolution's weight and bias with the norm in them; null where they are no parameters. */
  foldIntoConv(
    inputs: readonly OnnxValue[],
    params: BatchNormParams<OnnxValue>,
    eps: number,
  ): { weight: OnnxValue; bias: OnnxValue } | null {
    const [, weight, bias] = inputs;
    if (!weight?.constant || (bias && !bias.constant)) return null;
    const norm = constants(params);
    if (!norm) return null;
    let byNorm = this.#folded.get(weight);
    if (!byNorm) {
      byNorm = new Map();
      this.#folded.set(weight, byNorm);
    }
    let folded = byNorm.get(params.weight);
    if (!folded) {
      const constant = foldBatchNorm(weight.constant, bias?.constant ?? null, norm, eps);
      folded = {
        weight: this.graph.constant(`${weight.name}/folded`, constant.weight),
        bias: this.graph.constant(`${weight.name}/folded.bias`, constant.bias),
      };
      byNorm.set(params.weight, folded);
    }
    return folded;
  }
}

/** Axis 1 of a map, the last axis of everything else. */
export function channelsOf(x: OnnxValue): Dim {
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
