// collection.json: what is written is read back; anything wrong is refused with words that help.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  assertEncoder,
  COLLECTION_FILE,
  encodeCollection,
  isCollectionName,
  isShardFile,
  parseCollection,
} from '../../src/retrieval/collection.ts';
import { readCollectionFolder } from '../../src/retrieval/read-folder.ts';
import { writeCollectionFolder } from '../../src/retrieval/write-folder.ts';
import { writeCollection } from '../../src/retrieval/writer.ts';
import { filesOf, HEX, headOf, rowsOf } from './retrieval-fixtures.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const files = await filesOf(headOf(5, 12), rowsOf(40, 5, 12, 1), { maxShardBytes: 2048 });
const manifest = files.at(-1)!.bytes;

/** The manifest with one field changed: no digest can save it, the field is told first. */
function changed(path: string, value: unknown): Uint8Array {
  const json = JSON.parse(text(manifest));
  const keys = path.split('.');
  const last = keys.pop()!;
  const parent = keys.reduce((at, key) => at[key], json);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
}

describe('collection.json', () => {
  it('is read back as it was written', () => {
    const collection = parseCollection(manifest);
    expect(collection).toMatchObject({ name: 'test', dimension: 12, formatVersion: 1 });
    expect(collection.labels.map((label) => label.photos)).toEqual([8, 8, 8, 8, 8]);
    expect(collection.labels[1]).toMatchObject({ title: { zh: '地点 1' }, country: 'FR' });
    expect(collection.shards.length).toBeGreaterThan(1);
    expect(encodeCollection(collection)).toEqual(manifest);
  });

  it('survives the round trip for any texts', () => {
    const label = fc.record({
      label: fc.string({ minLength: 1, maxLength: 50, unit: 'grapheme' }),
      title: fc.record({
        en: fc.string({ minLength: 1, unit: 'grapheme' }),
        zh: fc.string({ minLength: 1, unit: 'grapheme' }),
      }),
      country: fc.constantFrom(null, 'CN', 'FR'),
      lat: fc.option(fc.double({ min: -90, max: 90, noNaN: true }).map((x) => x + 0)),
      lon: fc.option(fc.double({ min: -180, max: 180, noNaN: true }).map((x) => x + 0)),
      wikidata: fc.constantFrom(null, 'Q243'),
      photos: fc.constant(0),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(label, { selector: (l) => l.label, maxLength: 6 }),
        fc.string({ minLength: 1, unit: 'grapheme' }),
        (labels, licence) => {
          const collection = { ...parseCollection(manifest), labels, licence, shards: [] };
          expect(parseCollection(encodeCollection(collection))).toEqual(collection);
        },
      ),
    );
  });

  it('is refused with any one byte changed', () => {
    fc.assert(
      fc.property(
        fc.nat(manifest.length - 1),
        fc.integer({ min: 1, max: 255 }),
        (position, mask) => {
          const bytes = manifest.slice();
          bytes[position]! ^= mask;
          expect(() => parseCollection(bytes)).toThrowError(
            expect.objectContaining({
              code: expect.stringMatching(/^(collection-invalid|hash-mismatch)$/),
            }),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is refused when cut anywhere', () => {
    for (let length = 0; length < manifest.length; length += 37) {
      expect(() => parseCollection(manifest.subarray(0, length))).toThrowError(
        expect.objectContaining({ code: 'collection-invalid' }),
      );
    }
  });

  it.each([
    ['formatVersion', 3, /format version 3; this Cairn reads versions up to 2/],
    ['formatVersion', 2, /formatVersion is 2 and should be 1/],
    ['formatVersion', undefined, /formatVersion is missing/],
    ['name', '../up', /name is "\.\.\/up"/],
    ['dimension', 0, /dimension is 0/],
    ['dimension', 1.5, /dimension is 1\.5/],
    ['encoder.weightsSha256', 'ABC', /encoder\.weightsSha256 is "ABC"/],
    ['bank', null, /bank is null and should be an object/],
    ['labels.1.lat', 91, /labels\[1\]\.lat is 91/],
    ['labels.1.country', 'fr', /labels\[1\]\.country is "fr"/],
    ['labels.1.wikidata', 'http://x', /labels\[1\]\.wikidata/],
    ['labels.1.label', 'place_0', /a label is listed twice/],
    ['labels.1.photos', 9, /labels count 41 photos, its shards 40 rows/],
    ['shards.0.file', '../../secret.bin', /shards\[0\]\.file.*without a path/],
    ['shards.0.file', 'C:\\secret.bin', /shards\[0\]\.file/],
    ['shards.0.bytes', 2 ** 30, /shards\[0\]\.bytes/],
    ['shards.0.sha256', '0', /shards\[0\]\.sha256/],
    ['shards', {}, /shards is \{\} and should be an array/],
    ['created', 'yesterday', /created is "yesterday"/],
    ['digest', undefined, /last line is not a "digest"/],
  ])('with %s = %j is refused by name', (path, value, message) => {
    expect(() => parseCollection(changed(path, value))).toThrowError(
      expect.objectContaining({
        code: 'collection-invalid',
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(/\w/),
      }),
    );
  });

  it('edited by hand is refused', () => {
    expect(() => parseCollection(changed('name', 'other'))).toThrowError(
      expect.objectContaining({
        code: 'hash-mismatch',
        remedy: expect.stringContaining('cairn index'),
      }),
    );
  });

  it('keeps shard names inside their folder', () => {
    for (const name of ['..', '.hidden', 'a/b', 'a\\b', '', 'collection.json', 'a\0', 'a b']) {
      expect(isShardFile(name)).toBe(false);
    }
    for (const name of ['con.bin', 'NUL', 'lpt1.x', 'a.', `${'a'.repeat(121)}`, '_a', '-a']) {
      expect(isShardFile(name)).toBe(false);
    }
    expect(isShardFile('shard-0000-0123456789ab.bin')).toBe(true);
    expect(isShardFile('console.bin')).toBe(true);
  });

  it('has a name that a folder can have on every system', () => {
    for (const name of ['CON', 'nul.a', 'a.', 'a ']) expect(isCollectionName(name)).toBe(false);
    for (const name of ['Conwy', 'St. Mary', '巴黎']) expect(isCollectionName(name)).toBe(true);
  });

  it('of any depth is refused in words, and briefly', () => {
    const levels = 200_000;
    const bytes = new TextEncoder().encode(
      `{"formatVersion":${'['.repeat(levels)}${']'.repeat(levels)}}`,
    );
    expect(() => parseCollection(bytes)).toThrowError(
      expect.objectContaining({
        code: 'collection-invalid',
        message: expect.stringMatching(/^.{1,200}$/),
      }),
    );
  });

  it.each([
    ['more rows than bytes', { rows: 1_000_000 }, /rows is 1000000 and should be/],
    ['deleted rows out of order', { deleted: [1, 0] }, /deleted is \[1,0\] and should be rows/],
    ['deleted rows that are none', { deleted: [1e6] }, /deleted/],
    ['deleted rows that are no numbers', { deleted: ['0'] }, /deleted/],
    ['no deleted rows', { deleted: [] }, /deleted/],
    [
      'more deleted rows than rows',
      { deleted: Array.from({ length: 1e6 }, (_, i) => i) },
      /deleted/,
    ],
  ])('with %s is refused', (_, shard, message) => {
    const value = JSON.parse(text(manifest)) as { shards: object[] };
    value.shards[0] = { ...value.shards[0], ...shard };
    expect(() => parseCollection(new TextEncoder().encode(JSON.stringify(value)))).toThrowError(
      expect.objectContaining({
        code: 'collection-invalid',
        message: expect.stringMatching(message),
      }),
    );
  });

  it('made by another encoder is refused', () => {
    const collection = parseCollection(manifest);
    const encoder = { id: 'encoder-a', weightsSha256: HEX('a'), dim: 12 };
    expect(() => assertEncoder(collection, encoder)).not.toThrow();
    for (const other of [{ id: 'b' }, { weightsSha256: HEX('c') }, { dim: 13 }]) {
      expect(() => assertEncoder(collection, { ...encoder, ...other })).toThrowError(
        expect.objectContaining({
          code: 'collection-mismatch',
          remedy: expect.stringContaining('cairn index'),
        }),
      );
    }
  });
});

describe('a collection folder', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-collection-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const write = (seed: number) =>
    writeCollectionFolder(
      folder,
      writeCollection(headOf(5, 12), rowsOf(40, 5, 12, seed), { maxShardBytes: 2048 }),
    );

  it('is written, read, and replaced by a newer one without leftovers', async () => {
    const first = await write(1);
    expect((await readCollectionFolder(folder)).collection).toEqual(first.collection);
    const second = await write(2);
    expect(second.collection.shards).not.toEqual(first.collection.shards);
    expect((await readCollectionFolder(folder)).shards.length).toBe(
      second.collection.shards.length,
    );
    expect((await readdir(folder)).sort()).toEqual(
      [COLLECTION_FILE, ...second.collection.shards.map((shard) => shard.file)].sort(),
    );
  });

  it('stays as it was when writing a newer one breaks off', async () => {
    const { collection } = await write(1);
    async function* broken() {
      yield* rowsOf(20, 5, 12, 3);
      throw new Error('the photos ran out');
    }
    await expect(
      writeCollectionFolder(
        folder,
        writeCollection(headOf(5, 12), broken(), { maxShardBytes: 1400 }),
      ),
    ).rejects.toThrow('the photos ran out');
    expect((await readCollectionFolder(folder)).collection).toEqual(collection);
    expect((await readdir(folder)).length).toBe(1 + collection.shards.length);
  });

  it('with a damaged or missing shard is refused by the name of the file', async () => {
    const { collection } = await write(1);
    const { file } = collection.shards[1]!;
    const bytes = await readFile(join(folder, file));
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(join(folder, file), bytes);
    await expect(readCollectionFolder(folder)).rejects.toMatchObject({
      code: 'hash-mismatch',
      message: expect.stringContaining(file),
    });
    await rm(join(folder, file));
    await expect(readCollectionFolder(folder)).rejects.toMatchObject({
      code: 'collection-missing',
      message: expect.stringContaining(file),
    });
    await expect(readCollectionFolder(join(folder, 'nowhere'))).rejects.toMatchObject({
      code: 'collection-missing',
    });
  });
});
