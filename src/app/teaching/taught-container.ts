// What was taught as one file and back: the collection, and with it notes and the small copies of photos.
import { CairnError, throwIfAborted } from '../../errors.ts';
import type { LongWork } from '../../progress.ts';
import { compactCollection, hasDead } from '../../retrieval/change-collection.ts';
import { COLLECTION_FILE, type Collection, collectionPhotos } from '../../retrieval/collection.ts';
import { type ContainerContent, readContainer } from '../../retrieval/container.ts';
import { openInstalled, storedShard } from '../../retrieval/install.ts';
import { containerBlob } from '../../retrieval/installed-container.ts';
import type { LoadedCollection } from '../../retrieval/loaded.ts';
import type { Shard } from '../../retrieval/shard.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import {
  type StoredTaught,
  TAUGHT_COLLECTION,
  type TaughtHead,
  taughtRows,
} from '../../retrieval/taught-collection.ts';
import {
  encodeTaught,
  isPictureType,
  type PictureEntry,
  TAUGHT_LIMITS,
} from '../../retrieval/taught-file.ts';
import { type Bytes, sha256Hex } from '../../weights/sha256.ts';
import { photoIds } from './merge-taught.ts';
import { readNotes } from './notes.ts';
import { pictureOf, type StoredPicture } from './pictures.ts';

/** Longest name of a photo's file that is kept. */
const NAME_LENGTH = 255;

export interface ReadTaughtContainer extends StoredTaught {
  /** By label. */
  readonly notes: ReadonlyMap<string, string>;
  /** By photo. */
  readonly pictures: ReadonlyMap<string, StoredPicture>;
}

/**
 * Without what was removed, whether it has left the store yet or not.
 * @throws CairnError `collection-missing` where nothing was taught, `storage-failed`, `aborted`
 */
export async function exportTaught(store: CairnStore, work: LongWork = {}): Promise<Blob> {
  const record = await store.getCollection(TAUGHT_COLLECTION);
  if (!record) {
    throw new CairnError(
      'collection-missing',
      'Nothing has been taught.',
      'Teach a landmark first.',
    );
  }
  const loaded = await openInstalled(TAUGHT_COLLECTION, store);
  const { labels } = taughtRows(loaded);
  const here = new Set(labels.map(({ facts }) => facts.label));
  const notes = Object.entries(await readNotes(store))
    .filter(([label, text]) => here.has(label) && text !== '')
    .map(([label, text]) => ({ label, text: text.slice(0, TAUGHT_LIMITS.noteLength) }));
  const pictures: PictureEntry[] = [];
  for (const id of photoIds(labels)) {
    throwIfAborted(work.signal);
    const entry = await entryOf(store, id);
    if (entry) pictures.push(entry);
  }
  const content: ContainerContent = {
    ...(hasDead(loaded.collection)
      ? await liveContent(loaded)
      : {
          json: record.json,
          shard: (entry) => storedShard(entry, TAUGHT_COLLECTION, store),
        }),
    taught: {
      json: encodeTaught({ notes, pictures }),
      picture: async ({ id }: PictureEntry) => bytesOf((await pictureOf(store, id))?.blob),
    },
  };
  return containerBlob(content, work);
}

/** Made for the file alone: an export must not fail for want of room in the store. */
async function liveContent(
  loaded: LoadedCollection,
): Promise<Pick<ContainerContent, 'json' | 'shard'>> {
  const files = new Map<string, Bytes>();
  for await (const { file, bytes } of compactCollection(loaded)) files.set(file, bytes);
  const made = (file: string) => files.get(file)!; // its own collection.json names it
  return { json: made(COLLECTION_FILE), shard: async ({ file }) => made(file) };
}

/**
 * Reads such a file to its end; everything is verified.
 * @throws CairnError `collection-invalid`, `hash-mismatch`, `collection-mismatch` for a collection that was
 *   not taught in the page, `aborted`
 */
export async function readTaughtContainer(
  file: Blob,
  work: LongWork = {},
): Promise<ReadTaughtContainer> {
  const collections: Collection[] = [];
  const shards: Shard[] = [];
  const notes = new Map<string, string>();
  const pictures = new Map<string, StoredPicture>();
  for await (const part of readContainer(file.stream(), { ...work, total: file.size })) {
    switch (part.kind) {
      case 'collection':
        if (part.collection.name !== TAUGHT_COLLECTION) throw notTaught(part.collection.name);
        collections.push(part.collection);
        break;
      case 'shard':
        if (!part.shard.sources) throw notTaught('one whose photos cannot be told apart');
        shards.push(part.shard);
        break;
      case 'taught':
        for (const { label, text } of part.taught.notes) notes.set(label, text);
        break;
      case 'picture': {
        const { id, name, type } = part.picture;
        pictures.set(id, {
          blob: new Blob([part.bytes], { type }),
          name: name.slice(0, NAME_LENGTH),
        });
      }
    }
  }
  const [collection] = collections;
  if (!collection || collectionPhotos(collection) === 0) throw notTaught('an empty one');
  return { ...taughtRows({ collection, shards }), notes, pictures };
}

export function otherEncoder(given: TaughtHead, here: TaughtHead): CairnError {
  return new CairnError(
    'collection-mismatch',
    `The file was made with the encoder ${given.encoder.id}, this is ${here.encoder.id}, and it holds no copies of photos to describe anew.`,
    'Teach the landmarks again with your photos.',
  );
}

/** Null where no copy is kept, or one of a kind that is no picture. */
async function entryOf(store: CairnStore, id: string): Promise<PictureEntry | null> {
  const picture = await pictureOf(store, id);
  const { type = '', size = 0 } = picture?.blob ?? {};
  if (!picture || !isPictureType(type) || size === 0 || size > TAUGHT_LIMITS.pictureBytes)
    return null;
  const bytes = await bytesOf(picture.blob);
  const sha256 = await sha256Hex(bytes);
  return { id, name: picture.name.slice(0, NAME_LENGTH), type, bytes: bytes.length, sha256 };
}

async function bytesOf(blob: Blob | undefined): Promise<Bytes> {
  return new Uint8Array(blob ? await blob.arrayBuffer() : new ArrayBuffer());
}

function notTaught(what: string): CairnError {
  return new CairnError(
    'collection-mismatch',
    `The file holds another collection than what was taught in the page: ${what}.`,
    'Choose a file that was exported in Teach; `cairn import` unpacks other collections.',
  );
}
