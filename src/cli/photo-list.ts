// Which photos a command works on: from manifests, or from a folder with a sub-folder per label.
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type ManifestRow, parseManifest } from '../evaluation/manifest.ts';
import { usage } from './output.ts';

/** A manifest's line with its file's absolute path. */
export interface ListedPhoto extends ManifestRow {
  readonly file: string;
}

/** Throws `usage` for a manifest that is missing or not valid. */
export async function readManifests(files: readonly string[]): Promise<ListedPhoto[]> {
  const lists = await Promise.all(files.map(readManifest));
  return lists.flat();
}

async function readManifest(csv: string): Promise<ListedPhoto[]> {
  const text = await readFile(csv, 'utf8').catch(() => {
    throw usage(`The manifest ${csv} cannot be read.`, 'Check its path.');
  });
  const folder = dirname(resolve(csv));
  return parseManifest(text, basename(csv)).map((row) => ({
    ...row,
    file: join(folder, row.path),
  }));
}

/**
 * A manifest CSV, or a folder with a sub-folder for each label; hidden files are passed over.
 * Sorted by path, so that the same photos always make the same collection.
 */
export async function listSource(source: string): Promise<ListedPhoto[]> {
  const info = await stat(source).catch(() => {
    throw usage(`${source} does not exist.`, 'Give a folder of photos or a manifest CSV.');
  });
  if (!info.isDirectory()) return readManifest(source);
  const visible = (name: string) => !name.startsWith('.');
  const folders = (await readdir(source, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && visible(entry.name))
    .map((entry) => entry.name)
    .sort();
  if (folders.length === 0) {
    throw usage(
      `${source} has no sub-folders.`,
      'Put the photos of each landmark in a folder of its name.',
    );
  }
  const photos: ListedPhoto[] = [];
  for (const label of folders) {
    const names = (await readdir(join(source, label), { withFileTypes: true }))
      .filter((entry) => entry.isFile() && visible(entry.name))
      .map((entry) => entry.name)
      .sort();
    for (const name of names) {
      const path = `${label}/${name}`;
      const file = join(resolve(source), label, name);
      photos.push({ path, file, label, split: '', kind: '', source: '', licence: '' });
    }
  }
  return photos;
}
