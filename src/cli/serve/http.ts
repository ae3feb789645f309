// What an HTTP service needs beside its answers: reading bodies within bounds, refusals, replies.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { CairnError, toCairnError } from '../../errors.ts';
import type { ServiceCode } from '../../retrieval/remote/protocol.ts';

/** A reply that is no success. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: ServiceCode,
    message: string,
    readonly remedy: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** Throws `usage`. */
export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', (cause) =>
      fail(
        new CairnError(
          'usage',
          `${host}:${port} cannot be listened on: ${cause.message}.`,
          'Give another --host or --port.',
          { cause },
        ),
      ),
    );
    server.listen(port, host, done);
  });
}

/** JSON of at most so many bytes, unread as soon as they are more. Throws a {@link Refusal}. */
export async function readBody(request: IncomingMessage, most: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new Refusal(413, 'too-large', `A question has at most ${most} bytes.`, 'Send less.');
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new Refusal(415, 'usage', 'A question is JSON.', 'Send Content-Type: application/json.');
  }
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge();
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > most) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** @param seconds to wait */
export function busy(status: 429 | 503, message: string, seconds: number): Refusal {
  const wait = { 'Retry-After': String(Math.max(1, Math.ceil(seconds))) };
  return new Refusal(status, 'busy', message, `Ask again in ${wait['Retry-After']} s.`, wait);
}

/** HTTP's words for what clients can mend or wait for; everything else is our fault, and its details stay here. */
const STATUS: Partial<Record<CairnError['code'], number>> = {
  usage: 400,
  'collection-mismatch': 409,
  'collection-missing': 503,
  'storage-failed': 503,
  timeout: 503,
};

export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  const { code, message, remedy } = toCairnError(thrown);
  const status = STATUS[code] ?? 500;
  if (status < 500) return new Refusal(status, code, message, remedy);
  // Addresses of databases and the like are nobody else's business.
  return status === 503
    ? busy(503, 'The collection cannot be searched at the moment.', 2)
    : new Refusal(500, 'internal', 'The service failed.', 'Tell whoever runs it.');
}

export function send(
  response: ServerResponse,
  status: number,
  body: string | null,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, {
    ...(body === null ? {} : { 'Content-Type': 'application/json; charset=utf-8' }),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(body ?? undefined);
}
