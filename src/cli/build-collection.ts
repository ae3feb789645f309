// From encoded photos to a collection: shared by `cairn index` and by evaluation's own galleries.
import { CairnError } from '../errors.ts';
import type { ReferenceView } from '../matching/reference-view.ts';
import type { LongWork } from '../progress.ts';
import { RERANK } from '../rerank/presets.ts';
import { type MatcherIdentity, parseCollection } from '../retrieval/collection.ts';
import type { LabelFacts } from '../retrieval/labels.ts';
import type { LoadedCollection } from '../retrieval/loaded.ts';
import { openShard, type Shard } from '../retrieval/shard.ts';
import {
  type CollectionFile,
  type CollectionRow,
  type WriteOptions,
  writeCollection,
} from '../retrieval/writer.ts';
import type { Bytes } from '../weights/sha256.ts';
import {
  CACHE_FOLDER,
  type CheckedWork,
  embeddingsOf,
  encodeThrough,
  openCache,
} from './encode-photos.ts';
import type { OpenModel } from './models.ts';
import type { ListedPhoto } from './photo-list.ts';

/** What is kept in memory of a reference photo. */
export interface Reference {
  readonly label: string;
  /** SHA-256 of the photo's file, hex. */
  readonly sha256: string;
}

/** A reference whose photo can be read again. */
export interface PhotoReference extends Reference {
  readonly file: string;
}

export interface Skipped {
  readonly path: string;
  readonly reason: string;
}

/** [dim] of a reference, from memory or from a file. */
export type EmbeddingOf<R extends Reference = Reference> = (reference: R) => Promise<Float32Array>;

export interface EncodedReferences {
  readonly references: readonly PhotoReference[];
  readonly skipped: readonly Skipped[];
  /** Read from the cache each time. Throws `storage-failed` where it is damaged by now. */
  readonly embeddingOf: EmbeddingOf;
  /** Once no embedding is asked for any more. */
  close(): Promise<void>;
}

/** Encodes photos as references, into the cache; what cannot be read is listed with its reason. */
export async function encodeReferences(
  photos: readonly ListedPhoto[],
  model: OpenModel,
  work: CheckedWork = {},
): Promise<EncodedReferences> {
  const source = embeddingsOf(model);
  const cache = await openCache(source);
  const references: PhotoReference[] = [];
  const skipped: Skipped[] = [];
  /** By SHA-256, of the few photos whose key is another. */
  const keys = new Map<string, string>();
  try {
    for await (const result of encodeThrough(cache, photos, source, work)) {
      const { path, label, file } = result.photo;
      if ('problem' in result) {
        skipped.push({ path, reason: result.problem });
        continue;
      }
      const { sha256, key } = result;
      if (key !== sha256) keys.set(sha256, key);
      references.push({ label, file, sha256 });
    }
  } catch (thrown) {
    await cache.close();
    throw thrown;
  }
  const embeddingOf: EmbeddingOf = async ({ sha256 }) => {
    const vector = await cache.get(keys.get(sha256) ?? sha256);
    if (vector) return vector;
    throw new CairnError(
      'storage-failed',
      `A vector that was just written to ${CACHE_FOLDER} cannot be read any more.`,
      'Check the disk, and start again: what is lost is computed again.',
    );
  };
  return { references, skipped, embeddingOf, close: () => cache.close() };
}

export interface CollectionMeta {
  readonly name: string;
  readonly licence: string;
  readonly attribution: string;
  readonly facts: ReadonlyMap<string, LabelFacts>;
  readonly created?: string;
  /** What is kept for matching, by places in the references. */
  readonly views?: KeptViews;
}

/** Views by places in the references: from a file, or a Map. */
export interface ViewSource {
  readonly size: number;
  get(place: number): Promise<ReferenceView | undefined> | ReferenceView | undefined;
}

export interface KeptViews {
  readonly matcher: MatcherIdentity;
  readonly views: ViewSource;
}

/**
 * The files of a collection, in the order of the references; labels in the order of their names. Of embeddings
 * and views, no more than one shard's are in memory.
 */
export function collectionFiles<R extends Reference>(
  references: readonly R[],
  embeddingOf: EmbeddingOf<R>,
  model: OpenModel,
  meta: CollectionMeta,
  options: WriteOptions & LongWork = {},
): AsyncGenerator<CollectionFile> {
  const names = [...new Set(references.map((r) => r.label))].sort();
  const { name, licence, attribution, created } = meta;
  return writeCollection(
    {
      name,
      encoder: { id: model.info.id, weightsSha256: model.info.weightsSha256 },
      bank: { sha256: model.reranker.bankSha256 },
      dimension: model.info.dim,
      ...(meta.views?.views.size ? { matcher: meta.views.matcher } : {}),
      labels: names.map((label) => meta.facts.get(label) ?? unknownPlace(label)),
      licence,
      attribution,
      ...(created ? { created } : {}),
    },
    rows(),
    options,
  );

  async function* rows(): AsyncGenerator<CollectionRow> {
    const index = new Map(names.map((label, i) => [label, i]));
    const { bank } = model.reranker;
    const total = references.length;
    for (const [place, reference] of references.entries()) {
      const embedding = await embeddingOf(reference);
      yield {
        embedding,
        label: index.get(reference.label)!, // named after the references
        bankSimilarity: bank.similarity(embedding, RERANK.penalty.referenceNeighbours),
        source: Buffer.from(reference.sha256, 'hex'),
        view: await meta.views?.views.get(place),
      };
      options.onProgress?.({ stage: 'build-index', done: place + 1, total, unit: 'rows' });
    }
  }
}

/** A label of which nothing but its name is known. */
export function unknownPlace(label: string): LabelFacts {
  const title = label.replaceAll('_', ' ');
  return {
    label,
    title: { en: title, zh: title },
    country: null,
    lat: null,
    lon: null,
    wikidata: null,
  };
}

/** The same files read back without touching a disk. */
export async function loadFiles(files: AsyncIterable<CollectionFile>): Promise<LoadedCollection> {
  const bytes = new Map<string, Bytes>();
  let json: Bytes | undefined;
  for await (const file of files) {
    bytes.set(file.file, file.bytes);
    json = file.bytes;
  }
  // collection.json comes last.
  const collection = parseCollection(json!);
  const shards: Shard[] = [];
  for (const entry of collection.shards) {
    shards.push(
      await openShard(bytes.get(entry.file)!, entry, {
        dim: collection.dimension,
        labels: collection.labels.length,
      }),
    );
  }
  return { collection, shards };
}
