// Trees as plain data, small enough to ship: what a generated module holds, and the way back.
//
// Data and one evaluator were chosen over code (each tree a function of nested conditionals) by measuring both, see
// docs/decision.md and bench/tree-forms.ts: code is over twice as large and about half as fast, and has lost the
// structure that contributions need.
import { shownValue } from '../../errors.ts';
import { buildEnsemble } from './build-ensemble.ts';
import { parseObjective } from './objective.ts';
import { refuse } from './refuse.ts';
import { startOfTree, type TreeEnsemble } from './tree-ensemble.ts';

/** Numbers as `type:base64` of little-endian bytes; white space in it means nothing. */
export type Column = string;

export interface ExportedTrees {
  readonly format: 1;
  /** What the model is called, for people. */
  readonly name: string;
  /** Of the model text that this was made from, hexadecimal. */
  readonly sha256: string;
  readonly classes: number;
  readonly features: readonly string[];
  /** LightGBM's text. */
  readonly objective: string;
  readonly average: boolean;
  readonly leavesOfTree: Column;
  readonly feature: Column;
  readonly decision: Column;
  /** Thresholds that occur, ascending; LightGBM takes them from a few hundred bins a feature. */
  readonly thresholds: Column;
  /** Of each node: which of `thresholds`. */
  readonly threshold: Column;
  readonly left: Column;
  readonly right: Column;
  readonly setStart: Column;
  readonly setWords: Column;
  readonly leafValue: Column;
  readonly leafCount: Column;
}

/** Narrowest first. */
const TYPES = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f64: Float64Array,
} as const;

type Numbers = InstanceType<(typeof TYPES)[keyof typeof TYPES]>;

/** @param about Name and SHA-256 of the model text, which the trees do not know. */
export function exportTrees(
  ensemble: TreeEnsemble,
  about: Pick<ExportedTrees, 'name' | 'sha256'>,
): ExportedTrees {
  const { classes, features, objective, average, roots, threshold } = ensemble;
  const leavesOfTree: number[] = [];
  const left: number[] = [];
  const right: number[] = [];
  for (let t = 0; t < roots.length; t++) {
    const start = startOfTree(ensemble, t);
    const end = startOfTree(ensemble, t + 1);
    const within = (child = 0) => (child < 0 ? child + start.leaf : child - start.node);
    leavesOfTree.push(end.leaf - start.leaf);
    for (let n = start.node; n < end.node; n++) {
      left.push(within(ensemble.left[n]));
      right.push(within(ensemble.right[n]));
    }
  }
  const thresholds = [...new Set(threshold)].sort((a, b) => a - b);
  const place = new Map(thresholds.map((value, i) => [value, i]));
  return {
    format: 1,
    ...about,
    classes,
    features,
    objective: objective.text,
    average,
    leavesOfTree: pack(leavesOfTree),
    feature: pack(ensemble.feature),
    decision: pack(ensemble.decision),
    thresholds: pack(thresholds),
    threshold: pack(Array.from(threshold, (value) => place.get(value) ?? 0)),
    left: pack(left),
    right: pack(right),
    setStart: pack(ensemble.setStart),
    setWords: pack(ensemble.setWords),
    leafValue: pack(ensemble.leafValue),
    leafCount: pack(ensemble.leafCount),
  };
}

/** The ensemble, checked like one that was read from text. Throws `model-invalid`. */
export function openTrees(trees: ExportedTrees): TreeEnsemble {
  if (typeof trees !== 'object' || trees === null) throw refuse('it is no object.');
  const { format, classes, features, average } = trees;
  if (format !== 1) {
    throw refuse(`its format is ${shownValue(format)}.`, 'Export it again with this Cairn.');
  }
  const isNames = Array.isArray(features) && features.every((name) => typeof name === 'string');
  if (!isNames) throw refuse('its features are no list of names.');
  if (typeof trees.objective !== 'string') throw refuse('it has no objective.');
  if (typeof average !== 'boolean') throw refuse('it does not say whether it averages.');
  const thresholds = unpack(trees, 'thresholds');
  return buildEnsemble({
    classes,
    features,
    objective: parseObjective(trees.objective, classes),
    average,
    leavesOfTree: unpack(trees, 'leavesOfTree'),
    feature: unpack(trees, 'feature'),
    decision: unpack(trees, 'decision'),
    threshold: Array.from(unpack(trees, 'threshold'), (i) => thresholds[i] ?? Number.NaN),
    left: unpack(trees, 'left'),
    right: unpack(trees, 'right'),
    setStart: unpack(trees, 'setStart'),
    setWords: unpack(trees, 'setWords'),
    leafValue: unpack(trees, 'leafValue'),
    leafCount: unpack(trees, 'leafCount'),
  });
}

/** In the narrowest type that holds every number exactly. */
function pack(numbers: ArrayLike<number>): Column {
  const wanted = Float64Array.from(numbers);
  for (const [name, Type] of Object.entries(TYPES)) {
    const packed: Numbers = Type.from(wanted);
    if (packed.every((value, i) => value === wanted[i])) {
      const bytes = new Uint8Array(packed.buffer);
      let text = '';
      for (const byte of bytes) text += String.fromCharCode(byte);
      return `${name}:${btoa(text)}`;
    }
  }
  throw refuse('a number is none.');
}

function unpack(trees: ExportedTrees, key: keyof ExportedTrees): Numbers {
  const column: unknown = trees[key];
  const [name = '', base64] = typeof column === 'string' ? column.trim().split(':') : [];
  const Type = Object.hasOwn(TYPES, name) ? TYPES[name as keyof typeof TYPES] : undefined;
  if (!Type || base64 === undefined) throw refuse(`${key} is of no known type.`);
  let text: string;
  try {
    text = atob(base64);
  } catch {
    throw refuse(`${key} is not base64.`);
  }
  // Uint8Array.from with a callback would take most of the time of opening.
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  if (bytes.length % Type.BYTES_PER_ELEMENT !== 0) throw refuse(`${key} ends within a number.`);
  return new Type(bytes.buffer);
}
