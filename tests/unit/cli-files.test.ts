// Files that commands read and keep: photo lists, manifests on disk, the cache of vectors.
import { appendFile, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listSource, readManifests } from '../../src/cli/photo-list.ts';
import { VectorCache } from '../../src/cli/vector-cache.ts';

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

describe('VectorCache', () => {
  const a = 'a'.repeat(64);
  const b = 'b'.repeat(64);

  it('finds again what it kept', async () => {
    const cache = await VectorCache.open(folder, 'x', 3);
    await cache.put(a, Float32Array.of(1, 2, 3));
    const again = await VectorCache.open(folder, 'x', 3);
    expect(again.get(a)).toEqual(Float32Array.of(1, 2, 3));
    expect(again.get(b)).toBeUndefined();
  });

  it('cuts a torn record off, so that later ones stay readable', async () => {
    const cache = await VectorCache.open(folder, 'x', 3);
    await cache.put(a, Float32Array.of(1, 2, 3));
    await appendFile(cache.file, Buffer.alloc(17, 7));
    const mended = await VectorCache.open(folder, 'x', 3);
    await mended.put(b, Float32Array.of(4, 5, 6));
    const again = await VectorCache.open(folder, 'x', 3);
    expect(again.get(a)).toEqual(Float32Array.of(1, 2, 3));
    expect(again.get(b)).toEqual(Float32Array.of(4, 5, 6));
    expect((await stat(cache.file)).size).toBe(2 * (32 + 12));
  });
});
