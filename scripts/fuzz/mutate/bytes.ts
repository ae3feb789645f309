// Damage to bytes of any format, and to the fields of formats whose places are known.
import type { Bytes } from '../../../src/weights/sha256.ts';
import type { Dice } from '../dice.ts';

/** A number in a file; `size` in bytes. */
export interface Field {
  readonly at: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly little: boolean;
}

/** What lengths, counts and offsets are set to: ends of ranges, signs, powers of two, and near what is there. */
const NUMBERS = [
  0n,
  1n,
  2n,
  3n,
  7n,
  8n,
  15n,
  16n,
  17n,
  127n,
  128n,
  255n,
  256n,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x10000n,
  0xffffffn,
  0x7fffffffn,
  0x80000000n,
  0xfffffffen,
  0xffffffffn,
  0x100000000n,
  0x1fffffffffffffn,
  0x20000000000000n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0xffffffffffffffffn,
] as const;
/** As float32: NaN, ±∞, −1, −0, the largest, the smallest. */
const FLOATS = [
  0x7fc00000n,
  0x7f800000n,
  0xff800000n,
  0xbf800000n,
  0x80000000n,
  0x7f7fffffn,
  1n,
] as const;

/** Makes room for nothing larger: inputs stay small, so that many are tried. */
const MOST_BYTES = 1 << 20;

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function setField(bytes: Bytes, { at, size, little }: Field, value: bigint): void {
  if (at < 0 || at + size > bytes.length) return;
  for (let i = 0; i < size; i++) {
    bytes[at + (little ? i : size - 1 - i)] = Number((value >> BigInt(8 * i)) & 0xffn);
  }
}

function fieldValue(bytes: Bytes, { at, size, little }: Field): bigint {
  let value = 0n;
  for (let i = 0; i < size; i++) {
    value |= BigInt(bytes[at + (little ? i : size - 1 - i)] ?? 0) << BigInt(8 * i);
  }
  return value;
}

/** Sets one of the fields to a number that a careless reader does not expect. */
export function mutateField(bytes: Bytes, field: Field, dice: Dice): Bytes {
  const out = bytes.slice();
  const near = BigInt(dice.pick([-2, -1, 1, 2, 16, -16]));
  const value = dice.chance(0.3)
    ? fieldValue(bytes, field) + near
    : dice.pick(dice.chance(0.2) ? FLOATS : NUMBERS);
  setField(out, field, value);
  return out;
}

type Mutation = (bytes: Bytes, dice: Dice, others: readonly Bytes[]) => Bytes;

const range = (bytes: Bytes, dice: Dice, longest: number) => {
  const from = dice.below(bytes.length);
  return { from, to: Math.min(bytes.length, from + 1 + dice.below(longest)) };
};

const MUTATIONS: readonly Mutation[] = [
  // a bit
  (bytes, dice) => {
    const out = bytes.slice();
    const at = dice.below(out.length);
    out[at] = (out[at] ?? 0) ^ (1 << dice.below(8));
    return out;
  },
  // a byte
  (bytes, dice) => {
    const out = bytes.slice();
    out[dice.below(out.length)] = dice.pick([0, 1, 0x20, 0x2e, 0x2f, 0x5c, 0x7f, 0x80, 0xff]);
    return out;
  },
  // cut
  (bytes, dice) => bytes.slice(0, dice.below(bytes.length + 1)),
  // a range goes
  (bytes, dice) => {
    const { from, to } = range(bytes, dice, dice.pick([1, 4, 64, 4096]));
    return concat(bytes.subarray(0, from), bytes.subarray(to));
  },
  // a range comes twice
  (bytes, dice) => {
    const { from, to } = range(bytes, dice, dice.pick([1, 4, 64, 4096]));
    return concat(bytes.subarray(0, to), bytes.subarray(from));
  },
  // a range of zeros or ones
  (bytes, dice) => {
    const { from, to } = range(bytes, dice, 64);
    return bytes.slice().fill(dice.pick([0, 0xff]), from, to);
  },
  // two ranges change places
  (bytes, dice) => {
    const [a, b] = [dice.below(bytes.length), dice.below(bytes.length)].sort((x, y) => x - y);
    const [from, middle] = [a ?? 0, b ?? 0];
    const to = Math.min(bytes.length, middle + 1 + dice.below(256));
    return concat(
      bytes.subarray(0, from),
      bytes.subarray(middle, to),
      bytes.subarray(from, middle),
      bytes.subarray(to),
    );
  },
  // a number anywhere
  (bytes, dice) => {
    const size = dice.pick([1, 2, 4, 8] as const);
    return mutateField(
      bytes,
      { at: dice.below(bytes.length), size, little: dice.chance(0.5) },
      dice,
    );
  },
  // something behind the end
  (bytes, dice) =>
    concat(
      bytes,
      Uint8Array.from({ length: 1 + dice.below(64) }, () => dice.below(256)),
    ),
  // the end of another
  (bytes, dice, others) => {
    const other = dice.pick(others);
    return concat(
      bytes.subarray(0, dice.below(bytes.length)),
      other.subarray(dice.below(other.length)),
    );
  },
];

/** One to four mutations; of the known fields where there are any, half of the time. */
export function mutateBytes(
  bytes: Bytes,
  dice: Dice,
  others: readonly Bytes[],
  fields: readonly Field[] = [],
): Bytes {
  let out = bytes;
  const times = 1 + dice.below(4);
  for (let i = 0; i < times; i++) {
    out =
      fields.length > 0 && dice.chance(0.5)
        ? mutateField(out, dice.pick(fields), dice)
        : dice.pick(MUTATIONS)(out, dice, others);
  }
  return out.length > MOST_BYTES ? out.slice(0, MOST_BYTES) : out;
}
