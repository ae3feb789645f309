// Writes a collection: rows stream in, files stream out (shards first, collection.json last).
import { CairnError, throwIfAborted } from '../errors.ts';
import type { ReferenceView } from '../matching/reference-view.ts';
import { float32ToHalf } from '../weights/half.ts';
import { type Bytes, sha256Hex } from '../weights/sha256.ts';
import {
  COLLECTION_FILE,
  type Collection,
  encodeCollection,
  formatFor,
  MAX_SHARD_BYTES,
  type ShardEntry,
} from './collection.ts';
import type { LabelFacts } from './labels.ts';
import { quantiseInt8 } from './quantise.ts';
import { encodeViews, viewBytes } from './reference-section.ts';
import {
  DTYPE,
  type ExtraSection,
  HEADER_BYTES,
  SECTION,
  SECTION_ALIGN,
  SECTION_ENTRY_BYTES,
  SHARD_MAGIC,
  SHARD_VERSION,
  type ShardDtype,
  SOURCE_BYTES,
} from './shard.ts';

/** One reference photo. */
export interface CollectionRow {
  /** [dimension], finite, L2-normalised to within 1 %. */
  readonly embedding: Float32Array;
  /** Index into the head's labels. */
  readonly label: number;
  /** See `Neighbour.bankSimilarity`; −1..1. */
  readonly bankSimilarity: number;
  /** SHA-256 of the photo's file (32 bytes, of which 16 are kept), if every row has one. */
  readonly source?: Uint8Array | undefined;
  /** What is kept for matching, if anything; the head then says by which matcher. */
  readonly view?: ReferenceView | undefined;
}

/** What the writer does not work out itself; it counts the photos of each label. */
export interface CollectionHead
  extends Pick<
    Collection,
    'name' | 'encoder' | 'bank' | 'dimension' | 'licence' | 'attribution' | 'matcher'
  > {
  readonly labels: readonly LabelFacts[];
  /** ISO 8601, UTC; now, if left out. */
  readonly created?: string;
}

export interface WriteOptions {
  /** int8 unless told: a quarter of float32 at a loss in cosine of about 1e-4. */
  readonly dtype?: ShardDtype;
  /** At most 16 MiB, which is also the default. */
  readonly maxShardBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface CollectionFile {
  readonly file: string;
  readonly bytes: Bytes;
}

/** A shard that is there already and stays as it is, in its place among the rows. */
export interface KeptShard {
  /** With the rows that are deleted from now on. */
  readonly kept: ShardEntry;
  /** Of its rows. */
  readonly labels: Uint32Array;
}

/**
 * Yields the new shards as they fill and at the end collection.json. Shard names hold their hash, so
 * files of an older version with other content are never overwritten.
 * @throws CairnError `usage` on a row that does not fit the head, `aborted`
 */
export async function* writeCollection(
  head: CollectionHead,
  rows: Iterable<CollectionRow | KeptShard> | AsyncIterable<CollectionRow | KeptShard>,
  options: WriteOptions = {},
): AsyncGenerator<CollectionFile> {
  const dtype = options.dtype ?? 'int8';
  const room = Math.min(options.maxShardBytes ?? MAX_SHARD_BYTES, MAX_SHARD_BYTES) - OVERHEAD_BYTES;
  const photos = new Array<number>(head.labels.length).fill(0);
  const shards: ShardEntry[] = [];
  let pending: CollectionRow[] = [];
  let filled = 0;
  let number = 0;

  const flush = async (): Promise<CollectionFile> => {
    const bytes = encodeShard(pending, head.dimension, dtype);
    const sha256 = await sha256Hex(bytes);
    const file = shardName(shards.length, sha256);
    shards.push({ file, bytes: bytes.length, sha256, rows: pending.length });
    pending = [];
    filled = 0;
    return { file, bytes };
  };

  for await (const row of rows) {
    throwIfAborted(options.signal);
    if ('kept' in row) {
      if (pending.length > 0) yield await flush();
      const deleted = new Set(row.kept.deleted);
      for (const [i, label] of row.labels.entries()) if (!deleted.has(i)) photos[label]!++;
      shards.push(row.kept);
      continue;
    }
    checkRow(row, head, number++);
    const bytes = rowBytes(row, head.dimension, dtype);
    if (pending.length > 0 && filled + bytes > room) yield await flush();
    photos[row.label]!++;
    pending.push(row);
    filled += bytes;
  }
  if (pending.length > 0) yield await flush();

  const bytes = encodeCollection({
    formatVersion: formatFor(shards),
    name: head.name,
    encoder: head.encoder,
    bank: head.bank,
    dimension: head.dimension,
    ...(head.matcher ? { matcher: head.matcher } : {}),
    licence: head.licence,
    attribution: head.attribution,
    created: head.created ?? new Date().toISOString(),
    labels: head.labels.map((label, i) => ({ ...label, photos: photos[i]! })),
    shards,
  });
  yield { file: COLLECTION_FILE, bytes };
}

function shardName(number: number, sha256: string): string {
  return `shard-${String(number).padStart(4, '0')}-${sha256.slice(0, 12)}.bin`;
}

/** Whether a file is named as {@link writeCollection} names shards. */
export function isShardName(file: string): boolean {
  return /^shard-\d{4,}-[0-9a-f]{12}\.bin$/.test(file);
}

/**
 * The bytes of one shard. `extra` sections follow the known ones in the given order.
 * @param rows at least one; sources are written only when every row has one
 */
export function encodeShard(
  rows: readonly CollectionRow[],
  dim: number,
  dtype: ShardDtype = 'int8',
  extra: readonly ExtraSection[] = [],
): Bytes {
  const n = rows.length;
  const labels = Uint32Array.from(rows, (row) => row.label);
  const bank = Float32Array.from(rows, (row) => row.bankSimilarity);
  const sections: ExtraSection[] = [];
  const push = (kind: number, data: ArrayBufferView<ArrayBuffer>): void => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    sections.push({ kind, flags: 0, bytes });
  };
  if (dtype === 'int8') {
    const codes = new Int8Array(n * dim);
    const scales = Float32Array.from(rows, (row, i) =>
      quantiseInt8(row.embedding, codes.subarray(i * dim, (i + 1) * dim)),
    );
    push(SECTION.embeddings, codes);
    push(SECTION.scales, scales);
  } else {
    const codes = new Uint16Array(n * dim);
    for (const [i, { embedding }] of rows.entries()) {
      const length = Math.sqrt(embedding.reduce((sum, x) => sum + x * x, 0));
      codes.set(float32ToHalf(embedding.map((x) => x / length)), i * dim);
    }
    push(SECTION.embeddings, codes);
  }
  push(SECTION.labels, labels);
  push(SECTION.bankSimilarity, bank);
  if (rows.every((row) => row.source)) {
    const sources = new Uint8Array(n * SOURCE_BYTES);
    for (const [i, row] of rows.entries()) {
      sources.set(row.source!.subarray(0, SOURCE_BYTES), i * SOURCE_BYTES);
    }
    push(SECTION.sources, sources);
  }
  const views = rows.flatMap(({ view }, row) => (view ? [{ row, view }] : []));
  if (views.length > 0) push(SECTION.coarseFeatures, encodeViews(views));
  return layOut([...sections, ...extra], n, dim, dtype);
}

function layOut(
  sections: readonly ExtraSection[],
  rows: number,
  dim: number,
  dtype: ShardDtype,
): Bytes {
  let end = HEADER_BYTES + sections.length * SECTION_ENTRY_BYTES;
  const offsets = sections.map((section) => {
    const offset = Math.ceil(end / SECTION_ALIGN) * SECTION_ALIGN;
    end = offset + section.bytes.length;
    return offset;
  });
  const file = new Uint8Array(end);
  const view = new DataView(file.buffer);
  file.set(SHARD_MAGIC);
  const header = [SHARD_VERSION, rows, dim, DTYPE[dtype], sections.length, 0];
  for (const [i, value] of header.entries()) view.setUint32(8 + i * 4, value, true);
  for (const [i, { kind, flags, bytes }] of sections.entries()) {
    const at = HEADER_BYTES + i * SECTION_ENTRY_BYTES;
    const entry = [kind, flags, offsets[i]!, bytes.length];
    for (const [j, value] of entry.entries()) view.setUint32(at + j * 4, value, true);
    file.set(bytes, offsets[i]!);
  }
  return file;
}

/** Room for the header and for padding between sections. */
const OVERHEAD_BYTES = 1024;

function rowBytes({ view }: CollectionRow, dim: number, dtype: ShardDtype): number {
  const own = (dtype === 'int8' ? dim + 4 : dim * 2) + 4 + 4 + SOURCE_BYTES;
  return own + (view ? viewBytes(view) : 0);
}

function checkRow(row: CollectionRow, head: CollectionHead, number: number): void {
  const refuse = (what: string): never => {
    throw new CairnError(
      'usage',
      `Row ${number} cannot be written: ${what}.`,
      'Give rows that fit the head of the collection.',
    );
  };
  const { embedding, label, bankSimilarity, source, view } = row;
  if (view && !head.matcher) refuse('it has a reference view, and no matcher is named');
  if (embedding.length !== head.dimension) refuse(`its embedding has ${embedding.length} numbers`);
  const length = Math.sqrt(embedding.reduce((sum, x) => sum + x * x, 0));
  if (!(Math.abs(length - 1) < 0.01)) refuse(`its embedding has length ${length} instead of 1`);
  if (!Number.isInteger(label) || !head.labels[label]) refuse(`there is no label ${label}`);
  if (!(Math.abs(bankSimilarity) <= 1.0001)) refuse(`its bank similarity is ${bankSimilarity}`);
  if (source && source.length < SOURCE_BYTES) refuse(`its source has ${source.length} bytes`);
}
