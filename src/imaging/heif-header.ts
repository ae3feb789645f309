// The container of HEIC and AVIF (ISO/IEC 23008-12): size, turn and colours of its primary picture, before decoding.
import type { ContainerHeader } from './container-headers.ts';
import { TURNED, TURNED_AND_MIRRORED } from './exif.ts';
import { corruptPhoto, truncatedPhoto } from './photo-errors.ts';
import { latin1 } from './sniff.ts';

/** How the file states its colours: an ICC profile, or numbers of ITU-T H.273. */
export type HeifColours =
  | { readonly kind: 'icc'; readonly profile: Uint8Array }
  | { readonly kind: 'coded'; readonly primaries: number; readonly transfer: number };

export interface HeifHeader extends ContainerHeader {
  /** Null where nothing is stated: sRGB. */
  readonly colours: HeifColours | null;
}

interface Box {
  readonly type: string;
  /** Its content: [at, end). */
  readonly at: number;
  readonly end: number;
}

/** Side by side: cameras write some dozens, and a file of nothing else must not fill the memory. */
const MOST_BOXES = 4096;

/** Reads numbers within the file; beyond its end the file is damaged. */
class Reader {
  readonly #view: DataView;
  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint(at: number, size: 1 | 2 | 4): number {
    if (at + size > this.bytes.length) throw corruptPhoto('a box of it is too short');
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at, false) : this.#view.getUint32(at, false);
  }

  /** The boxes from `at` on. `cut` is thrown for one that does not end where the others allow. */
  *boxes(at: number, end: number, cut: () => Error): Generator<Box> {
    let left = MOST_BOXES;
    for (let start = at; start < end; ) {
      if (left-- === 0) throw corruptPhoto('it has too many boxes');
      if (start + 8 > end) throw cut();
      const short = this.uint(start, 4);
      const type = latin1(this.bytes, start + 4, start + 8);
      // 0 = up to the end, 1 = a 64-bit size follows.
      const long = short === 1;
      if (long && start + 16 > end) throw cut();
      const size = long
        ? this.uint(start + 8, 4) * 2 ** 32 + this.uint(start + 12, 4)
        : short || end - start;
      if (size < (long ? 16 : 8)) throw corruptPhoto('a box of it has no size');
      if (start + size > end) throw cut();
      yield { type, at: start + (long ? 16 : 8), end: start + size };
      start += size;
    }
  }
}

/**
 * @param bytes the whole file
 * @param format for messages: "HEIC" or "AVIF"
 * @throws CairnError `photo-truncated` where a box is cut off or no pixels are there, else `photo-corrupt`
 */
export function readHeifHeader(bytes: Uint8Array, format: 'HEIC' | 'AVIF'): HeifHeader {
  const reader = new Reader(bytes);
  const missing = () => truncatedPhoto(`the end of the ${format} data`);
  const top = [...reader.boxes(0, bytes.length, missing)];
  const meta = top.find(({ type }) => type === 'meta');
  const inside = meta ? childrenOf(reader, { ...meta, at: meta.at + 4 }) : [];
  const pixels = [...top, ...inside].some(({ type }) => type === 'mdat' || type === 'idat');
  if (!pixels) throw truncatedPhoto(`the ${format} pixel data`);
  return describe(reader, propertiesOfPrimary(reader, inside));
}

function childrenOf(reader: Reader, { at, end }: Box): Box[] {
  return [...reader.boxes(at, end, () => corruptPhoto('a box of it is larger than its place'))];
}

/** The properties of the primary item, in the order in which they are to be applied. */
function propertiesOfPrimary(reader: Reader, meta: readonly Box[]): Box[] {
  const pitm = meta.find(({ type }) => type === 'pitm');
  const iprp = meta.find(({ type }) => type === 'iprp');
  if (!pitm || !iprp) throw corruptPhoto('it names no picture as its main one');
  const primary = reader.uint(pitm.at + 4, reader.uint(pitm.at, 1) === 0 ? 2 : 4);
  const parts = childrenOf(reader, iprp);
  const ipco = parts.find(({ type }) => type === 'ipco');
  const properties = ipco ? childrenOf(reader, ipco) : [];
  return parts
    .filter(({ type }) => type === 'ipma')
    .flatMap((ipma) => associated(reader, ipma, primary))
    .flatMap((index) => properties[index - 1] ?? []);
}

/** Numbers, from 1, of the properties that an `ipma` box gives to an item. */
function associated(reader: Reader, ipma: Box, item: number): number[] {
  const idBytes = reader.uint(ipma.at, 1) === 0 ? 2 : 4;
  const wide = (reader.uint(ipma.at, 4) & 1) === 1;
  let at = ipma.at + 8;
  for (let left = reader.uint(ipma.at + 4, 4); left > 0 && at < ipma.end; left--) {
    const id = reader.uint(at, idBytes);
    const count = reader.uint(at + idBytes, 1);
    at += idBytes + 1;
    if (id === item) {
      return Array.from({ length: count }, (_, i) =>
        // The highest bit says whether readers must know the property.
        wide ? reader.uint(at + 2 * i, 2) & 0x7fff : reader.uint(at + i, 1) & 0x7f,
      );
    }
    at += count * (wide ? 2 : 1);
  }
  return [];
}

function describe(reader: Reader, properties: readonly Box[]): HeifHeader {
  let size: { width: number; height: number } | undefined;
  let quarters = 0;
  let mirrored = false;
  let colours: HeifColours | null = null;
  for (const { type, at, end } of properties) {
    if (type === 'ispe') {
      size ??= { width: reader.uint(at + 4, 4), height: reader.uint(at + 8, 4) };
    } else if (type === 'clap' && size) {
      // Width and height of what is to be seen, as fractions, before any turn.
      const seen = (place: number) =>
        Math.round(reader.uint(place, 4) / Math.max(1, reader.uint(place + 4, 4)));
      size = {
        width: Math.min(size.width, seen(at)),
        height: Math.min(size.height, seen(at + 8)),
      };
    } else if (type === 'irot') {
      const anticlockwise = reader.uint(at, 1) & 3;
      quarters += mirrored ? anticlockwise : 4 - anticlockwise;
    } else if (type === 'imir') {
      // 0 = top and bottom change places, 1 = left and right do.
      if ((reader.uint(at, 1) & 1) === 0) quarters += 2;
      mirrored = !mirrored;
    } else if (type === 'colr') {
      const found = coloursOf(reader, at, end);
      // A profile says more than numbers where both are there, as decoders have it.
      if (found && colours?.kind !== 'icc') colours = found;
    }
  }
  if (!size) throw corruptPhoto('its header does not tell its size');
  const orientation = (mirrored ? TURNED_AND_MIRRORED : TURNED)[quarters % 4]!; // four of each
  return { ...size, orientation, animated: false, colours };
}

function coloursOf(reader: Reader, at: number, end: number): HeifColours | null {
  const kind = latin1(reader.bytes, at, at + 4);
  if (kind === 'prof' || kind === 'rICC') {
    return { kind: 'icc', profile: reader.bytes.subarray(at + 4, end) };
  }
  if (kind !== 'nclx') return null;
  return { kind: 'coded', primaries: reader.uint(at + 4, 2), transfer: reader.uint(at + 6, 2) };
}
