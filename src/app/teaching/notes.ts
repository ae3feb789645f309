// The user's notes on taught landmarks: beside the collection, whose format has no room for them.

import type { CairnStore } from '../../retrieval/store.ts';
import { TAUGHT_KEYS } from '../../retrieval/taught-collection.ts';

const KEY = `${TAUGHT_KEYS}notes`;

export async function readNotes(store: CairnStore): Promise<Readonly<Record<string, string>>> {
  const value = await store.getValue(KEY);
  if (typeof value !== 'object') return {};
  return Object.fromEntries(Object.entries(value).filter(([, note]) => typeof note === 'string'));
}

export async function writeNotes(
  store: CairnStore,
  notes: Readonly<Record<string, string>>,
): Promise<void> {
  await store.putValue(KEY, notes);
}

/** Removes notes on landmarks that are no longer taught. */
export async function dropNotes(store: CairnStore, keep: ReadonlySet<string>): Promise<void> {
  const notes = Object.entries(await readNotes(store));
  const kept = notes.filter(([label]) => keep.has(label));
  if (kept.length < notes.length) await writeNotes(store, Object.fromEntries(kept));
}
