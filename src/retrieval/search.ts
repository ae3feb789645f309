// What a search engine over a collection must do, whoever implements it: HNSW or exact, worker or not.
import type { ReferenceView } from '../matching/reference-view.ts';
import type { LongWork } from '../progress.ts';
import type { MatcherIdentity } from './collection.ts';
import type { PlaceFilter } from './place-filter.ts';

/** One reference photo found. Sorted by `similarity`, best first; ties by `row`, lowest first. */
export interface Neighbour {
  /** Row in the whole collection (shards in the order of collection.json). */
  readonly row: number;
  /** Index into the collection's `labels`. */
  readonly label: number;
  /** Cosine similarity to the query, −1..1. */
  readonly similarity: number;
  /** Mean similarity of the reference to its nearest photos in the non-landmark bank, −1..1. */
  readonly bankSimilarity: number;
}

export type SearchEngine = 'hnsw' | 'exact';

export interface SearchOptions extends LongWork {
  /** How many neighbours; fewer come back only when the collection has fewer rows that may be found. */
  readonly k: number;
  /** Return the stored embeddings of the first so many neighbours (query expansion needs them). */
  readonly vectors?: number;
  /** Say how close the query is to the mean of each label found. */
  readonly means?: boolean;
  /** Find no other landmarks than those there. */
  readonly where?: PlaceFilter | undefined;
  /** Insist on an engine; left out, the collection's measured choice is taken. */
  readonly engine?: SearchEngine;
}

export interface SearchResult {
  readonly neighbours: readonly Neighbour[];
  /** Embeddings of the first `vectors` neighbours, row-major [n × dim], L2-normalised. */
  readonly vectors: Float32Array;
  /**
   * Cosine of the query to the L2-normalised mean of a label's references, −1..1, for each label among
   * `neighbours`; where it was asked for and the engine can say.
   */
  readonly means?: ReadonlyMap<number, number>;
  readonly engine: SearchEngine;
}

/** A reference photo with what the collection keeps of it for matching; numbers as in {@link Neighbour}. */
export interface StoredReference extends Omit<Neighbour, 'bankSimilarity'> {
  readonly view: ReferenceView;
}

/** A reference photo by the SHA-256 of its file. */
export interface NamedReference extends Omit<Neighbour, 'bankSimilarity'> {
  /** First half of it, lower-case hex. */
  readonly id: string;
}

/** A reference photo of which a picture is at hand. */
export interface PictureReference extends NamedReference {
  readonly picture: Blob;
}

/** What a photo can be matched with. */
export type MatchableReference = StoredReference | PictureReference;

/** Which reference views a collection has, if any: features of one matcher. */
export interface ReferenceSource {
  readonly matcher: MatcherIdentity;
  /**
   * Of each of the given labels the references most similar to the query, in the order of rows; of equally
   * similar ones the first rows. Views are large, and travel between threads: ask for as many as are matched.
   * @param query as in {@link CollectionSearch.search}
   * @param most of a label, at least 1
   */
  references(
    query: Float32Array,
    labels: readonly number[],
    most: number,
  ): Promise<StoredReference[]>;
}

/** A collection opened for search. */
export interface CollectionSearch {
  readonly dim: number;
  readonly rows: number;
  /** `query`: [dim], L2-normalised. Throws `usage` on a wrong length or a non-finite value. */
  search(query: Float32Array, options: SearchOptions): Promise<SearchResult>;
}
