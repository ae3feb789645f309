// Where collections lie, and one opened for search in Node.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CairnError } from '../errors.ts';
import type { LabelFacts } from '../retrieval/labels.ts';
import type { LoadedCollection } from '../retrieval/loaded.ts';
import { readCollectionFolder } from '../retrieval/read-folder.ts';
import { modelsFolder } from './models.ts';

/** The collection that comes with Cairn. */
export const DEFAULT_COLLECTION = 'default';

function collectionsFolder(): string {
  return fileURLToPath(new URL('../../public/collections', import.meta.url));
}

/** @param name a folder, or the name of a collection that comes with Cairn. Throws `collection-*`. */
export async function openCollection(name = DEFAULT_COLLECTION): Promise<LoadedCollection> {
  for (const folder of [name, join(collectionsFolder(), name)]) {
    if (await stat(join(folder, 'collection.json')).catch(() => null)) {
      return readCollectionFolder(folder);
    }
  }
  throw new CairnError(
    'collection-missing',
    `There is no collection "${name}".`,
    'Give the folder that `cairn index` wrote, or leave --collection out for the default one.',
  );
}

/** The reviewed table of facts on labels, or another of the same shape. */
export async function readLabelFacts(
  file = join(modelsFolder(), 'labels.json'),
): Promise<Map<string, LabelFacts>> {
  const text = await readFile(file, 'utf8').catch(() => '[]');
  const facts = JSON.parse(text) as LabelFacts[];
  return new Map(facts.map((fact) => [fact.label, fact]));
}
