// Files that commands read: photo lists, manifests on disk.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listSource, readManifests } from '../../src/cli/photo-list.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-'));
});
afterEach(() => rm(folder, { recursive: true }));

const usage = expect.objectContaining({ code: 'usage' });

describe('listSource', () => {
  it('takes a folder per label, in order, without hidden files', async () => {
    for (const label of ['tower', 'arch', '.git']) await mkdir(join(folder, label));
    for (const file of ['tower/b.jpg', 'tower/a.jpg', 'tower/.DS_Store', 'arch/c.png', '.git/d']) {
      await writeFile(join(folder, file), 'x');
    }
    const photos = await listSource(folder);
    expect(photos.map((p) => [p.label, p.path])).toEqual([
      ['arch', 'arch/c.png'],
      ['tower', 'tower/a.jpg'],
      ['tower', 'tower/b.jpg'],
    ]);
    expect(photos[0]!.file).toBe(join(folder, 'arch/c.png'));
  });

  it('takes a manifest, whose paths are relative to it', async () => {
    const csv = join(folder, 'list.csv');
    await writeFile(csv, 'path,label,split\na/b.jpg,tower,train\n');
    const [photo] = await listSource(csv);
    expect(photo).toMatchObject({ label: 'tower', split: 'train', file: join(folder, 'a/b.jpg') });
  });

  it('says what is wrong with a source', async () => {
    await expect(listSource(join(folder, 'nowhere'))).rejects.toEqual(usage);
    await expect(listSource(folder)).rejects.toEqual(usage);
    await expect(readManifests([join(folder, 'nowhere.csv')])).rejects.toEqual(usage);
  });
});
