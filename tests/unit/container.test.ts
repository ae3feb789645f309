// A collection as one file: the same in and out, small in memory, and no damage or malice gets through.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { CairnError } from '../../src/errors.ts';
import { parseCollection } from '../../src/retrieval/collection.ts';
import {
  type ContainerContent,
  loadContainer,
  readContainer,
  writeContainer,
} from '../../src/retrieval/container.ts';
import { tarEnd, tarHeader } from '../../src/retrieval/ustar.ts';
import type { CollectionFile } from '../../src/retrieval/writer.ts';
import type { Bytes } from '../../src/weights/sha256.ts';
import { bytesOf, contentOf, gathered, inChunks, join, taughtOf } from './container-fixtures.ts';
import { filesOf, headOf, loadFiles, rowsOf } from './retrieval-fixtures.ts';

const BLOCK = 512;
let files: CollectionFile[];
let content: ContainerContent;
let whole: Bytes;
beforeAll(async () => {
  files = await filesOf(headOf(3, 8), rowsOf(40, 3, 8, 1), { maxShardBytes: 1700 });
  content = {
    ...contentOf(files),
    taught: taughtOf([Uint8Array.of(1, 2, 3), new Uint8Array(BLOCK).fill(7)]),
  };
  whole = await bytesOf(content);
  expect(files.length).toBeGreaterThan(3);
});

async function failure(source: Uint8Array | AsyncIterable<Uint8Array>): Promise<CairnError> {
  const chunks = source instanceof Uint8Array ? inChunks(source) : source;
  const thrown = await loadContainer(chunks).then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(CairnError);
  return thrown as CairnError;
}

/** The container's files as header and content, for putting together anew. */
function entriesOf(bytes: Uint8Array): { name: string; begin: number; end: number }[] {
  const entries = [];
  for (let at = 0; bytes[at] !== 0; ) {
    const text = Buffer.from(bytes.subarray(at, at + BLOCK)).toString('latin1');
    const size = Number.parseInt(text.slice(124, 135), 8);
    const end = at + BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    entries.push({ name: text.slice(0, text.indexOf('\0')), begin: at, end });
    at = end;
  }
  return entries;
}

function rebuilt(order: readonly number[], bytes = whole): Bytes {
  const entries = entriesOf(bytes);
  return join([...order.map((i) => bytes.subarray(entries[i]!.begin, entries[i]!.end)), tarEnd()]);
}

describe('a container', () => {
  it('gives back every file byte for byte, whatever the chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 1100 }), { maxLength: 3 }),
        fc.integer({ min: 1, max: 3000 }),
        async (rows, labels, pictures, chunk) => {
          const all = await filesOf(headOf(labels, 4), rowsOf(rows, labels, 4, rows), {
            maxShardBytes: 1400,
          });
          const copies = pictures.map((picture) => new Uint8Array(picture));
          const given = {
            ...contentOf(all),
            ...(copies.length > 0 ? { taught: taughtOf(copies) } : {}),
          };
          const bytes = await bytesOf(given);
          const parts = await gathered(readContainer(inChunks(bytes, chunk)));
          const collection = all.filter(({ file }) => file === 'collection.json');
          expect(parts.slice(0, all.length).map(({ file, bytes }) => ({ file, bytes }))).toEqual([
            ...collection,
            ...all.slice(0, -1),
          ]);
          expect(parts.filter(({ kind }) => kind === 'picture').map((part) => part.bytes)).toEqual(
            copies,
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is equal for equal content, and opens as the folder does', async () => {
    expect(await bytesOf(content)).toEqual(whole);
    const opened = await loadContainer(new Blob([whole]).stream());
    expect(opened).toEqual(await loadFiles(files));
  });

  it('is a tar that other tools unpack to the folder, and may come from them', async () => {
    const folder = mkdtempSync(path(tmpdir(), 'cairn-tar-'));
    try {
      writeFileSync(path(folder, 'a.cairn'), whole);
      try {
        execFileSync('tar', ['-xf', 'a.cairn'], { cwd: folder });
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
        console.info('skipped: this machine has no tar');
        return;
      }
      for (const { file, bytes } of files) {
        expect(new Uint8Array(readFileSync(path(folder, file)))).toEqual(bytes);
      }
      expect(readdirSync(folder)).toHaveLength(1 + files.length + 3);
      const names = entriesOf(whole).map(({ name }) => name);
      for (const format of ['ustar', 'gnu']) {
        execFileSync('tar', [`--format=${format}`, '-cf', 'b.cairn', ...names], { cwd: folder });
        const again = readFileSync(path(folder, 'b.cairn'));
        expect(await loadContainer(inChunks(again))).toEqual(await loadFiles(files));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is read and written a file at a time', async () => {
    const many = await filesOf(headOf(3, 64), rowsOf(600, 3, 64, 2), { maxShardBytes: 4096 });
    const given = contentOf(many);
    let asked = 0;
    const counting = {
      ...given,
      shard: (entry: Parameters<typeof given.shard>[0]) => {
        asked++;
        return given.shard(entry);
      },
    };
    const written: Bytes[] = [];
    for await (const chunk of writeContainer(counting)) {
      written.push(chunk);
      // Three chunks a file, those of collection.json first: a shard is asked for when its turn has come.
      expect(asked).toBeLessThanOrEqual(Math.floor(written.length / 2));
    }
    const bytes = join(written);
    const CHUNK = 512;
    let given512 = 0;
    async function* counted() {
      for await (const chunk of inChunks(bytes, CHUNK)) {
        given512 += chunk.length;
        yield chunk;
      }
    }
    let emitted = 0;
    for await (const part of readContainer(counted())) {
      emitted += part.bytes.length + BLOCK;
      // What was taken in has been given out, but for paddings and the chunk at hand.
      expect(given512 - emitted).toBeLessThan((many.length + 2) * BLOCK);
    }
    expect(many.length).toBeGreaterThan(10);
  });

  it('lets its source go, and stops when told', async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(whole.subarray(0, 4096)),
      cancel: () => {
        cancelled = true;
      },
    });
    expect((await failure(stream as unknown as AsyncIterable<Uint8Array>)).code).toMatch(
      /^collection-|hash/,
    );
    expect(cancelled).toBe(true);
    const stop = new AbortController();
    const parts = readContainer(inChunks(whole), { signal: stop.signal });
    await parts.next();
    stop.abort();
    await expect(parts.next()).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('a damaged container', () => {
  it('is refused wherever it is cut', async () => {
    const marks = entriesOf(whole).flatMap(({ begin, end }) => [begin, begin + BLOCK, end]);
    const cuts = new Set([...marks, whole.length - BLOCK].flatMap((at) => [at - 1, at, at + 1]));
    for (const cut of cuts) {
      if (cut < 0 || cut >= whole.length) continue;
      const { code, message, remedy } = await failure(whole.subarray(0, cut));
      expect([code, cut]).toEqual(['collection-invalid', cut]);
      expect(message).toContain(`cut after ${cut} bytes`);
      expect(remedy).toContain('again');
    }
  });

  it('is refused with any one bit turned', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: whole.length - 1 }),
        fc.integer({ min: 0, max: 7 }),
        async (at, bit) => {
          const turned = whole.slice();
          turned[at]! ^= 1 << bit;
          expect((await failure(turned)).code).toMatch(/^(collection-invalid|hash-mismatch)$/);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is refused with something behind its end, but for the zeros of a record', async () => {
    for (const tail of [[1], [0, 0, 1], Array(20 * BLOCK).fill(0)]) {
      const { message } = await failure(join([whole, Uint8Array.from(tail)]));
      expect(message).toContain('follows its end');
    }
    const padded = join([whole, new Uint8Array(19 * BLOCK)]);
    expect((await loadContainer(inChunks(padded))).shards).toHaveLength(files.length - 1);
  });

  it('is refused with files out of order, left out, repeated or unknown', async () => {
    const entries = entriesOf(whole);
    const order = entries.map((_, i) => i);
    const names = entries.map(({ name }) => name);
    const said = async (wrong: readonly number[]) => (await failure(rebuilt(wrong))).message;
    expect(await said(order.with(0, 1).with(1, 0))).toContain(`where collection.json is due`);
    expect(await said(order.with(1, 2).with(2, 1))).toContain(
      `"${names[2]}" comes where ${names[1]} is due`,
    );
    expect(await said(order.toSpliced(2, 0, 1))).toContain(`"${names[1]}" comes a second time`);
    expect(await said(order.toSpliced(1, 1))).toContain(`where ${names[1]} is due`);
    expect(await said(order.slice(0, 2))).toContain(`ends where ${names[2]} is due`);
    expect(await said(order.toSpliced(-1, 1))).toContain(`ends where ${names.at(-1)} is due`);
    expect(await said([...order, 1])).toContain('comes a second time where its end is due');
  });

  it('is refused with names that leave the folder, and with what is no plain file', async () => {
    const json = files.at(-1)!.bytes;
    const failing = (header: Bytes) =>
      failure(join([whole.subarray(0, entriesOf(whole)[0]!.end), header, json, tarEnd()]));
    const hostile = [
      '../evil',
      '/etc/passwd',
      'a/../../b',
      'C:\\evil',
      'taught.json',
      'collection.json',
      'con',
    ];
    for (const name of hostile) {
      const { code, message } = await failing(tarHeader({ name, bytes: json.length }, 0));
      expect([code, message.includes(JSON.stringify(name))]).toEqual(['collection-invalid', true]);
    }
    const { file, bytes } = files[0]!;
    const changed = (change: (header: Bytes) => void): Bytes => {
      const header = tarHeader({ name: file, bytes: bytes.length }, 0);
      change(header);
      header.set(Buffer.from('        '), 148);
      const sum = header.reduce((total, byte) => total + byte, 0);
      header.set(Buffer.from(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
      return header;
    };
    const put = (at: number, text: string) => (header: Bytes) =>
      header.set(Buffer.from(text, 'latin1'), at);
    for (const type of ['1', '2', '5', '7', 'x', 'g', 'L']) {
      expect((await failing(changed(put(156, type)))).message).toContain('no plain file');
    }
    expect((await failing(changed(put(345, '../..')))).message).toContain('lies in a folder');
    // Base 256, signs, digits that are none.
    for (const size of ['\x80\0\0\0\0\0\0\0\0\0\0\x01', '-0000000001', '99999999999', '']) {
      expect((await failing(changed(put(124, size.padEnd(12, '\0'))))).message).toContain(
        'no octal number',
      );
    }
  });

  it('is refused by a size that does not fit, before anything more is read', async () => {
    const claims = [
      { at: 0, name: 'collection.json', bytes: 0o77777777777 },
      { at: 0, name: 'collection.json', bytes: 0 },
      { at: 1, name: files[0]!.file, bytes: 0o77777777777 },
      { at: 1, name: files[0]!.file, bytes: files[0]!.bytes.length + 1 },
    ];
    for (const { at, name, bytes } of claims) {
      let asked = 0;
      async function* source() {
        yield whole.subarray(0, entriesOf(whole)[at]!.begin);
        yield tarHeader({ name, bytes }, 0);
        asked++;
        yield new Uint8Array(BLOCK);
      }
      const { message } = await failure(source());
      expect(message).toContain(`${name} is ${bytes} bytes long instead of`);
      expect(asked).toBe(0);
    }
  });

  it('is not written from what does not fit', async () => {
    const wrong = { ...content, shard: async () => files[0]!.bytes };
    await expect(bytesOf(wrong)).rejects.toMatchObject({ code: 'hash-mismatch' });
    const collection = parseCollection(content.json);
    const { taught } = content;
    const pictures = { ...content, taught: { ...taught!, picture: async () => Uint8Array.of(9) } };
    await expect(bytesOf(pictures)).rejects.toMatchObject({ code: 'hash-mismatch' });
    expect(collection.shards.length).toBeGreaterThan(1);
  });
});
