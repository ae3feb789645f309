// Damage to JSON by its structure: values of other kinds, keys absent, doubled or special to JavaScript, deep nesting.
import type { Bytes } from '../../../src/weights/sha256.ts';
import type { Dice } from '../dice.ts';
import { mutateBytes } from './bytes.ts';
import { HOSTILE_NAMES, LONG_TEXT, PROTOTYPE_KEYS } from './strings.ts';

/** A text that is a tree: keys may come twice, and raw pieces may be what no value of JavaScript is. */
type Tree =
  | { readonly kind: 'object'; readonly entries: [string, Tree][] }
  | { readonly kind: 'array'; readonly items: Tree[] }
  | { readonly kind: 'raw'; readonly text: string };

const RAW = [
  'null',
  'true',
  'false',
  '0',
  '-0',
  '-1',
  '1',
  '0.5',
  '1e-7',
  '255',
  '256',
  '65536',
  '2147483647',
  '2147483648',
  '4294967296',
  '9007199254740991',
  '9007199254740993',
  '1e21',
  '1e39',
  '1e308',
  '1e999',
  '-1e999',
  'NaN',
  '"NaN"',
  '"1"',
  '"0x10"',
  '""',
  '" "',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '"\\ud800"',
  '"\\u0000"',
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"toString":1,"valueOf":1}',
  '{"toJSON":1}',
  '{"length":4294967295}',
  '{"0":1,"length":1}',
  JSON.stringify(LONG_TEXT),
] as const;

function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { kind: 'array', items: value.map(treeOf) };
  if (typeof value === 'object' && value !== null) {
    return {
      kind: 'object',
      entries: Object.entries(value).map(([key, each]) => [key, treeOf(each)]),
    };
  }
  return { kind: 'raw', text: JSON.stringify(value) };
}

function textOf(tree: Tree): string {
  if (tree.kind === 'raw') return tree.text;
  if (tree.kind === 'array') return `[${tree.items.map(textOf).join(',')}]`;
  return `{${tree.entries.map(([key, each]) => `${JSON.stringify(key)}:${textOf(each)}`).join(',')}}`;
}

/** Where a tree hangs: setting it replaces it. */
interface Place {
  readonly tree: Tree;
  readonly parent: Tree | null;
  readonly index: number;
}

function placesOf(root: Tree): Place[] {
  const places: Place[] = [{ tree: root, parent: null, index: 0 }];
  for (const { tree } of places) {
    if (tree.kind === 'array') {
      places.push(...tree.items.map((item, index) => ({ tree: item, parent: tree, index })));
    } else if (tree.kind === 'object') {
      places.push(...tree.entries.map(([, each], index) => ({ tree: each, parent: tree, index })));
    }
  }
  return places;
}

/** Hundreds of levels mostly; tens of thousands at times, which no recursion survives. */
function deep(dice: Dice): string {
  const levels = dice.chance(0.1) ? 20_000 : 300;
  const [open, close] = dice.pick([
    ['[', ']'],
    ['{"a":', '}'],
  ] as const);
  return `${open.repeat(levels)}1${close.repeat(levels)}`;
}

function hostileValue(dice: Dice): Tree {
  const kind = dice.below(10);
  if (kind === 0) return { kind: 'raw', text: deep(dice) };
  if (kind < 3) return { kind: 'raw', text: JSON.stringify(dice.pick(HOSTILE_NAMES)) };
  return { kind: 'raw', text: dice.pick(RAW) };
}

function put({ parent, index }: Place, tree: Tree): Tree | null {
  if (parent === null) return tree;
  if (parent.kind === 'array') parent.items[index] = tree;
  else if (parent.kind === 'object') parent.entries[index]![1] = tree; // a place of it
  return null;
}

/** @returns a new root where the root itself was replaced */
function mutateTree(root: Tree, dice: Dice): Tree {
  const places = placesOf(root);
  const place = dice.pick(places);
  const { tree, parent, index } = place;
  const list =
    parent?.kind === 'object' ? parent.entries : parent?.kind === 'array' ? parent.items : [];
  switch (dice.below(9)) {
    case 0:
    case 1:
    case 2:
      return put(place, hostileValue(dice)) ?? root;
    case 3: // absent
      list.splice(index, 1);
      return root;
    case 4: // twice
      if (list.length > 0) (list as unknown[]).splice(index, 0, structuredClone(list[index]));
      return root;
    case 5: // another key
      if (parent?.kind === 'object') {
        const key = dice.chance(0.5) ? dice.pick(PROTOTYPE_KEYS) : dice.pick(HOSTILE_NAMES);
        if (dice.chance(0.5)) parent.entries[index]![0] = key;
        else parent.entries.push([key, hostileValue(dice)]);
      }
      return root;
    case 6: // from elsewhere in the text
      return put(place, structuredClone(dice.pick(places).tree)) ?? root;
    case 7: {
      // neighbours change places
      const other = dice.below(list.length);
      if (list.length > 0) {
        const all = list as unknown[];
        [all[index], all[other]] = [all[other], all[index]];
      }
      return root;
    }
    default: // one level more
      return put(place, { kind: 'array', items: [tree] }) ?? root;
  }
}

/** @param text valid JSON. One to three mutations of its structure. */
export function mutateJson(text: string, dice: Dice): string {
  let root = treeOf(JSON.parse(text));
  const times = 1 + dice.below(3);
  for (let i = 0; i < times; i++) root = mutateTree(root, dice);
  return textOf(root);
}

/** Structure mostly, bytes at times. @param bytes valid JSON */
export function mutateJsonBytes(bytes: Bytes, dice: Dice, others: readonly Bytes[]): Bytes {
  if (dice.chance(0.2)) return mutateBytes(bytes, dice, others);
  return new TextEncoder().encode(mutateJson(new TextDecoder().decode(bytes), dice));
}
