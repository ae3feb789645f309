// A collection's folder to one file and back (Node): each appears whole under its name, or not at all.
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { CairnError } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import { COLLECTION_FILE, type Collection, parseCollection } from './collection.ts';
import {
  type ContainerContent,
  loadContainer,
  readContainer,
  writeContainer,
} from './container.ts';
import type { LoadedCollection } from './loaded.ts';
import { readFolderFile } from './read-folder.ts';
import { parseTaught, pictureFile, TAUGHT_FILE } from './taught-file.ts';
import { storing, syncFolder, writeCollectionFolder } from './write-folder.ts';
import type { CollectionFile } from './writer.ts';

export interface Written {
  readonly collection: Collection;
  /** Of the container, or of all files of the folder. */
  readonly bytes: number;
  /** Small copies of taught photos in it. */
  readonly pictures: number;
}

/**
 * Writes the collection in `folder` into one file, in place of what has its name.
 * @throws CairnError `collection-missing`, `collection-invalid`, `hash-mismatch`, `storage-full`,
 *   `storage-failed`, `aborted`
 */
export async function exportFolder(
  folder: string,
  file: string,
  work: LongWork = {},
): Promise<Written> {
  const { content, pictures } = await contentOf(folder);
  const target = resolve(file);
  await clearLeftovers(target);
  const temporary = temporaryFor(target);
  let bytes = 0;
  try {
    const handle = await storing(file, () => open(temporary, 'wx'));
    try {
      for await (const chunk of writeContainer(content, work)) {
        await storing(file, () => handle.writeFile(chunk));
        bytes += chunk.length;
      }
      await storing(file, () => handle.sync());
    } finally {
      await handle.close();
    }
    await storing(file, () => rename(temporary, target));
    await syncFolder(dirname(target));
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw thrown;
  }
  return { collection: parseCollection(content.json), bytes, pictures };
}

/**
 * Writes the files of a container into a folder that is not there yet, or empty.
 * @throws CairnError `collection-invalid`, `hash-mismatch`, `collection-missing` where there is no `file`,
 *   `usage` where the folder holds something, `storage-full`, `storage-failed`, `aborted`
 */
export async function importFolder(
  file: string,
  folder: string,
  work: LongWork = {},
): Promise<Written> {
  const target = resolve(folder);
  await refuseFilled(target, folder);
  const total = await sizeOf(file);
  await storing(folder, () => mkdir(dirname(target), { recursive: true }));
  await clearLeftovers(target);
  const temporary = temporaryFor(target);
  let pictures = 0;

  // collection.json comes first in the container, and is written last: a folder without it is none.
  async function* files(): AsyncGenerator<CollectionFile> {
    const last: CollectionFile[] = [];
    for await (const part of readContainer(readStream(file), { ...work, total })) {
      if (part.kind === 'picture') pictures++;
      if (part.kind === 'collection') last.push(part);
      else yield part;
    }
    yield* last;
  }
  try {
    const written = await writeCollectionFolder(temporary, files());
    await syncFolder(temporary);
    await storing(folder, async () => {
      await rmdir(target).catch(() => undefined); // an empty one; others are left, and rename fails
      await rename(temporary, target);
    });
    await syncFolder(dirname(target));
    return { ...written, pictures };
  } catch (thrown) {
    await rm(temporary, { recursive: true, force: true });
    throw thrown;
  }
}

/** Throws as {@link importFolder} does. */
export async function openContainerFile(
  file: string,
  work: LongWork = {},
): Promise<LoadedCollection> {
  return loadContainer(readStream(file), { ...work, total: await sizeOf(file) });
}

async function contentOf(folder: string): Promise<{ content: ContainerContent; pictures: number }> {
  const json = await readFolderFile(folder, COLLECTION_FILE);
  const shard: ContainerContent['shard'] = ({ file }) => readFolderFile(folder, file);
  if (!(await readdir(folder)).includes(TAUGHT_FILE))
    return { content: { json, shard }, pictures: 0 };
  const taught = {
    json: await readFolderFile(folder, TAUGHT_FILE),
    picture: (entry: Parameters<typeof pictureFile>[0]) =>
      readFolderFile(folder, pictureFile(entry)),
  };
  return { content: { json, shard, taught }, pictures: parseTaught(taught.json).pictures.length };
}

async function* readStream(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    if (cause instanceof CairnError) throw cause;
    throw missing(file, cause);
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    const found = await stat(file);
    if (found.isFile()) return found.size;
  } catch (cause) {
    throw missing(file, cause);
  }
  throw missing(file);
}

function missing(file: string, cause?: unknown): CairnError {
  return new CairnError(
    'collection-missing',
    `${file} cannot be read.`,
    'Give a file that `cairn export` or the page wrote.',
    { cause },
  );
}

async function refuseFilled(target: string, folder: string): Promise<void> {
  const found = await readdir(target).catch((cause: NodeJS.ErrnoException) =>
    cause.code === 'ENOENT' ? [] : ['a file'],
  );
  if (found.length === 0) return;
  throw new CairnError(
    'usage',
    `${folder} is there already, and not an empty folder.`,
    'Give another name, or remove it first.',
  );
}

/** Beside the target, so that renaming stays on one file system. */
function temporaryFor(target: string): string {
  return join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
}

/** Removes what processes that were killed have left of the same target. */
async function clearLeftovers(target: string): Promise<void> {
  const begin = `.${basename(target)}.`;
  const names = await readdir(dirname(target)).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(begin)) continue;
    const pid = /^(\d+)\.tmp$/.exec(name.slice(begin.length))?.[1];
    if (pid === undefined || lives(Number(pid))) continue;
    await rm(join(dirname(target), name), { recursive: true, force: true });
  }
}

function lives(pid: number): boolean {
  if (pid === process.pid) return false; // an earlier process of the same number
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // EPERM: it lives, and is another user's.
    return (cause as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
