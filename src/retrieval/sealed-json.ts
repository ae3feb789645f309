// JSON files whose last line carries the SHA-256 of every byte before it, so that no flipped byte goes unseen.
import { CairnError } from '../errors.ts';
import { type Bytes, sha256Sync } from '../weights/sha256.ts';

const DIGEST_LINE = /^ {2}"digest": "([0-9a-f]{64})"\n\}\n$/;
const DIGEST_LINE_BYTES = 81;

/** `value` must have at least one field; its own come first, the digest last. */
export function sealJson(value: object): Bytes {
  const json = JSON.stringify(value, null, 2);
  const encoder = new TextEncoder();
  const head = encoder.encode(`${json.slice(0, -'\n}'.length)},\n`);
  const tail = encoder.encode(`  "digest": "${sha256Sync(head)}"\n}\n`);
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}

/**
 * The value of the text, not yet trusted: check its fields, then {@link checkSeal}.
 * @param refuse makes the error from what is wrong
 */
export function parseJson(
  bytes: Uint8Array,
  maxBytes: number,
  refuse: (what: string, cause?: unknown) => Error,
): unknown {
  if (bytes.length > maxBytes) throw refuse(`it is ${bytes.length} bytes long`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw refuse('it is no JSON text', cause);
  }
}

/** Throws what `refuse` makes where there is no digest, `hash-mismatch` where it does not fit. */
export function checkSeal(
  file: string,
  bytes: Uint8Array,
  refuse: (what: string) => Error,
  remedy: string,
): void {
  const tail = new TextDecoder().decode(bytes.subarray(-DIGEST_LINE_BYTES));
  const digest = DIGEST_LINE.exec(tail)?.[1];
  if (digest === undefined) throw refuse('its last line is not a "digest" as format 1 writes it');
  if (digest !== sha256Sync(bytes.subarray(0, -DIGEST_LINE_BYTES))) {
    throw new CairnError(
      'hash-mismatch',
      `${file} was changed or damaged: its digest does not fit its text.`,
      remedy,
    );
  }
}
