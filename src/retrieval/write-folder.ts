// Writes a collection into a folder (Node): new shards first, then collection.json swapped in one step.
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CairnError } from '../errors.ts';
import { COLLECTION_FILE, type Collection, parseCollection } from './collection.ts';
import { type CollectionFile, isShardName } from './writer.ts';

/** Folders in which new files lie until all are whole begin so. */
const NEW_FOLDER = '.new-';

/**
 * Takes the files of `writeCollection`. They are written into a folder beside the old ones and moved at the end,
 * collection.json last: until then a reader sees the old collection whole, after it the new one whole, and a loss
 * of power changes neither. What no collection names any more is removed at the end: the old one's shards, and
 * what a killed process left. One process at a time may write a folder.
 * @returns what was written, and the bytes of all its files
 * @throws CairnError `storage-full`, `storage-failed`, and whatever `files` throws
 */
export async function writeCollectionFolder(
  folder: string,
  files: AsyncIterable<CollectionFile>,
): Promise<{ collection: Collection; bytes: number }> {
  await storing(folder, () => mkdir(folder, { recursive: true }));
  await removeAll(folder, await leftoversIn(folder));
  const fresh = await storing(folder, () => mkdtemp(join(folder, NEW_FOLDER)));
  try {
    const written: string[] = [];
    let bytes = 0;
    let collection: Collection | undefined;
    for await (const { file, bytes: content } of files) {
      if (file === COLLECTION_FILE) collection = parseCollection(content);
      else written.push(file);
      bytes += content.length;
      await storing(folder, () => writeWhole(join(fresh, file), content));
    }
    if (!collection) {
      throw new CairnError(
        'internal',
        'The files to write ended without collection.json.',
        'This is a fault of Cairn: please report it.',
      );
    }
    const before = await shardsOf(folder);
    await storing(folder, async () => {
      for (const file of written) await rename(join(fresh, file), join(folder, file));
      await syncFolder(folder);
      await rename(join(fresh, COLLECTION_FILE), join(folder, COLLECTION_FILE));
      await syncFolder(folder);
    });
    const used = new Set(collection.shards.map(({ file }) => file));
    const found = [...before, ...(await readdir(folder)).filter(isShardName)];
    await removeAll(
      folder,
      found.filter((file) => !used.has(file)),
    );
    return { collection, bytes };
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Folders of new files that killed processes left. */
async function leftoversIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith(NEW_FOLDER));
}

async function removeAll(folder: string, names: Iterable<string>): Promise<void> {
  for (const name of names) await rm(join(folder, name), { recursive: true, force: true });
}

/** Flushed to the disk. */
async function writeWhole(path: string, content: Uint8Array): Promise<void> {
  const handle = await open(path, 'w');
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Under a temporary name beside it, flushed to the disk, then renamed: never half a file under its own name. */
export async function replaceFile(path: string, content: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeWhole(temporary, content);
    await rename(temporary, path);
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
