// What an ONNX file is made of, without loading it: its nodes by kind and its opset.
import { PbfReader } from 'pbf';

export interface OnnxSummary {
  readonly nodes: number;
  readonly opset: number;
  /** Nodes by operator, the most frequent first. */
  readonly ops: Readonly<Record<string, number>>;
}

/** Field numbers of onnx.proto. */
const MODEL = { graph: 7, opsetImport: 8 } as const;
const GRAPH = { node: 1 } as const;
const NODE = { opType: 4 } as const;
const OPSET = { domain: 1, version: 2 } as const;

/** Counts nodes of the main graph. Throws what pbf throws for bytes that are no protocol buffer. */
export function summariseOnnx(onnx: Uint8Array): OnnxSummary {
  const counts = new Map<string, number>();
  let opset = 0;
  const model = new PbfReader(onnx);
  model.readFields((tag) => {
    if (tag === MODEL.graph) readGraph(model, counts);
    else if (tag === MODEL.opsetImport) opset = readOpset(model) ?? opset;
  }, null);
  const sorted = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return {
    nodes: sorted.reduce((sum, [, count]) => sum + count, 0),
    opset,
    ops: Object.fromEntries(sorted),
  };
}

function readGraph(pbf: PbfReader, counts: Map<string, number>): void {
  pbf.readMessage((tag) => {
    if (tag !== GRAPH.node) return;
    let op = '';
    pbf.readMessage((field) => {
      if (field === NODE.opType) op = pbf.readString();
    }, null);
    counts.set(op, (counts.get(op) ?? 0) + 1);
  }, null);
}

/** The version of the standard's own operators; null for another domain's. */
function readOpset(pbf: PbfReader): number | null {
  let domain = '';
  let version = 0;
  pbf.readMessage((tag) => {
    if (tag === OPSET.domain) domain = pbf.readString();
    else if (tag === OPSET.version) version = pbf.readVarint();
  }, null);
  return domain === '' || domain === 'ai.onnx' ? version : null;
}
