// A gallery in memory for choosing and fitting: exact float32 search with the product's interface.
import type { NonLandmarkBank } from '../rerank/non-landmark-bank.ts';
import { topK } from '../retrieval/exact/top-k.ts';
import type {
  CollectionSearch,
  Neighbour,
  SearchOptions,
  SearchResult,
} from '../retrieval/search.ts';

export interface GalleryRow {
  readonly label: number;
  /** [dim], L2-normalised. */
  readonly vector: Float32Array;
}

export class ExactGallery implements CollectionSearch {
  readonly dim: number;
  readonly rows: number;
  readonly #gallery: readonly GalleryRow[];
  readonly #scores: Float32Array;
  readonly #bankSimilarity: Float64Array;

  constructor(gallery: readonly GalleryRow[], bank: NonLandmarkBank, bankNeighbours: number) {
    this.#gallery = gallery;
    this.#scores = new Float32Array(gallery.length);
    this.rows = gallery.length;
    this.dim = bank.dim;
    this.#bankSimilarity = Float64Array.from(gallery, ({ vector }) =>
      bank.similarity(vector, bankNeighbours),
    );
  }

  async search(query: Float32Array, options: SearchOptions): Promise<SearchResult> {
    const scores = this.#scores;
    for (const [row, { vector }] of this.#gallery.entries()) {
      let dot = 0;
      for (let d = 0; d < query.length; d += 1) dot += query[d]! * vector[d]!;
      scores[row] = dot;
    }
    const neighbours = topK(scores, options.k).map(
      ({ row, similarity }): Neighbour => ({
        row,
        similarity,
        label: this.#gallery[row]!.label,
        bankSimilarity: this.#bankSimilarity[row]!,
      }),
    );
    const vectors = new Float32Array(Math.min(options.vectors ?? 0, neighbours.length) * this.dim);
    for (let i = 0; i * this.dim < vectors.length; i += 1) {
      vectors.set(this.#gallery[neighbours[i]!.row]!.vector, i * this.dim);
    }
    return { neighbours, vectors, engine: 'exact' };
  }
}
