// Damage to safetensors files: the header as JSON with its length put right, or bytes and lengths anywhere.
import type { Bytes } from '../../../src/weights/sha256.ts';
import type { Dice } from '../dice.ts';
import { concat, type Field, mutateBytes, setField } from './bytes.ts';
import { mutateJson } from './json.ts';

const LENGTH: Field = { at: 0, size: 8, little: true };

export function splitSafetensors(bytes: Bytes): { readonly header: string; readonly body: Bytes } {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getUint32(0, true);
  return {
    header: new TextDecoder().decode(bytes.subarray(8, 8 + length)).trim(),
    body: bytes.slice(8 + length),
  };
}

export function joinSafetensors(header: string, body: Bytes): Bytes {
  const text = new TextEncoder().encode(header);
  const bytes = concat(new Uint8Array(8), text, body);
  setField(bytes, LENGTH, BigInt(text.length));
  return bytes;
}

/** @param bytes a whole file */
export function mutateSafetensors(bytes: Bytes, dice: Dice, others: readonly Bytes[]): Bytes {
  const { header, body } = splitSafetensors(bytes);
  switch (dice.below(6)) {
    case 0:
      return mutateBytes(bytes, dice, others, [LENGTH]);
    case 1:
      return joinSafetensors(header, mutateBytes(body, dice, [body]));
    case 2:
      return joinSafetensors(mutateJson(header, dice), mutateBytes(body, dice, [body]));
    default:
      return joinSafetensors(mutateJson(header, dice), body);
  }
}
