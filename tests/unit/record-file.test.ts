// The file of records that processes share: what is put is found, whatever lies between.
import { createHash } from 'node:crypto';
import {
  appendFile,
  mkdtemp,
  open,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RecordFile } from '../../src/cli/record-file.ts';
import { VectorCache } from '../../src/cli/vector-cache.ts';

let folder = '';
let file = '';
let opened: RecordFile[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-records-'));
  file = join(folder, 'x.records');
});
afterEach(async () => {
  for (const records of opened) await records.close();
  opened = [];
  await rm(folder, { recursive: true });
});

async function openRecords(): Promise<RecordFile> {
  const records = await RecordFile.open(file);
  opened.push(records);
  return records;
}

const keyOf = (name: unknown) => createHash('sha256').update(String(name)).digest('hex');

/** The bytes of one record in a file of its own. */
async function recordBytes(key: string, payload: Uint8Array): Promise<Buffer> {
  const alone = await RecordFile.open(join(folder, 'alone.records'));
  await alone.put(key, payload);
  await alone.close();
  const bytes = await readFile(alone.file);
  await rm(alone.file);
  return bytes;
}

describe('RecordFile', () => {
  it('gives back what was put, now and when opened again', async () => {
    const records = await openRecords();
    await records.put(keyOf(1), Buffer.from('one'));
    await records.put(keyOf(2), Buffer.alloc(0));
    for (const each of [records, await openRecords()]) {
      expect((await each.get(keyOf(1)))?.toString()).toBe('one');
      expect(await each.get(keyOf(2))).toHaveLength(0);
      expect(await each.get(keyOf(3))).toBeUndefined();
    }
  });

  it('shows what others put meanwhile, and leaves it', async () => {
    const [a, b] = [await openRecords(), await openRecords()];
    const names = Array.from({ length: 40 }, (_, i) => i);
    await Promise.all(names.map((i) => (i % 2 ? a : b).put(keyOf(i), Buffer.alloc(i * 300, i))));
    for (const each of [a, b, await openRecords()]) {
      for (const i of names) expect(await each.get(keyOf(i))).toEqual(Buffer.alloc(i * 300, i));
    }
  });

  it('finds records longer than what it reads at once', async () => {
    const records = await openRecords();
    const large = Buffer.alloc(3_000_000, 'CAIRN');
    await records.put(keyOf('small'), Buffer.from('s'));
    await records.put(keyOf('large'), large);
    await records.put(keyOf('last'), Buffer.from('l'));
    const again = await openRecords();
    expect((await again.get(keyOf('large')))?.equals(large)).toBe(true);
    expect((await again.get(keyOf('last')))?.toString()).toBe('l');
  });

  it('that is cut while it is open loses what was cut, no more, at whatever place', async () => {
    const first = await recordBytes(keyOf(1), Buffer.from('one'));
    for (const left of [0, 1, 7, 11, 12, 43, 44, first.length - 1, first.length, 80]) {
      await rm(file, { force: true });
      const records = await openRecords();
      await records.put(keyOf(1), Buffer.from('one'));
      await records.put(keyOf(2), Buffer.from('two'));
      expect((await records.get(keyOf(2)))?.toString()).toBe('two');
      await truncate(file, left);
      expect((await records.get(keyOf(1)))?.toString()).toBe(
        left < first.length ? undefined : 'one',
      );
      expect(await records.get(keyOf(2))).toBeUndefined();
      expect(await records.get(keyOf(3))).toBeUndefined();
      await records.put(keyOf(4), Buffer.alloc(200, 4));
      expect(await records.get(keyOf(4))).toHaveLength(200);
    }
  });

  it('that is cut while it is looked through has what was there', async () => {
    const records = await openRecords();
    const names = Array.from({ length: 30 }, (_, i) => i);
    for (const i of names) await records.put(keyOf(i), Buffer.alloc(100_000, i));
    const { size } = await stat(file);
    for (const left of [3 * size, 2 * size, size].map((length) => Math.floor(length / 4))) {
      const opening = RecordFile.open(file);
      await truncate(file, left);
      const opened = await opening;
      for (const i of names) {
        const found = await opened.get(keyOf(i));
        if (found) expect(found.equals(Buffer.alloc(100_000, i))).toBe(true);
        else expect((i + 1) * (100_000 + 48)).toBeGreaterThan(left);
      }
      await opened.close();
    }
  });

  it('does not make room for a length that was damaged since', async () => {
    const records = await openRecords();
    await records.put(keyOf(1), Buffer.from('one'));
    await records.put(keyOf(2), Buffer.from('two'));
    expect(await records.get(keyOf(2))).toBeDefined();
    const handle = await open(file, 'r+');
    await handle.write(Buffer.from([0xff, 0xff, 0xff, 0xff]), 0, 4, 8);
    await handle.close();
    expect(await records.get(keyOf(1))).toBeUndefined();
    expect((await records.get(keyOf(2)))?.toString()).toBe('two');
    await records.put(keyOf(1), Buffer.from('again'));
    expect((await records.get(keyOf(1)))?.toString()).toBe('again');
  });

  it('leaves a half record alone, which another process may be writing', async () => {
    const records = await openRecords();
    await records.put(keyOf(1), Buffer.from('one'));
    const whole = await recordBytes(keyOf(2), Buffer.alloc(5000, 2));
    await appendFile(file, whole.subarray(0, 3000));
    const { size } = await stat(file);
    const meanwhile = await openRecords();
    expect(await meanwhile.get(keyOf(2))).toBeUndefined();
    expect((await stat(file)).size).toBe(size);
    await appendFile(file, whole.subarray(3000));
    expect(await meanwhile.get(keyOf(2))).toEqual(Buffer.alloc(5000, 2));
    expect(await records.get(keyOf(2))).toEqual(Buffer.alloc(5000, 2));
  });

  it('finds every whole record between pieces of others', async () => {
    const piece = fc.record({ whole: fc.boolean(), size: fc.nat(400), cut: fc.nat(399) });
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const parts: Buffer[] = [];
        for (const [i, { whole, size, cut }] of pieces.entries()) {
          const bytes = await recordBytes(keyOf(i), Buffer.alloc(size, i));
          parts.push(whole ? bytes : bytes.subarray(0, Math.min(cut, bytes.length - 1)));
        }
        await writeFile(file, Buffer.concat(parts));
        const records = await RecordFile.open(file);
        await records.put(keyOf('after'), Buffer.from('after'));
        for (const [i, { whole, size }] of pieces.entries()) {
          const found = await records.get(keyOf(i));
          // What follows may happen to be what a torn one lacks.
          if (whole || found) expect(found).toEqual(Buffer.alloc(size, i));
        }
        expect((await records.get(keyOf('after')))?.toString()).toBe('after');
        await records.close();
      }),
      { numRuns: 150 },
    );
  });

  it('finds a record whose first byte is the last that a torn one lacks', async () => {
    let [torn, i]: [Buffer, number] = [Buffer.alloc(0), 0];
    while (torn.at(-1) !== 0x89) torn = await recordBytes(keyOf('torn'), Buffer.from(`${i++}`));
    await writeFile(file, torn.subarray(0, -1));
    const records = await openRecords();
    await records.put(keyOf('next'), Buffer.from('next'));
    for (const each of [records, await openRecords()]) {
      expect((await each.get(keyOf('next')))?.toString()).toBe('next');
      expect((await each.get(keyOf('torn')))?.toString()).toBe(`${i - 1}`);
    }
  });

  it('takes nothing that is damaged, and what is put in its place', async () => {
    const records = await openRecords();
    await records.put(keyOf(1), Buffer.alloc(100, 1));
    expect(await records.get(keyOf(1))).toBeDefined();
    const handle = await open(file, 'r+');
    await handle.write(Buffer.from([9]), 0, 1, 80);
    await handle.close();
    expect(await records.get(keyOf(1))).toBeUndefined();
    expect(await (await openRecords()).get(keyOf(1))).toBeUndefined();
    await records.put(keyOf(1), Buffer.alloc(100, 1));
    expect(await records.get(keyOf(1))).toEqual(Buffer.alloc(100, 1));
  });

  it('passes over a file of something else, and goes on behind it', async () => {
    await writeFile(file, Buffer.alloc(2_500_000, 7));
    const records = await openRecords();
    await records.put(keyOf(1), Buffer.from('one'));
    expect((await (await openRecords()).get(keyOf(1)))?.toString()).toBe('one');
  });

  it('says so where there can be no file', async () => {
    await writeFile(file, '');
    await expect(RecordFile.open(join(file, 'below'))).rejects.toMatchObject({
      code: 'storage-failed',
    });
  });
});

describe('VectorCache', () => {
  it('keeps vectors bit for bit, and knows none of another length', async () => {
    const vector = Float32Array.of(1 / 3, -0, 1e-40);
    const cache = await VectorCache.open(folder, 'x', 3);
    await cache.put(keyOf('a'), vector);
    expect(await cache.get(keyOf('a'))).toEqual(vector);
    await cache.close();
    const shorter = await VectorCache.open(folder, 'x', 2);
    expect(await shorter.get(keyOf('a'))).toBeUndefined();
    await shorter.close();
  });
});
