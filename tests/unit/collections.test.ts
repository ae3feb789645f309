// Collections in the page, as far as no browser is needed: addresses, lists, downloads that go on, files in and out.
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mayAsk, readAddress } from '../../src/app/collections/address.ts';
import { readChoices, writeChoices } from '../../src/app/collections/choices.ts';
import { listOf, searchable } from '../../src/app/collections/list.ts';
import { offerOf } from '../../src/app/collections/offers.ts';
import {
  bytesIn,
  dropGraphs,
  dropLeftovers,
  filesOf,
  graphsOf,
  measureParts,
  missingBytes,
} from '../../src/app/collections/storage-use.ts';
import {
  forgetBegun,
  readUnfinished,
  rememberBegun,
  shardsBegun,
} from '../../src/app/collections/unfinished.ts';
import { connectOrigins, documentPolicy, filePolicy } from '../../src/offline/content-policy.ts';
import { parseCollection } from '../../src/retrieval/collection.ts';
import { recordOf } from '../../src/retrieval/install.ts';
import {
  dropIncoming,
  exportInstalled,
  importInstalled,
  readContainerHead,
} from '../../src/retrieval/installed-container.ts';
import { type CairnStore, openStore } from '../../src/retrieval/store.ts';
import { TAUGHT_COLLECTION, tunedCollection } from '../../src/retrieval/taught-collection.ts';
import type { CollectionFile } from '../../src/retrieval/writer.ts';
import { HEX, headOf, rowsOf, filesOf as writtenFiles } from './retrieval-fixtures.ts';

const DIM = 16;
const MADE = { ...headOf(1, DIM).encoder, dim: DIM };
const SHARDS = { maxShardBytes: 5000 };
const first = await writtenFiles(headOf(4, DIM), rowsOf(300, 4, DIM, 1), SHARDS);
const other = await writtenFiles(headOf(4, DIM), rowsOf(300, 4, DIM, 2), SHARDS);
const json = (files: readonly CollectionFile[]) => files.at(-1)!.bytes;
const collection = parseCollection(json(first));

let store: CairnStore;
let stores = 0;
beforeEach(async () => {
  store = await openStore({ name: `collections-${stores++}` });
});
afterEach(() => vi.unstubAllGlobals());

async function install(files: readonly CollectionFile[], url: string | null = null): Promise<void> {
  const written = parseCollection(json(files));
  for (const [i, { sha256 }] of written.shards.entries()) {
    await store.putFile(sha256, files[i]!.bytes);
  }
  await store.putCollection(recordOf(written, json(files), url));
}

describe('the address of a collection', () => {
  const page = 'https://here.example/cairn/#/collections';
  const policy = "default-src 'self'; connect-src 'self' https://there.example; worker-src blob:";
  const url = (text: string) => {
    const found = readAddress(text, page, policy);
    return found.fit ? found.url : found.why;
  };

  it('is of a file, of its folder, or a path on this host', () => {
    expect(url('https://there.example/c/collection.json?v=2#x')).toBe(
      'https://there.example/c/collection.json?v=2',
    );
    expect(url(' https://there.example/c/ ')).toBe('https://there.example/c/collection.json');
    expect(url('there.example/c')).toBe('https://there.example/c/collection.json');
    expect(url('./towns/')).toBe('https://here.example/cairn/towns/collection.json');
    expect(url('/towns')).toBe('https://here.example/towns/collection.json');
  });

  it('is refused where it is none, or where the page may not ask', () => {
    for (const text of ['', 'towns', 'two words', 'ftp://there.example/', 'javascript:alert(1)']) {
      expect(url(text)).toBe('none');
    }
    expect(url('https://there.example/towns.cairn')).toBe('container');
    expect(url('https://elsewhere.example/')).toBe('forbidden');
    expect(url('http://there.example/')).toBe('forbidden');
    expect(readAddress('https://elsewhere.example/', page, '').fit).toBe(true);
  });

  it('may be allowed by whoever builds the page', () => {
    expect(connectOrigins('')).toEqual([]);
    const origins = connectOrigins(' https://a.example  http://b.example:8080 ');
    for (const policy of [filePolicy(origins), documentPolicy(origins)]) {
      expect(policy).toContain("connect-src 'self' https://a.example http://b.example:8080;");
      expect(mayAsk('https://a.example', page, policy)).toBe(true);
      expect(mayAsk('https://c.example', page, policy)).toBe(false);
    }
    for (const odd of [
      'a.example',
      'https://a.example/path',
      "https://a.example;script-src'*'",
      '*',
    ]) {
      expect(() => connectOrigins(odd)).toThrow('CAIRN_CONNECT');
    }
  });
});

describe('a collection in one file', () => {
  it('goes out and comes in as it was', async () => {
    await install(first, 'https://a.example/collection.json');
    const file = await exportInstalled('test', store);
    expect((await readContainerHead(file)).collection).toEqual(collection);
    const second = await openStore({ name: `collections-${stores++}` });
    const progress: number[] = [];
    await importInstalled(file, second, () => undefined, {
      onProgress: ({ done, total }) => progress.push(done / total),
    });
    expect(Math.max(...progress)).toBeGreaterThan(0.9);
    expect(await second.getCollection('test')).toMatchObject({ url: null, json: json(first) });
    for (const { sha256 } of collection.shards) expect(await second.hasFile(sha256)).toBe(true);
    expect(await second.listValues('')).toEqual([]);
    const again = await exportInstalled('test', second);
    expect(await again.arrayBuffer()).toEqual(await file.arrayBuffer());
  });

  it('changes nothing when it is refused, cut or damaged, and keeps what others need', async () => {
    await install(other);
    const before = await store.listFiles();
    const donor = await openStore({ name: `collections-${stores++}` });
    [store] = [donor];
    await install(first);
    const file = await exportInstalled('test', donor);
    store = await openStore({ name: `collections-${stores - 2}` });
    const bytes = new Uint8Array(await file.arrayBuffer());
    const damaged = bytes.slice();
    damaged[damaged.length - 2000]! ^= 1;
    for (const broken of [bytes.subarray(0, -600), damaged]) {
      await expect(
        importInstalled(new Blob([broken]), store, () => undefined),
      ).rejects.toMatchObject({ code: expect.stringMatching(/collection-invalid|hash-mismatch/) });
    }
    const refused = () => {
      throw new Error('not this one');
    };
    await expect(importInstalled(file, store, refused)).rejects.toThrow('not this one');
    expect(await store.listFiles()).toEqual(before);
    expect((await store.getCollection('test'))!.json).toEqual(json(other));
  });

  it('that was being read when the page was closed leaves nothing behind at the next visit', async () => {
    const donor = store;
    await install(first);
    const file = await exportInstalled('test', donor);
    store = await openStore({ name: `collections-${stores++}` });
    // Reading stops for ever behind the second shard, as when a page dies.
    let put = 0;
    const dying = new Proxy(store, {
      get: (target, key) => {
        if (key === 'putFile' && put++ === 2) return () => new Promise(() => undefined);
        const value = Reflect.get(target, key) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    void importInstalled(file, dying, () => undefined);
    await vi.waitFor(async () => expect((await store.listFiles()).length).toBe(2));
    await dropIncoming(store);
    expect(await store.listFiles()).toEqual([]);
    expect(await store.listValues('')).toEqual([]);
  });
});

describe('an offer', () => {
  it('says what it needs, and whether it is here', async () => {
    vi.stubGlobal('navigator', { storage: { estimate: async () => ({ usage: 5, quota: 9 }) } });
    const offered = { collection, json: json(first) };
    const all = first.slice(0, -1).reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(await offerOf(offered, store, MADE)).toMatchObject({
      landmarks: 4,
      photos: 300,
      bytes: all,
      needed: all,
      left: 4,
      replaces: 'nothing',
    });
    await install(other);
    expect((await offerOf(offered, store, MADE)).replaces).toBe('other');
    await install(first);
    expect(await offerOf(offered, store, MADE)).toMatchObject({ replaces: 'same', needed: 0 });
  });

  it('is refused when another encoder made it, or under the name of what is taught', async () => {
    const offered = { collection, json: json(first) };
    vi.stubGlobal('navigator', {});
    await expect(offerOf(offered, store, { ...MADE, id: 'b' })).rejects.toMatchObject({
      code: 'collection-mismatch',
    });
    for (const name of [TAUGHT_COLLECTION, tunedCollection(HEX('1'))]) {
      const named = { ...offered, collection: { ...collection, name } };
      await expect(offerOf(named, store, MADE)).rejects.toMatchObject({ code: 'usage' });
    }
  });
});

describe('a download that has begun', () => {
  const url = 'https://a.example/collection.json';
  const [shard, second] = collection.shards;

  it('is remembered with what has come, and forgotten with it', async () => {
    await rememberBegun(store, url, collection);
    await store.putFile(shard!.sha256, first[0]!.bytes);
    await store.beginPartial(second!.sha256, 'a', null);
    await store.appendPartial(second!.sha256, 'a', 0, first[1]!.bytes.subarray(0, 10));
    const [unfinished] = await readUnfinished(store);
    expect(unfinished).toMatchObject({ url, name: 'test', done: shard!.bytes + 10 });
    expect(await missingBytes(collection.shards, store)).toBe(unfinished!.total - unfinished!.done);
    expect((await shardsBegun(store)).size).toBe(collection.shards.length);
    await forgetBegun(store, url, true);
    expect(await readUnfinished(store)).toEqual([]);
    expect([...(await store.listFiles()), ...(await store.listPartials())]).toEqual([]);
  });

  it('takes nothing with it that an installed collection needs', async () => {
    await install(first);
    await rememberBegun(store, url, collection);
    await forgetBegun(store, url, true);
    expect((await store.listFiles()).length).toBe(collection.shards.length);
  });
});

describe('the list', () => {
  const record = (name: string, url: string | null, installed: string) => ({
    ...recordOf({ ...collection, name }, json(first), url),
    installed,
  });
  const defaultUrl = 'https://here.example/collections/default/collection.json';
  const records = [
    record('b', null, '2026-02-01T00:00:00Z'),
    record(TAUGHT_COLLECTION, null, '2025-01-01T00:00:00Z'),
    record(tunedCollection(HEX('2')), null, '2025-01-01T00:00:00Z'),
    record('a', 'https://a.example/collection.json', '2026-03-01T00:00:00Z'),
    record('shipped', defaultUrl, '2026-04-01T00:00:00Z'),
  ];
  const parts = { records, off: ['b'], defaultUrl, states: null, problems: new Map() };

  it('has the default collection first, what was taught last, and no tuned copies of that', () => {
    expect(listOf(parts).map(({ name, origin, state }) => [name, origin, state.at])).toEqual([
      ['shipped', 'default', 'waiting'],
      ['a', 'address', 'waiting'],
      ['b', 'file', 'off'],
      [TAUGHT_COLLECTION, 'taught', 'waiting'],
    ]);
    expect(searchable(records, ['b']).map(({ name }) => name)).toEqual(['a', 'shipped']);
  });

  it('tells what is open, what failed, and what is damaged beyond reading', () => {
    const error = { code: 'hash-mismatch', message: 'm', remedy: 'r' } as const;
    const torn = { ...records[3]!, json: json(first).subarray(0, 50) };
    const listed = listOf({
      ...parts,
      records: [torn, records[0]!, records[4]!],
      off: [],
      states: new Map([['shipped', { at: 'open' as const }]]),
      problems: new Map([['b', { version: records[0]!.installed, error, damage: null }]]),
    });
    expect(listed.map(({ state }) => state.at)).toEqual(['open', 'failed', 'failed']);
    expect(listed[1]).toMatchObject({ state: { error: { code: 'collection-invalid' } } });
  });
});

describe('choices', () => {
  it('are kept, and are none where nothing sensible is kept', async () => {
    expect(await readChoices(store)).toEqual({ off: [], defaultGone: false });
    await writeChoices(store, { off: ['a'], defaultGone: true });
    expect(await readChoices(store)).toEqual({ off: ['a'], defaultGone: true });
    await store.putValue('collections/choices', { off: 'all', defaultGone: 1 });
    expect(await readChoices(store)).toEqual({ off: [], defaultGone: false });
  });
});

describe('storage', () => {
  const model = { file: 'm.bin', bytes: 3, sha256: HEX('1') };
  const graph = (sha256: string) => ({ sha256: HEX('9'), bytes: new Uint8Array(7), of: sha256 });

  it('is measured part by part, and what nothing needs is removed without the rest', async () => {
    await install(first);
    await store.putFile(model.sha256, new Uint8Array(3));
    await store.putFile(HEX('2'), new Uint8Array(5));
    await store.beginPartial(HEX('3'), 'a', null);
    await store.appendPartial(HEX('3'), 'a', 0, new Uint8Array(11));
    const [shown] = graphsOf(collection);
    const key = (sha256: string) => `hnsw/0.8.2/16-200-1/${sha256}`;
    await store.putValue(key(shown!), graph(shown!));
    await store.putValue(key(HEX('4')), graph(HEX('4')));
    await store.putValue('tuning/run', { state: new Uint8Array(13) });
    const how = {
      store,
      models: filesOf({ any: [{ where: model }] }),
      expected: new Set<string>(),
    };
    const { parts, leftovers } = await measureParts(how);
    expect(parts).toMatchObject({ models: 3, taught: 13, graphs: 7, needless: 5 + 11 + 7 });
    expect(parts.collections).toBeGreaterThan(first[0]!.bytes.length);
    expect(leftovers).toEqual({ files: [HEX('2')], partials: [HEX('3')], graphs: [key(HEX('4'))] });
    // Before the registry is known nothing may be called needless.
    expect((await measureParts({ ...how, models: null })).leftovers.files).toEqual([]);
    await dropLeftovers(store, leftovers);
    expect((await measureParts(how)).parts).toMatchObject({ models: 3, graphs: 7, needless: 0 });
    await dropGraphs(store, graphsOf(collection));
    expect((await measureParts(how)).parts.graphs).toBe(7);
    await store.deleteCollection('test');
    await dropGraphs(store, graphsOf(collection));
    expect((await measureParts(how)).parts.graphs).toBe(0);
  });

  it('counts blobs and arrays, however deep', () => {
    expect(bytesIn({ a: [new Uint8Array(2), new Blob(['abc'])], b: 'text', c: null })).toBe(5);
  });
});
