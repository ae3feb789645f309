// A gallery in memory for choosing and fitting: exact float32 search with the product's interface.
import type { NonLandmarkBank } from '../rerank/non-landmark-bank.ts';
import { topK } from '../retrieval/exact/top-k.ts';
import { LabelMeans } from '../retrieval/label-means.ts';
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
  readonly #means: LabelMeans;

  constructor(gallery: readonly GalleryRow[], bank: NonLandmarkBank, bankNeighbours: number) {
    this.#gallery = gallery;
    this.#scores = new Float32Array(gallery.length);
    this.rows = gallery.length;
    this.#means = new LabelMeans(
      Uint32Array.from(gallery, ({ label }) => label),
      bank.dim,
      (row) => gallery[row]!.vector,
    );
    this.dim = bank.dim;
    this.#bankSimilarity = Float64Array.from(gallery, ({ vector }) =>
      bank.similarity(vector, bankNeighbours),
    );
  }

  /** The same gallery as if it had never held a label's references. */
  without(label: number): CollectionSearch {
    const own = this.#gallery.filter((row) => row.label === label).length;
    return {
      dim: this.dim,
      rows: this.rows - own,
      search: async (query, options) => {
        const all = await this.search(query, {
          ...options,
          k: options.k + own,
          vectors: (options.vectors ?? 0) + own,
        });
        const kept = all.neighbours.flatMap((n, i) => (n.label === label ? [] : [{ n, i }]));
        const given = kept.slice(0, options.vectors ?? 0);
        const vectors = new Float32Array(given.length * this.dim);
        for (const [at, { i }] of given.entries()) {
          vectors.set(all.vectors.subarray(i * this.dim, (i + 1) * this.dim), at * this.dim);
        }
        const means = new Map(all.means);
        means.delete(label);
        const neighbours = kept.slice(0, options.k).map(({ n }) => n);
        return { ...all, neighbours, vectors, ...(all.means ? { means } : {}) };
      },
    };
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
    return {
      neighbours,
      vectors,
      ...(options.means ? { means: this.#means.similarities(query, neighbours) } : {}),
      engine: 'exact',
    };
  }
}
