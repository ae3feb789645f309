// `cairn export` and `cairn import`: the same bytes both ways, and nothing half made, whatever happens.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  exportFolder,
  importFolder,
  openContainerFile,
} from '../../src/retrieval/container-folder.ts';
import { readCollectionFolder } from '../../src/retrieval/read-folder.ts';
import { parseTaught, pictureFile } from '../../src/retrieval/taught-file.ts';
import { writeCollectionFolder } from '../../src/retrieval/write-folder.ts';
import { writeCollection } from '../../src/retrieval/writer.ts';
import { taughtOf } from './container-fixtures.ts';
import { headOf, rowsOf } from './retrieval-fixtures.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const COMMAND_MS = 120_000;

let home: string;
let source: string;
let file: string;
let target: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'cairn-container-'));
  source = join(home, 'source');
  file = join(home, 'mine.cairn');
  target = join(home, 'deep/target');
  const rows = rowsOf(60, 3, 16, 1);
  await writeCollectionFolder(
    source,
    writeCollection(headOf(3, 16), rows, { maxShardBytes: 2048 }),
  );
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function contents(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const all = names.map(async (name) => [
    name,
    (await readFile(join(folder, name))).toString('hex'),
  ]);
  return Object.fromEntries(await Promise.all(all));
}

describe('a folder in one file', () => {
  it('comes back byte for byte, notes and pictures with it, and opens without being unpacked', async () => {
    const taught = taughtOf([Uint8Array.of(1, 2), Uint8Array.of(3)]);
    await writeFile(join(source, 'taught.json'), taught.json);
    for (const entry of parseTaught(taught.json).pictures) {
      await writeFile(join(source, pictureFile(entry)), await taught.picture(entry));
    }
    const out = await exportFolder(source, file);
    expect(out).toMatchObject({ pictures: 2, bytes: (await readFile(file)).length });
    const back = await importFolder(file, target);
    expect(back).toMatchObject({ pictures: 2, collection: out.collection });
    expect(await contents(target)).toEqual(await contents(source));
    await exportFolder(target, join(home, 'again.cairn'));
    expect(await readFile(join(home, 'again.cairn'))).toEqual(await readFile(file));
    expect(await openContainerFile(file)).toEqual(await readCollectionFolder(source));
  });

  it('leaves what is there alone, and nothing of its own, when something is wrong', async () => {
    await exportFolder(source, file);
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, bytes.length - 600));
    await expect(importFolder(file, target)).rejects.toMatchObject({ code: 'collection-invalid' });
    expect(await readdir(join(home, 'deep'))).toEqual([]);
    await expect(importFolder(join(home, 'none'), target)).rejects.toMatchObject({
      code: 'collection-missing',
    });
    await expect(importFolder(file, source)).rejects.toMatchObject({ code: 'usage' });

    const before = await contents(source);
    const shard = Object.keys(before).find((name) => name.endsWith('.bin'))!;
    await writeFile(join(source, shard), 'something else');
    await expect(exportFolder(source, file)).rejects.toMatchObject({ code: 'hash-mismatch' });
    expect(await readFile(file)).toEqual(bytes.subarray(0, bytes.length - 600));
    expect((await readdir(home)).sort()).toEqual(['deep', 'mine.cairn', 'source']);
  });

  it('is stopped between two files, and clears up after one that was killed', async () => {
    await exportFolder(source, file);
    const stop = new AbortController();
    const stopping = importFolder(file, target, {
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(stopping).rejects.toMatchObject({ code: 'aborted' });
    expect(await readdir(join(home, 'deep'))).toEqual([]);

    // No process has so high a number.
    const left = join(home, 'deep', `.${basename(target)}.4294967.tmp`);
    await mkdir(left);
    await writeFile(join(left, 'half.bin'), 'half');
    await importFolder(file, target);
    expect(await readdir(join(home, 'deep'))).toEqual(['target']);
  });
});

describe('the commands', () => {
  const cairn = (...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
      const command = ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), ...args];
      execFile(process.execPath, command, { cwd: ROOT }, (error, stdout, stderr) =>
        done({ code: error ? Number(error.code) : 0, stdout, stderr }),
      );
    });

  it(
    'give the same bytes both ways, and one line for what is wrong',
    async () => {
      const exported = await cairn('export', source, '--out', file, '--json');
      expect(exported).toMatchObject({ code: 0 });
      const said = JSON.parse(exported.stdout);
      expect(said).toEqual({
        name: 'test',
        labels: 3,
        photos: 60,
        pictures: 0,
        bytes: (await readFile(file)).length,
        out: file,
      });
      const imported = await cairn('import', file, '--out', target, '--json');
      expect(JSON.parse(imported.stdout)).toMatchObject({ name: 'test', photos: 60, out: target });
      expect(await contents(target)).toEqual(await contents(source));

      const again = await cairn('import', file, '--out', target);
      expect(again.code).toBe(2);
      expect(again.stderr).toMatch(/^cairn: .*target is there already/m);
      const missing = await cairn('export', join(home, 'none'), '--out', file);
      expect(missing.code).toBe(2);
      expect(missing.stderr).toMatch(/^cairn: There is no collection/m);
    },
    COMMAND_MS,
  );
});
