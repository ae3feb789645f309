// Damage to pickles by their opcodes, and ZIP files to put them into.
import { crc32, deflateRawSync } from 'node:zlib';
import type { Bytes } from '../../../src/weights/sha256.ts';
import type { Dice } from '../dice.ts';
import { concat, type Field, mutateBytes, setField } from './bytes.ts';
import { HOSTILE_NAMES } from './strings.ts';

/** Bytes after an opcode; a negative number: bytes of the length that comes before so many more. */
const ARGUMENTS: Readonly<Record<number, number>> = {
  128: 1, // PROTO
  75: 1, // BININT1
  77: 2, // BININT2
  74: 4, // BININT
  71: 8, // BINFLOAT
  138: -1, // LONG1
  139: -4, // LONG4
  140: -1, // SHORT_BINUNICODE
  88: -4, // BINUNICODE
  141: -8, // BINUNICODE8
  85: -1, // SHORT_BINSTRING
  84: -4, // BINSTRING
  67: -1, // SHORT_BINBYTES
  66: -4, // BINBYTES
  142: -8, // BINBYTES8
  104: 1, // BINGET
  106: 4, // LONG_BINGET
  113: 1, // BINPUT
  114: 4, // LONG_BINPUT
  149: 8, // FRAME
};
const GLOBAL = 0x63;
const STOP = 0x2e;

/** The opcodes with their arguments, up to the first STOP. */
export function opcodesOf(bytes: Bytes): Bytes[] {
  const opcodes: Bytes[] = [];
  for (let at = 0; at < bytes.length; ) {
    const opcode = bytes[at] ?? 0;
    const argument = ARGUMENTS[opcode] ?? 0;
    let end = at + 1 + Math.abs(argument);
    if (argument < 0) {
      let length = 0;
      for (let i = 0; i < Math.min(4, -argument); i++)
        length += (bytes[at + 1 + i] ?? 0) * 256 ** i;
      end += length;
    }
    if (opcode === GLOBAL) {
      end = bytes.indexOf(0x0a, bytes.indexOf(0x0a, at) + 1) + 1;
      if (end <= at) end = bytes.length; // a line that has no end
    }
    opcodes.push(bytes.slice(at, end));
    at = end;
    if (opcode === STOP) break;
  }
  return opcodes;
}

const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const unicode = (text: string): Bytes => {
  const bytes = new TextEncoder().encode(text);
  const head = new Uint8Array(5);
  head[0] = 0x58;
  setField(head, { at: 1, size: 4, little: true }, BigInt(bytes.length));
  return concat(head, bytes);
};

/** Opcodes that checkpoints never have, and those that they have in odd places. */
const OPCODES: readonly Bytes[] = [
  ...[...'()]}NRQbatu0s.e1'].map(latin1),
  ...[0x85, 0x86, 0x87, 0x88, 0x89, 0x93, 0x94, 0x81, 0x92, 0x8f, 0x90, 0x91].map((code) =>
    Uint8Array.of(code),
  ),
  latin1('cos\nsystem\n'),
  latin1('c__builtin__\neval\n'),
  latin1('ccollections\nOrderedDict\n'),
  latin1('ctorch\nFloatStorage\n'),
  latin1('ctorch._utils\n_rebuild_tensor_v2\n'),
  latin1('c__proto__\nconstructor\n'),
  latin1('S"x"\n'),
  latin1('I99\n'),
  Uint8Array.of(0x8a, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
  Uint8Array.of(0x8a, 1, 0xff),
  Uint8Array.of(0x8a, 0),
  Uint8Array.of(0x8b, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x4a, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x4a, 0xff, 0xff, 0xff, 0x7f),
  Uint8Array.of(0x47, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0),
  Uint8Array.of(0x58, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x68, 0),
  Uint8Array.of(0x68, 1),
  Uint8Array.of(0x68, 2),
  Uint8Array.of(0x71, 0),
  Uint8Array.of(0x4b, 0),
  Uint8Array.of(0x4b, 1),
  unicode('__proto__'),
  unicode('storage'),
];

/** One to four opcodes go, come twice, change places, or become others. @param bytes a whole pickle */
export function mutatePickle(bytes: Bytes, dice: Dice): Bytes {
  if (dice.chance(0.15)) return mutateBytes(bytes, dice, [bytes]);
  const opcodes = opcodesOf(bytes);
  const times = 1 + dice.below(4);
  for (let i = 0; i < times && opcodes.length > 0; i++) {
    const at = dice.below(opcodes.length);
    const opcode = opcodes[at]!; // in range
    switch (dice.below(7)) {
      case 0:
        opcodes.splice(at, 1);
        break;
      case 1:
        opcodes.splice(at, 0, opcode);
        break;
      case 2: {
        const other = dice.below(opcodes.length);
        [opcodes[at], opcodes[other]] = [opcodes[other]!, opcode]; // both in range
        break;
      }
      case 3:
        opcodes.splice(at, 0, dice.pick(OPCODES));
        break;
      case 4:
        opcodes[at] = dice.chance(0.3) ? unicode(dice.pick(HOSTILE_NAMES)) : dice.pick(OPCODES);
        break;
      case 5:
        opcodes[at] = mutateBytes(opcode, dice, [opcode]);
        break;
      default: {
        // a stretch of it again, elsewhere
        const from = dice.below(opcodes.length);
        opcodes.splice(at, 0, ...opcodes.slice(from, from + 1 + dice.below(30)));
      }
    }
  }
  return concat(...opcodes);
}

export interface ZipPart {
  readonly name: string;
  readonly bytes: Bytes;
  readonly deflated?: boolean;
}

/** A ZIP file as PyTorch writes it, with the places of all its numbers. */
export function zipOf(parts: readonly ZipPart[]): {
  readonly bytes: Bytes;
  readonly fields: Field[];
} {
  const [local, central]: [Bytes[], Bytes[]] = [[], []];
  const localFields: Field[] = [];
  const centralAt: { readonly at: number; readonly fields: Field[] }[] = [];
  let at = 0;
  for (const { name, bytes, deflated } of parts) {
    const packed = deflated ? new Uint8Array(deflateRawSync(bytes)) : bytes;
    const text = new TextEncoder().encode(name);
    const numbers = (head: Bytes, from: number) => {
      const view = new DataView(head.buffer);
      view.setUint16(from, deflated ? 8 : 0, true);
      view.setUint32(from + 6, crc32(bytes), true);
      view.setUint32(from + 10, packed.length, true);
      view.setUint32(from + 14, bytes.length, true);
      view.setUint16(from + 18, text.length, true);
    };
    const head = new Uint8Array(30);
    head.set([0x50, 0x4b, 3, 4, 20]);
    numbers(head, 8);
    const entry = new Uint8Array(46);
    entry.set([0x50, 0x4b, 1, 2, 20, 0, 20]);
    numbers(entry, 10);
    new DataView(entry.buffer).setUint32(42, at, true);
    for (const place of [26, 28]) localFields.push({ at: at + place, size: 2, little: true });
    const fields: Field[] = [8, 10, 28, 30, 32].map((place) => ({
      at: place,
      size: 2,
      little: true,
    }));
    fields.push(...[20, 24, 42].map((place): Field => ({ at: place, size: 4, little: true })));
    centralAt.push({ at: central.reduce((sum, part) => sum + part.length, 0), fields });
    local.push(head, text, packed);
    central.push(entry, text);
    at += head.length + text.length + packed.length;
  }
  const directory = concat(...central);
  const end = new Uint8Array(22);
  end.set([0x50, 0x4b, 5, 6]);
  const view = new DataView(end.buffer);
  view.setUint16(8, parts.length, true);
  view.setUint16(10, parts.length, true);
  view.setUint32(12, directory.length, true);
  view.setUint32(16, at, true);
  const fields = [
    ...localFields,
    ...centralAt.flatMap((entry) =>
      entry.fields.map((field) => ({ ...field, at: field.at + entry.at + at })),
    ),
    { at: at + directory.length + 10, size: 2, little: true } as const,
    { at: at + directory.length + 16, size: 4, little: true } as const,
  ];
  return { bytes: concat(...local, directory, end), fields };
}
