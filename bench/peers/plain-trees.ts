// The plainest interpreter of trees: an object a node, a call a branch, as one would write it first.
import {
  goesLeft,
  type Row,
  rowValues,
  type TreeEnsemble,
} from '../../src/rerank/trees/tree-ensemble.ts';

type PlainNode =
  | { readonly value: number }
  | {
      readonly feature: string;
      readonly threshold: number;
      /** Where a missing value goes. */
      readonly missing: 'left' | 'right';
      readonly left: PlainNode;
      readonly right: PlainNode;
    };

export interface PlainTrees {
  readonly classes: number;
  readonly trees: readonly PlainNode[];
}

/** For models whose splits are comparisons and whose zeros are numbers like others. */
export function plainTrees(ensemble: TreeEnsemble): PlainTrees {
  const missing = rowValues(
    ensemble,
    ensemble.features.map(() => Number.NaN),
  );
  const plain = (node: number): PlainNode =>
    node < 0
      ? { value: ensemble.leafValue[~node]! }
      : {
          feature: ensemble.features[ensemble.feature[node]!]!,
          threshold: ensemble.threshold[node]!,
          missing: goesLeft(ensemble, node, missing) ? 'left' : 'right',
          left: plain(ensemble.left[node]!),
          right: plain(ensemble.right[node]!),
        };
  return { classes: ensemble.classes, trees: Array.from(ensemble.roots, plain) };
}

/** A row by names, as {@link predictPlain} takes it. */
export function namedRow(features: readonly string[], row: Row): Record<string, number> {
  return Object.fromEntries(features.map((name, f) => [name, row[f]!]));
}

/** Raw sums. [classes] */
export function predictPlain(
  { classes, trees }: PlainTrees,
  row: Record<string, number>,
): number[] {
  const sums = new Array<number>(classes).fill(0);
  for (const [t, tree] of trees.entries()) sums[t % classes]! += leafOf(tree, row);
  return sums;
}

function leafOf(node: PlainNode, row: Record<string, number>): number {
  if ('value' in node) return node.value;
  const value = row[node.feature] ?? Number.NaN;
  if (Number.isNaN(value)) return leafOf(node[node.missing], row);
  return leafOf(value <= node.threshold ? node.left : node.right, row);
}
