// collection.json: what a collection is called, what it was made with, its labels and its shards.
// docs/format.md is the specification; this file is its reader and its encoder.
import { CairnError } from '../errors.ts';
import { isPlainFileName, isPortableName } from '../weights/file-name.ts';
import { isSha256 } from '../weights/sha256.ts';
import type { CollectionDescription } from './description.ts';
import type { CollectionLabel, LabelFacts } from './labels.ts';
import { type Checker, checker } from './schema.ts';
import { checkSeal, parseJson, sealJson } from './sealed-json.ts';

export const COLLECTION_FILE = 'collection.json';
/** 1 where every row is live, 2 where some are marked as deleted: a reader that knows only 1 would find them. */
export type FormatVersion = 1 | 2;
const NEWEST_FORMAT: FormatVersion = 2;
/** No shard is larger: a download that is cut costs little, and a phone can hold one in memory. */
export const MAX_SHARD_BYTES = 16 * 1024 * 1024;
/** Bounds that keep a hostile collection.json from asking for absurd amounts of memory. */
export const LIMITS = { dimension: 8192, labels: 1_000_000, shards: 4096, jsonBytes: 64 << 20 };

/** Which encoder made the embeddings. */
export interface EncoderIdentity {
  readonly id: string;
  /** SHA-256 of its weights, lower-case hex. */
  readonly weightsSha256: string;
}

/** Which matcher made the reference views. */
export type MatcherIdentity = EncoderIdentity;

export interface ShardEntry {
  /** A plain file name beside collection.json: letters, digits, `.`, `_` and `-`. */
  readonly file: string;
  readonly bytes: number;
  /** Of the whole file, lower-case hex. */
  readonly sha256: string;
  /** Deleted ones included. */
  readonly rows: number;
  /** Rows of the file that must never be found again, ascending; absent where there are none. */
  readonly deleted?: readonly number[];
}

export interface Collection {
  readonly formatVersion: FormatVersion;
  readonly name: string;
  readonly encoder: EncoderIdentity;
  /** The non-landmark bank that the rows' `bankSimilarity` was computed against. */
  readonly bank: { readonly sha256: string };
  readonly dimension: number;
  /** Which matcher's features the reference views are; absent where there are none. */
  readonly matcher?: MatcherIdentity;
  readonly labels: readonly CollectionLabel[];
  readonly shards: readonly ShardEntry[];
  /** SPDX expression or a sentence. */
  readonly licence: string;
  readonly attribution: string;
  /** ISO 8601, UTC, such as `2025-01-31T12:00:00.000Z`. */
  readonly created: string;
}

/** Rows of all shards, deleted ones included: row numbers are below it. */
export function collectionRows(collection: Pick<Collection, 'shards'>): number {
  return collection.shards.reduce((sum, shard) => sum + shard.rows, 0);
}

/** Rows that can be found. */
export function collectionPhotos(collection: Pick<Collection, 'shards'>): number {
  return collection.shards.reduce(
    (sum, { rows, deleted }) => sum + rows - (deleted?.length ?? 0),
    0,
  );
}

/** The oldest format that says all that there is to say. */
export function formatFor(shards: readonly ShardEntry[]): FormatVersion {
  return shards.some(({ deleted }) => deleted) ? 2 : 1;
}

/** Bytes of all shards; collection.json itself is not counted. */
export function collectionBytes(collection: Collection): number {
  return collection.shards.reduce((sum, shard) => sum + shard.bytes, 0);
}

/** True for the name of a collection: it is a store key and a folder name. */
export function isCollectionName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u.test(name) &&
    isPortableName(name)
  );
}

/** True for a shard name that stays in its folder on every file system. */
export function isShardFile(file: unknown): file is string {
  return isPlainFileName(file) && !file.startsWith('_') && !/\.json$/i.test(file);
}

/**
 * The bytes of collection.json. Validates first, so a writer cannot produce what a reader refuses.
 * @throws CairnError `collection-invalid`
 */
export function encodeCollection(collection: Collection): Uint8Array<ArrayBuffer> {
  return sealJson(validate(collection));
}

/**
 * Reads and checks collection.json. Structure is told before the digest, so that a message names
 * the field that is wrong where one is.
 * @throws CairnError `collection-invalid`, or `hash-mismatch` when bytes were changed
 */
export function parseCollection(bytes: Uint8Array): Collection {
  const collection = validate(parseJson(bytes, LIMITS.jsonBytes, invalid));
  checkSeal(
    COLLECTION_FILE,
    bytes,
    invalid,
    'Download or build the collection again; edit the source and run `cairn index`, not this file.',
  );
  return collection;
}

/**
 * Refuses a collection whose embeddings come from another encoder: similarities would mean nothing.
 * @throws CairnError `collection-mismatch`
 */
export function assertEncoder(
  collection: Pick<Collection, 'name' | 'encoder' | 'dimension'>,
  encoder: EncoderIdentity & { readonly dim?: number },
): void {
  const { id, weightsSha256 } = collection.encoder;
  const remedy = `Build the collection again with ${encoder.id} (\`cairn index\`), or install the encoder that it was made with.`;
  if (id !== encoder.id) {
    throw mismatch(
      `Collection ${collection.name} was made with the encoder ${id}, this is ${encoder.id}.`,
      remedy,
    );
  }
  if (weightsSha256 !== encoder.weightsSha256) {
    throw mismatch(
      `Collection ${collection.name} was made with other weights of ${id} (${weightsSha256.slice(0, 12)}… instead of ${encoder.weightsSha256.slice(0, 12)}…).`,
      remedy,
    );
  }
  if (encoder.dim !== undefined && encoder.dim !== collection.dimension) {
    throw mismatch(
      `Collection ${collection.name} holds ${collection.dimension}-d embeddings, the encoder gives ${encoder.dim}-d.`,
      remedy,
    );
  }
}

function mismatch(message: string, remedy: string): CairnError {
  return new CairnError('collection-mismatch', message, remedy);
}

function invalid(what: string, cause?: unknown): CairnError {
  return new CairnError(
    'collection-invalid',
    `${COLLECTION_FILE} cannot be used: ${what}.`,
    'Download the collection again, or build it again with `cairn index`.',
    { cause },
  );
}

function validate(value: unknown): Collection {
  const root = checker(value, '', invalid).object();
  const version = root.at('formatVersion').integer(1, Number.MAX_SAFE_INTEGER);
  if (version > NEWEST_FORMAT) {
    throw new CairnError(
      'collection-invalid',
      `${COLLECTION_FILE} has format version ${version}; this Cairn reads versions up to ${NEWEST_FORMAT}.`,
      'Update Cairn.',
    );
  }
  const shards = root.at('shards').array(LIMITS.shards).map(readShard);
  if (version !== formatFor(shards)) {
    throw invalid(`formatVersion is ${version} and should be ${formatFor(shards)}`);
  }
  const collection: Collection = {
    formatVersion: formatFor(shards),
    ...readHead(root),
    shards,
  };
  checkSums(collection);
  return collection;
}

/**
 * Checks what a collection says of itself where its rows stay elsewhere.
 * @throws what the checker complains with
 */
export function parseDescription(at: Checker): CollectionDescription {
  const root = at.object();
  return { ...readHead(root), rows: root.at('rows').integer(0, Number.MAX_SAFE_INTEGER) };
}

/** In the order in which collection.json has them. */
function readHead(
  root: ReturnType<Checker['object']>,
): Omit<Collection, 'formatVersion' | 'shards'> {
  return {
    name: root
      .at('name')
      .satisfies(isCollectionName, 'a name of 1 to 100 letters, digits, " ", ".", "_", "-"'),
    encoder: readIdentity(root.at('encoder')),
    bank: {
      sha256: root
        .at('bank')
        .object()
        .at('sha256')
        .satisfies(isSha256, 'a SHA-256 in lower-case hex'),
    },
    dimension: root.at('dimension').integer(1, LIMITS.dimension),
    ...readMatcher(root.at('matcher')),
    licence: root.at('licence').string(10_000),
    attribution: root.at('attribution').string(1_000_000, 0),
    created: root.at('created').satisfies(isUtcTime, 'an ISO 8601 time in UTC'),
    labels: root.at('labels').array(LIMITS.labels).map(readLabel),
  };
}

function readMatcher(at: Checker): Pick<Collection, 'matcher'> {
  if (at.absent) return {};
  return { matcher: readIdentity(at) };
}

function readIdentity(at: Checker): EncoderIdentity {
  const identity = at.object();
  return {
    id: identity.at('id').string(200),
    weightsSha256: identity.at('weightsSha256').satisfies(isSha256, 'a SHA-256 in lower-case hex'),
  };
}

function readLabel(at: Checker): CollectionLabel {
  const photos = at.object().at('photos');
  return { ...checkLabelFacts(at), photos: photos.integer(0, Number.MAX_SAFE_INTEGER) };
}

/**
 * Checks the facts on a label, wherever they stand.
 * @throws what the checker complains with
 */
export function checkLabelFacts(at: Checker): LabelFacts {
  const label = at.object();
  const title = label.at('title').object();
  return {
    label: label.at('label').string(200),
    title: { en: title.at('en').string(500), zh: title.at('zh').string(500) },
    country: label
      .at('country')
      .orNull((c) => c.satisfies(isCountry, 'two upper-case letters or null')),
    lat: label.at('lat').orNull((c) => c.number(-90, 90)),
    lon: label.at('lon').orNull((c) => c.number(-180, 180)),
    wikidata: label
      .at('wikidata')
      .orNull((c) => c.satisfies(isWikidata, 'a Wikidata id such as "Q243" or null')),
  };
}

function readShard(at: Checker): ShardEntry {
  const shard = at.object();
  const bytes = shard.at('bytes').integer(1, MAX_SHARD_BYTES);
  const rows = shard.at('rows').integer(1, bytes);
  return {
    file: shard.at('file').satisfies(isShardFile, 'a plain file name without a path'),
    bytes,
    sha256: shard.at('sha256').satisfies(isSha256, 'a SHA-256 in lower-case hex'),
    rows,
    ...readDeleted(shard.at('deleted'), rows),
  };
}

function readDeleted(at: Checker, rows: number): Pick<ShardEntry, 'deleted'> {
  if (at.absent) return {};
  // At once, not one by one: there may be millions.
  const isDeleted = (value: unknown): value is number[] =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= rows &&
    value.every((row, i) => Number.isInteger(row) && row < rows && row > (value[i - 1] ?? -1));
  return { deleted: at.satisfies(isDeleted, `rows of the shard that ascend, below ${rows}`) };
}

function checkSums(collection: Collection): void {
  const names = new Set(collection.labels.map((label) => label.label));
  if (names.size !== collection.labels.length) throw invalid('a label is listed twice');
  const files = new Set(collection.shards.map((shard) => shard.file.toLowerCase()));
  if (files.size !== collection.shards.length) throw invalid('a shard file is listed twice');
  const photos = collection.labels.reduce((sum, label) => sum + label.photos, 0);
  const rows = collectionPhotos(collection);
  if (photos !== rows) throw invalid(`its labels count ${photos} photos, its shards ${rows} rows`);
}

const isCountry = (v: unknown): v is string => typeof v === 'string' && /^[A-Z]{2}$/.test(v);
const isWikidata = (v: unknown): v is string => typeof v === 'string' && /^Q[1-9]\d{0,11}$/.test(v);
const isUtcTime = (v: unknown): v is string =>
  typeof v === 'string' &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(v) &&
  Number.isFinite(Date.parse(v));
