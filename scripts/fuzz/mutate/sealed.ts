// JSON with its digest in the last line: damaged by structure, and sealed again.
import { type Bytes, sha256Sync } from '../../../src/weights/sha256.ts';
import type { Dice } from '../dice.ts';
import { concat, mutateBytes } from './bytes.ts';
import { mutateJson } from './json.ts';

const DIGEST_BYTES = 81;
const line = (digest: string) => new TextEncoder().encode(`  "digest": "${digest}"\n}\n`);

/** The digest of what is there now, where the last line has one. */
export function reseal(bytes: Bytes): Bytes {
  const tail = Buffer.from(bytes.subarray(-DIGEST_BYTES)).toString('latin1');
  if (!/^ {2}"digest": "[0-9a-f]{64}"\n\}\n$/.test(tail)) return bytes;
  const head = bytes.subarray(0, -DIGEST_BYTES);
  return concat(head, line(sha256Sync(head)));
}

/** Structure mostly, bytes at times; not sealed: see {@link reseal}. */
export function mutateSealed(bytes: Bytes, dice: Dice, others: readonly Bytes[]): Bytes {
  if (dice.chance(0.2)) return mutateBytes(bytes, dice, others);
  const value = unsealed(bytes);
  const text = mutateJson(JSON.stringify(value), dice);
  if (!text.endsWith('}') || text.length < 3) return new TextEncoder().encode(text);
  const head = new TextEncoder().encode(`${text.slice(0, -1)},\n`);
  return concat(head, line('0'.repeat(64)));
}

/** The value without its digest. */
export function unsealed(bytes: Bytes): Record<string, unknown> {
  const { digest: _, ...value } = JSON.parse(new TextDecoder().decode(bytes)) as Record<
    string,
    unknown
  >;
  return value;
}
