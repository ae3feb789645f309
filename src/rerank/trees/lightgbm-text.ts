// Reads the text in which LightGBM saves a model, and refuses by name what our evaluation does not cover.
//
// The format has no specification but its writer, src/boosting/gbdt_model_text.cpp and src/io/tree.cpp of
// LightGBM: a head of fields, a block of fields for each tree, then importances and parameters, which say
// nothing about predictions.
import { buildEnsemble } from './build-ensemble.ts';
import { CUSTOM, parseObjective } from './objective.ts';
import { refuse } from './refuse.ts';
import { Fields, LineReader } from './text-fields.ts';
import { CATEGORICAL, type TreeEnsemble } from './tree-ensemble.ts';

/** Bounds on what a file may claim; a re-ranker has some hundred kilobytes. */
export const LIMITS = {
  characters: 1 << 26,
  classes: 1 << 12,
  features: 1 << 16,
  leavesOfTree: 1 << 17,
  trees: 1 << 17,
} as const;

/** Versions that were compared with LightGBM itself (scripts/fuzz-lightgbm.py): 3.x and 4.x write them. */
const VERSIONS = ['v3', 'v4'];

const HEAD = [
  'tree',
  'version',
  'num_class',
  'num_tree_per_iteration',
  'label_index',
  'max_feature_idx',
  'objective',
  'average_output',
  'feature_names',
  'monotone_constraints',
  'feature_infos',
  'tree_sizes',
];

const TREE = [
  'num_leaves',
  'num_cat',
  'split_feature',
  'split_gain',
  'threshold',
  'decision_type',
  'left_child',
  'right_child',
  'leaf_value',
  'leaf_weight',
  'leaf_count',
  'internal_value',
  'internal_weight',
  'internal_count',
  'cat_boundaries',
  'cat_threshold',
  'is_linear',
  'leaf_const',
  'num_features',
  'leaf_features',
  'leaf_coeff',
  'shrinkage',
];

const INT32 = 0x7fffffff;
const END_OF_TREES = 'end of trees';

/**
 * The trees of a model text; {@link firstIterations} cuts them. What a library around LightGBM does to a row
 * beforehand, such as pandas' categories, is the caller's to do.
 *
 * Throws `model-invalid` with the line, field, tree or node at fault: for damage of any kind, and for linear
 * trees, unknown objectives, unknown fields and other versions. Takes time in proportion to the text.
 */
export function parseLightGbm(text: string): TreeEnsemble {
  if (text.length > LIMITS.characters) {
    throw refuse(`its text has ${text.length} characters; ${LIMITS.characters} are allowed.`);
  }
  const reader = new LineReader(text);
  if (reader.peek() !== 'tree') {
    throw refuse(
      `line 1 is not "tree".`,
      'Give the text that LightGBM’s save_model writes, not JSON or a pickle, with plain line ends.',
    );
  }
  const head = readHead(new Fields(reader, HEAD, 'the head'));
  const trees = readTrees(reader, head.features.length, head.treeSizes);
  const { treeSizes: _, ...known } = head;
  return buildEnsemble({ ...known, ...trees });
}

function readHead(head: Fields) {
  const version = head.text('version');
  if (!VERSIONS.includes(version)) {
    throw refuse(
      `its version is "${version.slice(0, 40)}".`,
      `Save it with LightGBM 3 or 4 (${VERSIONS.join(', ')}).`,
    );
  }
  const classes = head.integer('num_class', 1, LIMITS.classes);
  const perIteration = head.integer('num_tree_per_iteration', 1, LIMITS.classes);
  if (perIteration !== classes) {
    throw refuse(`num_tree_per_iteration is ${perIteration}, but num_class is ${classes}.`);
  }
  const count = head.integer('max_feature_idx', 0, LIMITS.features - 1) + 1;
  const features = head.text('feature_names').split(' ', count + 1);
  if (features.length !== count) {
    const found = features.length > count ? `more than ${count}` : features.length;
    throw refuse(`feature_names has ${found} names for ${count} features.`);
  }
  // LightGBM finds trees by their sizes. A text without the field may be edited by hand; ours may then, too.
  const sizes = head.has('tree_sizes')
    ? head.text('tree_sizes').split(' ', LIMITS.trees + 1).length
    : 0;
  if (sizes > LIMITS.trees) throw refuse(`tree_sizes has more than ${LIMITS.trees} sizes.`);
  return {
    classes,
    features,
    objective: parseObjective(head.has('objective') ? head.text('objective') : CUSTOM, classes),
    average: head.has('average_output'),
    treeSizes: sizes > 0 ? head.integers('tree_sizes', sizes, 1, LIMITS.characters) : null,
  };
}

/** Lists of all trees one after another, as `buildEnsemble` takes them. */
class TreeLists {
  readonly leavesOfTree: number[] = [];
  readonly feature: number[] = [];
  readonly decision: number[] = [];
  readonly threshold: number[] = [];
  readonly left: number[] = [];
  readonly right: number[] = [];
  readonly setStart: number[] = [0];
  readonly setWords: number[] = [];
  readonly leafValue: number[] = [];
  readonly leafCount: number[] = [];
}

function readTrees(reader: LineReader, features: number, sizes: readonly number[] | null) {
  const lists = new TreeLists();
  reader.skipBlank();
  for (let t = 0; reader.peek().startsWith('Tree='); t++) {
    const { line, offset } = reader;
    if (reader.next() !== `Tree=${t}`) throw refuse(`line ${line} is not "Tree=${t}".`);
    readTree(new Fields(reader, TREE, `tree ${t}`), features, lists);
    reader.skipBlank();
    if (sizes && reader.offset - offset !== sizes[t]) {
      throw refuse(
        `tree ${t}, from line ${line} on, has ${reader.offset - offset} characters; ` +
          `tree_sizes says ${sizes[t] ?? 'nothing'}.`,
      );
    }
  }
  const trees = lists.leavesOfTree.length;
  if (sizes && sizes.length !== trees) {
    throw refuse(`there are ${trees} trees; tree_sizes has ${sizes.length}.`);
  }
  if (reader.peek() !== END_OF_TREES) {
    throw refuse(`line ${reader.line} is neither a tree nor "${END_OF_TREES}".`);
  }
  return lists;
}

function readTree(tree: Fields, features: number, into: TreeLists): void {
  if (tree.has('is_linear') && tree.integer('is_linear', 0, 1) === 1) {
    throw refuse(
      'is_linear is 1: linear trees are not supported.',
      'Train it with linear_tree=false.',
    );
  }
  const leaves = tree.integer('num_leaves', 1, LIMITS.leavesOfTree);
  const nodes = leaves - 1;
  const sets = tree.integer('num_cat', 0, nodes);
  const decision = tree.integers('decision_type', nodes, 0, 255);
  // A split between NaN and all numbers is at infinity.
  const threshold = tree.reals('threshold', nodes, { infinite: true });
  const firstSet = into.setStart.length - 1;
  for (const [n, bits] of decision.entries()) {
    const split = threshold[n] ?? Number.NaN;
    if ((bits & CATEGORICAL) === 0) continue;
    if (!(Number.isInteger(split) && split >= 0 && split < sets)) {
      throw refuse(`threshold of a tree with ${sets} sets of categories names the set ${split}.`);
    }
    threshold[n] = firstSet + split;
  }
  into.leavesOfTree.push(leaves);
  append(into.feature, tree.integers('split_feature', nodes, 0, features - 1));
  append(into.decision, decision);
  append(into.threshold, threshold);
  append(into.left, tree.integers('left_child', nodes, -leaves, nodes - 1));
  append(into.right, tree.integers('right_child', nodes, -leaves, nodes - 1));
  append(into.leafValue, tree.reals('leaf_value', leaves));
  // LightGBM up to 4.0 counts nothing in a tree of one leaf.
  const uncounted = leaves === 1 && tree.text('leaf_count') === '';
  append(into.leafCount, uncounted ? [0] : tree.integers('leaf_count', leaves, 0, INT32));
  if (sets > 0) readSets(tree, sets, into);
}

function readSets(tree: Fields, sets: number, into: TreeLists): void {
  const firstWord = into.setWords.length;
  const starts = tree.integers('cat_boundaries', sets + 1, 0, LIMITS.characters);
  const words = tree.integers('cat_threshold', starts.at(-1) ?? 0, 0, 2 ** 32 - 1);
  if (starts[0] !== 0) throw refuse(`cat_boundaries begins with ${starts[0]}, not with 0.`);
  append(
    into.setStart,
    starts.slice(1).map((start) => firstWord + start),
  );
  append(into.setWords, words);
}

/** Not `push(...more)`: a list may be longer than what a call takes as arguments. */
function append(list: number[], more: readonly number[]): void {
  for (const value of more) list.push(value);
}
