// The little of ZIP that PyTorch's files need: the central directory, stored and deflated entries, ZIP64.
// Format: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16 and 4.5.3.
import { shownValue } from '../errors.ts';
import { invalidCheckpoint } from './pickle.ts';

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly compressed: number;
  readonly size: number;
  /** Where its local header lies. */
  readonly offset: number;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64_LOCATOR = 0x07064b50;
const END64 = 0x06064b50;
const END_BYTES = 22;
const END64_LOCATOR_BYTES = 20;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT = 0xffff;
const ZIP64_EXTRA = 1;
/** In a 32-bit field: the number is in the ZIP64 extra field. */
const IN_EXTRA = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
/** Deflate cannot shrink more than this (zlib's "maximum compression factor"). */
const MAX_RATIO = 1032;
/**
 * All inflated entries of a file together may take this many bytes, and this many times the file: weights hardly
 * shrink, and what shrinks a thousandfold is there to fill the memory.
 */
const INFLATED_ALLOWANCE = { bytes: 2 ** 26, files: 8 } as const;

/** True for bytes that begin as a ZIP file does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes.byteLength >= END_BYTES && viewOf(bytes).getUint32(0, true) === LOCAL;
}

/** A ZIP file in memory. Throws `model-invalid` for anything malformed. */
export class ZipFile {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  readonly #bytes: Uint8Array;
  #inflated = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.entries = readDirectory(bytes);
  }

  /** The content of an entry: a view of the file where it is stored, a copy where it is deflated. */
  async read(entry: ZipEntry): Promise<Uint8Array> {
    const packed = locate(this.#bytes, entry);
    if (entry.method === STORED) {
      if (entry.compressed !== entry.size)
        throw zipError(`${shownValue(entry.name)} has two sizes`);
      return packed;
    }
    if (entry.method !== DEFLATED) {
      throw zipError(`${shownValue(entry.name)} is packed by the method ${entry.method}`);
    }
    this.#inflated += entry.size;
    const { bytes, files } = INFLATED_ALLOWANCE;
    const most = bytes + files * this.#bytes.byteLength;
    if (entry.size > MAX_RATIO * entry.compressed || this.#inflated > most) {
      throw zipError(`${shownValue(entry.name)} claims ${entry.size} bytes`);
    }
    return inflate(packed, entry);
  }
}

function readDirectory(bytes: Uint8Array): Map<string, ZipEntry> {
  const view = viewOf(bytes);
  const { count, offset } = findDirectory(view);
  const entries = new Map<string, ZipEntry>();
  let at = offset;
  for (let i = 0; i < count; i++) {
    if (!fits(view, at, CENTRAL_BYTES) || view.getUint32(at, true) !== CENTRAL) {
      throw zipError('its directory is damaged');
    }
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const next = at + CENTRAL_BYTES + nameBytes + extraBytes + view.getUint16(at + 32, true);
    if (next > view.byteLength) throw zipError('its directory is damaged');
    const nameAt = at + CENTRAL_BYTES;
    const name = new TextDecoder().decode(bytes.subarray(nameAt, nameAt + nameBytes));
    if (view.getUint16(at + 8, true) & ENCRYPTED)
      throw zipError(`${shownValue(name)} is encrypted`);
    if (entries.has(name)) throw zipError(`${shownValue(name)} is there twice`);
    const wide = zip64Numbers(view, nameAt + nameBytes, extraBytes);
    // The extra field holds only those numbers that do not fit, in this order.
    const number = (field: number) => {
      const short = view.getUint32(at + field, true);
      return short === IN_EXTRA ? (wide.shift() ?? short) : short;
    };
    const size = number(24);
    const compressed = number(20);
    entries.set(name, {
      name,
      method: view.getUint16(at + 10, true),
      size,
      compressed,
      offset: number(42),
    });
    at = next;
  }
  return entries;
}

function findDirectory(view: DataView): { count: number; offset: number } {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
    if (view.getUint32(at, true) !== END) continue;
    const count = view.getUint16(at + 10, true);
    const offset = view.getUint32(at + 16, true);
    if (count !== 0xffff && offset !== IN_EXTRA) return { count, offset };
    const locator = at - END64_LOCATOR_BYTES;
    if (locator < 0 || view.getUint32(locator, true) !== END64_LOCATOR) return { count, offset };
    const end64 = Number(view.getBigUint64(locator + 8, true));
    if (!fits(view, end64, 56) || view.getUint32(end64, true) !== END64) break;
    return {
      count: Number(view.getBigUint64(end64 + 32, true)),
      offset: Number(view.getBigUint64(end64 + 48, true)),
    };
  }
  throw zipError('it has no directory; it may be cut short');
}

function zip64Numbers(view: DataView, start: number, length: number): number[] {
  let at = start;
  while (at + 4 <= start + length) {
    const id = view.getUint16(at, true);
    const bytes = view.getUint16(at + 2, true);
    at += 4;
    if (at + bytes > start + length) break;
    if (id === ZIP64_EXTRA) {
      const count = Math.min(3, Math.floor(bytes / 8));
      return Array.from({ length: count }, (_, i) => Number(view.getBigUint64(at + 8 * i, true)));
    }
    at += bytes;
  }
  return [];
}

/** The packed bytes of an entry; its local header has a length of its own. */
function locate(bytes: Uint8Array, { name, offset, compressed }: ZipEntry): Uint8Array {
  const view = viewOf(bytes);
  if (!fits(view, offset, LOCAL_BYTES) || view.getUint32(offset, true) !== LOCAL) {
    throw zipError(`${shownValue(name)} is not where the directory says`);
  }
  const begin =
    offset + LOCAL_BYTES + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (!fits(view, begin, compressed)) throw zipError(`${shownValue(name)} is cut short`);
  return bytes.subarray(begin, begin + compressed);
}

async function inflate(packed: Uint8Array, { name, size }: ZipEntry): Promise<Uint8Array> {
  const out = new Uint8Array(size);
  let filled = 0;
  try {
    const source = new Blob([packed as Uint8Array<ArrayBuffer>]).stream();
    const reader = source.pipeThrough(new DecompressionStream('deflate-raw')).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (part.value.byteLength > size - filled) {
        await reader.cancel();
        throw new RangeError('more bytes than declared');
      }
      out.set(part.value, filled);
      filled += part.value.byteLength;
    }
    if (filled < size) throw new RangeError('fewer bytes than declared');
  } catch (cause) {
    throw zipError(`${shownValue(name)} cannot be inflated`, { cause });
  }
  return out;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Written so that numbers which are no offsets (beyond 2^53, negative) do not fit either. */
function fits(view: DataView, at: number, length: number): boolean {
  return Number.isSafeInteger(at) && at >= 0 && length >= 0 && at + length <= view.byteLength;
}

function zipError(what: string, options?: ErrorOptions): Error {
  return invalidCheckpoint(`as a ZIP file, ${what}`, options);
}
