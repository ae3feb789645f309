// A graph under construction: values, nodes, constants and casts; encoded once its outputs are known.
import { float32ToHalf } from '../../weights/half.ts';
import type { Constant } from './fold.ts';
import type { Attribute, DataType, Dim, NodeProto, TensorProto, ValueInfoProto } from './proto.ts';
import { DATA_TYPE, encodeModel } from './proto.ts';

/** LayerNormalization and Gelu are in it, and onnxruntime-web 1.30 runs all of it on WASM and WebGPU. */
export const OPSET = 20;
/** The IR version that came with {@link OPSET}. */
const IR_VERSION = 9;

export type FloatType = 'float32' | 'float16';

/** What a network passes around while it is recorded. */
export interface OnnxValue {
  readonly name: string;
  readonly type: FloatType;
  readonly dims: readonly Dim[];
  /** Set for parameters and what was computed from them alone; such a value is stored only if used. */
  readonly constant: Constant | null;
}

/** Axes, shapes and the like: an int64 constant. */
export interface IntList {
  readonly name: string;
  readonly ints: readonly number[];
}

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly OnnxValue[];
  /** Further inputs after `inputs`. */
  readonly lists: readonly IntList[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** Integer lists up to this length are named after their content. */
const LABELLED_INTS = 8;

/** Weights of at least this rank are stored in half precision when that is asked for. */
const HALF_STORAGE_RANK = 2;

export class GraphBuilder {
  readonly #scopes: string[] = [];
  readonly #taken = new Set<string>();
  readonly #inputs: OnnxValue[] = [];
  readonly #producers = new Map<OnnxValue, GraphNode>();
  readonly #casts = new Map<OnnxValue, OnnxValue>();
  readonly #scalars = new Map<number, OnnxValue>();
  readonly #lists = new Map<string, IntList>();

  /** With `halfStorage`, weights are stored as float16 and cast where the graph computes in float32. */
  constructor(private readonly halfStorage: boolean) {}

  scope<R>(name: string, body: () => R): R {
    this.#scopes.push(name);
    try {
      return body();
    } finally {
      this.#scopes.pop();
    }
  }

  input(name: string, dims: readonly Dim[]): OnnxValue {
    const value: OnnxValue = { name: this.#unique(name), type: 'float32', dims, constant: null };
    this.#inputs.push(value);
    return value;
  }

  constant(name: string, constant: Constant): OnnxValue {
    return { name: this.#unique(name), type: 'float32', dims: constant.dims, constant };
  }

  /** One value for each number, however often it is used. */
  scalar(value: number): OnnxValue {
    let found = this.#scalars.get(value);
    if (!found) {
      found = this.constant(`scalar/${value}`, { dims: [], values: Float32Array.of(value) });
      this.#scalars.set(value, found);
    }
    return found;
  }

  /** One int64 list for each content. */
  ints(values: readonly number[]): IntList {
    const key = values.join(',');
    let found = this.#lists.get(key);
    if (!found) {
      const label = values.length <= LABELLED_INTS ? key : `list-of-${values.length}`;
      found = { name: this.#unique(`ints/${label}`), ints: values };
      this.#lists.set(key, found);
    }
    return found;
  }

  /** Records a node, named after the current scopes unless told; gives its output, of the given type and shape. */
  node(
    op: string,
    inputs: readonly OnnxValue[],
    dims: readonly Dim[],
    type: FloatType,
    attributes: Readonly<Record<string, Attribute>> = {},
    lists: readonly IntList[] = [],
    wantedName = [...this.#scopes, op].join('/'),
  ): OnnxValue {
    const name = this.#unique(wantedName);
    const output: OnnxValue = { name: `${name}:0`, type, dims, constant: null };
    this.#producers.set(output, { name, op, inputs, lists, attributes });
    return output;
  }

  producer(value: OnnxValue): GraphNode | undefined {
    return this.#producers.get(value);
  }

  /** The value in another precision; each is cast at most once, constants at no cost to the run. */
  as(value: OnnxValue, type: FloatType): OnnxValue {
    if (value.type === type) return value;
    let cast = this.#casts.get(value);
    if (!cast) {
      cast = value.constant
        ? { ...value, name: this.#unique(`${value.name}.${type}`), type }
        : this.node('Cast', [value], value.dims, type, { to: { int: DATA_TYPE[type] } });
      this.#casts.set(value, cast);
    }
    return cast;
  }

  /** The model file. Nodes that no output needs are left out; the others keep the order of recording. */
  encode(
    name: string,
    outputs: ReadonlyMap<string, OnnxValue>,
    metadata: ReadonlyMap<string, string>,
  ): Uint8Array<ArrayBuffer> {
    const needed = new Set<OnnxValue>();
    const open = [...outputs.values()];
    for (let value = open.pop(); value; value = open.pop()) {
      if (needed.has(value)) continue;
      needed.add(value);
      open.push(...(this.#producers.get(value)?.inputs ?? []));
    }
    const nodes: NodeProto[] = [];
    const initializers: TensorProto[] = [];
    for (const value of needed) {
      if (value.constant) this.#store(value, value.constant, initializers, nodes);
    }
    const { names, identities } = this.#nameOutputs(outputs);
    const nameOf = (value: OnnxValue) => names.get(value) ?? value.name;
    const lists = new Set<IntList>();
    for (const [value, node] of this.#producers) {
      if (!needed.has(value)) continue;
      for (const list of node.lists) lists.add(list);
      const inputs = [...node.inputs.map(nameOf), ...node.lists.map((list) => list.name)];
      nodes.push({ ...node, inputs, outputs: [nameOf(value)] });
    }
    for (const { name: listName, ints } of lists) {
      const data = new Uint8Array(BigInt64Array.from(ints, BigInt).buffer);
      initializers.push({ name: listName, type: 'int64', dims: [ints.length], data });
    }
    for (const [output, value] of identities) {
      nodes.push({
        name: output,
        op: 'Identity',
        inputs: [nameOf(value)],
        outputs: [output],
        attributes: {},
      });
    }
    const outputInfos: ValueInfoProto[] = [...outputs].map(([output, { type, dims }]) => ({
      name: output,
      type,
      dims,
    }));
    return encodeModel({
      irVersion: IR_VERSION,
      opset: OPSET,
      metadata,
      graph: { name, nodes, initializers, inputs: this.#inputs, outputs: outputInfos },
    });
  }

  /** Outputs that a node computes take their own name; inputs, constants and doubles need an Identity. */
  #nameOutputs(outputs: ReadonlyMap<string, OnnxValue>) {
    const names = new Map<OnnxValue, string>();
    const identities = new Map<string, OnnxValue>();
    for (const [output, value] of outputs) {
      if (this.#producers.has(value) && !names.has(value)) names.set(value, output);
      else identities.set(output, value);
    }
    return { names, identities };
  }

  #store(
    value: OnnxValue,
    constant: Constant,
    initializers: TensorProto[],
    nodes: NodeProto[],
  ): void {
    const half =
      value.type === 'float16' || (this.halfStorage && constant.dims.length >= HALF_STORAGE_RANK);
    const type: DataType = half ? 'float16' : 'float32';
    const stored = half ? float32ToHalf(constant.values) : constant.values;
    const data = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
    const name = type === value.type ? value.name : this.#unique(`${value.name}.${type}`);
    initializers.push({ name, type, dims: constant.dims, data });
    if (type !== value.type) {
      const attributes = { to: { int: DATA_TYPE[value.type] } };
      nodes.push({
        name: `${value.name}/Cast`,
        op: 'Cast',
        inputs: [name],
        outputs: [value.name],
        attributes,
      });
    }
  }

  #unique(name: string): string {
    let unique = name;
    for (let i = 1; this.#taken.has(unique); i++) unique = `${name}#${i}`;
    this.#taken.add(unique);
    return unique;
  }
}
