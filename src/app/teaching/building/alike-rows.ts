// Photos that look nearly the same to the encoder: found by comparing with everything that is there.

/**
 * Cosine from which two photos are taken for copies of one another. See docs/teaching.md, "From a folder".
 */
export const ALIKE = 0.9;

export interface AlikeRow {
  readonly id: string;
  /** Which landmark it belongs to: equal for two photos of one. */
  readonly owner: string;
  /** For people, in both languages. */
  readonly title: { readonly en: string; readonly zh: string };
}

const FIRST_ROOM = 256;

/** Embeddings in one growing block: ten thousand are compared in a few milliseconds. */
export class AlikeRows {
  readonly #rows: AlikeRow[] = [];
  readonly #dim: number;
  #block: Float32Array;

  constructor(dim: number) {
    this.#dim = dim;
    this.#block = new Float32Array(FIRST_ROOM * dim);
  }

  /** @param embedding [dim], L2-normalised */
  add(row: AlikeRow, embedding: Float32Array): void {
    const from = this.#rows.length * this.#dim;
    if (from === this.#block.length) {
      const larger = new Float32Array(this.#block.length * 2);
      larger.set(this.#block);
      this.#block = larger;
    }
    this.#block.set(embedding, from);
    this.#rows.push(row);
  }

  /**
   * The photo most like this one among those at least so alike; null where there is none. One of another landmark
   * comes before those of its own: a photo in two landmarks is a mistake in one of them.
   */
  find(
    embedding: Float32Array,
    owner: string,
    least = ALIKE,
  ): { readonly row: AlikeRow; readonly cosine: number } | null {
    let best: { row: AlikeRow; cosine: number } | null = null;
    for (const [at, row] of this.#rows.entries()) {
      let cosine = 0;
      const from = at * this.#dim;
      for (let i = 0; i < this.#dim; i++) cosine += embedding[i]! * this.#block[from + i]!;
      if (cosine < least) continue;
      const rank = (one: AlikeRow, cos: number) => cos + (one.owner === owner ? 0 : 2);
      if (!best || rank(row, cosine) > rank(best.row, best.cosine)) best = { row, cosine };
    }
    return best;
  }
}
