// Pictures among stored values. WebKit keeps no Blob in a database in private browsing: their bytes lie there in their
// place. Blobs that an earlier version has stored are read as they are.
import type { StoredValue } from './store.ts';

interface BlobBytes {
  /** Its MIME type. */
  readonly blob: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

function isBlobBytes(value: unknown): value is BlobBytes {
  const { blob, bytes } = (value ?? {}) as Partial<BlobBytes>;
  return typeof blob === 'string' && bytes instanceof Uint8Array;
}

/** Of a value's own properties; nothing deeper. Throws what the browser throws where a Blob's file is gone. */
export async function withoutBlobs(value: StoredValue): Promise<StoredValue> {
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).map(async ([key, part]) => {
    if (!(part instanceof Blob)) return [key, part] as const;
    const bytes = new Uint8Array(await part.arrayBuffer());
    return [key, { blob: part.type, bytes } satisfies BlobBytes] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** The inverse of {@link withoutBlobs}. */
export function withBlobs<T>(value: T): T {
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).map(([key, part]) => [
    key,
    isBlobBytes(part) ? new Blob([part.bytes], { type: part.blob }) : part,
  ]);
  return Object.fromEntries(entries) as T;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
