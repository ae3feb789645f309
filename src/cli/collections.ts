// Where collections lie: in folders, in a database, behind an address; and one opened for search in Node.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CairnError } from '../errors.ts';
import {
  assertEncoder,
  COLLECTION_FILE,
  checkLabelFacts,
  collectionRows,
  type EncoderIdentity,
  LIMITS,
} from '../retrieval/collection.ts';
import { openContainerFile } from '../retrieval/container-folder.ts';
import { type CollectionDescription, describeCollection } from '../retrieval/description.ts';
import { IndexService } from '../retrieval/index-service.ts';
import type { LabelFacts } from '../retrieval/labels.ts';
import type { LoadedCollection } from '../retrieval/loaded.ts';
import { isPostgresAddress, parseAddress } from '../retrieval/postgres/address.ts';
import { readCollectionFolder } from '../retrieval/read-folder.ts';
import { parseServiceAddress, RemoteCollection } from '../retrieval/remote/remote-collection.ts';
import { checker } from '../retrieval/schema.ts';
import type { CollectionSearch, ReferenceSource } from '../retrieval/search.ts';
import { modelsFolder } from './models.ts';
import { note } from './output.ts';

/** The collection that comes with Cairn. */
export const DEFAULT_COLLECTION = 'default';

function collectionsFolder(): string {
  return fileURLToPath(new URL('../../public/collections', import.meta.url));
}

/** @param name a folder, a file of `cairn export`, or the name of a collection that comes with Cairn. Throws `collection-*`. */
export async function openCollection(name = DEFAULT_COLLECTION): Promise<LoadedCollection> {
  const found = await stat(name).catch(() => null);
  if (found?.isFile()) return openContainerFile(name);
  return readCollectionFolder(await collectionFolder(name));
}

/** The folder that {@link openCollection} means. Throws `collection-missing`. */
export async function collectionFolder(name: string): Promise<string> {
  for (const folder of [name, join(collectionsFolder(), name)]) {
    if (await stat(join(folder, COLLECTION_FILE)).catch(() => null)) return folder;
  }
  throw new CairnError(
    'collection-missing',
    `There is no collection "${name}".`,
    'Give the folder that `cairn index` wrote, the file that `cairn export` wrote, or leave --collection out for the default one.',
  );
}

/** A collection open for search, wherever its rows are. Call `close` when done. */
export interface OpenCollection {
  /** As things stand: a database may have gained photos. */
  describe(): Promise<CollectionDescription>;
  readonly search: CollectionSearch & Pick<ReferenceSource, 'references'>;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Refuse a collection that another encoder made. */
  readonly encoder?: EncoderIdentity & { readonly dim?: number };
  /** When graphs are built of a collection in a folder; `lazy` suits a command that answers once and ends. */
  readonly graphs?: 'eager' | 'lazy';
}

/**
 * @param where postgres://…, the http(s) address of a service, a folder, a file, or a name as {@link openCollection} takes
 * @throws CairnError `collection-*`, `storage-failed`, `download-failed`, `usage`
 */
export async function openForSearch(
  where = DEFAULT_COLLECTION,
  { encoder, graphs = 'lazy' }: OpenOptions = {},
): Promise<OpenCollection> {
  if (isPostgresAddress(where)) return openPostgres(where, encoder);
  if (/^https?:\/\//i.test(where)) {
    note(`Embeddings of photos, not the photos, are sent to ${parseServiceAddress(where).host}.`);
    const search = await RemoteCollection.open(where, encoder ? { encoder } : {});
    return {
      search,
      describe: async () => search.description,
      close: async () => undefined,
    };
  }
  const search = new IndexService({ graphs });
  const loaded = await openCollection(where);
  const collection = await search.open({ kind: 'loaded', loaded }, encoder ? { encoder } : {});
  const description = describeCollection(collection, collectionRows(collection));
  return { search, describe: async () => description, close: async () => search.close() };
}

async function openPostgres(
  where: string,
  encoder: OpenOptions['encoder'],
): Promise<OpenCollection> {
  // Loaded where it is asked for: every other command does without the driver.
  const { Database } = await import('../retrieval/postgres/database.ts');
  const { PostgresCollection } = await import('../retrieval/postgres/postgres-collection.ts');
  const db = new Database(parseAddress(where));
  try {
    const search = await PostgresCollection.open(db);
    if (encoder) assertEncoder(search.description, encoder);
    return { search, describe: () => search.refresh(), close: () => db.close() };
  } catch (thrown) {
    await db.close();
    throw thrown;
  }
}

/** The reviewed table of facts on labels, or another of the same shape. */
export async function readLabelFacts(
  file = join(modelsFolder(), 'labels.json'),
): Promise<Map<string, LabelFacts>> {
  const text = await readFile(file, 'utf8').catch(() => '[]');
  return parseLabelFacts(text);
}

/** By label. Throws `usage` naming what is wrong. */
export function parseLabelFacts(text: string): Map<string, LabelFacts> {
  const wrong = (what: string, cause?: unknown) =>
    new CairnError(
      'usage',
      `The facts on labels cannot be used: ${what}.`,
      'Give a JSON list like that of models/labels.json (docs/labels.md).',
      { cause },
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw wrong('they are no JSON', cause);
  }
  const facts = checker(value, '', wrong).array(LIMITS.labels).map(checkLabelFacts);
  return new Map(facts.map((fact) => [fact.label, fact]));
}
