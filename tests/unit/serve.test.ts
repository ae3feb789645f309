// Search over HTTP: what the service refuses, what it answers, and how the client takes both.
import { once } from 'node:events';
import {
  createServer,
  get,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OpenCollection } from '../../src/cli/collections.ts';
import { RateLimit } from '../../src/cli/serve/rate-limit.ts';
import { type Service, type ServiceOptions, startService } from '../../src/cli/serve/service.ts';
import { CairnError } from '../../src/errors.ts';
import { collectionRows } from '../../src/retrieval/collection.ts';
import { describeCollection, identityOf } from '../../src/retrieval/description.ts';
import { IndexService } from '../../src/retrieval/index-service.ts';
import { MemoryStore } from '../../src/retrieval/memory-store.ts';
import { fromBase64, toBase64 } from '../../src/retrieval/remote/base64.ts';
import {
  encodeSearchRequest,
  encodeSearchResult,
  parseReferencesRequest,
  parseSearchRequest,
  parseSearchResult,
  REMOTE_LIMITS,
  requestBytes,
} from '../../src/retrieval/remote/protocol.ts';
import {
  parseServiceAddress,
  RemoteCollection,
} from '../../src/retrieval/remote/remote-collection.ts';
import { filesOf, HEX, headOf, loadFiles, rowsOf } from './retrieval-fixtures.ts';

const DIM = 16;
const ROWS = 300;
const LABELS = 5;
const [query] = rowsOf(1, 1, DIM, 77).map(({ embedding }) => embedding.slice());

const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const code = (wanted: string) => expect.objectContaining({ code: wanted });

async function openMemory(): Promise<OpenCollection & { readonly search: IndexService }> {
  const search = new IndexService({ store: new MemoryStore(), graphs: 'lazy' });
  const rows = rowsOf(ROWS, LABELS, DIM, 1).map((row, i) => ({
    ...row,
    view: i % 10 === 0 ? viewOf(i) : undefined,
  }));
  const head = { ...headOf(LABELS, DIM), matcher: { id: 'matcher', weightsSha256: HEX('c') } };
  const loaded = await loadFiles(await filesOf(head, rows));
  const collection = await search.open({ kind: 'loaded', loaded });
  const description = describeCollection(collection, collectionRows(collection));
  return { search, describe: async () => description, close: async () => search.close() };
}

function viewOf(seed: number) {
  const tokens = Float32Array.from({ length: 2 * 4 }, (_, i) => Math.sin(seed + i));
  const size = { width: 640, height: 480 };
  return { original: size, shrunk: size, cells: Uint8Array.of(1, 2, 3, 4), channels: 4, tokens };
}

describe('questions', () => {
  const fine = { identity: HEX('0'), query: toBase64(query!), k: 10 };

  const filters = fc
    .record(
      {
        countries: fc.uniqueArray(fc.stringMatching(/^[A-Z]{2}$/), {
          minLength: 1,
          maxLength: REMOTE_LIMITS.countries,
        }),
        near: fc.record({
          lat: fc.integer({ min: -90, max: 90 }),
          lon: fc.integer({ min: -180, max: 180 }),
          km: fc.integer({ min: 1, max: 20_000 }),
        }),
      },
      { requiredKeys: [] },
    )
    .map((filter) => ({ ...filter }));

  it('come through as they were asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: REMOTE_LIMITS.k }),
        fc.option(fc.integer({ min: 0, max: REMOTE_LIMITS.vectors }), { nil: undefined }),
        fc.option(fc.boolean(), { nil: undefined }),
        fc.option(fc.constantFrom('hnsw' as const, 'exact' as const), { nil: undefined }),
        fc.option(filters, { nil: undefined }),
        (k, vectors, means, engine, where) => {
          const options = {
            k,
            ...(vectors === undefined ? {} : { vectors }),
            ...(means === undefined ? {} : { means }),
            ...(engine === undefined ? {} : { engine }),
            ...(where === undefined ? {} : { where }),
          };
          const body = encodeSearchRequest({ identity: HEX('0'), query: query!, options });
          expect(body.length).toBeLessThan(requestBytes(DIM));
          const parsed = parseSearchRequest(new TextEncoder().encode(body), DIM);
          expect(parsed).toEqual({ identity: HEX('0'), query, options });
        },
      ),
    );
  });

  it('of any other shape are refused as bad use, never as a fault', () => {
    const refused = (body: Uint8Array) => {
      for (const parse of [parseSearchRequest, parseReferencesRequest]) {
        try {
          parse(body, DIM);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(CairnError);
          expect((thrown as CairnError).code).toBe('usage');
        }
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), refused));
    fc.assert(fc.property(fc.json(), (text) => refused(new TextEncoder().encode(text))));
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys({ ...fine, vectors: 0, engine: 0, labels: 0, most: 0 })),
        fc.jsonValue(),
        (field, value) => refused(bytesOf({ ...fine, [field]: value })),
      ),
    );
  });

  it.each([
    ['k of 0', { k: 0 }],
    ['k beyond the limit', { k: REMOTE_LIMITS.k + 1 }],
    ['half a k', { k: 1.5 }],
    ['too many embeddings', { vectors: REMOTE_LIMITS.vectors + 1 }],
    ['an unknown engine', { engine: 'magic' }],
    ['an unknown field', { offset: 3 }],
    ['a query of another length', { query: toBase64(new Float32Array(DIM + 1)) }],
    ['a query of no length', { query: toBase64(new Float32Array(DIM)) }],
    ['a query that is not finite', { query: toBase64(new Float32Array(DIM).fill(Number.NaN)) }],
    ['a query that is no base64', { query: `${toBase64(query!).slice(0, -4)} ===` }],
    ['no identity', { identity: undefined }],
  ])('with %s are refused', (_, change) => {
    expect(() => parseSearchRequest(bytesOf({ ...fine, ...change }), DIM)).toThrow(code('usage'));
  });

  it('keep numbers exactly', () => {
    fc.assert(
      fc.property(fc.float32Array({ maxLength: 50 }), (values) => {
        expect(fromBase64(toBase64(values))).toEqual(values);
      }),
    );
  });
});

describe('a service and its client', () => {
  let memory: Awaited<ReturnType<typeof openMemory>>;
  const services: Service[] = [];

  beforeAll(async () => {
    memory = await openMemory();
  });
  afterEach(async () => {
    for (const service of services.splice(0)) await service.close(100);
  });
  afterAll(() => memory.close());

  const serve = async (options: ServiceOptions = {}, open: OpenCollection = memory) => {
    const service = await startService(open, options);
    services.push(service);
    return service;
  };
  const post = (address: string, body: string | Uint8Array<ArrayBuffer>, headers = {}) =>
    fetch(`${address}v1/search`, {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/json', ...headers },
    });

  it('answers as the collection itself', async () => {
    const { address } = await serve();
    expect(new URL(address).hostname).toBe('127.0.0.1');
    const encoder = { id: 'encoder-a', weightsSha256: HEX('a'), dim: DIM };
    const remote = await RemoteCollection.open(address, { encoder });
    expect(remote.description).toEqual(await memory.describe());
    for (const options of [
      { k: 10, vectors: 5, means: true },
      { k: 50 },
      { k: 1000, engine: 'hnsw' as const },
    ]) {
      expect(await remote.search(query!, options)).toEqual(
        await memory.search.search(query!, options),
      );
    }
    const [there, here] = await Promise.all([
      remote.references(query!, [0, 3], 2),
      memory.search.references(query!, [0, 3], 2),
    ]);
    expect(here.length).toBeGreaterThan(0);
    expect(there).toEqual(here);
    expect(await remote.references(query!, [1], 2)).toEqual([]);
  });

  it('is refused by a client with another encoder, and refuses a client with another collection', async () => {
    const { address } = await serve();
    const encoder = { id: 'encoder-a', weightsSha256: HEX('f') };
    await expect(RemoteCollection.open(address, { encoder })).rejects.toEqual(
      code('collection-mismatch'),
    );
    const response = await post(
      address,
      encodeSearchRequest({ identity: HEX('0'), query: query!, options: { k: 1 } }),
    );
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ error: { code: 'collection-mismatch' } });
  });

  it('refuses other paths, methods, kinds of body and sizes', async () => {
    const { address } = await serve();
    expect((await fetch(address)).status).toBe(404);
    expect((await fetch(`${address}__proto__`)).status).toBe(404);
    const deleted = await fetch(`${address}v1/collection`, { method: 'DELETE' });
    expect([deleted.status, deleted.headers.get('Allow')]).toEqual([405, 'GET, OPTIONS']);
    expect((await fetch(`${address}v1/search`)).status).toBe(405);
    expect((await post(address, '{}', { 'Content-Type': 'text/plain' })).status).toBe(415);
    expect((await post(address, '{}')).status).toBe(400);
    expect((await post(address, ' '.repeat(100_000))).status).toBe(413);
  });

  it('stops reading a body without end', async () => {
    const { address } = await serve();
    const socket = connect(Number(new URL(address).port), '127.0.0.1');
    const closed = once(socket, 'close');
    socket.on('error', () => undefined);
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes.toString();
    });
    socket.write(
      'POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = ' '.repeat(1024);
    for (let i = 0; i < 64 && !socket.destroyed; i++) socket.write(`400\r\n${chunk}\r\n`);
    await closed;
    expect(answer).toContain('413');
  });

  it('on loopback answers none who thinks that it is another host', async () => {
    const ask = async (address: string, host: string) => {
      const asked = get(`${address}v1/collection`, { headers: { Host: host } });
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    const { address } = await serve({ origins: ['https://photos.example.org'] });
    const { port } = new URL(address);
    for (const host of [`127.0.0.1:${port}`, 'localhost', `[::1]:${port}`, 'photos.example.org']) {
      expect(await ask(address, host), host).toBe(200);
    }
    for (const host of [
      'evil.example',
      `127.0.0.1.evil.example:${port}`,
      'localhost.evil.example',
      'a b',
    ]) {
      expect(await ask(address, host), host).toBe(421);
    }
    const open = await serve({ host: '0.0.0.0' });
    const here = open.address.replace('0.0.0.0', '127.0.0.1');
    expect(await ask(here, 'photos.lan')).toBe(200);
  });

  it('names allowed origins and no others', async () => {
    const origin = 'https://photos.example.org';
    const { address } = await serve({ origins: [origin] });
    const ask = async (from: string, method: string) => {
      const response = await fetch(`${address}v1/collection`, {
        method,
        headers: { Origin: from },
      });
      return [response.status, response.headers.get('Access-Control-Allow-Origin')];
    };
    expect(await ask(origin, 'OPTIONS')).toEqual([204, origin]);
    expect(await ask(origin, 'GET')).toEqual([200, origin]);
    expect(await ask('https://evil.example.org', 'GET')).toEqual([200, null]);
  });

  it('sends clients away that ask too often, who come back', async () => {
    const { address } = await serve({ rate: { perSecond: 1, burst: 2, clients: 10 } });
    const remote = await RemoteCollection.open(address);
    await remote.search(query!, { k: 1 });
    const refused = await fetch(`${address}v1/collection`);
    expect([refused.status, refused.headers.get('Retry-After')]).toEqual([429, '1']);
    expect(await refused.json()).toMatchObject({ error: { code: 'busy' } });
    expect((await remote.search(query!, { k: 1 })).neighbours.length).toBe(1);
  });

  it('sends questions away that nobody has time for', async () => {
    const held: (() => void)[] = [];
    const slow: OpenCollection = {
      ...memory,
      search: {
        dim: DIM,
        rows: ROWS,
        references: async () => [],
        search: async (...asked) => {
          await new Promise<void>((done) => held.push(done));
          return memory.search.search(...asked);
        },
      },
    };
    const { address } = await serve({ concurrency: 1 }, slow);
    const body = encodeSearchRequest({
      identity: identityOf(await memory.describe()),
      query: query!,
      options: { k: 1 },
    });
    const first = post(address, body);
    while (held.length === 0) await new Promise((done) => setTimeout(done, 5));
    const statuses: number[] = [];
    const others = [1, 2, 3].map(() =>
      post(address, body).then(({ status }) => {
        statuses.push(status);
      }),
    );
    while (statuses.length < 2) await new Promise((done) => setTimeout(done, 5));
    expect(statuses).toEqual([503, 503]);
    held.shift()!();
    expect((await first).status).toBe(200);
    while (held.length === 0) await new Promise((done) => setTimeout(done, 5));
    held.shift()!();
    await Promise.all(others);
    expect(statuses).toEqual([503, 503, 200]);
  });

  it('tells its keeper of faults, and clients nothing of their cause', async () => {
    const faults: unknown[] = [];
    const broken: OpenCollection = {
      ...memory,
      search: {
        dim: DIM,
        rows: ROWS,
        references: async () => [],
        search: () =>
          Promise.reject(new CairnError('storage-failed', 'postgres://secret failed.', '')),
      },
    };
    const { address } = await serve({ onFault: (thrown) => faults.push(thrown) }, broken);
    const body = encodeSearchRequest({
      identity: identityOf(await memory.describe()),
      query: query!,
      options: { k: 1 },
    });
    const response = await post(address, body);
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain('secret');
    expect(faults).toEqual([code('storage-failed')]);
  });

  it('answers what it was asked before it stops', async () => {
    let release = () => {};
    const slow: OpenCollection = {
      ...memory,
      search: {
        dim: DIM,
        rows: ROWS,
        references: async () => [],
        search: async (...asked) => {
          await new Promise<void>((done) => {
            release = done;
          });
          return memory.search.search(...asked);
        },
      },
    };
    const service = await startService(slow);
    const remote = await RemoteCollection.open(service.address);
    const searching = remote.search(query!, { k: 3 });
    await new Promise((done) => setTimeout(done, 50));
    const closing = service.close();
    release();
    expect((await searching).neighbours.length).toBe(3);
    await closing;
    await expect(remote.search(query!, { k: 3 })).rejects.toEqual(code('download-failed'));
  });
});

describe('a client', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.closeAllConnections();
  });
  const answering = async (listener: RequestListener) => {
    const server = createServer(listener);
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  };

  it.each([
    ['a web page', '<!doctype html>'],
    ['nothing', ''],
    ['another object', '{"hello": 1}'],
    ['a later protocol', '{"protocol": 2}'],
  ])('refuses %s', async (_, body) => {
    const address = await answering((_request, response) => response.end(body));
    await expect(RemoteCollection.open(address)).rejects.toEqual(code('collection-invalid'));
  });

  it('follows no redirect, waits no longer than it was told, stops when it is told', async () => {
    const away = await answering((_request, response) =>
      response.writeHead(307, { Location: 'http://127.0.0.1:9/' }).end(),
    );
    await expect(RemoteCollection.open(away)).rejects.toEqual(code('download-failed'));
    const silent = await answering(() => undefined);
    await expect(RemoteCollection.open(silent, { timeoutMs: 50 })).rejects.toEqual(code('timeout'));
    const signal = AbortSignal.timeout(50);
    await expect(RemoteCollection.open(silent, { signal })).rejects.toEqual(code('aborted'));
  });

  it('gives up on a service that stays busy', async () => {
    let asked = 0;
    const address = await answering((_request, response) => {
      asked += 1;
      response.writeHead(503).end('{"error":{"code":"busy","message":"m","remedy":"r"}}');
    });
    const opening = RemoteCollection.open(address, { tries: 3, waitMs: 1 });
    await expect(opening).rejects.toEqual(code('download-failed'));
    expect(asked).toBe(3);
  });

  it('takes no address with a password, or of another kind', () => {
    for (const text of ['ftp://host/', 'https://me:secret@host/', 'host', 'javascript:alert(1)']) {
      expect(() => parseServiceAddress(text)).toThrow(code('usage'));
    }
    expect(parseServiceAddress('https://host/cairn?x#y').href).toBe('https://host/cairn/');
  });

  it('refuses answers that do not fit the question', async () => {
    const { labels, ...rest } = headOf(2, 4);
    const description = {
      ...rest,
      created: '2025-01-31T12:00:00.000Z',
      labels: labels.map((facts) => ({ ...facts, photos: 1 })),
      rows: 2,
    };
    const good = {
      neighbours: [
        { row: 1, label: 1, similarity: 0.5, bankSimilarity: 0 },
        { row: 0, label: 0, similarity: 0.25, bankSimilarity: 0 },
      ],
      vectors: new Float32Array(4),
      engine: 'exact' as const,
    };
    const asked = { k: 2, vectors: 1 };
    const answer = JSON.parse(encodeSearchResult(good)) as Record<string, unknown>;
    expect(parseSearchResult(answer, asked, description)).toEqual(good);
    for (const change of [
      { neighbours: [[0, 2, 0.5, 0]] },
      {
        neighbours: [
          [0, 0, 0.5, 0],
          [1, 1, 0.6, 0],
        ],
      },
      { neighbours: [[0, 0, 2, 0]] },
      {
        neighbours: [
          [0, 0, 0.5, 0],
          [1, 1, 0.4, 0],
          [1, 1, 0.3, 0],
        ],
      },
      { vectors: '' },
      { vectors: toBase64(new Float32Array(8)) },
      { vectors: toBase64(new Float32Array(4).fill(Number.NaN)) },
      { engine: 'magic' },
    ]) {
      expect(() => parseSearchResult({ ...answer, ...change }, asked, description)).toThrow(
        code('collection-invalid'),
      );
    }
  });
});

describe('the rate limit', () => {
  it('lets through a burst, then so many a second, of each client', () => {
    const rate = new RateLimit({ perSecond: 10, burst: 3, clients: 100 });
    expect([1, 2, 3].map(() => rate.take('a', 0))).toEqual([0, 0, 0]);
    expect(rate.take('a', 0)).toBeCloseTo(0.1);
    expect(rate.take('b', 0)).toBe(0);
    expect(rate.take('a', 100)).toBe(0);
    expect(rate.take('a', 150)).toBeCloseTo(0.05);
  });

  it('never lets more through than the burst and the rate, whatever the times', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 200 }), (gaps) => {
        const rate = new RateLimit({ perSecond: 10, burst: 5, clients: 1 });
        let now = 0;
        let granted = 0;
        for (const gap of gaps) {
          now += gap;
          if (rate.take('a', now) === 0) granted += 1;
        }
        expect(granted).toBeLessThanOrEqual(5 + (now / 1000) * 10 + 1e-6);
      }),
    );
  });

  it('forgets whoever was quiet for longest', () => {
    const rate = new RateLimit({ perSecond: 1, burst: 1, clients: 2 });
    for (const client of ['a', 'b', 'c']) expect(rate.take(client, 0)).toBe(0);
    expect(rate.take('c', 0)).toBeGreaterThan(0);
    expect(rate.take('a', 0)).toBe(0);
  });
});
