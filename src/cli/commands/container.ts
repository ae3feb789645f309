// `cairn export` and `cairn import`: a collection's folder to one file, and back.
import { stat } from 'node:fs/promises';
import { collectionRows } from '../../retrieval/collection.ts';
import { exportFolder, importFolder, type Written } from '../../retrieval/container-folder.ts';
import { collectionFolder } from '../collections.ts';
import { note, printJson, progressLine, usage } from '../output.ts';

export interface ContainerOptions {
  readonly out: string;
  readonly json?: boolean;
}

/** @param name a folder, or the name of a collection that comes with Cairn */
export async function exportCollection(name: string, options: ContainerOptions): Promise<void> {
  const { out } = options;
  if ((await stat(out).catch(() => null))?.isDirectory()) {
    throw usage(`${out} is a folder.`, 'Give the name of a file, such as mine.cairn.');
  }
  const folder = await collectionFolder(name);
  const work = { signal: stopSignal(), onProgress: progressLine('export') };
  tell(await exportFolder(folder, out, work), options);
}

/** @param file as `cairn export` or the page wrote it */
export async function importCollection(file: string, options: ContainerOptions): Promise<void> {
  const work = { signal: stopSignal(), onProgress: progressLine('import') };
  tell(await importFolder(file, options.out, work), options);
}

/** What was begun is cleared away before the process ends. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  return stop.signal;
}

function tell({ collection, bytes, pictures }: Written, { out, json }: ContainerOptions): void {
  const { name, labels } = collection;
  const photos = collectionRows(collection);
  const result = { name, labels: labels.length, photos, pictures, bytes, out };
  if (json) printJson(result);
  else note(`${name}: ${labels.length} labels, ${photos} photos, ${bytes} bytes in ${out}.`);
  if (pictures > 0) note(`It holds small copies of ${pictures} photos.`);
}
