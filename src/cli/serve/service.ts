// A collection served over HTTP: read-only, bounded in every way. docs/serve.md is the specification.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CairnError } from '../../errors.ts';
import { type CollectionDescription, identityOf } from '../../retrieval/description.ts';
import {
  encodeSearchResult,
  PROTOCOL_VERSION,
  parseReferencesRequest,
  parseSearchRequest,
  REMOTE_LIMITS,
  ROUTES,
  requestBytes,
} from '../../retrieval/remote/protocol.ts';
import { encodeReferences } from '../../retrieval/remote/references-answer.ts';
import type { OpenCollection } from '../collections.ts';
import { busy, listen, Refusal, readBody, refusalOf, send } from './http.ts';
import { RATE, RateLimit, type RatePreset } from './rate-limit.ts';

export interface ServiceOptions {
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port?: number;
  readonly rate?: RatePreset;
  /** Origins of pages that may ask, such as `https://photos.example.org`; none when left out. */
  readonly origins?: readonly string[];
  /** Questions that are worked on at once; others wait, and beyond as many again are sent away. */
  readonly concurrency?: number;
  /** Told of faults of ours, which clients are not told more of than that there was one. */
  readonly onFault?: (thrown: unknown) => void;
}

export interface Service {
  /** Ends with a slash. */
  readonly address: string;
  /** Takes no more questions and waits for those that are being answered, at most so long. */
  close(patienceMs?: number): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
/** Names and addresses that lead to this machine alone. */
const LOOPBACKS = /^(127(\.\d{1,3}){3}|\[?::1\]?|localhost)$/i;
const CONCURRENCY = 8;
/** A description is read again after so long: photos come and go. */
const FRESH_MS = 5000;
const PATIENCE_MS = 10_000;
/** Of a whole request: a client that sends its bytes one by one holds nothing for longer. */
const REQUEST_MS = 10_000;
const CONNECTIONS = 1000;

/** @throws CairnError `usage` where the address cannot be listened on; as `open.describe` does */
export async function startService(
  open: OpenCollection,
  options: ServiceOptions = {},
): Promise<Service> {
  const handler = new Handler(open, options, await open.describe());
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, keepAliveTimeout: 5000 },
    (request, response) => void handler.handle(request, response),
  );
  server.maxConnections = CONNECTIONS;
  const { host = LOOPBACK, port = 0 } = options;
  await listen(server, host, port);
  const { address, port: taken, family } = server.address() as AddressInfo;
  const shown = family === 'IPv6' ? `[${address}]` : address;
  return {
    address: `http://${shown}:${taken}/`,
    close: (patienceMs = PATIENCE_MS) =>
      new Promise((done) => {
        handler.closing = true;
        const force = setTimeout(() => server.closeAllConnections(), patienceMs);
        server.close(() => {
          clearTimeout(force);
          done();
        });
        server.closeIdleConnections();
      }),
  };
}

/** A description with what is asked of it again and again. */
interface Known {
  readonly description: CollectionDescription;
  readonly identity: string;
  /** The answer to who asks for it. */
  readonly body: string;
}

type Route = (body: Uint8Array, known: Known) => Promise<string>;

class Handler {
  /** Connections end with the answer to what was asked. */
  closing = false;
  readonly #open: OpenCollection;
  readonly #rate: RateLimit;
  readonly #origins: ReadonlySet<string>;
  /** What requests may name as their host; null where any may. */
  readonly #hosts: ReadonlySet<string> | null;
  readonly #concurrency: number;
  readonly #onFault: (thrown: unknown) => void;
  #known: Promise<Known>;
  #readAt = performance.now();
  #working = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(open: OpenCollection, options: ServiceOptions, description: CollectionDescription) {
    this.#open = open;
    this.#rate = new RateLimit(options.rate ?? RATE);
    this.#origins = new Set(options.origins);
    // Others are welcome where others are let in; on loopback a strange name is a page's that was led here by its DNS.
    this.#hosts = LOOPBACKS.test(options.host ?? LOOPBACK)
      ? new Set(options.origins?.map((origin) => new URL(origin).hostname))
      : null;
    this.#concurrency = options.concurrency ?? CONCURRENCY;
    this.#onFault = options.onFault ?? (() => undefined);
    this.#known = Promise.resolve(knownOf(description));
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = this.#crossOrigin(request);
    try {
      const client = request.socket.remoteAddress ?? '';
      const wait = this.#rate.take(client, performance.now());
      if (wait > 0) throw busy(429, 'You ask too often.', wait);
      const body = await this.#answer(request);
      const last = this.closing ? { Connection: 'close' } : {};
      send(response, body === null ? 204 : 200, body, { ...headers, ...last });
    } catch (thrown) {
      const refusal = refusalOf(thrown);
      // What we know of the collection may be older than what its engine has met.
      if (refusal.code === 'collection-mismatch') this.#readAt = Number.NEGATIVE_INFINITY;
      if (refusal !== thrown && refusal.status >= 500) this.#onFault(thrown);
      const { code, message, remedy } = refusal;
      // What is left of a body that was refused is not read: the connection ends with the answer.
      const close = request.complete && !this.closing ? {} : { Connection: 'close' };
      send(response, refusal.status, JSON.stringify({ error: { code, message, remedy } }), {
        ...headers,
        ...refusal.headers,
        ...close,
      });
    }
  }

  /** The body of a success; null for a preflight. */
  async #answer(request: IncomingMessage): Promise<string | null> {
    this.#checkHost(request);
    const path = (request.url ?? '/').replace(/[?#].*/, '').slice(1);
    const routes: Readonly<Record<string, { method: string; route: Route }>> = {
      [ROUTES.collection]: { method: 'GET', route: async (_, { body }) => body },
      [ROUTES.search]: { method: 'POST', route: (...with_) => this.#search(...with_) },
      [ROUTES.references]: { method: 'POST', route: (...with_) => this.#references(...with_) },
    };
    const found = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (!found) {
      throw new Refusal(404, 'not-found', 'There is nothing here.', 'See docs/serve.md.');
    }
    if (request.method === 'OPTIONS') return null;
    if (request.method !== found.method) {
      const allowed = { Allow: `${found.method}, OPTIONS` };
      throw new Refusal(405, 'usage', `Use ${found.method}.`, 'See docs/serve.md.', allowed);
    }
    const known = await this.#fresh();
    const body =
      found.method === 'POST'
        ? await readBody(request, requestBytes(known.description.dimension))
        : new Uint8Array();
    return this.#inTurn(() => found.route(body, known));
  }

  async #search(body: Uint8Array, known: Known): Promise<string> {
    const { identity, query, options } = parseSearchRequest(body, known.description.dimension);
    checkIdentity(identity, known);
    return encodeSearchResult(await this.#open.search.search(query, options));
  }

  async #references(body: Uint8Array, known: Known): Promise<string> {
    const { dimension } = known.description;
    const { identity, query, labels, most } = parseReferencesRequest(body, dimension);
    checkIdentity(identity, known);
    return encodeReferences(await this.#open.search.references(query, labels, most));
  }

  /** The description, at most {@link FRESH_MS} old; while it cannot be read, the last one. */
  #fresh(): Promise<Known> {
    if (performance.now() - this.#readAt > FRESH_MS) {
      this.#readAt = performance.now();
      const last = this.#known;
      this.#known = this.#read(last);
    }
    return this.#known;
  }

  async #read(last: Promise<Known>): Promise<Known> {
    const before = await last;
    try {
      const description = await this.#open.describe();
      return description === before.description ? before : knownOf(description);
    } catch (thrown) {
      this.#onFault(thrown);
      return before;
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#working >= this.#concurrency) {
      if (this.#waiting.length >= this.#concurrency) {
        throw busy(503, 'The service has too much to do.', 1);
      }
      await new Promise<void>((next) => this.#waiting.push(next));
    }
    this.#working++;
    try {
      return await work();
    } finally {
      this.#working--;
      this.#waiting.shift()?.();
    }
  }

  #checkHost({ headers: { host = '' } }: IncomingMessage): void {
    const name = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : '';
    if (!this.#hosts || LOOPBACKS.test(name) || this.#hosts.has(name)) return;
    throw new Refusal(
      421,
      'usage',
      'This is not the host that you asked for.',
      'See docs/serve.md.',
    );
  }

  /** Only the pages of the named origins may read answers; no cookie is ever looked at. */
  #crossOrigin({ headers: { origin } }: IncomingMessage): Record<string, string> {
    const always = { Vary: 'Origin' };
    if (origin === undefined || !this.#origins.has(origin)) return always;
    return {
      ...always,
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Allow-Methods': 'GET, POST',
      'Access-Control-Allow-Headers': 'Content-Type',
      'Access-Control-Expose-Headers': 'Retry-After',
      'Access-Control-Max-Age': '600',
    };
  }
}

function knownOf(description: CollectionDescription): Known {
  const identity = identityOf(description);
  const body = JSON.stringify({
    protocol: PROTOCOL_VERSION,
    identity,
    limits: REMOTE_LIMITS,
    collection: description,
  });
  return { description, identity, body };
}

function checkIdentity(asked: string, { identity }: Known): void {
  if (asked === identity) return;
  throw new CairnError(
    'collection-mismatch',
    'The collection is not the one that was asked about: it was changed since.',
    'Open it again.',
  );
}
