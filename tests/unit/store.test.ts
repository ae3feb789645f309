// The browser's store: on IndexedDB and in memory alike, and what happens when storage fails.
import 'fake-indexeddb/auto';
import { IDBObjectStore as FakeObjectStore } from 'fake-indexeddb';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MemoryStore } from '../../src/retrieval/memory-store.ts';
import { type CairnStore, openStore } from '../../src/retrieval/store.ts';
import { HEX } from './retrieval-fixtures.ts';

let number = 0;
const freshName = (): string => `store-${number++}`;
const kinds: [string, () => Promise<CairnStore>][] = [
  ['IndexedDB', () => openStore({ name: freshName() })],
  ['memory', async () => new MemoryStore()],
];
afterEach(() => vi.unstubAllGlobals());

const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);
const record = (name: string, ...files: string[]) => ({
  name,
  url: null,
  json: bytes(1),
  files,
  installed: '2025-01-31T12:00:00Z',
});

describe.each(kinds)('a store on %s', (_, open) => {
  it('keeps files by hash', async () => {
    const store = await open();
    await store.putFile(HEX('1'), bytes(1, 2, 3));
    expect(await store.getFile(HEX('1'))).toEqual(bytes(1, 2, 3));
    expect(await store.hasFile(HEX('1'))).toBe(true);
    await store.deleteFile(HEX('1'));
    expect(await store.getFile(HEX('1'))).toBeUndefined();
    expect(await store.hasFile(HEX('1'))).toBe(false);
  });

  it('keeps the pieces of a download in order, for one session at a time', async () => {
    const store = await open();
    const key = HEX('2');
    expect(await store.claimPartial(key, 'a')).toBeUndefined();
    await store.beginPartial(key, 'a', '"v"');
    expect(await store.appendPartial(key, 'a', 0, bytes(1, 2))).toBe(true);
    expect(await store.appendPartial(key, 'a', 5, bytes(9))).toBe(false);
    expect(await store.appendPartial(key, 'a', 2, bytes(3))).toBe(true);
    expect(await store.claimPartial(key, 'b')).toEqual({
      validator: '"v"',
      chunks: [bytes(1, 2), bytes(3)],
    });
    expect(await store.appendPartial(key, 'a', 3, bytes(4))).toBe(false);
    expect(await store.appendPartial(key, 'b', 3, bytes(4))).toBe(true);
    await store.putFile(key, bytes(1, 2, 3, 4));
    expect(await store.claimPartial(key, 'c')).toBeUndefined();
  });

  it('keeps more than ten pieces in order', async () => {
    const store = await open();
    await store.beginPartial(HEX('3'), 'a', null);
    for (let i = 0; i < 12; i++) await store.appendPartial(HEX('3'), 'a', i, bytes(i));
    const partial = await store.claimPartial(HEX('3'), 'a');
    expect(partial!.chunks.map((chunk) => chunk[0])).toEqual([...Array(12).keys()]);
  });

  it('drops files that no collection needs any more, and no others', async () => {
    const store = await open();
    for (const digit of ['a', 'b', 'c', 'd']) await store.putFile(HEX(digit), bytes(1));
    await store.putCollection(record('one', HEX('a'), HEX('b')));
    await store.putCollection(record('two', HEX('b'), HEX('c')));
    await store.putCollection(record('one', HEX('a')));
    expect(await store.hasFile(HEX('b'))).toBe(true);
    await store.deleteCollection('two');
    expect(await store.hasFile(HEX('b'))).toBe(false);
    expect(await store.hasFile(HEX('a'))).toBe(true);
    expect(await store.hasFile(HEX('d'))).toBe(true);
    expect((await store.listCollections()).map((c) => c.name)).toEqual(['one']);
    expect(await store.getCollection('two')).toBeUndefined();
  });

  it('keeps values and lists them by prefix', async () => {
    const store = await open();
    await store.putValue('graph/1', { bytes: bytes(5) });
    await store.putValue('probe', 7);
    expect(await store.getValue('graph/1')).toEqual({ bytes: bytes(5) });
    expect(await store.listValues('graph/')).toEqual(['graph/1']);
    await store.deleteValue('graph/1');
    expect(await store.listValues('graph/')).toEqual([]);
  });

  it('gives pictures back as they were put', async () => {
    const store = await open();
    const blob = new Blob([bytes(1, 2, 3)], { type: 'image/webp' });
    await store.putValue('picture/1', { blob, name: 'a.png', none: null });
    const listed = await store.getValues('picture/');
    for (const value of [await store.getValue('picture/1'), listed[0]?.[1]]) {
      expect(value).toEqual({ blob: expect.any(Blob), name: 'a.png', none: null });
      const picture = (value as { readonly blob: Blob }).blob;
      expect(picture.type).toBe('image/webp');
      expect(new Uint8Array(await picture.arrayBuffer())).toEqual(bytes(1, 2, 3));
    }
  });
});

describe('openStore', () => {
  it('keeps things from one opening to the next', async () => {
    const name = freshName();
    const first = await openStore({ name });
    expect(first.persistent).toBe(true);
    await first.putFile(HEX('1'), bytes(7));
    first.close();
    expect(await (await openStore({ name })).getFile(HEX('1'))).toEqual(bytes(7));
  });

  it('puts no Blob in the database, where WebKit in private browsing takes none, and reads old ones', async () => {
    const name = freshName();
    const store = await openStore({ name });
    const put = vi.spyOn(FakeObjectStore.prototype, 'put');
    await store.putValue('new', { blob: new Blob(['new']) });
    expect(put.mock.calls.map(([value]) => value)).toEqual([
      { blob: { blob: '', bytes: new TextEncoder().encode('new') } },
    ]);
    put.mockRestore();
    const database = await new Promise<IDBDatabase>((done) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => done(request.result);
    });
    const old = new Blob(['old']);
    database.transaction('values', 'readwrite').objectStore('values').put({ blob: old }, 'old');
    expect(await store.getValue('old')).toMatchObject({ blob: { size: 3 } });
    database.close();
  });

  it('falls back to memory, and says so, where there is no storage', async () => {
    vi.stubGlobal('indexedDB', undefined);
    expect((await openStore()).persistent).toBe(false);
    vi.stubGlobal('indexedDB', {
      open: () => {
        throw new DOMException('The operation is insecure.', 'SecurityError');
      },
    });
    const store = await openStore();
    expect(store.persistent).toBe(false);
    await store.putValue('a', 1);
    expect(await store.getValue('a')).toBe(1);
  });

  it('gives way when another tab upgrades, and opens again on the next use', async () => {
    const name = freshName();
    const store = await openStore({ name });
    await store.putValue('a', 1);
    // What a newer page would do: this only succeeds once our connection is closed.
    const removed = new Promise<void>((done, fail) => {
      const request = indexedDB.deleteDatabase(name);
      request.onsuccess = () => done();
      request.onerror = () => fail(request.error);
    });
    await removed;
    expect(await store.getValue('a')).toBeUndefined();
    await store.putValue('a', 2);
    expect(await store.getValue('a')).toBe(2);
  });

  it('says so when another tab holds an old version open', async () => {
    const name = freshName();
    // A tab of an older page that does not listen for upgrades: deleting is blocked, and so are we.
    const old = await new Promise<IDBDatabase>((done) => {
      const request = indexedDB.open(name, 1);
      request.onsuccess = () => done(request.result);
    });
    indexedDB.deleteDatabase(name);
    await new Promise((done) => setTimeout(done, 20));
    await expect(openStore({ name, blockedMs: 50 })).rejects.toMatchObject({
      code: 'storage-failed',
      remedy: expect.stringContaining('Close the other tabs'),
    });
    old.close();
  });

  it('refuses a database of a newer version instead of working beside it', async () => {
    const name = freshName();
    const newer = await new Promise<IDBDatabase>((done) => {
      const request = indexedDB.open(name, 99);
      request.onsuccess = () => done(request.result);
    });
    newer.close();
    await expect(openStore({ name })).rejects.toMatchObject({ code: 'storage-failed' });
  });

  it('tells a full disk from other failures', async () => {
    const store = await openStore({ name: freshName() });
    const put = vi.spyOn(FakeObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('no room', 'QuotaExceededError');
    });
    await expect(store.putFile(HEX('1'), bytes(1))).rejects.toMatchObject({
      code: 'storage-full',
      remedy: expect.stringContaining('Free disk space'),
    });
    put.mockRestore();
    await store.putFile(HEX('1'), bytes(1));
    expect(await store.getFile(HEX('1'))).toEqual(bytes(1));
  });
});
