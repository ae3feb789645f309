// SHA-256 as lower-case hex: in one go for bytes in memory, in steps for bytes that still arrive.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** Bytes over a plain ArrayBuffer: what Blob, IndexedDB and WebCrypto take. */
export type Bytes = Uint8Array<ArrayBuffer>;

const HEX_SHA256 = /^[0-9a-f]{64}$/;

/** True for 64 lower-case hex digits. */
export function isSha256(text: unknown): text is string {
  return typeof text === 'string' && HEX_SHA256.test(text);
}

/** Hash of bytes that are all here, in place and at once; for small inputs. */
export function sha256Sync(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes));
}

/**
 * Hash of bytes that are all here. WebCrypto does it off the thread and about five times faster;
 * pages that are no secure context lack it, there the same hash is computed in place.
 */
export async function sha256Hex(bytes: Bytes): Promise<string> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return sha256Sync(bytes);
  return bytesToHex(new Uint8Array(await subtle.digest('SHA-256', bytes)));
}

/** A hash that is fed as bytes arrive; `hex` may be asked once, at the end. */
export interface Sha256Stream {
  update(bytes: Uint8Array): void;
  hex(): string;
}

export function sha256Stream(): Sha256Stream {
  const hash = sha256.create();
  return {
    update: (bytes) => void hash.update(bytes),
    hex: () => bytesToHex(hash.digest()),
  };
}
