// One question over HTTP and its answer: a time limit, another try where the service is busy, a bound on the bytes.
import { CairnError, throwIfAborted } from '../../errors.ts';
import { checker } from '../schema.ts';

export interface ExchangeOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of each try; 15 s when left out. */
  readonly timeoutMs?: number | undefined;
  /** In all, where the service is busy; 4 when left out. */
  readonly tries?: number | undefined;
  /** The first wait, doubled for each further one; 250 ms when left out. */
  readonly waitMs?: number | undefined;
  /** The platform's own when left out. */
  readonly fetch?: typeof fetch | undefined;
}

/** The platform's, bound to where browsers want it. */
const platformFetch: typeof fetch = (...args) => globalThis.fetch(...args);
const TIMEOUT_MS = 15_000;
const TRIES = 4;
const WAIT_MS = 250;
/** However long a service wants one to wait. */
const LONGEST_WAIT_MS = 10_000;
const BUSY = [429, 503];

/**
 * Sends a question (`body`), or asks for what is there (null), and reads JSON of at most `mostBytes`.
 * No cookies go along, and no redirect is followed: an embedding goes where the user was told, or nowhere.
 * @throws CairnError `download-failed`, `timeout`, `aborted`, `collection-invalid`, or what the service says
 */
export async function exchange(
  url: URL,
  body: string | null,
  mostBytes: number,
  options: ExchangeOptions = {},
): Promise<unknown> {
  const { signal, tries = TRIES, waitMs = WAIT_MS } = options;
  for (let turn = 1; ; turn++) {
    throwIfAborted(signal);
    const response = await ask(url, body, options);
    if (BUSY.includes(response.status) && turn < tries) {
      await response.body?.cancel();
      throwIfAborted(signal);
      await pause(waitFor(response, waitMs * 2 ** (turn - 1)), signal);
      continue;
    }
    try {
      const value: unknown = parse(url, await readBounded(url, response, mostBytes));
      if (response.ok) return value;
      throw refusal(url, response.status, value);
    } catch (thrown) {
      throw inOurWords(url, thrown, signal);
    }
  }
}

async function ask(url: URL, body: string | null, options: ExchangeOptions): Promise<Response> {
  const { signal, timeoutMs = TIMEOUT_MS, fetch: send = platformFetch } = options;
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    return await send(url, {
      method: body === null ? 'GET' : 'POST',
      ...(body === null ? {} : { body, headers: { 'Content-Type': 'application/json' } }),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
    });
  } catch (thrown) {
    throw inOurWords(url, thrown, signal);
  }
}

/** What the service says, or else a doubling wait; a part of it at random, so that a crowd does not come back at once. */
function waitFor(response: Response, waitMs: number): number {
  const said = Number(response.headers.get('Retry-After'));
  const least = Number.isFinite(said) && said > 0 ? 1000 * said : waitMs;
  return Math.min(LONGEST_WAIT_MS, least + Math.random() * waitMs);
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((done) => {
    const over = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', over);
      done();
    };
    const timer = setTimeout(over, ms);
    signal?.addEventListener('abort', over);
  });
}

async function readBounded(url: URL, response: Response, most: number): Promise<string> {
  const tooLong = () =>
    new CairnError(
      'collection-invalid',
      `${url.host} answers with more than ${most} bytes.`,
      'Check the address; tell whoever runs the service.',
    );
  const reader = response.body?.getReader();
  if (!reader) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > most) {
      await reader.cancel();
      throw tooLong();
    }
    text += decoder.decode(value, { stream: true });
  }
}

function parse(url: URL, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CairnError(
      'collection-invalid',
      `${url.host} does not answer as a service of Cairn does: no JSON.`,
      'Check the address: it is the one that `cairn serve` prints.',
      { cause },
    );
  }
}

/** Codes of the service that mean the same here. */
const SAME = ['usage', 'collection-mismatch', 'collection-missing', 'timeout'] as const;

function refusal(url: URL, status: number, value: unknown): CairnError {
  const wrong = () => new Error('another body');
  try {
    const error = checker(value, '', wrong).object().at('error').object();
    const code = error.at('code').string(100);
    const known = SAME.find((each) => each === code) ?? 'download-failed';
    return new CairnError(
      known,
      `${url.host}: ${error.at('message').string(1000)}`,
      error.at('remedy').string(1000),
    );
  } catch {
    return new CairnError(
      'download-failed',
      `${url.host} answers with status ${status}.`,
      'Check the address: it is the one that `cairn serve` prints.',
    );
  }
}

function inOurWords(url: URL, thrown: unknown, signal: AbortSignal | undefined): CairnError {
  throwIfAborted(signal);
  if (thrown instanceof CairnError) return thrown;
  if (thrown instanceof DOMException && thrown.name === 'TimeoutError') {
    return new CairnError(
      'timeout',
      `${url.host} did not answer in time.`,
      'Check the connection and try again.',
      { cause: thrown },
    );
  }
  return new CairnError(
    'download-failed',
    `${url.host} cannot be reached.`,
    'Check the address and the connection; for a page, the service must name its origin (`cairn serve --origin`).',
    { cause: thrown },
  );
}
