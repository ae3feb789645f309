// What the user chose of installed collections: which are not searched, and whether the default one was taken away.
import type { CairnStore } from '../../retrieval/store.ts';

const KEY = 'collections/choices';

export interface Choices {
  /** Names of those that are switched off. */
  readonly off: readonly string[];
  /** Whether the default collection was deleted, so that it must not come back by itself. */
  readonly defaultGone: boolean;
}

export async function readChoices(store: CairnStore): Promise<Choices> {
  const { off, defaultGone } = ((await store.getValue(KEY)) ?? {}) as Partial<Choices>;
  return {
    off: Array.isArray(off) ? off.filter((name) => typeof name === 'string') : [],
    defaultGone: defaultGone === true,
  };
}

/** Changes what is given, and writes only where that is a change. @param on no longer switched off */
export async function choose(
  store: CairnStore,
  { on, ...rest }: { readonly on?: string } & Partial<Choices>,
): Promise<void> {
  const before = await readChoices(store);
  const after = { ...before, ...rest, off: before.off.filter((name) => name !== on) };
  if (JSON.stringify(after) !== JSON.stringify(before)) await writeChoices(store, after);
}

/** Throws `storage-full`, `storage-failed`. */
export async function writeChoices(store: CairnStore, choices: Choices): Promise<void> {
  await store.putValue(KEY, choices);
}
