// Damage to containers by their files: out of order, twice, of other kinds, under other names.
import { parseCollection } from '../../../src/retrieval/collection.ts';
import { sealJson } from '../../../src/retrieval/sealed-json.ts';
import { parseTaught } from '../../../src/retrieval/taught-file.ts';
import { BLOCK_BYTES, paddingOf, tarHeader } from '../../../src/retrieval/ustar.ts';
import { type Bytes, sha256Sync } from '../../../src/weights/sha256.ts';
import type { Dice } from '../dice.ts';
import { concat, mutateBytes } from './bytes.ts';
import { mutateSealed, reseal, unsealed } from './sealed.ts';
import { HOSTILE_NAMES } from './strings.ts';

interface Entry {
  readonly header: Bytes;
  readonly content: Bytes;
}

const SIZE_AT = 124;
const TYPE_AT = 156;
const LINK_AT = 157;
const CHECKSUM_AT = 148;
const MAGIC_AT = 257;
const PREFIX_AT = 345;

function sizeOf(header: Bytes): number {
  const digits = Buffer.from(header.subarray(SIZE_AT, SIZE_AT + 11)).toString('latin1');
  return Number.parseInt(digits, 8) || 0;
}

/** @param bytes a whole container */
function entriesOf(bytes: Bytes): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at + BLOCK_BYTES <= bytes.length && bytes[at] !== 0; ) {
    const header = bytes.slice(at, at + BLOCK_BYTES);
    const size = sizeOf(header);
    entries.push({ header, content: bytes.slice(at + BLOCK_BYTES, at + BLOCK_BYTES + size) });
    at += BLOCK_BYTES + size + paddingOf(size);
  }
  return entries;
}

function joined(entries: readonly Entry[], end = 2 * BLOCK_BYTES): Bytes {
  const parts = entries.flatMap(({ header, content }) => [
    header,
    content,
    new Uint8Array(paddingOf(content.length)),
  ]);
  return concat(...parts, new Uint8Array(end));
}

/** The checksum of every tar header, and the digests of the JSON files. */
export function fixContainer(bytes: Bytes): Bytes {
  const out = bytes.slice();
  for (let at = 0; at + BLOCK_BYTES <= out.length; at += BLOCK_BYTES) {
    const block = out.subarray(at, at + BLOCK_BYTES);
    if (Buffer.from(block.subarray(MAGIC_AT, MAGIC_AT + 5)).toString('latin1') !== 'ustar')
      continue;
    block.fill(0x20, CHECKSUM_AT, CHECKSUM_AT + 8);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.set(Buffer.from(`${sum.toString(8).padStart(6, '0')}\0 `, 'latin1'), CHECKSUM_AT);
    const json = out.subarray(at + BLOCK_BYTES, at + BLOCK_BYTES + sizeOf(block));
    if (json[0] === 0x7b) json.set(reseal(json));
  }
  return out;
}

/** With a size that fits the content. */
function resized({ header }: Entry, content: Bytes): Entry {
  const fresh = header.slice();
  fresh.set(Buffer.from(content.length.toString(8).padStart(11, '0')), SIZE_AT);
  return { header: fresh, content };
}

/** A file of JSON that nothing has damaged yet: its own reader takes it. */
function isWhole(content: Bytes): boolean {
  try {
    const { shards } = unsealed(content);
    if (shards === undefined) parseTaught(content);
    else parseCollection(content);
    return true;
  } catch {
    return false;
  }
}

interface Listed {
  bytes: number;
  sha256: string;
}

/** A shard or a picture damaged, and its length and hash put right where it is listed. */
function damageListed(entries: Entry[], dice: Dice): void {
  const at = dice.below(entries.length);
  const { header, content } = entries[at]!; // in range
  const changed = mutateBytes(content, dice, [content]);
  const old = sha256Sync(content);
  entries[at] = resized({ header, content }, changed);
  for (const [i, entry] of entries.entries()) {
    if (i === at || !isWhole(entry.content)) continue;
    const value = unsealed(entry.content) as { shards?: Listed[]; pictures?: Listed[] };
    for (const listed of [...(value.shards ?? []), ...(value.pictures ?? [])]) {
      if (listed.sha256 !== old) continue;
      listed.bytes = changed.length;
      listed.sha256 = sha256Sync(changed);
      entries[i] = resized(entry, sealJson(value));
    }
  }
}

function damageHeader(header: Bytes, dice: Dice): Bytes {
  const out = header.slice();
  const put = (at: number, most: number, text: string) => {
    out.fill(0, at, at + most);
    out.set(Buffer.from(text).subarray(0, most), at);
  };
  switch (dice.below(6)) {
    case 0:
      put(0, 100, dice.pick(HOSTILE_NAMES));
      break;
    case 1:
      // link, symbolic link, devices, folder, pax and GNU extensions
      out[TYPE_AT] = dice.pick([...'1234567xgLKS']).charCodeAt(0);
      if (dice.chance(0.5)) put(LINK_AT, 100, '/etc/passwd');
      break;
    case 2:
      put(PREFIX_AT, 155, dice.pick(HOSTILE_NAMES));
      break;
    case 3:
      put(
        SIZE_AT,
        12,
        dice.pick(['77777777777', '-1', '', '0x10', '00000000000', '8', '\x80\0\0\0']),
      );
      break;
    case 4:
      put(LINK_AT, 100, dice.pick(HOSTILE_NAMES));
      break;
    default:
      return concat(mutateBytes(out, dice, [header]), new Uint8Array(BLOCK_BYTES)).slice(
        0,
        BLOCK_BYTES,
      );
  }
  return out;
}

/** @param others whole containers too. Not fixed: see {@link fixContainer}. */
export function mutateContainer(bytes: Bytes, dice: Dice, others: readonly Bytes[]): Bytes {
  if (dice.chance(0.15)) return mutateBytes(bytes, dice, others);
  const entries = entriesOf(bytes);
  const times = 1 + dice.below(2);
  for (let i = 0; i < times && entries.length > 0; i++) {
    const at = dice.below(entries.length);
    const entry = entries[at]!; // in range
    switch (dice.below(8)) {
      case 0:
        entries.splice(at, 1);
        break;
      case 1:
        entries.splice(at, 0, entry);
        break;
      case 2: {
        const other = dice.below(entries.length);
        [entries[at], entries[other]] = [entries[other]!, entry]; // both in range
        break;
      }
      case 3:
        entries[at] = { ...entry, header: damageHeader(entry.header, dice) };
        break;
      case 4: {
        const name = dice.pick(HOSTILE_NAMES.filter((each) => /^[\x21-\x7e]{1,99}$/.test(each)));
        const content = new Uint8Array(dice.below(600));
        entries.splice(at, 0, { header: tarHeader({ name, bytes: content.length }, 0), content });
        break;
      }
      case 5:
        if (isWhole(entry.content)) {
          entries[at] = resized(entry, mutateSealed(entry.content, dice, [entry.content]));
          break;
        }
        damageListed(entries, dice);
        break;
      default:
        damageListed(entries, dice);
    }
  }
  return joined(entries, dice.chance(0.1) ? 512 * dice.below(40) : 1024);
}
