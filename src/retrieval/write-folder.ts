// Writes a collection into a folder (Node): new shards first, then collection.json swapped in one step.
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CairnError } from '../errors.ts';
import { COLLECTION_FILE, type Collection, parseCollection } from './collection.ts';
import type { CollectionFile } from './writer.ts';

/**
 * Takes the files of `writeCollection`. Until the last step a reader sees the old collection whole,
 * after it the new one whole; shards that only the old one named are removed at the end.
 * @returns what was written, and the bytes of all its files
 * @throws CairnError `storage-full`, `storage-failed`, and whatever `files` throws
 */
export async function writeCollectionFolder(
  folder: string,
  files: AsyncIterable<CollectionFile>,
): Promise<{ collection: Collection; bytes: number }> {
  await storing(folder, () => mkdir(folder, { recursive: true }));
  const before = await shardsOf(folder);
  const fresh: string[] = [];
  let bytes = 0;
  let collection: Collection | undefined;
  try {
    for await (const { file, bytes: content } of files) {
      if (file === COLLECTION_FILE) collection = parseCollection(content);
      else if (!before.includes(file)) fresh.push(file);
      bytes += content.length;
      await storing(folder, () => writeDurably(folder, file, content));
    }
  } catch (error) {
    await removeAll(folder, fresh);
    throw error;
  }
  if (!collection) {
    throw new CairnError(
      'internal',
      'The files to write ended without collection.json.',
      'This is a fault of Cairn: please report it.',
    );
  }
  const used = new Set(collection.shards.map((shard) => shard.file));
  await removeAll(
    folder,
    before.filter((file) => !used.has(file)),
  );
  return { collection, bytes };
}

async function removeAll(folder: string, files: Iterable<string>): Promise<void> {
  for (const file of files) await rm(join(folder, file), { force: true });
}

/** Under a temporary name, flushed to the disk, then renamed: never half a file under its own name. */
async function writeDurably(folder: string, file: string, content: Uint8Array): Promise<void> {
  const temporary = join(folder, `.${file}.${process.pid}.tmp`);
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, join(folder, file));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes sure that names in the folder outlast a loss of power, where the system can promise it. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders; there the file system's own journal must do.
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** Shards that an earlier collection in this folder names; none where there is none to read. */
async function shardsOf(folder: string): Promise<string[]> {
  if (!(await readdir(folder)).includes(COLLECTION_FILE)) return [];
  try {
    const old = parseCollection(await readFile(join(folder, COLLECTION_FILE)));
    return old.shards.map((shard) => shard.file);
  } catch {
    return [];
  }
}

/** Runs `work`; what goes wrong becomes `storage-full` or `storage-failed`, told of `folder`. */
export async function storing<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const full = (cause as NodeJS.ErrnoException).code === 'ENOSPC';
    throw new CairnError(
      full ? 'storage-full' : 'storage-failed',
      full ? `There is no room left for ${folder}.` : `${folder} cannot be written.`,
      full ? 'Free some space and try again.' : 'Give a folder that you may write to.',
      { cause },
    );
  }
}
