// Installing over HTTP: verified, resumed, updated in one step, opened again without the network.
import 'fake-indexeddb/auto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { IndexService } from '../../src/retrieval/index-service.ts';
import { inspectInstalled } from '../../src/retrieval/inspect.ts';
import { installCollection, openFromUrl, openInstalled } from '../../src/retrieval/install.ts';
import { type CairnStore, openStore } from '../../src/retrieval/store.ts';
import type { CollectionFile } from '../../src/retrieval/writer.ts';
import { filesOf, headOf, loadFiles, randomUnits, rowsOf } from './retrieval-fixtures.ts';

const DIM = 16;
const first = await filesOf(headOf(4, DIM), rowsOf(300, 4, DIM, 1), { maxShardBytes: 5000 });
const second = await filesOf(headOf(4, DIM), rowsOf(350, 4, DIM, 1), { maxShardBytes: 5000 });

let served = new Map<string, Uint8Array>();
let requested: string[] = [];
let cutAfter = Infinity;
let server: Server;
let url = '';
let store: CairnStore;
let stores = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    const file = request.url!.replace(/\?.*/, '').split('/').at(-1)!;
    requested.push(file);
    const whole = served.get(file);
    const from = Number(/=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const bytes = whole?.subarray(from);
    if (!whole || !bytes) return response.writeHead(404).end();
    response.writeHead(from ? 206 : 200, {
      'Content-Length': bytes.length,
      ...(from && { 'Content-Range': `bytes ${from}-${whole.length - 1}/${whole.length}` }),
    });
    if (bytes.length <= cutAfter) return response.end(bytes);
    return response.write(bytes.subarray(0, cutAfter), () =>
      setTimeout(() => response.destroy(), 20),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/c/test/collection.json`;
});
afterAll(() => new Promise((done) => server.close(done)));
beforeEach(async () => {
  serveFiles(first);
  cutAfter = Infinity;
  store = await openStore({ name: `install-${stores++}` });
});

function serveFiles(files: readonly CollectionFile[]): void {
  served = new Map(files.map(({ file, bytes }) => [file, bytes]));
  requested = [];
}

describe('installCollection', () => {
  it('brings a collection into the store, from which it opens as it was written', async () => {
    const seen: number[] = [];
    const collection = await installCollection(`${url}?v=1`, store, {
      onProgress: ({ done, total }) => seen.push(done / total),
    });
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    const opened = await openInstalled('test', store);
    const wanted = await loadFiles(first);
    expect(opened.collection).toEqual(collection);
    expect(opened.shards.map((shard) => [...shard.labels])).toEqual(
      wanted.shards.map((shard) => [...shard.labels]),
    );
    expect(opened.shards[0]!.codes).toEqual(wanted.shards[0]!.codes);
  });

  it('goes on where it was cut', async () => {
    cutAfter = 3000;
    const { shards } = (await loadFiles(first)).collection;
    // Three tries a shard of 3000 bytes each suffice for all; this one is stopped in the second.
    const controller = new AbortController();
    const stopped = installCollection(url, store, {
      signal: controller.signal,
      onProgress: ({ done }) => done > shards[0]!.bytes && controller.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    expect(await store.listCollections()).toEqual([]);
    cutAfter = Infinity;
    requested = [];
    await installCollection(url, store);
    expect(requested).not.toContain(shards[0]!.file);
    expect((await openInstalled('test', store)).shards.length).toBe(shards.length);
  });

  it('updates by downloading what is new and dropping what is not needed', async () => {
    const old = await installCollection(url, store);
    serveFiles(second);
    const updated = await installCollection(url, store);
    const kept = new Set(old.shards.map((shard) => shard.sha256));
    const fresh = updated.shards.filter((shard) => !kept.has(shard.sha256));
    expect(fresh.length).toBeLessThan(updated.shards.length);
    expect(requested.slice(1).sort()).toEqual(fresh.map((shard) => shard.file).sort());
    const needed = new Set(updated.shards.map((shard) => shard.sha256));
    for (const { sha256 } of old.shards)
      expect(await store.hasFile(sha256)).toBe(needed.has(sha256));
  });

  it('keeps the old version whole when an update fails', async () => {
    const old = await installCollection(url, store);
    serveFiles(second);
    const last = second.at(-2)!;
    const damaged = last.bytes.slice();
    damaged[damaged.length >> 1]! ^= 1;
    served.set(last.file, damaged);
    await expect(installCollection(url, store)).rejects.toMatchObject({
      code: 'hash-mismatch',
      message: expect.stringContaining(last.file),
    });
    expect((await openInstalled('test', store)).collection).toEqual(old);
  });

  it('refuses one flipped byte in collection.json', async () => {
    const bytes = first.at(-1)!.bytes.slice();
    bytes[40]! ^= 1;
    served.set('collection.json', bytes);
    await expect(installCollection(url, store)).rejects.toMatchObject({
      code: expect.stringMatching(/^(collection-invalid|hash-mismatch)$/),
    });
  });

  it('says what is wrong when a page or nothing comes in its place', async () => {
    served.set('collection.json', new TextEncoder().encode('<!doctype html>'));
    await expect(installCollection(url, store)).rejects.toMatchObject({
      code: 'collection-invalid',
      message: expect.stringContaining('a web page'),
    });
    served.clear();
    await expect(installCollection(url, store)).rejects.toMatchObject({ code: 'download-failed' });
    serveFiles(first);
    served.delete(first[0]!.file);
    await expect(installCollection(url, store)).rejects.toMatchObject({
      code: 'download-failed',
      message: expect.stringContaining(first[0]!.file),
    });
  });
});

describe('openInstalled', () => {
  it('verifies again what is in the store', async () => {
    const { shards } = await installCollection(url, store);
    const bytes = (await store.getFile(shards[1]!.sha256))!.slice();
    bytes[99]! ^= 1;
    await store.putFile(shards[1]!.sha256, bytes);
    requested = [];
    await openInstalled('test', store);
    expect(requested).toEqual([shards[1]!.file]);
    await store.deleteFile(shards[0]!.sha256);
    await openInstalled('test', store);
    expect(requested).toEqual([shards[1]!.file, shards[0]!.file]);
    requested = [];
    await openInstalled('test', store);
    expect(requested).toEqual([]);
    await expect(openInstalled('other', store)).rejects.toMatchObject({
      code: 'collection-missing',
    });
  });
});

describe('a collection that came from a file', () => {
  it('says what is lost, and whose photos', async () => {
    const { shards } = await installCollection(url, store);
    const record = (await store.getCollection('test'))!;
    expect(await inspectInstalled(record, store)).toBeNull();
    await store.putCollection({ ...record, url: null });
    const bytes = (await store.getFile(shards[1]!.sha256))!.slice();
    bytes[99]! ^= 1;
    await store.putFile(shards[1]!.sha256, bytes);
    await expect(openInstalled('test', store)).rejects.toMatchObject({
      code: 'hash-mismatch',
      message: expect.stringContaining(shards[1]!.file),
    });
    await store.deleteFile(shards[0]!.sha256);
    await expect(openInstalled('test', store)).rejects.toMatchObject({
      code: 'collection-missing',
      message: expect.stringContaining(shards[0]!.file),
    });
    const damage = await inspectInstalled(record, store);
    expect(damage!.shards).toEqual([
      { file: shards[0]!.file, what: 'lost' },
      { file: shards[1]!.file, what: 'damaged' },
    ]);
    const photos = damage!.labels.reduce((sum, one) => sum + one.photos, 0);
    expect(photos).toBe(shards[0]!.rows + shards[1]!.rows);
  });

  it('is not replaced unasked by what an address has under its name', async () => {
    await installCollection(url, store);
    await store.putCollection({ ...(await store.getCollection('test'))!, url: null });
    await expect(openFromUrl(url, store)).rejects.toMatchObject({ code: 'usage' });
    expect((await store.getCollection('test'))!.url).toBeNull();
  });
});

describe('openFromUrl', () => {
  it('opens what was installed when the server cannot be reached', async () => {
    await openFromUrl(url, store);
    served.clear();
    expect((await openFromUrl(url, store)).collection.name).toBe('test');
  });

  it('opens what was installed when the new version is damaged, and keeps its time when nothing is new', async () => {
    await openFromUrl(url, store);
    const { installed } = (await store.getCollection('test'))!;
    await openFromUrl(url, store);
    expect((await store.getCollection('test'))!.installed).toBe(installed);
    served.set('collection.json', new TextEncoder().encode('<!doctype html>'));
    expect((await openFromUrl(url, store)).collection.name).toBe('test');
  });

  it('serves the index service in one go', async () => {
    const index = new IndexService({ store });
    const collection = await index.open({ kind: 'url', url });
    expect(collection.name).toBe('test');
    const query = randomUnits(1, DIM, 3);
    const { neighbours } = await index.search(query, { k: 5, engine: 'hnsw' });
    expect(neighbours.length).toBe(5);
    expect(index.status()).toMatchObject({
      persistent: true,
      kernel: 'wasm-simd',
      hnswError: null,
    });
    index.close();
  });
});
