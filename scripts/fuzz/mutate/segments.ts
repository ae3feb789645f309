// Pictures as lists of segments: PNG chunks, JPEG segments, RIFF chunks, ISO boxes. Damage to whole segments,
// to their names and to their lengths.
import { crc32 } from 'node:zlib';
import { latin1 } from '../../../src/imaging/sniff.ts';
import type { Bytes } from '../../../src/weights/sha256.ts';
import type { Dice } from '../dice.ts';
import { concat, type Field, mutateBytes, mutateField } from './bytes.ts';

interface Layout {
  /** Of the whole file. */
  readonly fields: readonly Field[];
  /** Where each segment begins; the last ends where the file does. */
  readonly starts: readonly number[];
  readonly names: readonly number[];
}

const NONE: Layout = { fields: [], starts: [], names: [] };
/** Looked at in one file. */
const MOST_SEGMENTS = 200;

function layoutOf(bytes: Bytes): Layout {
  const head = latin1(bytes, 0, 16);
  if (head.startsWith('\x89PNG')) return pngLayout(bytes);
  if (head.startsWith('\xff\xd8')) return jpegLayout(bytes);
  if (head.startsWith('RIFF')) return riffLayout(bytes);
  if (head.slice(4, 8) === 'ftyp') return isoLayout(bytes);
  const tiff = head.startsWith('II*') || head.startsWith('MM\0*');
  if (tiff)
    return { ...NONE, fields: shortFields(2, Math.min(bytes.length, 300), head[0] === 'I') };
  // GIF's screen; what else there is has its numbers at the beginning too.
  return { ...NONE, fields: shortFields(0, Math.min(bytes.length, 64), head[0] !== '8') };
}

function shortFields(from: number, to: number, little: boolean): Field[] {
  const fields: Field[] = [];
  for (let at = from; at < to; at += 2) {
    fields.push({ at, size: 2, little }, { at, size: 4, little });
  }
  return fields;
}

const u32 = (bytes: Bytes, at: number, little: boolean) =>
  at + 4 <= bytes.length
    ? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, little)
    : 0;

function pngLayout(bytes: Bytes): Layout {
  const [fields, starts, names]: [Field[], number[], number[]] = [[], [], []];
  for (let at = 8; at + 12 <= bytes.length && starts.length < MOST_SEGMENTS; ) {
    const length = u32(bytes, at, false);
    starts.push(at);
    names.push(at + 4);
    fields.push({ at, size: 4, little: false });
    const type = latin1(bytes, at + 4, at + 8);
    if (type === 'IHDR') {
      for (const place of [8, 12]) fields.push({ at: at + place, size: 4, little: false });
      for (const place of [16, 17, 20]) fields.push({ at: at + place, size: 1, little: false });
    }
    if (type === 'eXIf') fields.push(...shortFields(at + 8, at + 8 + Math.min(length, 100), false));
    at += length + 12;
  }
  return { fields, starts, names };
}

function jpegLayout(bytes: Bytes): Layout {
  const [fields, starts]: [Field[], number[]] = [[], []];
  let at = 2;
  while (at + 4 <= bytes.length && starts.length < MOST_SEGMENTS) {
    at = bytes.indexOf(0xff, at);
    if (at < 0 || at + 4 > bytes.length) break;
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd9)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    starts.push(at);
    fields.push({ at: at + 1, size: 1, little: false }, { at: at + 2, size: 2, little: false });
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    if (marker >= 0xc0 && marker <= 0xcf) {
      for (const place of [5, 7]) fields.push({ at: at + place, size: 2, little: false });
    }
    if (marker === 0xe1) {
      const little = bytes[at + 10] === 0x49;
      fields.push(...shortFields(at + 10, Math.min(at + 2 + length, at + 120), little));
    }
    at += 2 + Math.max(2, length);
  }
  return { fields, starts, names: [] };
}

function riffLayout(bytes: Bytes): Layout {
  const fields: Field[] = [{ at: 4, size: 4, little: true }];
  const [starts, names]: [number[], number[]] = [[], []];
  for (let at = 12; at + 8 <= bytes.length && starts.length < MOST_SEGMENTS; ) {
    const length = u32(bytes, at + 4, true);
    starts.push(at);
    names.push(at);
    fields.push({ at: at + 4, size: 4, little: true });
    fields.push(...shortFields(at + 8, Math.min(bytes.length, at + 24), true));
    at += 8 + length + (length & 1);
  }
  return { fields, starts, names };
}

const ISO_FOLDERS = ['meta', 'iprp', 'ipco', 'moov', 'trak', 'iinf', 'dinf'];

function isoLayout(bytes: Bytes): Layout {
  const [fields, starts, names]: [Field[], number[], number[]] = [[], [], []];
  const walk = (from: number, to: number, level: number) => {
    for (let at = from; at + 8 <= to && names.length < MOST_SEGMENTS; ) {
      const size = u32(bytes, at, false);
      const type = latin1(bytes, at + 4, at + 8);
      fields.push({ at, size: 4, little: false });
      names.push(at + 4);
      if (level === 0) starts.push(at);
      const end = size >= 8 ? Math.min(to, at + size) : to;
      if (ISO_FOLDERS.includes(type) && level < 6) {
        const skip = type === 'meta' ? 12 : type === 'iinf' ? 14 : 8;
        walk(at + skip, end, level + 1);
      } else if (type !== 'mdat') {
        fields.push(...shortFields(at + 8, Math.min(end, at + 40), false));
      }
      at = end;
    }
  };
  walk(0, bytes.length, 0);
  return { fields, starts, names };
}

const NAMES = [
  'IHDR',
  'IDAT',
  'IEND',
  'acTL',
  'eXIf',
  'iCCP',
  'CgBI',
  'VP8X',
  'VP8 ',
  'VP8L',
].concat([
  'ALPH',
  'ANIM',
  'EXIF',
  'ftyp',
  'meta',
  'mdat',
  'iprp',
  'ispe',
  'irot',
  'moov',
  'free',
  '\0\0\0\0',
]);

function pieces(bytes: Bytes, starts: readonly number[]): Bytes[] {
  return starts.map((start, i) => bytes.slice(start, starts[i + 1] ?? bytes.length));
}

function mutateSegments(bytes: Bytes, { starts }: Layout, dice: Dice, other: Bytes): Bytes {
  const parts = pieces(bytes, starts);
  const head = bytes.slice(0, starts[0]);
  const at = dice.below(parts.length);
  const taken = dice.pick(parts);
  switch (dice.below(4)) {
    case 0:
      parts.splice(at, 1);
      break;
    case 1:
      parts.splice(at, 0, taken);
      break;
    case 2: {
      const place = dice.below(parts.length);
      [parts[at], parts[place]] = [parts[place] as Bytes, parts[at] as Bytes]; // both are in the list
      break;
    }
    default: {
      const foreign = pieces(other, layoutOf(other).starts);
      if (foreign.length > 0) parts.splice(at, 0, dice.pick(foreign));
    }
  }
  return concat(head, ...parts);
}

/** Segments, names, lengths and other numbers of a picture, or bytes anywhere. */
export function mutatePicture(bytes: Bytes, dice: Dice, others: readonly Bytes[]): Bytes {
  let out = bytes;
  const times = 1 + dice.below(3);
  for (let i = 0; i < times; i++) {
    const layout = layoutOf(out);
    const kind = dice.below(10);
    if (kind < 3 && layout.starts.length > 1) {
      out = mutateSegments(out, layout, dice, dice.pick(others));
    } else if (kind < 7 && layout.fields.length > 0) {
      out = mutateField(out, dice.pick(layout.fields), dice);
    } else if (kind < 8 && layout.names.length > 0) {
      out = out.slice();
      const at = dice.pick(layout.names);
      for (const [j, c] of [...dice.pick(NAMES)].entries()) {
        if (at + j < out.length) out[at + j] = c.charCodeAt(0);
      }
    } else {
      out = mutateBytes(out, dice, others);
    }
  }
  return out;
}

/** PNG's checksums, which decoders look at before anything else. */
export function fixPicture(bytes: Bytes): Bytes {
  if (latin1(bytes, 0, 4) !== '\x89PNG') return bytes;
  const out = bytes.slice();
  const view = new DataView(out.buffer);
  for (let at = 8; at + 12 <= out.length; ) {
    const end = at + 8 + view.getUint32(at, false);
    if (end + 4 > out.length) break;
    view.setUint32(end, crc32(out.subarray(at + 4, end)), false);
    at = end + 4;
  }
  return out;
}
