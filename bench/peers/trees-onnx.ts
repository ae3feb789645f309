// An ensemble of trees as an ONNX file: one TreeEnsembleRegressor of ONNX-ML, float32 as that operator has it.
// Operator: github.com/onnx/onnx, docs/Operators-ml.md#ai.onnx.ml.TreeEnsembleRegressor.
import {
  CATEGORICAL,
  goesLeft,
  rowValues,
  type TreeEnsemble,
} from '../../src/rerank/trees/tree-ensemble.ts';
import { encodeModel } from '../../src/tensor/onnx/proto.ts';

const DOMAIN = 'ai.onnx.ml';
const DOMAIN_VERSION = 3;
const OPSET = 20;
const IR_VERSION = 9;

/**
 * Input `rows` float32 [N, features], NaN where one is missing; output `scores` float32 [N, classes], the raw sums.
 * Throws for categorical splits, which the operator has not.
 */
export function treesOnnx(trees: TreeEnsemble): Uint8Array<ArrayBuffer> {
  if (trees.decision.some((bits) => bits & CATEGORICAL)) throw new Error('It has categories.');
  const { features, classes, roots } = trees;
  // Where a missing value goes is what `nodes_missing_value_tracks_true` says; zeros that are missing cannot be said.
  const missing = rowValues(
    trees,
    features.map(() => Number.NaN),
  );
  const nodes = {
    treeids: [] as number[],
    nodeids: [] as number[],
    featureids: [] as number[],
    values: [] as number[],
    modes: [] as string[],
    truenodeids: [] as number[],
    falsenodeids: [] as number[],
    tracks: [] as number[],
  };
  const target = {
    treeids: [] as number[],
    nodeids: [] as number[],
    ids: [] as number[],
    weights: [] as number[],
  };
  for (const [tree, root] of roots.entries()) {
    // Breadth first: a node's place in the list is its number.
    const open = [root];
    for (const [at, node] of open.entries()) {
      const leaf = node < 0;
      nodes.treeids.push(tree);
      nodes.nodeids.push(at);
      nodes.modes.push(leaf ? 'LEAF' : 'BRANCH_LEQ');
      nodes.featureids.push(leaf ? 0 : trees.feature[node]!);
      nodes.values.push(leaf ? 0 : trees.threshold[node]!);
      nodes.tracks.push(!leaf && goesLeft(trees, node, missing) ? 1 : 0);
      nodes.truenodeids.push(leaf ? 0 : open.length);
      nodes.falsenodeids.push(leaf ? 0 : open.length + 1);
      if (!leaf) open.push(trees.left[node]!, trees.right[node]!);
      else {
        target.treeids.push(tree);
        target.nodeids.push(at);
        target.ids.push(tree % classes);
        target.weights.push(trees.leafValue[~node]!);
      }
    }
  }
  const attributes = {
    n_targets: { int: classes },
    nodes_treeids: { ints: nodes.treeids },
    nodes_nodeids: { ints: nodes.nodeids },
    nodes_featureids: { ints: nodes.featureids },
    nodes_values: { floats: nodes.values },
    nodes_modes: { strings: nodes.modes },
    nodes_truenodeids: { ints: nodes.truenodeids },
    nodes_falsenodeids: { ints: nodes.falsenodeids },
    nodes_missing_value_tracks_true: { ints: nodes.tracks },
    target_treeids: { ints: target.treeids },
    target_nodeids: { ints: target.nodeids },
    target_ids: { ints: target.ids },
    target_weights: { floats: target.weights },
  };
  return encodeModel({
    irVersion: IR_VERSION,
    opset: OPSET,
    domains: new Map([[DOMAIN, DOMAIN_VERSION]]),
    metadata: new Map(),
    graph: {
      name: 'trees',
      nodes: [
        {
          name: 'trees',
          op: 'TreeEnsembleRegressor',
          domain: DOMAIN,
          inputs: ['rows'],
          outputs: ['scores'],
          attributes,
        },
      ],
      initializers: [],
      inputs: [{ name: 'rows', type: 'float32', dims: ['N', features.length] }],
      outputs: [{ name: 'scores', type: 'float32', dims: ['N', classes] }],
    },
  });
}
