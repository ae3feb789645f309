// Why a row got its score: what each feature added on the way down the trees.
import { goesLeft, type Row, rowValues, type TreeEnsemble } from './tree-ensemble.ts';

/** Contributions of several rows to one ensemble: {@link explainer} does once what they share. */
export type Explain = (row: Row) => Float64Array[];

/**
 * Saabas' decomposition (A. Saabas, "Interpreting random forests", 2014; the package treeinterpreter): a
 * node is worth the mean of the leaves below it, weighted by their training rows; each step from a node to its
 * child adds the difference to the node's feature. Cheap and exact in sum; unlike Shapley values
 * (LightGBM's `pred_contrib`) it looks at the path taken alone, and favours features near the leaves.
 *
 * @returns For each class [features + 1]: by feature, then what is expected without any; they sum to
 *   `predictRaw`'s score. Throws `internal` when the row has another length than the model.
 */
export function pathContributions(ensemble: TreeEnsemble, row: Row): Float64Array[] {
  return explainer(ensemble)(row);
}

/** {@link pathContributions} for many rows. */
export function explainer(ensemble: TreeEnsemble): Explain {
  const worth = expectedValues(ensemble);
  const { classes, features, roots, feature, left, right, leafValue } = ensemble;
  return (row) => {
    const values = rowValues(ensemble, row);
    const out = Array.from({ length: classes }, () => new Float64Array(features.length + 1));
    for (const [t, root] of roots.entries()) {
      // Indices are in range: see TreeEnsemble.
      const sums = out[t % classes]!;
      let node = root;
      let now = node < 0 ? leafValue[~node]! : worth[node]!;
      sums[features.length]! += now;
      while (node >= 0) {
        const f = feature[node]!;
        node = goesLeft(ensemble, node, values) ? left[node]! : right[node]!;
        const next = node < 0 ? leafValue[~node]! : worth[node]!;
        sums[f]! += next - now;
        now = next;
      }
    }
    return out;
  };
}

/** Of each node of the ensemble's trees. Where no training row is counted below, leaves weigh alike. */
function expectedValues({ roots, left, right, leafValue, leafCount }: TreeEnsemble): Float64Array {
  const worth = new Float64Array(left.length);
  const count = new Float64Array(left.length);
  const leaves = new Float64Array(left.length);
  for (const root of roots) {
    const order = root < 0 ? [] : [root];
    for (let i = 0; i < order.length; i++) {
      for (const child of [left[order[i]!]!, right[order[i]!]!]) if (child >= 0) order.push(child);
    }
    // Children before parents.
    for (const node of order.reverse()) {
      const sides = [left[node]!, right[node]!].map((child) =>
        child < 0
          ? { worth: leafValue[~child]!, count: leafCount[~child]!, leaves: 1 }
          : { worth: worth[child]!, count: count[child]!, leaves: leaves[child]! },
      ) as [Side, Side];
      const [a, b] = sides;
      count[node] = a.count + b.count;
      leaves[node] = a.leaves + b.leaves;
      const [wa, wb] = count[node]! > 0 ? [a.count, b.count] : [a.leaves, b.leaves];
      worth[node] = (a.worth * wa + b.worth * wb) / (wa + wb);
    }
  }
  return worth;
}

interface Side {
  readonly worth: number;
  readonly count: number;
  readonly leaves: number;
}
