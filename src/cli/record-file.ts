// A file of records that only grows, shared by any number of processes: what is dear to compute, kept between
// runs under a SHA-256. In memory are keys and places alone; payloads are read when they are asked for.
//
// A record is written by one `write` to a file opened for appending, which puts it at the end as it is then,
// so that processes do not write over each other. What a killed process leaves half is never cut off, since
// it could as well be a record that another process is writing: reading looks for the next record's mark
// instead, and takes nothing whose checksum is wrong. (Network file systems without a true append may lose
// records of processes that write at once; the checksum keeps those from being taken for whole.)
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { storing } from '../retrieval/write-folder.ts';

/** mark (8), bytes of the payload (u32, little-endian), key (32), payload, CRC-32 of all before it (u32). */
const MARK = Buffer.from('\x89CAIRNr\n', 'latin1');
const KEY_AT = MARK.length + 4;
const PAYLOAD_AT = KEY_AT + 32;
const CHECK_BYTES = 4;
const FRAME_BYTES = PAYLOAD_AT + CHECK_BYTES;
/** More than any record of ours: a damaged length does not ask for absurd amounts of memory. */
const MAX_PAYLOAD_BYTES = 64 << 20;
/** Read at once while looking through the file. */
const CHUNK_BYTES = 1 << 20;

export class RecordFile {
  /** Where each key's first record begins. */
  readonly #places = new Map<string, number>();
  /** Near the end of the last whole record: all before it has been looked through. */
  #end = 0;
  /** Size of the file when it was last looked through. */
  #seen = 0;

  readonly #handle: FileHandle;

  private constructor(
    readonly file: string,
    handle: FileHandle,
  ) {
    this.#handle = handle;
  }

  /** Made where it is not there. Call {@link close} when done. Throws `storage-full`, `storage-failed`. */
  static async open(file: string): Promise<RecordFile> {
    const handle = await storing(dirname(file), async () => {
      await mkdir(dirname(file), { recursive: true });
      return open(file, 'a+');
    });
    const records = new RecordFile(file, handle);
    try {
      await records.#look();
    } catch (thrown) {
      await handle.close();
      throw thrown;
    }
    return records;
  }

  /**
   * What any process has put by now.
   * @param key SHA-256, lower-case hex
   */
  async get(key: string): Promise<Buffer<ArrayBuffer> | undefined> {
    if (!this.#places.has(key)) await this.#look();
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    const head = await this.#read(place, PAYLOAD_AT);
    const stated = head.length === PAYLOAD_AT ? lengthIn(head, 0) : 0;
    const length = Math.min(stated, MAX_PAYLOAD_BYTES);
    const record = await this.#read(place, FRAME_BYTES + length);
    if (wholeRecord(record, 0) === record.length && keyIn(record, 0) === key) {
      return record.subarray(PAYLOAD_AT, record.length - CHECK_BYTES);
    }
    // Damaged since it was found: one that is put from now on takes its place. One that is cut off says that the
    // file was cut, however long it is again by the next look.
    if (record.length < FRAME_BYTES + length) this.#forget();
    this.#places.delete(key);
    return undefined;
  }

  /** @param key as {@link get} takes it. Throws `storage-full`, `storage-failed`. */
  async put(key: string, payload: Uint8Array): Promise<void> {
    const record = Buffer.alloc(FRAME_BYTES + payload.length);
    MARK.copy(record);
    record.writeUInt32LE(payload.length, MARK.length);
    record.write(key, KEY_AT, 'hex');
    record.set(payload, PAYLOAD_AT);
    const checked = record.length - CHECK_BYTES;
    record.writeUInt32LE(crc32(record.subarray(0, checked)), checked);
    await storing(dirname(this.file), async () => {
      // Less than all is written where the disk is about to be full; the rest could land after another
      // process's record, so the whole is written anew, until it fits or the disk refuses.
      let written = 0;
      while (written < record.length) written = (await this.#handle.write(record)).bytesWritten;
    });
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** The next look begins at the beginning. */
  #forget(): void {
    this.#places.clear();
    this.#end = 0;
    this.#seen = 0;
  }

  /** Learns of what lies behind the last whole record. */
  async #look(): Promise<void> {
    const { size } = await this.#handle.stat();
    // Cut since: what was found may be gone, and new records begin where old ones were.
    if (size < this.#seen) this.#forget();
    if (size === this.#seen) return;
    let at = this.#end;
    let wanted = CHUNK_BYTES;
    while (at < size) {
      const asked = Math.min(wanted, size - at);
      const chunk = await this.#read(at, asked);
      // Cut while it is read: the next look begins anew.
      if (chunk.length < asked) break;
      const looked = this.#lookThrough(chunk, at, size - at);
      if (looked === 0 && chunk.length === size - at) break;
      // A record longer than the chunk is looked at once more, with all of it.
      wanted = looked > 0 ? CHUNK_BYTES : FRAME_BYTES + lengthIn(chunk, 0);
      at += looked;
    }
    this.#seen = size;
  }

  /**
   * @param at where the chunk begins in the file
   * @param left bytes of the file from there on
   * @returns how much of the chunk needs no second look; 0 where its first record is longer than the chunk
   */
  #lookThrough(chunk: Buffer, at: number, left: number): number {
    let offset = 0;
    for (;;) {
      const start = chunk.indexOf(MARK, offset);
      if (start < 0) return Math.max(offset, chunk.length - MARK.length + 1);
      if (chunk.length - start < PAYLOAD_AT) return start;
      const bytes = FRAME_BYTES + lengthIn(chunk, start);
      const possible = bytes <= FRAME_BYTES + MAX_PAYLOAD_BYTES && bytes <= left - start;
      if (possible && bytes > chunk.length - start) return start;
      if (possible && wholeRecord(chunk, start) === bytes) {
        const key = keyIn(chunk, start);
        if (!this.#places.has(key)) this.#places.set(key, at + start);
        // The checksum is looked through again: a record that was torn within it may have become whole by the
        // first bytes of the next one, which would be missed.
        offset = start + bytes - CHECK_BYTES;
        this.#end = at + offset;
      } else {
        offset = start + 1; // torn, damaged, or still being written
      }
    }
  }

  /** Shorter where the file ends before. */
  async #read(at: number, length: number): Promise<Buffer<ArrayBuffer>> {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await this.#handle.read(buffer, 0, length, at);
    return buffer.subarray(0, bytesRead);
  }
}

function lengthIn(bytes: Buffer, start: number): number {
  return bytes.readUInt32LE(start + MARK.length);
}

function keyIn(bytes: Buffer, start: number): string {
  return bytes.toString('hex', start + KEY_AT, start + PAYLOAD_AT);
}

/** Bytes of the record that begins there; 0 where it is none, or not whole. */
function wholeRecord(bytes: Buffer, start: number): number {
  if (bytes.length - start < FRAME_BYTES) return 0;
  if (MARK.compare(bytes, start, start + MARK.length) !== 0) return 0;
  const length = FRAME_BYTES + lengthIn(bytes, start);
  if (bytes.length - start < length) return 0;
  const checked = start + length - CHECK_BYTES;
  return crc32(bytes.subarray(start, checked)) === bytes.readUInt32LE(checked) ? length : 0;
}
