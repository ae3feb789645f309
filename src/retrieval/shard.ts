// A shard file: embeddings and row table of up to 16 MiB worth of reference photos, in sections.
// docs/format.md is the specification. All numbers are little-endian, as is every machine we run on.
import { CairnError } from '../errors.ts';
import { halfToFloat32 } from '../weights/half.ts';
import { type Bytes, sha256Hex } from '../weights/sha256.ts';
import { MAX_SHARD_BYTES, type ShardEntry } from './collection.ts';

/** `CAIRNSHD` in ASCII. */
export const SHARD_MAGIC = [0x43, 0x41, 0x49, 0x52, 0x4e, 0x53, 0x48, 0x44] as const;
export const SHARD_VERSION = 1;
export const HEADER_BYTES = 32;
export const SECTION_ENTRY_BYTES = 16;
/** Sections begin at multiples of this, so that typed arrays and SIMD loads lie straight on them. */
export const SECTION_ALIGN = 16;
export const MAX_SECTIONS = 64;
export const SOURCE_BYTES = 16;

/** Kinds of section. 16 and above are for reference views: see reference-section.ts. */
export const SECTION = {
  embeddings: 1,
  scales: 2,
  labels: 3,
  bankSimilarity: 4,
  sources: 5,
  imageViews: 16,
  coarseFeatures: 17,
} as const;

/** Set in a section's flags when a reader that does not know its kind must refuse the shard. */
export const SECTION_REQUIRED = 1;

export const DTYPE = { int8: 1, fp16: 2 } as const;
export type ShardDtype = keyof typeof DTYPE;

/** A section that this reader has no use for, by kind: bytes are a view into the shard. */
export interface ExtraSection {
  readonly kind: number;
  readonly flags: number;
  readonly bytes: Bytes;
}

/** A decoded shard; every array is a view into the file's bytes. */
export interface Shard {
  readonly rows: number;
  readonly dim: number;
  readonly dtype: ShardDtype;
  /** [rows × dim]: int8 codes, or fp16 bit patterns. */
  readonly codes: Int8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
  /** [rows]: embedding = code × scale, of unit length; null for fp16. */
  readonly scales: Float32Array<ArrayBuffer> | null;
  /** [rows]: index into the collection's labels. */
  readonly labels: Uint32Array<ArrayBuffer>;
  /** [rows]: see `Neighbour.bankSimilarity`. */
  readonly bankSimilarity: Float32Array<ArrayBuffer>;
  /** [rows × 16]: first half of the SHA-256 of each photo's file; null where not recorded. */
  readonly sources: Bytes | null;
  /** Rows that must not be found: the collection says so, not the file. */
  readonly deleted: ReadonlySet<number>;
  readonly extra: readonly ExtraSection[];
}

/** What the collection says a shard must look like. */
export interface ShardExpectation {
  readonly dim: number;
  readonly labels: number;
}

/**
 * Checks a shard file against its entry in collection.json and decodes it.
 * @throws CairnError `hash-mismatch` on wrong length or hash, `collection-invalid` on wrong content
 */
export async function openShard(
  bytes: Bytes,
  entry: ShardEntry,
  expected: ShardExpectation,
): Promise<Shard> {
  if (bytes.length !== entry.bytes) {
    throw damaged(entry.file, `is ${bytes.length} bytes long instead of ${entry.bytes}`);
  }
  if ((await sha256Hex(bytes)) !== entry.sha256) {
    throw damaged(entry.file, 'does not have the SHA-256 that collection.json states');
  }
  const shard = decodeShard(bytes, expected, entry.file);
  if (shard.rows !== entry.rows) {
    throw refusal(entry.file, `it has ${shard.rows} rows, collection.json states ${entry.rows}`);
  }
  return entry.deleted ? { ...shard, deleted: new Set(entry.deleted) } : shard;
}

/** Rows that can be found, ascending. */
export function* liveRows({ rows, deleted }: Pick<Shard, 'rows' | 'deleted'>): Generator<number> {
  for (let row = 0; row < rows; row++) if (!deleted.has(row)) yield row;
}

/**
 * Decodes a shard and checks everything but its hash. No byte is copied unless `bytes` is unaligned.
 * @param file what to call it in messages
 * @throws CairnError `collection-invalid`
 */
export function decodeShard(bytes: Bytes, expected: ShardExpectation, file = 'shard'): Shard {
  const refuse = (what: string): never => {
    throw refusal(file, what);
  };
  if (bytes.length < HEADER_BYTES) refuse(`it ends after ${bytes.length} bytes`);
  if (bytes.length > MAX_SHARD_BYTES) refuse(`it is ${bytes.length} bytes long, more than 16 MiB`);
  const file16 = bytes.byteOffset % SECTION_ALIGN === 0 ? bytes : bytes.slice();
  const view = new DataView(file16.buffer, file16.byteOffset, file16.byteLength);
  if (SHARD_MAGIC.some((byte, i) => view.getUint8(i) !== byte))
    refuse('it is no shard file (wrong magic)');
  const version = view.getUint32(8, true);
  if (version !== SHARD_VERSION) {
    throw new CairnError(
      'collection-invalid',
      `${file} has shard version ${version}; this Cairn reads version ${SHARD_VERSION}.`,
      version > SHARD_VERSION ? 'Update Cairn.' : 'Build the collection again with `cairn index`.',
    );
  }
  const rows = view.getUint32(12, true);
  const dim = view.getUint32(16, true);
  const dtype = dtypeOf(view.getUint32(20, true)) ?? refuse('its number type is unknown');
  const count = view.getUint32(24, true);
  if (view.getUint32(28, true) !== 0) refuse('a reserved field of its header is not zero');
  if (dim !== expected.dim)
    refuse(`it holds ${dim}-d embeddings, the collection ${expected.dim}-d`);
  if (rows < 1) refuse('it has no rows');
  if (count > MAX_SECTIONS) refuse(`it claims ${count} sections`);

  const sections = readSections(view, file16, count, refuse);
  const take = (kind: number, length: number, name: string): Bytes => {
    const section = sections.get(kind)?.bytes ?? refuse(`it lacks the section "${name}"`);
    if (section.length !== length) {
      refuse(`its section "${name}" is ${section.length} bytes long instead of ${length}`);
    }
    return section;
  };
  const embeddings = take(
    SECTION.embeddings,
    rows * dim * (dtype === 'int8' ? 1 : 2),
    'embeddings',
  );
  const { buffer, byteOffset } = embeddings;
  const scales = dtype === 'int8' ? take(SECTION.scales, rows * 4, 'scales') : null;
  const labels = take(SECTION.labels, rows * 4, 'labels');
  const bank = take(SECTION.bankSimilarity, rows * 4, 'bankSimilarity');
  const shard: Shard = {
    rows,
    dim,
    dtype,
    codes:
      dtype === 'int8'
        ? new Int8Array(buffer, byteOffset, rows * dim)
        : new Uint16Array(buffer, byteOffset, rows * dim),
    scales: scales && new Float32Array(scales.buffer, scales.byteOffset, rows),
    labels: new Uint32Array(labels.buffer, labels.byteOffset, rows),
    bankSimilarity: new Float32Array(bank.buffer, bank.byteOffset, rows),
    sources: sections.has(SECTION.sources)
      ? take(SECTION.sources, rows * SOURCE_BYTES, 'sources')
      : null,
    deleted: new Set(),
    extra: [...sections.values()].filter((section) => !KNOWN.has(section.kind)),
  };
  checkValues(shard, expected.labels, refuse);
  return shard;
}

/** Writes the unit-length embedding of a row into `out` [dim]. */
export function rowVector(shard: Shard, row: number, out: Float32Array): void {
  const { dim, codes, scales } = shard;
  const start = row * dim;
  if (scales) {
    const scale = scales[row]!;
    for (let i = 0; i < dim; i++) out[i] = codes[start + i]! * scale;
    return;
  }
  const values = halfToFloat32((codes as Uint16Array).subarray(start, start + dim));
  const sum = values.reduce((squares, value) => squares + value * value, 0);
  const norm = Math.sqrt(sum);
  for (let i = 0; i < dim; i++) out[i] = values[i]! / norm;
}

const KNOWN = new Set<number>([
  SECTION.embeddings,
  SECTION.scales,
  SECTION.labels,
  SECTION.bankSimilarity,
  SECTION.sources,
]);

function readSections(
  view: DataView,
  bytes: Bytes,
  count: number,
  refuse: (what: string) => never,
): Map<number, ExtraSection> {
  const sections = new Map<number, ExtraSection>();
  let end = HEADER_BYTES + count * SECTION_ENTRY_BYTES;
  if (end > bytes.length) refuse('its section table is cut off');
  for (let i = 0; i < count; i++) {
    const at = HEADER_BYTES + i * SECTION_ENTRY_BYTES;
    const kind = view.getUint32(at, true);
    const flags = view.getUint32(at + 4, true);
    const offset = view.getUint32(at + 8, true);
    const length = view.getUint32(at + 12, true);
    // In file order without overlap: a section cannot alias another or the header.
    if (offset % SECTION_ALIGN !== 0 || offset < end || offset + length > bytes.length) {
      refuse(`section ${i} (kind ${kind}) lies outside its place`);
    }
    if (sections.has(kind)) refuse(`section kind ${kind} comes twice`);
    if (flags & SECTION_REQUIRED && !KNOWN.has(kind)) {
      refuse(`it needs section kind ${kind}, which this Cairn does not know; update Cairn`);
    }
    end = offset + length;
    sections.set(kind, { kind, flags, bytes: bytes.subarray(offset, end) });
  }
  if (end !== bytes.length) refuse('bytes follow its last section');
  return sections;
}

function checkValues(shard: Shard, labels: number, refuse: (what: string) => never): void {
  const { rows, dim, codes, scales, bankSimilarity } = shard;
  for (let row = 0; row < rows; row++) {
    if (shard.labels[row]! >= labels)
      refuse(`row ${row} has label ${shard.labels[row]} of ${labels}`);
    const bank = bankSimilarity[row]!;
    if (!(bank >= -1.001 && bank <= 1.001)) refuse(`row ${row} has the bank similarity ${bank}`);
    const codesOfRow = codes.subarray(row * dim, (row + 1) * dim);
    const values = codesOfRow instanceof Int8Array ? codesOfRow : halfToFloat32(codesOfRow);
    let squares = 0;
    for (let i = 0; i < dim; i++) squares += values[i]! * values[i]!;
    // NaN and infinity fail here too: nothing but finite numbers gives a length near one.
    const length = Math.sqrt(squares) * (scales ? scales[row]! : 1);
    if (!(Math.abs(length - 1) < UNIT_TOLERANCE))
      refuse(`row ${row} has an embedding of length ${length}`);
  }
}

/** fp16 rounding moves the length of a unit vector by less than 2^-11; scales are float32. */
const UNIT_TOLERANCE = 2e-3;

function dtypeOf(code: number): ShardDtype | undefined {
  return (Object.keys(DTYPE) as ShardDtype[]).find((name) => DTYPE[name] === code);
}

function refusal(file: string, what: string): CairnError {
  return new CairnError(
    'collection-invalid',
    `${file} cannot be used: ${what}.`,
    'Download the collection again, or build it again with `cairn index`.',
  );
}

function damaged(file: string, what: string): CairnError {
  return new CairnError(
    'hash-mismatch',
    `${file} is damaged: it ${what}.`,
    'Download the collection again, or build it again with `cairn index`.',
  );
}
