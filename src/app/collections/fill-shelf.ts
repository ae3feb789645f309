// What is searched when the page starts: the default collection, fetched or updated first, and all others.
import { toPlainError } from '../../errors.ts';
import type { OnProgress } from '../../progress.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import { TAUGHT_COLLECTION } from '../../retrieval/taught-collection.ts';
import type { Notice } from '../engine.ts';
import type { Keeper } from './keeper.ts';
import type { Shelf } from './shelf.ts';

export interface FillParts {
  readonly store: CairnStore;
  readonly keeper: Keeper;
  readonly notify: (notice: Notice) => void;
  readonly onProgress: OnProgress;
}

/**
 * Opens what is installed, the default collection first. One that cannot be opened keeps no other from it; where
 * nothing at all can be, the default one's problem is the page's.
 */
export async function fillShelf(
  shelf: Shelf,
  { store, keeper, notify, onProgress }: FillParts,
): Promise<void> {
  let problem: unknown = null;
  if (await keeper.wantsDefault()) {
    await shelf.openFrom(keeper.defaultUrl, { onProgress }).catch((thrown) => {
      problem = thrown;
    });
  }
  await shelf.sync(await keeper.wanted());
  if (
    problem &&
    shelf.collections.length === 0 &&
    !(await store.getCollection(TAUGHT_COLLECTION))
  ) {
    throw problem;
  }
  const [error] = problem ? [toPlainError(problem)] : shelf.failures;
  if (error) notify({ id: 'collection-unavailable', detail: error.message });
}
