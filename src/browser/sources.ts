// Where an index worker finds a collection: in storage, or, where nothing is kept beyond the page, with the request.
import { CairnError } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import type { CollectionSource } from '../retrieval/index-service.ts';
import { installCollection, openInstalled } from '../retrieval/install.ts';
import type { CairnStore } from '../retrieval/store.ts';

/** A worker has a store of its own where nothing is kept beyond the page: there it gets the content. */
export async function installedSource(store: CairnStore, name: string): Promise<CollectionSource> {
  if (!(await store.getCollection(name))) {
    throw new CairnError(
      'collection-missing',
      `The collection ${name} is not installed.`,
      'Another tab may have deleted it: install it again.',
    );
  }
  return store.persistent
    ? { kind: 'installed', name }
    : { kind: 'loaded', loaded: await openInstalled(name, store) };
}

/**
 * What an address has, installed or updated first. @throws CairnError as `installCollection`, where nothing is kept beyond
 * the page; else the worker that opens it does
 */
export async function urlSource(
  url: string,
  store: CairnStore,
  work: LongWork,
): Promise<CollectionSource> {
  if (store.persistent) return { kind: 'url', url };
  const { name } = await installCollection(url, store, work);
  return { kind: 'loaded', loaded: await openInstalled(name, store) };
}
