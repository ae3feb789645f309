// Reads a recorded ONNX graph back from its file's own bytes, as a runtime would.
import { PbfReader } from 'pbf';

export interface Node {
  name: string;
  op: string;
  inputs: string[];
  outputs: string[];
  attributes: Map<string, number[]>;
}
export interface Graph {
  irVersion: number;
  opset: number;
  nodes: Node[];
  initializers: Map<string, { type: number; dims: number[]; data: Uint8Array }>;
  inputs: Map<string, (number | string)[]>;
  outputs: Map<string, (number | string)[]>;
}
/** Reads the fields of onnx.proto that these tests look at. */
export function decode(bytes: Uint8Array): Graph {
  const graph: Graph = {
    irVersion: 0,
    opset: 0,
    nodes: [],
    initializers: new Map(),
    inputs: new Map(),
    outputs: new Map(),
  };
  const message = <R>(
    pbf: PbfReader,
    into: R,
    field: (tag: number, into: R, pbf: PbfReader) => void,
  ) => pbf.readMessage((tag, result: R) => field(tag, result, pbf), into);
  const valueInfo = (pbf: PbfReader, into: Map<string, (number | string)[]>) => {
    const info = { name: '', dims: [] as (number | string)[] };
    message(pbf, info, (tag) => {
      if (tag === 1) info.name = pbf.readString();
      // type → tensor_type → shape → dim → value or name
      const descend = [1, 2, 1];
      const enter = (level: number) =>
        message(pbf, info, (inner) => {
          if (level === 3 && inner === 1) info.dims.push(pbf.readVarint());
          else if (level === 3 && inner === 2) info.dims.push(pbf.readString());
          else if (level < 3 && inner === descend[level]) enter(level + 1);
        });
      if (tag === 2) enter(0);
    });
    into.set(info.name, info.dims);
  };
  const attribute = (pbf: PbfReader, node: Node) => {
    const found = { name: '', values: [] as number[] };
    message(pbf, found, (tag) => {
      if (tag === 1) found.name = pbf.readString();
      if (tag === 2) found.values.push(pbf.readFloat());
      if (tag === 3 || tag === 8) found.values.push(pbf.readVarint(true));
    });
    node.attributes.set(found.name, found.values);
  };
  const pbf = new PbfReader(bytes);
  pbf.readFields((tag) => {
    if (tag === 1) graph.irVersion = pbf.readVarint();
    if (tag === 8) {
      message(pbf, graph, (t) => {
        if (t === 2) graph.opset = pbf.readVarint();
      });
    }
    if (tag !== 7) return;
    message(pbf, graph, (field) => {
      if (field === 1) {
        const node: Node = { name: '', op: '', inputs: [], outputs: [], attributes: new Map() };
        message(pbf, node, (t) => {
          if (t === 1) node.inputs.push(pbf.readString());
          if (t === 2) node.outputs.push(pbf.readString());
          if (t === 3) node.name = pbf.readString();
          if (t === 4) node.op = pbf.readString();
          if (t === 5) attribute(pbf, node);
        });
        graph.nodes.push(node);
      }
      if (field === 5) {
        const tensor = { name: '', type: 0, dims: [] as number[], data: new Uint8Array(0) };
        message(pbf, tensor, (t) => {
          if (t === 1) tensor.dims.push(pbf.readVarint());
          if (t === 2) tensor.type = pbf.readVarint();
          if (t === 8) tensor.name = pbf.readString();
          if (t === 9) tensor.data = new Uint8Array(pbf.readBytes());
        });
        graph.initializers.set(tensor.name, tensor);
      }
      if (field === 11) valueInfo(pbf, graph.inputs);
      if (field === 12) valueInfo(pbf, graph.outputs);
    });
  }, graph);
  return graph;
}

export const count = (graph: Graph, op: string) =>
  graph.nodes.filter((node) => node.op === op).length;
