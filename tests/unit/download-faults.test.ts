// Lines that are cut anywhere, stand still, drip, or lead elsewhere: a file arrives whole or not at all, and in the end it
// arrives.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryStore } from '../../src/retrieval/memory-store.ts';
import { downloadSmall, downloadVerified } from '../../src/weights/download.ts';
import { seeded } from './retrieval-fixtures.ts';

const random = seeded(20);
const content = Uint8Array.from({ length: 400_000 }, () => random() * 256);
const sha256 = createHash('sha256').update(content).digest('hex');

type Handler = (request: IncomingMessage, response: ServerResponse, at: number) => void;
let handler: Handler;
let requests: IncomingMessage[] = [];
let server: Server;
let origin = '';
const open = new Set<ServerResponse>();

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request);
    open.add(response);
    handler(request, response, requests.length - 1);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(
  () =>
    new Promise<void>((done) => {
      for (const response of open) response.destroy();
      server.close(() => done());
    }),
);
beforeEach(() => {
  requests = [];
});

const file = () => ({ url: `${origin}/weights.bin`, sha256, bytes: content.length });
const same = (bytes: Uint8Array | undefined) =>
  bytes !== undefined && Buffer.compare(bytes, content) === 0;

/** The head of an answer with what is asked for. @returns its body */
function begin(request: IncomingMessage, response: ServerResponse): Uint8Array {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const body = content.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, {
    ETag: '"v1"',
    'Content-Length': body.length,
    ...(from > 0 && { 'Content-Range': `bytes ${from}-${content.length - 1}/${content.length}` }),
  });
  return body;
}

/** Whatever the system's buffers hold by then goes with it. */
function cutAfter(response: ServerResponse, body: Uint8Array, bytes: number): void {
  response.write(body.subarray(0, bytes), () => setTimeout(() => response.destroy(), 5));
}

describe('a line that is cut', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('at any bytes, again and again: seed %i', async (seed) => {
    const at = seeded(seed);
    const cuts = 1 + Math.floor(at() * 5);
    handler = (request, response, number) => {
      const body = begin(request, response);
      if (number >= cuts) response.end(body);
      else cutAfter(response, body, Math.floor(at() * body.length));
    };
    const store = new MemoryStore();
    const tries = { retries: 1, retryDelayMs: 1 };
    let got: Uint8Array | undefined;
    // As a user who presses "try again" until it works.
    for (let pressed = 0; !got && pressed <= cuts; pressed++) {
      got = await downloadVerified(file(), store, tries).catch((error) => {
        expect(error).toMatchObject({ code: 'download-failed' });
        return undefined;
      });
    }
    expect(same(got)).toBe(true);
    expect(same(await store.getFile(sha256))).toBe(true);
    expect(requests).toHaveLength(cuts + 1);
  });

  it.each([0, 17, 90])('a small file is refused whole, %i bytes on', async (bytes) => {
    handler = (request, response) => cutAfter(response, begin(request, response), bytes);
    await expect(downloadSmall(`${origin}/registry.json`, 1 << 20)).rejects.toMatchObject({
      code: 'download-failed',
      remedy: expect.stringContaining('try again'),
    });
    handler = (request, response) => void response.end(begin(request, response));
    expect(same(await downloadSmall(`${origin}/registry.json`, 1 << 20))).toBe(true);
  });
});

describe('a line that stands still', () => {
  it('counts as cut, and is taken up again where it stood', async () => {
    handler = (request, response, number) => {
      const body = begin(request, response);
      if (number === 0) response.write(body.subarray(0, 100_000));
      else response.end(body);
    };
    const options = { stallMs: 1500, retries: 1, retryDelayMs: 1 };
    expect(same(await downloadVerified(file(), new MemoryStore(), options))).toBe(true);
    expect(requests).toHaveLength(2);
    // However much had come through by then.
    expect(requests[1]!.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('before its first byte fails with the remedy, large files and small ones', async () => {
    handler = () => undefined;
    const options = { stallMs: 50, retries: 0 };
    const failure = { code: 'download-failed', remedy: expect.stringContaining('try again') };
    await expect(downloadVerified(file(), new MemoryStore(), options)).rejects.toMatchObject(
      failure,
    );
    await expect(downloadSmall(`${origin}/x.json`, 100, options)).rejects.toMatchObject(failure);
  });

  it('is left at once by whoever stops, as aborted', async () => {
    handler = () => undefined;
    const stop = new AbortController();
    const asked = downloadVerified(file(), new MemoryStore(), { signal: stop.signal });
    setTimeout(() => stop.abort(), 20);
    await expect(asked).rejects.toMatchObject({ code: 'aborted' });
  });

  it('is not one that drips', async () => {
    handler = async (request, response) => {
      const body = begin(request, response);
      for (let at = 0; at < body.length; at += 20_000) {
        response.write(body.subarray(at, at + 20_000));
        await new Promise((done) => setTimeout(done, 200));
      }
      response.end();
    };
    // Longer in all than it may stand still.
    const options = { stallMs: 1800, retries: 0 };
    expect(same(await downloadVerified(file(), new MemoryStore(), options))).toBe(true);
  });
});

describe('an answer of another kind', () => {
  it('with the right bytes is taken, whatever it calls itself', async () => {
    handler = (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' });
      response.end(content);
    };
    expect(same(await downloadVerified(file(), new MemoryStore()))).toBe(true);
  });

  it('that leads elsewhere is followed, also in the middle', async () => {
    handler = (request, response, number) => {
      if (request.url === '/weights.bin') {
        response.writeHead(302, { Location: `${origin}/moved.bin` }).end();
        return;
      }
      const body = begin(request, response);
      if (number < 2) cutAfter(response, body, 150_000);
      else response.end(body);
    };
    const options = { retries: 1, retryDelayMs: 1 };
    expect(same(await downloadVerified(file(), new MemoryStore(), options))).toBe(true);
    expect(requests.at(-1)!.url).toBe('/moved.bin');
    expect(requests.at(-1)!.headers.range).toMatch(/^bytes=\d+-$/);
  });

  it('that leads to a page, as in a hotel, is refused, and nothing of it is kept', async () => {
    const page = '<!doctype html><title>Welcome</title>';
    handler = (request, response) => {
      if (request.url === '/weights.bin') response.writeHead(302, { Location: '/sign-in' }).end();
      else response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
    };
    const store = new MemoryStore();
    await expect(downloadVerified(file(), store, { retries: 0 })).rejects.toMatchObject({
      message: expect.stringContaining('web page'),
    });
    expect(await store.listFiles()).toEqual([]);
    expect((await store.claimPartial(sha256, 'x'))?.chunks ?? []).toEqual([]);
  });

  it('that leads round in a circle ends', async () => {
    handler = (_, response) => void response.writeHead(302, { Location: '/weights.bin' }).end();
    await expect(downloadVerified(file(), new MemoryStore(), { retries: 0 })).rejects.toMatchObject(
      { code: 'download-failed' },
    );
  });
});
