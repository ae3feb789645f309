// Verified downloads that resume: nothing is kept under its final name before its SHA-256 fits.
import { CairnError, throwIfAborted } from '../errors.ts';
import type { LongWork, Stage } from '../progress.ts';
import { randomId } from '../random.ts';
import type { ByteStore } from './byte-store.ts';
import {
  cut,
  htmlInstead,
  looksLikeHtml,
  nameOf,
  refused,
  type WantedFile,
  wrongContent,
} from './download-errors.ts';
import { type Patience, patience, STALL_MS } from './patience.ts';
import { type Bytes, type Sha256Stream, sha256Hex, sha256Stream } from './sha256.ts';
import { pause, takeTurn } from './turns.ts';

export type { WantedFile } from './download-errors.ts';
export { downloadSmall } from './download-small.ts';

export interface DownloadOptions extends LongWork {
  /** What progress is reported as; `download` unless told. */
  readonly stage?: Stage;
  /** How often a cut connection is taken up again before giving up. */
  readonly retries?: number;
  /** Pause before the first retry; each further one doubles it. */
  readonly retryDelayMs?: number;
  /** How long a connection may bring nothing until it counts as cut. */
  readonly stallMs?: number;
}

/** Bytes gathered before they are put into the store: one transaction a MiB, not one a packet. */
const FLUSH_BYTES = 1 << 20;
const DEFAULT_RETRIES = 2;
const DEFAULT_RETRY_DELAY_MS = 500;

/**
 * Gives the file from the store, or downloads it into the store first, going on where an earlier
 * download was cut. Calls for the same file in this thread wait for each other.
 * @throws CairnError `download-failed` (address, network), `hash-mismatch` (wrong content, of which
 *   nothing is kept), `storage-full`, `storage-failed`, `aborted` (what came so far is kept)
 */
export async function downloadVerified(
  file: WantedFile,
  store: ByteStore,
  options: DownloadOptions = {},
): Promise<Bytes> {
  const release = await takeTurn(store, file.sha256, options.signal);
  try {
    const kept = await store.getFile(file.sha256);
    if (kept && kept.length === file.bytes && (await sha256Hex(kept)) === file.sha256) {
      report(file, file.bytes, options);
      return kept;
    }
    if (kept) await store.deleteFile(file.sha256);
    return await downloadWithRetries(file, store, options);
  } finally {
    release();
  }
}

/** Tells the retry loop that trying again may help; carries what to throw if it does not. */
class Interrupted extends Error {
  constructor(
    readonly error: CairnError,
    /** A resumed download went wrong in a way that starting over may cure, at once. */
    readonly startOver: boolean,
  ) {
    super(error.message);
  }
}

async function downloadWithRetries(
  file: WantedFile,
  store: ByteStore,
  options: DownloadOptions,
): Promise<Bytes> {
  let retries = options.retries ?? DEFAULT_RETRIES;
  let delay = options.retryDelayMs ?? DEFAULT_RETRY_DELAY_MS;
  let startedOver = false;
  for (;;) {
    try {
      return await attempt(file, store, options);
    } catch (problem) {
      if (!(problem instanceof Interrupted)) throw problem;
      if (problem.startOver && !startedOver) {
        startedOver = true;
        await store.deletePartial(file.sha256);
        continue;
      }
      if (retries-- <= 0) throw problem.error;
      await pause(delay, options.signal);
      delay *= 2;
    }
  }
}

/** One request: takes up what is kept, appends what comes, verifies, puts. */
async function attempt(
  file: WantedFile,
  store: ByteStore,
  options: DownloadOptions,
): Promise<Bytes> {
  throwIfAborted(options.signal);
  const session = randomId();
  const buffer = new Uint8Array(file.bytes);
  let hash = sha256Stream();
  let received = 0;
  const partial = await store.claimPartial(file.sha256, session);
  for (const chunk of partial?.chunks ?? []) {
    if (received + chunk.length > file.bytes) {
      throw new Interrupted(wrongContent(file, 'more was kept than the file is long'), true);
    }
    buffer.set(chunk, received);
    hash.update(chunk);
    received += chunk.length;
  }
  const resumed = received > 0;

  if (received < file.bytes) {
    const waiting = patience(options.stallMs ?? STALL_MS, options.signal);
    try {
      const validator = partial?.validator ?? null;
      const response = await request(file, received, validator, { ...options, waiting });
      if (response.status !== 206) {
        // A server that ignores Range, or a file that changed since: everything comes again.
        received = 0;
        hash = sha256Stream();
        await store.beginPartial(file.sha256, session, validatorOf(response));
      }
      const job = { file, store, session, buffer, hash, received, response, options, waiting };
      received = await receive(job);
    } finally {
      waiting.end();
    }
  }
  if (hash.hex() !== file.sha256) {
    await store.deletePartial(file.sha256);
    const error = wrongContent(file, 'its SHA-256 is not the expected one', buffer);
    if (resumed) throw new Interrupted(error, true);
    throw error;
  }
  await store.putFile(file.sha256, buffer);
  return buffer;
}

async function request(
  file: WantedFile,
  offset: number,
  validator: string | null,
  { signal, waiting }: DownloadOptions & { readonly waiting: Patience },
): Promise<Response> {
  const headers = new Headers();
  if (offset > 0) {
    headers.set('Range', `bytes=${offset}-`);
    if (validator) headers.set('If-Range', validator);
  }
  let response: Response;
  try {
    // The store is the cache: a second copy in the browser's would only take room.
    response = await fetch(file.url, { headers, signal: waiting.signal, cache: 'no-store' });
    waiting.alive();
  } catch (cause) {
    throwIfAborted(signal);
    throw new Interrupted(
      cut(nameOf(file), file.url, `${offset} of ${file.bytes} bytes are here`, cause),
      false,
    );
  }
  const discard = async (): Promise<void> => void (await response.body?.cancel());
  if (response.status === 416 || (response.status === 206 && !rangeFits(response, file, offset))) {
    await discard();
    throw new Interrupted(wrongContent(file, 'the server gave another part than asked for'), true);
  }
  if (!response.ok) {
    await discard();
    const error = refused(nameOf(file), file.url, response.status);
    if (response.status >= 500 || response.status === 429) throw new Interrupted(error, false);
    throw error;
  }
  const length = response.headers.get('Content-Length');
  const encoded = response.headers.get('Content-Encoding');
  if (response.status === 200 && length && !encoded && Number(length) !== file.bytes) {
    const html = response.headers.get('Content-Type')?.includes('html') ?? false;
    await discard();
    throw html
      ? htmlInstead(file)
      : wrongContent(file, `it is ${length} bytes long instead of ${file.bytes}`);
  }
  return response;
}

interface Receiving {
  readonly file: WantedFile;
  readonly store: ByteStore;
  readonly session: string;
  readonly buffer: Bytes;
  readonly hash: Sha256Stream;
  readonly received: number;
  readonly response: Response;
  readonly options: DownloadOptions;
  readonly waiting: Patience;
}

/** Reads the answer to its end; what has come is in the store even if the connection breaks. */
async function receive(job: Receiving): Promise<number> {
  const { file, store, session, buffer, hash, options } = job;
  let received = job.received;
  let flushed = received;
  let ours = true;
  const flush = async (): Promise<void> => {
    if (ours && received > flushed) {
      ours = await store.appendPartial(
        file.sha256,
        session,
        flushed,
        buffer.slice(flushed, received),
      );
    }
    flushed = received;
  };
  const reader = job.response.body?.getReader();
  try {
    report(file, received, options);
    while (reader) {
      const { done, value } = await reader.read();
      if (done) break;
      job.waiting.alive();
      if (received + value.length > file.bytes) {
        await store.deletePartial(file.sha256);
        throw wrongContent(file, `more than its ${file.bytes} bytes came`, value);
      }
      buffer.set(value, received);
      hash.update(value);
      received += value.length;
      report(file, received, options);
      if (received - flushed >= FLUSH_BYTES) {
        await flush();
        // A slow disk is no slow line.
        job.waiting.alive();
      }
    }
  } catch (cause) {
    await reader?.cancel().catch(() => undefined);
    if (cause instanceof CairnError) throw cause;
    await flush();
    throwIfAborted(options.signal);
    throw new Interrupted(
      cut(nameOf(file), file.url, `${received} of ${file.bytes} bytes are here`, cause),
      false,
    );
  }
  if (received < file.bytes) {
    if (looksLikeHtml(buffer)) {
      await store.deletePartial(file.sha256);
      throw htmlInstead(file);
    }
    await flush();
    throw new Interrupted(
      cut(nameOf(file), file.url, `it ended after ${received} of ${file.bytes} bytes`),
      false,
    );
  }
  return received;
}

function rangeFits(response: Response, file: WantedFile, offset: number): boolean {
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get('Content-Range') ?? '');
  return (
    range !== null &&
    Number(range[1]) === offset &&
    Number(range[2]) === file.bytes - 1 &&
    (range[3] === '*' || Number(range[3]) === file.bytes)
  );
}

/** What If-Range accepts: a weak ETag never matches there. */
function validatorOf(response: Response): string | null {
  const etag = response.headers.get('ETag');
  return etag && !etag.startsWith('W/') ? etag : response.headers.get('Last-Modified');
}

function report(file: WantedFile, done: number, options: DownloadOptions): void {
  options.onProgress?.({
    stage: options.stage ?? 'download',
    done,
    total: file.bytes,
    unit: 'bytes',
    item: nameOf(file),
  });
}
