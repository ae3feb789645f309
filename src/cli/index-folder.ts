// Builds a collection's folder from photos in two passes: encode (what is found goes into the cache, on disk), then
// write. In memory are the list of photos and one shard, and with views the embeddings of one label. A run
// that was killed is gone on with by the next one that is asked for the same, to the same bytes.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OnProgress } from '../progress.ts';
import {
  COLLECTION_FILE,
  type Collection,
  type MatcherIdentity,
  parseCollection,
} from '../retrieval/collection.ts';
import { writeCollectionFolder } from '../retrieval/write-folder.ts';
import type { CollectionFile, WriteOptions } from '../retrieval/writer.ts';
import {
  type CollectionMeta,
  collectionFiles,
  encodeReferences,
  type Skipped,
} from './build-collection.ts';
import { type Beginning, IndexRun } from './index-run.ts';
import type { OpenModel } from './models.ts';
import { usage } from './output.ts';
import type { PairMatcher } from './pair-matcher.ts';
import type { ListedPhoto } from './photo-list.ts';
import { storeViews, VIEWS } from './reference-views.ts';

export interface FolderRequest {
  readonly photos: readonly ListedPhoto[];
  readonly model: OpenModel;
  /** `created` where it was asked for; else the time of the first run that was asked for the same. */
  readonly meta: Omit<CollectionMeta, 'views'>;
  /** What keeps views, where they are wanted. */
  readonly views?: { readonly pairs: PairMatcher; readonly matcher: MatcherIdentity } | null;
  readonly write?: Pick<WriteOptions, 'maxShardBytes'>;
}

export interface FolderWork {
  /** Told once, before anything is encoded. */
  readonly onBeginning?: (beginning: Beginning) => void;
  /** Told of each photo that cannot be read, once all were tried. */
  readonly onSkipped?: (skipped: Skipped) => void;
  readonly onProgress?: Readonly<Partial<Record<'encode' | 'views' | 'write', OnProgress>>>;
}

export interface BuiltFolder {
  readonly collection: Collection;
  readonly photos: number;
  readonly skipped: readonly Skipped[];
  /** Of all its files. */
  readonly bytes: number;
}

/**
 * @throws CairnError `usage` where no photo can be read, or another run takes the folder; `storage-*`, and whatever
 *   encoder and matcher throw
 */
export async function indexFolder(
  folder: string,
  request: FolderRequest,
  { onBeginning, onSkipped, onProgress = {} }: FolderWork = {},
): Promise<BuiltFolder> {
  const { photos, model, meta, views: keeper, write = {} } = request;
  const run = await IndexRun.begin(folder, partsOf(request));
  onBeginning?.(run.beginning);
  const before = () => run.check();
  const encoded = await encodeReferences(photos, model, { before, onProgress: onProgress.encode });
  try {
    const { references, skipped, embeddingOf } = encoded;
    for (const each of skipped) onSkipped?.(each);
    if (references.length === 0) {
      await run.end();
      throw usage('None of the photos could be read.', 'See the reasons above.');
    }
    const work = { before, onProgress: onProgress.views };
    const views = keeper && (await storeViews(references, embeddingOf, keeper.pairs, work));
    try {
      const files = collectionFiles(
        references,
        embeddingOf,
        model,
        {
          ...meta,
          created: meta.created ?? run.created,
          ...(keeper && views ? { views: { matcher: keeper.matcher, views } } : {}),
        },
        { ...write, onProgress: onProgress.write },
      );
      const kept = meta.created === undefined ? datedAsBefore(files, folder) : files;
      const built = await writeCollectionFolder(folder, whileOurs(kept, run));
      await run.end();
      return { ...built, photos: references.length, skipped };
    } finally {
      await views?.close();
    }
  } finally {
    await encoded.close();
  }
}

/** All that the bytes depend on besides the photos' own. */
function* partsOf({ photos, model, meta, views, write }: FolderRequest): Generator<unknown> {
  const { info, reranker } = model;
  const { facts, ...plain } = meta;
  yield [info.id, info.weightsSha256, reranker.bankSha256, plain, write];
  yield views ? [views.matcher, views.pairs.key, VIEWS] : null;
  const labels = new Set<string>();
  for (const { label, file } of photos) {
    if (!labels.has(label)) yield facts.get(label) ?? null;
    labels.add(label);
    yield [label, file];
  }
}

/** The same, until another run takes the folder: then throws `usage`. */
async function* whileOurs<T>(items: AsyncIterable<T>, run: IndexRun): AsyncGenerator<T> {
  for await (const item of items) {
    await run.check();
    yield item;
  }
}

/**
 * A collection that is the same but for its date stays as it is. So a run that was killed after its last step, when
 * nothing tells of it any more, changes nothing either when it is repeated.
 */
async function* datedAsBefore(
  files: AsyncIterable<CollectionFile>,
  folder: string,
): AsyncGenerator<CollectionFile> {
  for await (const { file, bytes } of files) {
    const before = file === COLLECTION_FILE ? await readCollection(folder) : null;
    const same = before && undated(before.collection) === undated(parseCollection(bytes));
    yield { file, bytes: same ? before.bytes : bytes };
  }
}

function undated(collection: Collection): string {
  return JSON.stringify({ ...collection, created: '' });
}

async function readCollection(folder: string) {
  try {
    const bytes = new Uint8Array(await readFile(join(folder, COLLECTION_FILE)));
    return { bytes, collection: parseCollection(bytes) };
  } catch {
    return null; // none, or none that could be kept
  }
}
