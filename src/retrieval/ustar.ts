// The part of POSIX ustar that the container of a collection needs: plain files, one after another.
// IEEE Std 1003.1-2017, pax, "ustar Interchange Format". Numbers are octal digits.
import { CairnError } from '../errors.ts';
import type { Bytes } from '../weights/sha256.ts';

export const BLOCK_BYTES = 512;
/** Blocks that common writers of tar fill the last record up to, with zeros. */
const RECORD_BLOCKS = 20;
/** Longest name that needs no prefix. */
export const MAX_NAME_BYTES = 99;
/** Largest size in eleven octal digits. */
const MAX_SIZE = 8 ** 11 - 1;

/** Where the fields of a header lie: offset and length in bytes. */
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  link: [157, 100],
  magic: [257, 8],
  prefix: [345, 155],
} as const;
type Field = keyof typeof FIELD;

/** POSIX's magic and version, and GNU tar's. */
const MAGICS = ['ustar\x0000', 'ustar  \0'];
const READABLE_BY_ALL = 0o644;

/** What a header says of the file behind it. */
export interface TarEntry {
  readonly name: string;
  readonly bytes: number;
}

/** Zero bytes that fill a file of so many bytes up to a block. */
export function paddingOf(bytes: number): number {
  return -bytes & (BLOCK_BYTES - 1);
}

/** The two blocks that end an archive. */
export function tarEnd(): Bytes {
  return new Uint8Array(2 * BLOCK_BYTES);
}

/**
 * @param entry its name of printable ASCII
 * @param modified seconds since 1970
 * Throws `internal` for what needs more than plain ustar.
 */
export function tarHeader({ name, bytes }: TarEntry, modified: number): Bytes {
  if (!/^[\x21-\x7e]+$/.test(name) || name.length > MAX_NAME_BYTES || bytes > MAX_SIZE) {
    throw new CairnError(
      'internal',
      `${name} (${bytes} bytes) does not fit a plain tar header.`,
      'This is a fault of Cairn: please report it.',
    );
  }
  const block = new Uint8Array(BLOCK_BYTES);
  const put = (field: Field, text: string) => {
    for (let i = 0; i < text.length; i++) block[FIELD[field][0] + i] = text.charCodeAt(i);
  };
  const octal = (field: Field, value: number) =>
    put(field, value.toString(8).padStart(FIELD[field][1] - 1, '0'));
  put('name', name);
  octal('mode', READABLE_BY_ALL);
  octal('uid', 0);
  octal('gid', 0);
  octal('size', bytes);
  octal('mtime', Math.min(MAX_SIZE, Math.max(0, Math.floor(modified))));
  put('type', '0');
  put('magic', MAGICS[0]!);
  put('checksum', checksumText(block));
  return block;
}

/**
 * Reads a header; null for a block of zeros, with which the end begins.
 * @param refuse makes the error from what is wrong
 */
export function readTarHeader(block: Bytes, refuse: (what: string) => Error): TarEntry | null {
  if (block.every((byte) => byte === 0)) return null;
  const raw = (field: Field) => {
    const [offset, length] = FIELD[field];
    return String.fromCharCode(...block.subarray(offset, offset + length));
  };
  const text = (field: Field) => raw(field).replace(/\0.*$/s, '');
  if (!MAGICS.includes(raw('magic'))) throw refuse('there is no tar header where one is due');
  if (raw('checksum') !== checksumText(block)) {
    throw refuse('the checksum of a tar header is not the right one');
  }
  const name = text('name');
  const shown = JSON.stringify(name);
  if (!['0', '\0'].includes(raw('type')) || text('link') !== '') {
    throw refuse(`${shown} is no plain file`);
  }
  if (text('prefix') !== '') throw refuse(`${shown} lies in a folder`);
  // Blanks around the digits are allowed; base 256, for sizes of 8 GiB and more, is not needed here.
  const size = /^ *([0-7]{1,11})[ \0]*$/.exec(raw('size'))?.[1];
  if (size === undefined) throw refuse(`the size of ${shown} is no octal number`);
  return { name, bytes: Number.parseInt(size, 8) };
}

/** Six digits, NUL, blank: the sum of all bytes, those of the checksum itself counted as blanks. */
function checksumText(block: Uint8Array): string {
  const [from, length] = FIELD.checksum;
  let sum = 0;
  for (const [i, byte] of block.entries()) sum += i >= from && i < from + length ? 0x20 : byte;
  return `${sum.toString(8).padStart(6, '0')}\0 `;
}

/** Takes exact numbers of bytes from chunks of any size; holds no more than the chunk at hand. */
export class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();
  #taken = 0;

  constructor(source: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>) {
    this.#chunks = (isStream(source) ? chunksOf(source) : source)[Symbol.asyncIterator]();
  }

  /** Bytes taken so far. */
  get taken(): number {
    return this.#taken;
  }

  /** `bytes` of them, or fewer where the source ends before. */
  async take(bytes: number): Promise<Bytes> {
    const out = new Uint8Array(bytes);
    let filled = 0;
    while (filled < bytes && (await this.#more())) {
      const part = this.#chunk.subarray(0, bytes - filled);
      out.set(part, filled);
      filled += part.length;
      this.#chunk = this.#chunk.subarray(part.length);
    }
    this.#taken += filled;
    return filled === bytes ? out : out.slice(0, filled);
  }

  /**
   * Sees that nothing is left but the zeros of a last record.
   * @param refuse makes the error from what is wrong
   */
  async finish(refuse: (what: string) => Error): Promise<void> {
    const most = RECORD_BLOCKS * BLOCK_BYTES;
    let seen = 0;
    while (await this.#more()) {
      seen += this.#chunk.length;
      if (seen >= most || this.#chunk.some((byte) => byte !== 0)) {
        throw refuse('something follows its end');
      }
      this.#chunk = new Uint8Array();
    }
  }

  /** Lets the source go, wherever reading has come. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #more(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return false;
      this.#chunk = next.value;
    }
    return true;
  }
}

function isStream(
  source: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>,
): source is ReadableStream<Uint8Array> {
  return 'getReader' in source;
}

/** Not every browser lets a stream be iterated. */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
