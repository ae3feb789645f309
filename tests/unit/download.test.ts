// Verified downloads against a real server that cuts, lies and forgets: no bad byte is ever kept.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CairnError } from '../../src/errors.ts';
import { MemoryStore } from '../../src/retrieval/memory-store.ts';
import { downloadSmall, downloadVerified } from '../../src/weights/download.ts';
import { seeded } from './retrieval-fixtures.ts';

const random = seeded(1);
const content = Uint8Array.from({ length: 3_000_000 }, () => random() * 256);
const sha256 = createHash('sha256').update(content).digest('hex');

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
let handler: Handler;
let requests: IncomingMessage[] = [];
let server: Server;
let url = '';

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request);
    handler(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/models/weights.bin`;
});
afterAll(() => new Promise((done) => server.close(done)));
beforeEach(() => {
  requests = [];
});

/** Serves the content as a good server does; `cutAfter` bytes of an answer the line breaks. */
function serve({
  etag = '"v1"',
  ranges = true,
  cutAfter = Infinity,
  bytes = content,
} = {}): Handler {
  return (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const fresh = [undefined, etag].includes(request.headers['if-range'] as string | undefined);
    const start = ranges && fresh ? from : 0;
    const body = bytes.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, {
      ETag: etag,
      'Content-Length': body.length,
      ...(start > 0 && { 'Content-Range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    });
    if (cutAfter >= body.length) response.end(body);
    else response.write(body.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), 30));
  };
}

/** Compares 3 MB without printing them, and without the minutes that deep equality would take. */
const same = (bytes: Uint8Array | undefined): boolean =>
  bytes !== undefined && Buffer.compare(bytes, content) === 0;

const file = () => ({ url, sha256, bytes: content.length });
const once = { retries: 0 };

/** Nothing under the final name, nothing kept of the download. */
async function expectClean(store: MemoryStore): Promise<void> {
  expect(await store.getFile(sha256)).toBeUndefined();
  expect((await store.claimPartial(sha256, 'x'))?.chunks ?? []).toEqual([]);
}

describe('downloadVerified', () => {
  it('gives the bytes, keeps them, and asks no server the second time', async () => {
    handler = serve();
    const store = new MemoryStore();
    const seen: number[] = [];
    const bytes = await downloadVerified(file(), store, {
      onProgress: ({ done, total }) => {
        expect(total).toBe(content.length);
        seen.push(done);
      },
    });
    expect(same(bytes)).toBe(true);
    expect(seen.at(-1)).toBe(content.length);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(same(await downloadVerified(file(), store))).toBe(true);
    expect(requests.length).toBe(1);
  });

  it.each([0, 0.01, 0.5, 0.99])('goes on after a cut at %f of the file', async (share) => {
    const cutAfter = Math.floor(content.length * share);
    const store = new MemoryStore();
    handler = serve({ cutAfter });
    await expect(downloadVerified(file(), store, once)).rejects.toMatchObject({
      code: 'download-failed',
      remedy: expect.stringContaining('goes on where it stopped'),
    });
    expect(await store.getFile(sha256)).toBeUndefined();
    handler = serve();
    expect(same(await downloadVerified(file(), store, once))).toBe(true);
    if (cutAfter > 0) {
      expect(requests[1]!.headers.range).toBe(`bytes=${cutAfter}-`);
      expect(requests[1]!.headers['if-range']).toBe('"v1"');
    }
  });

  it('takes the line up again by itself', async () => {
    let calls = 0;
    handler = (...args) => serve({ cutAfter: calls++ < 2 ? 700_000 : Infinity })(...args);
    const store = new MemoryStore();
    expect(same(await downloadVerified(file(), store, { retryDelayMs: 1 }))).toBe(true);
    expect(requests.map((r) => r.headers.range)).toEqual([
      undefined,
      'bytes=700000-',
      'bytes=1400000-',
    ]);
  });

  it('begins anew where the server ignores Range', async () => {
    const store = new MemoryStore();
    handler = serve({ cutAfter: 1_500_000 });
    await expect(downloadVerified(file(), store, once)).rejects.toThrow();
    handler = serve({ ranges: false });
    expect(same(await downloadVerified(file(), store, once))).toBe(true);
  });

  it('begins anew where the file has changed since', async () => {
    const store = new MemoryStore();
    const old = content.map((x) => x ^ 1);
    handler = serve({ cutAfter: 1_500_000, etag: '"old"', bytes: old });
    await expect(downloadVerified(file(), store, once)).rejects.toThrow();
    handler = serve({ etag: '"new"' });
    expect(same(await downloadVerified(file(), store, once))).toBe(true);
    expect(requests[1]!.headers['if-range']).toBe('"old"');
  });

  it('begins anew where what was kept turns out wrong', async () => {
    const store = new MemoryStore();
    handler = serve({ cutAfter: 1_500_000, bytes: content.map((x) => x ^ 1) });
    await expect(downloadVerified(file(), store, once)).rejects.toThrow();
    handler = serve();
    expect(same(await downloadVerified(file(), store, once))).toBe(true);
    expect(requests.length).toBe(3);
  });

  it.each([
    ['of another place', 'bytes 100-2999999/3000000'],
    ['that is too short', 'bytes 1500000-2000000/3000000'],
    ['of a file of another length', 'bytes 1500000-2999999/4000000'],
    ['without Content-Range', undefined],
  ])('trusts no 206 %s', async (_, range) => {
    const store = new MemoryStore();
    handler = serve({ cutAfter: 1_500_000 });
    await expect(downloadVerified(file(), store, once)).rejects.toThrow();
    handler = (request, response) => {
      if (!request.headers.range) return serve()(request, response);
      response.writeHead(206, range ? { 'Content-Range': range } : {});
      response.end(content.subarray(0, 1_500_000));
    };
    expect(same(await downloadVerified(file(), store, once))).toBe(true);
    expect(requests.length).toBe(3);
  });

  it('begins anew after 416', async () => {
    const store = new MemoryStore();
    handler = serve({ cutAfter: 1_500_000 });
    await expect(downloadVerified(file(), store, once)).rejects.toThrow();
    handler = (request, response) => {
      if (request.headers.range) response.writeHead(416).end();
      else serve()(request, response);
    };
    expect(same(await downloadVerified(file(), store, once))).toBe(true);
  });

  it('never keeps a file of zeros', async () => {
    const store = new MemoryStore();
    handler = serve({ bytes: new Uint8Array(content.length) });
    await expect(downloadVerified(file(), store, once)).rejects.toMatchObject({
      code: 'hash-mismatch',
    });
    await expectClean(store);
  });

  it.each([true, false])('never keeps a web page in its place (length told: %s)', async (told) => {
    const store = new MemoryStore();
    const page = '<!doctype html><title>Home</title>'.padEnd(content.length, ' ');
    handler = (_, response) => {
      const text = told ? page.trimEnd() : page;
      response.writeHead(200, {
        'Content-Type': 'text/html',
        ...(told && { 'Content-Length': text.length }),
      });
      response.end(text);
    };
    await expect(downloadVerified(file(), store, once)).rejects.toMatchObject({
      code: 'hash-mismatch',
      message: expect.stringContaining('a web page instead of weights.bin'),
    });
    await expectClean(store);
  });

  it('never keeps a file that is too long or too short', async () => {
    for (const bytes of [new Uint8Array([...content, 1]), content.subarray(1)]) {
      for (const told of [true, false]) {
        const store = new MemoryStore();
        handler = (_, response) => {
          response.writeHead(200, told ? { 'Content-Length': bytes.length } : {});
          response.end(bytes);
        };
        await expect(downloadVerified(file(), store, once)).rejects.toBeInstanceOf(CairnError);
        expect(await store.getFile(sha256)).toBeUndefined();
      }
    }
  });

  it('says what a 404 is, at once, and tries again after a 503', async () => {
    handler = (_, response) => response.writeHead(404).end('not here');
    await expect(downloadVerified(file(), new MemoryStore())).rejects.toMatchObject({
      code: 'download-failed',
      message: expect.stringContaining('404'),
      remedy: expect.stringContaining('missing on the server'),
    });
    expect(requests.length).toBe(1);
    let calls = 0;
    handler = (...args) => (calls++ === 0 ? args[1].writeHead(503).end() : serve()(...args));
    expect(same(await downloadVerified(file(), new MemoryStore(), { retryDelayMs: 1 }))).toBe(true);
  });

  it('replaces a stored file that has gone bad', async () => {
    handler = serve();
    const store = new MemoryStore();
    await store.putFile(sha256, new Uint8Array(content.length));
    expect(same(await downloadVerified(file(), store))).toBe(true);
    expect(same(await store.getFile(sha256))).toBe(true);
  });

  it('asked twice at once in one thread downloads once', async () => {
    handler = serve();
    const store = new MemoryStore();
    const both = await Promise.all([
      downloadVerified(file(), store),
      downloadVerified(file(), store),
    ]);
    expect(both.map(same)).toEqual([true, true]);
    expect(requests.length).toBe(1);
  });

  it('in two threads at once never mixes their pieces', async () => {
    // Two handles on one store are what two tabs have: neither waits for the other.
    handler = (request, response) => {
      const whole = serve();
      setTimeout(() => whole(request, response), 20 * requests.length);
    };
    const store = new MemoryStore();
    const tab = (): MemoryStore =>
      new Proxy(store, {
        get: (target, key) => {
          const value = Reflect.get(target, key, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    const both = await Promise.all([
      downloadVerified(file(), tab()),
      downloadVerified(file(), tab()),
    ]);
    expect(both.map(same)).toEqual([true, true]);
    expect(same(await store.getFile(sha256))).toBe(true);
  });

  it('stops when told, keeps what came, and goes on later', async () => {
    const store = new MemoryStore();
    const controller = new AbortController();
    handler = serve({ cutAfter: 1_000_000 });
    const stopped = downloadVerified(file(), store, {
      signal: controller.signal,
      onProgress: ({ done }) => done > 500_000 && controller.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    handler = serve();
    expect(same(await downloadVerified(file(), store))).toBe(true);
    expect(Number(/\d+/.exec(requests.at(-1)!.headers.range ?? '')?.[0])).toBeGreaterThan(500_000);
    await expect(
      downloadVerified(file(), new MemoryStore(), { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'aborted' });
  });

  it('says so when there is no server at all', async () => {
    const nowhere = { ...file(), url: 'http://127.0.0.1:9/none.bin' };
    await expect(downloadVerified(nowhere, new MemoryStore(), once)).rejects.toMatchObject({
      code: 'download-failed',
    });
  });
});

describe('downloadSmall', () => {
  it('gives a small file and refuses a large one and a missing one', async () => {
    handler = serve();
    expect((await downloadSmall(url, content.length)).length).toBe(content.length);
    await expect(downloadSmall(url, 100)).rejects.toMatchObject({ code: 'download-failed' });
    handler = (_, response) => response.writeHead(404).end();
    await expect(downloadSmall(url, 100)).rejects.toMatchObject({ code: 'download-failed' });
  });
});
