// Small files whose hash is not known beforehand, such as registry.json and collection.json.
import { CairnError, throwIfAborted } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import { cut, nameOf, refused } from './download-errors.ts';
import { type Patience, patience, STALL_MS } from './patience.ts';
import type { Bytes } from './sha256.ts';

interface SmallWork extends Pick<LongWork, 'signal'> {
  /** How long a connection may bring nothing; {@link STALL_MS} when left out. */
  readonly stallMs?: number;
}

/**
 * Fetches a small file whose hash is not known beforehand, such as collection.json.
 * @throws CairnError `download-failed`, `aborted`
 */
export async function downloadSmall(
  url: string,
  maxBytes: number,
  work: SmallWork = {},
): Promise<Bytes> {
  throwIfAborted(work.signal);
  const waiting = patience(work.stallMs ?? STALL_MS, work.signal);
  try {
    const response = await fetch(url, { signal: waiting.signal, cache: 'no-cache' });
    if (!response.ok) throw refused(nameOf({ url }), url, response.status);
    return await readAll(response, maxBytes, waiting);
  } catch (cause) {
    throwIfAborted(work.signal);
    if (cause instanceof CairnError) throw cause;
    throw cut(nameOf({ url }), url, 'nothing of use came', cause);
  } finally {
    waiting.end();
  }
}

async function readAll(response: Response, maxBytes: number, waiting: Patience): Promise<Bytes> {
  const chunks: Bytes[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    waiting.alive();
    length += value.length;
    if (length > maxBytes) {
      await reader.cancel().catch(() => undefined);
      throw new Error(`it is larger than ${maxBytes} bytes`);
    }
    chunks.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
