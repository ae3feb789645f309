// From encoded photos to a collection: shared by `cairn index` and by evaluation's own galleries.
import type { ReferenceView } from '../matching/reference-view.ts';
import type { LongWork } from '../progress.ts';
import { RERANK } from '../rerank/presets.ts';
import { type MatcherIdentity, parseCollection } from '../retrieval/collection.ts';
import type { LabelFacts } from '../retrieval/labels.ts';
import type { LoadedCollection } from '../retrieval/loaded.ts';
import { openShard, type Shard } from '../retrieval/shard.ts';
import { type CollectionFile, type CollectionRow, writeCollection } from '../retrieval/writer.ts';
import type { Bytes } from '../weights/sha256.ts';
import { embeddingsOf, encodePhotos } from './encode-photos.ts';
import type { OpenModel } from './models.ts';
import type { ListedPhoto } from './photo-list.ts';

export interface Reference {
  readonly label: string;
  readonly embedding: Float32Array;
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

/** Encodes photos as references; what cannot be read is listed with its reason. */
export async function encodeReferences(
  photos: readonly ListedPhoto[],
  model: OpenModel,
  work: LongWork = {},
): Promise<{ references: PhotoReference[]; skipped: Skipped[] }> {
  const references: PhotoReference[] = [];
  const skipped: Skipped[] = [];
  for await (const result of encodePhotos(photos, embeddingsOf(model), work)) {
    const { path, label, file } = result.photo;
    if ('problem' in result) skipped.push({ path, reason: result.problem });
    else references.push({ label, file, embedding: result.vector, sha256: result.sha256 });
  }
  return { references, skipped };
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

export interface KeptViews {
  readonly matcher: MatcherIdentity;
  readonly views: ReadonlyMap<number, ReferenceView>;
}

/** The files of a collection; labels in the order of their names. */
export function collectionFiles(
  references: readonly Reference[],
  model: OpenModel,
  meta: CollectionMeta,
): AsyncGenerator<CollectionFile> {
  const names = [...new Set(references.map((r) => r.label))].sort();
  const index = new Map(names.map((name, i) => [name, i]));
  const { bank, bankSha256 } = model.reranker;
  const rows = references.map(
    ({ label, embedding, sha256 }, place): CollectionRow => ({
      embedding,
      label: index.get(label)!,
      bankSimilarity: bank.similarity(embedding, RERANK.penalty.referenceNeighbours),
      source: Buffer.from(sha256, 'hex'),
      view: meta.views?.views.get(place),
    }),
  );
  const { name, licence, attribution, created } = meta;
  return writeCollection(
    {
      name,
      encoder: { id: model.info.id, weightsSha256: model.info.weightsSha256 },
      bank: { sha256: bankSha256 },
      dimension: model.info.dim,
      ...(meta.views?.views.size ? { matcher: meta.views.matcher } : {}),
      labels: names.map((label) => meta.facts.get(label) ?? unknownPlace(label)),
      licence,
      attribution,
      ...(created ? { created } : {}),
    },
    rows,
  );
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
