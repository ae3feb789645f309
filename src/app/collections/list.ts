// The list of installed collections as the page shows it, out of what is stored, chosen and open.
import { type PlainError, toPlainError } from '../../errors.ts';
import { parseCollection } from '../../retrieval/collection.ts';
import type { Damage } from '../../retrieval/inspect.ts';
import type { InstalledCollection } from '../../retrieval/store.ts';
import { isTaught, TUNED_PREFIX } from '../../retrieval/taught-collection.ts';
import type { CollectionFacts, CollectionState, ListedCollection, Origin } from './collections.ts';
import { factsOf } from './offers.ts';
import type { ShelfState } from './shelf.ts';

export interface Problem {
  /** When the version that has it was installed. */
  readonly version: string;
  readonly error: PlainError;
  /** What is lost; null where nothing is, or where it cannot be told. */
  readonly damage: Damage | null;
}

export interface ListParts {
  readonly records: readonly InstalledCollection[];
  /** Names of those that are not searched. */
  readonly off: readonly string[];
  readonly defaultUrl: string;
  /** Of those that are or shall be open; null until the recognizer opens any. */
  readonly states: ReadonlyMap<string, ShelfState> | null;
  readonly problems: ReadonlyMap<string, Problem>;
}

/** Those that the shelf opens: what was taught has a place of its own. The one of an address come first. */
export function searchable(
  records: readonly InstalledCollection[],
  off: readonly string[],
): InstalledCollection[] {
  return records.filter(({ name }) => !isTaught(name) && !off.includes(name)).sort(byAge);
}

/** The default one first, what was taught last; no copies of that as tuned networks see it. */
export function listOf(parts: ListParts): ListedCollection[] {
  const order: readonly Origin[] = ['default', 'address', 'file', 'taught'];
  return parts.records
    .filter(({ name }) => !name.startsWith(TUNED_PREFIX))
    .sort(byAge)
    .map((record) => listed(record, parts))
    .sort((a, b) => order.indexOf(a.origin) - order.indexOf(b.origin));
}

function listed(record: InstalledCollection, parts: ListParts): ListedCollection {
  const { name, url, installed } = record;
  const problem = parts.problems.get(name);
  const found = factsOrProblem(record);
  const broken = found.problem ?? problem;
  return {
    ...found.facts,
    name,
    url,
    installed,
    origin: originOf(record, parts.defaultUrl),
    state: broken
      ? { at: 'failed', error: broken.error, damage: broken.damage }
      : stateOf(name, parts),
  };
}

function stateOf(name: string, { off, states }: ListParts): CollectionState {
  if (off.includes(name)) return { at: 'off' };
  if (isTaught(name)) return { at: states ? 'open' : 'waiting' };
  const state = states?.get(name);
  if (!state) return { at: states ? 'opening' : 'waiting' };
  return state.at === 'failed' ? { ...state, damage: null } : state;
}

function originOf({ name, url }: InstalledCollection, defaultUrl: string): Origin {
  if (isTaught(name)) return 'taught';
  if (url === null) return 'file';
  return url === defaultUrl ? 'default' : 'address';
}

/** A damaged collection.json says nothing any more. */
function factsOrProblem({ name, json }: InstalledCollection): {
  readonly facts: CollectionFacts;
  readonly problem: Omit<Problem, 'version'> | null;
} {
  try {
    return { facts: factsOf(parseCollection(json)), problem: null };
  } catch (thrown) {
    const facts = { name, landmarks: 0, photos: 0, bytes: 0, licence: '', attribution: '' };
    return { facts, problem: { error: toPlainError(thrown), damage: null } };
  }
}

function byAge(a: InstalledCollection, b: InstalledCollection): number {
  return a.installed < b.installed ? -1 : Number(a.installed > b.installed);
}
