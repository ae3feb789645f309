// The way into the in-memory trees: whatever a file claims is checked here once, so that evaluation need not.
import { shownValue } from '../../errors.ts';
import type { Objective } from './objective.ts';
import { refuse } from './refuse.ts';
import { CATEGORICAL, columnOf, type TreeEnsemble } from './tree-ensemble.ts';

/** What a file says of an ensemble: as in {@link TreeEnsemble}, but children are numbered within their tree. */
export interface TreeParts {
  readonly classes: number;
  readonly features: readonly string[];
  readonly objective: Objective;
  readonly average: boolean;
  /** [trees] Each ≥ 1; a tree has one node fewer. */
  readonly leavesOfTree: ArrayLike<number>;
  /** [nodes] */
  readonly feature: ArrayLike<number>;
  readonly decision: ArrayLike<number>;
  readonly threshold: ArrayLike<number>;
  readonly left: ArrayLike<number>;
  readonly right: ArrayLike<number>;
  /** [sets + 1] */
  readonly setStart: ArrayLike<number>;
  readonly setWords: ArrayLike<number>;
  /** [leaves] */
  readonly leafValue: ArrayLike<number>;
  readonly leafCount: ArrayLike<number>;
}

/** Three missing types of two kinds of split: see `decision_type` in tree-ensemble.ts. */
const MAX_DECISION = 0b1011;

/** Throws `model-invalid` with the tree and the node unless the parts are sound. O(nodes + leaves). */
export function buildEnsemble(parts: TreeParts): TreeEnsemble {
  const { classes, features, objective, average, leavesOfTree } = parts;
  const trees = leavesOfTree.length;
  if (!(Number.isInteger(classes) && classes >= 1)) {
    throw refuse(`it has ${shownValue(classes)} classes.`);
  }
  if (trees === 0 || trees % classes !== 0) {
    throw refuse(`it has ${trees} trees, which is no multiple of its ${classes} classes.`);
  }
  for (let t = 0; t < trees; t++) {
    const leaves = at(leavesOfTree, t);
    // One that is negative could hide behind another that is too large: their sum would fit.
    if (!Number.isInteger(leaves) || leaves < 1) throw refuse(`tree ${t} has ${leaves} leaves.`);
  }
  const total = Array.from(leavesOfTree).reduce((sum, leaves) => sum + leaves, 0);
  checkLengths(parts, total - trees, total);
  checkSets(parts);
  const ensemble: TreeEnsemble = {
    classes,
    iterations: trees / classes,
    features,
    objective,
    average,
    roots: new Int32Array(trees),
    feature: Int32Array.from(parts.feature),
    decision: Uint8Array.from(parts.decision),
    column: new Int32Array(total - trees),
    threshold: Float64Array.from(parts.threshold),
    left: new Int32Array(total - trees),
    right: new Int32Array(total - trees),
    setStart: Int32Array.from(parts.setStart),
    setWords: Uint32Array.from(parts.setWords),
    leafValue: Float64Array.from(parts.leafValue),
    leafCount: Float64Array.from(parts.leafCount),
  };
  let firstNode = 0;
  let firstLeaf = 0;
  for (let t = 0; t < trees; t++) {
    const leaves = at(leavesOfTree, t);
    placeTree(parts, ensemble, { t, firstNode, firstLeaf, leaves });
    firstNode += leaves - 1;
    firstLeaf += leaves;
  }
  return ensemble;
}

interface Place {
  readonly t: number;
  readonly firstNode: number;
  readonly firstLeaf: number;
  readonly leaves: number;
}

/** Numbers a tree's children through, and checks that they form one tree of all its nodes and leaves. */
function placeTree(parts: TreeParts, into: TreeEnsemble, place: Place): void {
  const { t, firstNode, firstLeaf, leaves } = place;
  const nodes = leaves - 1;
  into.roots[t] = nodes > 0 ? firstNode : ~firstLeaf;
  // Every node but the root and every leaf must be somebody's child exactly once, ...
  const seen = new Uint8Array(nodes + leaves);
  for (let n = 0; n < nodes; n++) {
    const node = checkNode(parts, firstNode + n, () => `node ${n} of tree ${t}`);
    into.column[firstNode + n] = columnOf(parts.features.length, node);
    for (const side of ['left', 'right'] as const) {
      const child = at(parts[side], firstNode + n);
      const found = Number.isInteger(child) && child > -leaves - 1 && child < nodes && child !== 0;
      const slot = child > 0 ? child : nodes + ~child;
      if (!found || seen[slot] === 1) {
        throw refuse(`the ${side} child of node ${n} of tree ${t} cannot be ${child}.`);
      }
      seen[slot] = 1;
      into[side][firstNode + n] = child > 0 ? firstNode + child : ~(firstLeaf + ~child);
    }
  }
  // ... and nodes that hang together without the root form a ring: they are never reached from it.
  const reached = countFrom(into, into.roots[t] ?? 0);
  if (reached !== nodes) throw refuse(`${nodes - reached} nodes of tree ${t} cannot be reached.`);
  for (let i = firstLeaf; i < firstLeaf + leaves; i++) {
    const value = at(parts.leafValue, i);
    const count = at(parts.leafCount, i);
    if (!Number.isFinite(value) || !(Number.isInteger(count) && count >= 0)) {
      const where = `leaf ${i - firstLeaf} of tree ${t}`;
      throw refuse(`${where} has the value ${value} and the count ${count}.`);
    }
  }
}

/** Nodes under a root; each is met once, for no node has two parents and the root has none. */
function countFrom({ left, right }: TreeEnsemble, root: number): number {
  const open = [root];
  let count = 0;
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node < 0) continue;
    count += 1;
    open.push(at(left, node), at(right, node));
  }
  return count;
}

function checkNode(parts: TreeParts, n: number, where: () => string) {
  const feature = at(parts.feature, n);
  const decision = at(parts.decision, n);
  const threshold = at(parts.threshold, n);
  const fault = (what: string, value: number) => refuse(`${where()} has the ${what} ${value}.`);
  if (!isIndex(feature, parts.features.length)) throw fault('feature', feature);
  if (!isIndex(decision, MAX_DECISION + 1)) throw fault('decision type', decision);
  const categorical = (decision & CATEGORICAL) !== 0;
  if (categorical ? !isIndex(threshold, parts.setStart.length - 1) : Number.isNaN(threshold)) {
    throw fault('threshold', threshold);
  }
  return { feature, decision, threshold };
}

function checkLengths(parts: TreeParts, nodes: number, leaves: number): void {
  for (const field of ['feature', 'decision', 'threshold', 'left', 'right'] as const) {
    const found = parts[field].length;
    if (found !== nodes) throw refuse(`${field} has ${found} values for ${nodes} nodes.`);
  }
  for (const field of ['leafValue', 'leafCount'] as const) {
    const found = parts[field].length;
    if (found !== leaves) throw refuse(`${field} has ${found} values for ${leaves} leaves.`);
  }
}

function checkSets({ setStart, setWords }: TreeParts): void {
  let last = 0;
  for (let s = 0; s < setStart.length; s++) {
    const start = at(setStart, s);
    if (!(Number.isInteger(start) && start >= last) || (s === 0 && start !== 0)) {
      throw refuse(`set ${s} of categories begins at ${start}.`);
    }
    last = start;
  }
  if (setStart.length === 0 || last !== setWords.length) {
    throw refuse(`the sets of categories end at ${last} of ${setWords.length} words.`);
  }
}

function isIndex(value: number, length: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < length;
}

function at(values: ArrayLike<number>, i: number): number {
  return values[i] ?? Number.NaN;
}
