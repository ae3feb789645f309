// The container: a collection as one file, a plain tar of collection.json and its shards in their order.
// docs/format.md is the specification. One pass both ways; never more than one file of it in memory.
import { CairnError, throwIfAborted } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import { type Bytes, sha256Hex } from '../weights/sha256.ts';
import {
  COLLECTION_FILE,
  type Collection,
  LIMITS,
  parseCollection,
  type ShardEntry,
} from './collection.ts';
import type { LoadedCollection } from './loaded.ts';
import { openShard, type Shard } from './shard.ts';
import {
  type PictureEntry,
  parseTaught,
  pictureFile,
  TAUGHT_FILE,
  TAUGHT_LIMITS,
  type TaughtFile,
} from './taught-file.ts';
import {
  BLOCK_BYTES,
  ChunkReader,
  MAX_NAME_BYTES,
  paddingOf,
  readTarHeader,
  type TarEntry,
  tarEnd,
  tarHeader,
} from './ustar.ts';

/** How names of containers end. */
export const CONTAINER_ENDING = '.cairn';

/** What a container is made of: its files, asked for one after the other. */
export interface ContainerContent {
  /** collection.json, byte for byte. */
  readonly json: Bytes;
  shard(entry: ShardEntry): Promise<Bytes>;
  /** What goes with a user's own collection, if anything: taught.json and its pictures. */
  readonly taught?: {
    readonly json: Bytes;
    picture(entry: PictureEntry): Promise<Bytes>;
  };
}

/** One file of a container, verified. */
export type ContainerPart =
  | {
      readonly kind: 'collection';
      readonly file: string;
      readonly bytes: Bytes;
      readonly collection: Collection;
    }
  | { readonly kind: 'shard'; readonly file: string; readonly bytes: Bytes; readonly shard: Shard }
  | {
      readonly kind: 'taught';
      readonly file: string;
      readonly bytes: Bytes;
      readonly taught: TaughtFile;
    }
  | {
      readonly kind: 'picture';
      readonly file: string;
      readonly bytes: Bytes;
      readonly picture: PictureEntry;
    };

export interface ReadWork extends LongWork {
  /** Bytes of the whole container, for progress; 0 while unknown. */
  readonly total?: number;
}

/**
 * The bytes of a container, equal for equal content. Everything is verified before it is given.
 * @throws CairnError `collection-invalid`, `hash-mismatch`, `aborted`, and whatever `content` throws
 */
export async function* writeContainer(
  content: ContainerContent,
  work: LongWork = {},
): AsyncGenerator<Bytes> {
  const collection = parseCollection(content.json);
  const taught = content.taught && parseTaught(content.taught.json);
  checkNames(collection, taught);
  const modified = Date.parse(collection.created) / 1000;
  const total = [collection.shards, taught?.pictures ?? []]
    .flat()
    .reduce((sum, f) => sum + f.bytes, 0);
  let done = 0;

  async function* file(name: string, bytes: Bytes): AsyncGenerator<Bytes> {
    throwIfAborted(work.signal);
    yield tarHeader({ name, bytes: bytes.length }, modified);
    yield bytes;
    if (paddingOf(bytes.length) > 0) yield new Uint8Array(paddingOf(bytes.length));
  }
  const report = (item: string, bytes: number) => {
    done += bytes;
    work.onProgress?.({ stage: 'open-collection', done, total, unit: 'bytes', item });
  };

  yield* file(COLLECTION_FILE, content.json);
  for (const entry of collection.shards) {
    const bytes = await content.shard(entry);
    await openShard(bytes, entry, expectationOf(collection));
    yield* file(entry.file, bytes);
    report(entry.file, entry.bytes);
  }
  if (content.taught && taught) {
    yield* file(TAUGHT_FILE, content.taught.json);
    for (const picture of taught.pictures) {
      const bytes = await content.taught.picture(picture);
      await checkPicture(bytes, picture);
      yield* file(pictureFile(picture), bytes);
      report(picture.name, picture.bytes);
    }
  }
  yield tarEnd();
}

/**
 * Reads a container: collection.json, the shards in order, then taught.json and its pictures where there
 * are any, each verified. Sizes are checked before there is room for them. Use nothing for good before it
 * has ended: only then it is known that the file is whole.
 * @throws CairnError `collection-invalid` (cut, out of order, unknown or repeated files, something behind the
 *   end), `hash-mismatch`, `aborted`, and whatever `source` throws
 */
export async function* readContainer(
  source: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>,
  work: ReadWork = {},
): AsyncGenerator<ContainerPart> {
  const reader = new ChunkReader(source);
  try {
    yield* partsOf(new EntryReader(reader, work));
    await reader.finish(invalid);
  } finally {
    await reader.close();
  }
}

async function* partsOf(entries: EntryReader): AsyncGenerator<ContainerPart> {
  const first = await entries.next(COLLECTION_FILE);
  const json = await entries.content(first, 1, LIMITS.jsonBytes);
  const collection = parseCollection(json);
  yield { kind: 'collection', file: COLLECTION_FILE, bytes: json, collection };
  for (const entry of collection.shards) {
    const { file } = entry;
    const bytes = await entries.content(await entries.next(file), entry.bytes, entry.bytes);
    yield {
      kind: 'shard',
      file,
      bytes,
      shard: await openShard(bytes, entry, expectationOf(collection)),
    };
  }
  const more = await entries.next(TAUGHT_FILE, true);
  if (more === null) return;
  const bytes = await entries.content(more, 1, TAUGHT_LIMITS.jsonBytes);
  const taught = parseTaught(bytes);
  checkNames(collection, taught);
  yield { kind: 'taught', file: TAUGHT_FILE, bytes, taught };
  for (const picture of taught.pictures) {
    const file = pictureFile(picture);
    const copy = await entries.content(await entries.next(file), picture.bytes, picture.bytes);
    await checkPicture(copy, picture);
    yield { kind: 'picture', file, bytes: copy, picture };
  }
  await entries.next(null, true);
}

/** A whole container in memory, as it is opened for search. Throws as {@link readContainer}. */
export async function loadContainer(
  source: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>,
  work: ReadWork = {},
): Promise<LoadedCollection> {
  const collections: Collection[] = [];
  const shards: Shard[] = [];
  for await (const part of readContainer(source, work)) {
    if (part.kind === 'collection') collections.push(part.collection);
    if (part.kind === 'shard') shards.push(part.shard);
  }
  return { collection: collections[0]!, shards }; // the first part, or reading has thrown
}

/** Goes from file to file; each must be the one that is due. */
class EntryReader {
  readonly #reader: ChunkReader;
  readonly #work: ReadWork;
  readonly #seen = new Set<string>();

  constructor(reader: ChunkReader, work: ReadWork) {
    this.#reader = reader;
    this.#work = work;
  }

  next(due: string): Promise<TarEntry>;
  next(due: string | null, orEnd: true): Promise<TarEntry | null>;
  /** The header of the file that is due; null at the end, where that may come in its place. */
  async next(due: string | null, orEnd = false): Promise<TarEntry | null> {
    throwIfAborted(this.#work.signal);
    const where = due === null ? 'its end' : due;
    const entry = readTarHeader(await this.#take(BLOCK_BYTES, where), invalid);
    if (entry === null) {
      if (!orEnd) throw invalid(`it ends where ${due} is due`);
      const second = await this.#take(BLOCK_BYTES, 'its end');
      if (second.some((byte) => byte !== 0)) throw invalid('its end is not two blocks of zeros');
      return null;
    }
    const { name } = entry;
    if (name !== due) {
      const found = name.length > 60 ? `${name.slice(0, 57)}…` : name;
      const again = this.#seen.has(name) ? ' a second time' : '';
      throw invalid(`${JSON.stringify(found)} comes${again} where ${where} is due`);
    }
    this.#seen.add(name);
    return entry;
  }

  /** What follows the header. The size is checked before there is room for it. */
  async content({ name, bytes }: TarEntry, least: number, most: number): Promise<Bytes> {
    if (bytes < least || bytes > most) {
      const due = least === most ? `${most}` : `at most ${most}`;
      throw invalid(`${name} is ${bytes} bytes long instead of ${due}`);
    }
    const content = await this.#take(bytes, name);
    const padding = await this.#take(paddingOf(bytes), name);
    if (padding.some((byte) => byte !== 0))
      throw invalid(`something lies between ${name} and the next file`);
    const { onProgress, total = 0 } = this.#work;
    onProgress?.({
      stage: 'open-collection',
      done: this.#reader.taken,
      total,
      unit: 'bytes',
      item: name,
    });
    return content;
  }

  async #take(bytes: number, where: string): Promise<Bytes> {
    const taken = await this.#reader.take(bytes);
    if (taken.length < bytes) {
      throw invalid(`it is cut after ${this.#reader.taken} bytes, at ${where}`);
    }
    return taken;
  }
}

function expectationOf(collection: Collection): { dim: number; labels: number } {
  return { dim: collection.dimension, labels: collection.labels.length };
}

/** Every file has its own name, on file systems that know no capitals too, and one that tar can hold. */
function checkNames(collection: Collection, taught: TaughtFile | undefined): void {
  const shards = collection.shards.map(({ file }) => file.toLowerCase());
  const long = shards.find((file) => file.length > MAX_NAME_BYTES);
  if (long !== undefined)
    throw invalid(`the name ${long} is longer than ${MAX_NAME_BYTES} characters`);
  const taken = new Set(shards);
  const twice = taught?.pictures.map(pictureFile).find((file) => taken.has(file));
  if (twice !== undefined) throw invalid(`${twice} is both a shard and a picture`);
}

async function checkPicture(bytes: Bytes, picture: PictureEntry): Promise<void> {
  if (bytes.length === picture.bytes && (await sha256Hex(bytes)) === picture.sha256) return;
  throw new CairnError(
    'hash-mismatch',
    `${pictureFile(picture)} is not the file that ${TAUGHT_FILE} states.`,
    'Copy the file again, or export it again.',
  );
}

function invalid(what: string): CairnError {
  return new CairnError(
    'collection-invalid',
    `This is no whole collection in one file: ${what}.`,
    'Copy or download the file again, or write it again with `cairn export`; if a later Cairn wrote it, update Cairn.',
  );
}
