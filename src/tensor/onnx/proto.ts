// Writes ONNX's ModelProto: just the messages that a recorded graph needs, in onnx.proto's field numbers.
// Schema: github.com/onnx/onnx, onnx/onnx.proto.
import { PbfWriter } from 'pbf';

/** TensorProto.DataType. */
export const DATA_TYPE = { float32: 1, int64: 7, float16: 10 } as const;
export type DataType = keyof typeof DATA_TYPE;

/** A size, a named free size, or nothing known. */
export type Dim = number | string | null;

export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly string: string }
  | { readonly strings: readonly string[] };

export interface NodeProto {
  readonly name: string;
  readonly op: string;
  /** Whose operator it is, one of the model's `domains`; ONNX's own when left out. */
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface TensorProto {
  readonly name: string;
  readonly type: DataType;
  readonly dims: readonly number[];
  /** Little-endian, row-major. */
  readonly data: Uint8Array;
}

export interface ValueInfoProto {
  readonly name: string;
  readonly type: DataType;
  readonly dims: readonly Dim[];
}

export interface GraphProto {
  readonly name: string;
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
}

export interface ModelProto {
  readonly irVersion: number;
  readonly opset: number;
  /** Versions of further sets of operators, such as `ai.onnx.ml`. */
  readonly domains?: ReadonlyMap<string, number>;
  readonly graph: GraphProto;
  readonly metadata: ReadonlyMap<string, string>;
}

const VARINT = 0;
const FIXED32 = 5;
const BYTES = 2;
/** AttributeProto.AttributeType. */
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, floats: 6, ints: 7, strings: 8 } as const;

function int(pbf: PbfWriter, field: number, value: number): void {
  pbf.writeTag(field, VARINT);
  pbf.writeVarint(value);
}

function string(pbf: PbfWriter, field: number, value: string): void {
  pbf.writeTag(field, BYTES);
  pbf.writeString(value);
}

function writeAttribute([name, attribute]: [string, Attribute], pbf: PbfWriter): void {
  string(pbf, 1, name);
  if ('float' in attribute) {
    pbf.writeTag(2, FIXED32);
    pbf.writeFloat(attribute.float);
    int(pbf, 20, ATTRIBUTE_TYPE.float);
  } else if ('int' in attribute) {
    int(pbf, 3, attribute.int);
    int(pbf, 20, ATTRIBUTE_TYPE.int);
  } else if ('string' in attribute) {
    string(pbf, 4, attribute.string);
    int(pbf, 20, ATTRIBUTE_TYPE.string);
  } else if ('floats' in attribute) {
    for (const value of attribute.floats) {
      pbf.writeTag(7, FIXED32);
      pbf.writeFloat(value);
    }
    int(pbf, 20, ATTRIBUTE_TYPE.floats);
  } else if ('strings' in attribute) {
    for (const value of attribute.strings) string(pbf, 9, value);
    int(pbf, 20, ATTRIBUTE_TYPE.strings);
  } else {
    for (const value of attribute.ints) int(pbf, 8, value);
    int(pbf, 20, ATTRIBUTE_TYPE.ints);
  }
}

function writeNode(node: NodeProto, pbf: PbfWriter): void {
  for (const input of node.inputs) string(pbf, 1, input);
  for (const output of node.outputs) string(pbf, 2, output);
  string(pbf, 3, node.name);
  string(pbf, 4, node.op);
  for (const entry of Object.entries(node.attributes)) pbf.writeMessage(5, writeAttribute, entry);
  if (node.domain !== undefined) string(pbf, 7, node.domain);
}

function writeTensor(tensor: TensorProto, pbf: PbfWriter): void {
  for (const side of tensor.dims) int(pbf, 1, side);
  int(pbf, 2, DATA_TYPE[tensor.type]);
  string(pbf, 8, tensor.name);
  pbf.writeTag(9, BYTES);
  pbf.writeBytes(tensor.data);
}

function writeDim(dim: Dim, pbf: PbfWriter): void {
  if (typeof dim === 'number') int(pbf, 1, dim);
  else if (dim !== null) string(pbf, 2, dim);
}

function writeValueInfo(info: ValueInfoProto, pbf: PbfWriter): void {
  string(pbf, 1, info.name);
  // TypeProto.tensor_type { elem_type = 1; shape = 2 { repeated dim = 1 } }
  pbf.writeMessage(2, writeTensorTypeOf, info);
}

function writeTensorTypeOf(info: ValueInfoProto, pbf: PbfWriter): void {
  pbf.writeMessage(1, writeElementAndShape, info);
}

function writeElementAndShape(info: ValueInfoProto, pbf: PbfWriter): void {
  int(pbf, 1, DATA_TYPE[info.type]);
  pbf.writeMessage(2, writeShape, info.dims);
}

function writeShape(dims: readonly Dim[], pbf: PbfWriter): void {
  for (const dim of dims) pbf.writeMessage(1, writeDim, dim);
}

function writeGraph(graph: GraphProto, pbf: PbfWriter): void {
  for (const node of graph.nodes) pbf.writeMessage(1, writeNode, node);
  string(pbf, 2, graph.name);
  for (const tensor of graph.initializers) pbf.writeMessage(5, writeTensor, tensor);
  for (const info of graph.inputs) pbf.writeMessage(11, writeValueInfo, info);
  for (const info of graph.outputs) pbf.writeMessage(12, writeValueInfo, info);
}

function writeOpset([domain, version]: [string, number], pbf: PbfWriter): void {
  string(pbf, 1, domain);
  int(pbf, 2, version);
}

function writeMetadata([key, value]: [string, string], pbf: PbfWriter): void {
  string(pbf, 1, key);
  string(pbf, 2, value);
}

/** The bytes of an `.onnx` file. */
export function encodeModel(model: ModelProto): Uint8Array<ArrayBuffer> {
  // Room for everything at once: growing by doubling would copy tens of megabytes.
  const weights = model.graph.initializers.reduce((sum, { data }) => sum + data.byteLength, 0);
  const perNode = 1024;
  const room = weights + perNode * (model.graph.nodes.length + model.graph.initializers.length + 8);
  const pbf = new PbfWriter(new Uint8Array(room));
  int(pbf, 1, model.irVersion);
  string(pbf, 2, 'cairn');
  pbf.writeMessage(7, writeGraph, model.graph);
  const sets: [string, number][] = [['', model.opset], ...(model.domains ?? [])];
  for (const set of sets) pbf.writeMessage(8, writeOpset, set);
  for (const entry of model.metadata) pbf.writeMessage(14, writeMetadata, entry);
  // Cut to size: the writer's buffer is larger than what it holds.
  return pbf.finish().slice() as Uint8Array<ArrayBuffer>;
}
