// How close a query is to what a label's references have in common: their mean, made when it is first asked for.
import type { Neighbour } from './search.ts';

/** Means that are kept: 4 MB of them with 1 024 numbers each. The one that was asked for longest ago goes first. */
const KEPT = 1000;

/** Of a deleted row. */
export const NO_LABEL = 0xffff_ffff;

export class LabelMeans {
  /** Rows sorted by their labels; those of label l are `#rows[#starts[l] .. #starts[l + 1] − 1]`. */
  readonly #rows: Uint32Array;
  readonly #starts: Uint32Array;
  readonly #kept = new Map<number, Float32Array>();

  /**
   * @param labels of all rows; {@link NO_LABEL} for one that counts nowhere
   * @param vector the embedding of a row, [dim]; only read, never kept
   */
  constructor(
    labels: Uint32Array,
    private readonly dim: number,
    private readonly vector: (row: number) => Float32Array,
  ) {
    const counted = (label: number) => label !== NO_LABEL;
    const count = labels.reduce(
      (most, label) => (counted(label) ? Math.max(most, label + 1) : most),
      0,
    );
    const starts = new Uint32Array(count + 1);
    for (const label of labels) if (counted(label)) starts[label + 1]! += 1;
    for (let label = 0; label < count; label++) starts[label + 1]! += starts[label]!;
    const next = starts.slice();
    this.#rows = new Uint32Array(labels.length);
    for (const [row, label] of labels.entries()) {
      if (!counted(label)) continue;
      this.#rows[next[label]!] = row;
      next[label]! += 1;
    }
    this.#starts = starts;
  }

  /**
   * Cosine of the query to the mean of each label among the neighbours, −1..1.
   * @param query [dim], L2-normalised
   */
  similarities(
    query: Float32Array,
    neighbours: readonly Pick<Neighbour, 'label'>[],
  ): Map<number, number> {
    const found = new Map<number, number>();
    for (const { label } of neighbours) {
      if (found.has(label)) continue;
      const mean = this.#mean(label);
      let dot = 0;
      for (let d = 0; d < this.dim; d++) dot += mean[d]! * query[d]!;
      found.set(label, dot);
    }
    return found;
  }

  /** [dim], L2-normalised; of zeros where the references cancel out. */
  #mean(label: number): Float32Array {
    const mean = this.#kept.get(label) ?? this.#compute(label);
    // Set anew, it is the last to go.
    this.#kept.delete(label);
    this.#kept.set(label, mean);
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    return mean;
  }

  #compute(label: number): Float32Array {
    const sum = new Float64Array(this.dim);
    for (let at = this.#starts[label]!; at < this.#starts[label + 1]!; at++) {
      const vector = this.vector(this.#rows[at]!);
      for (let d = 0; d < this.dim; d++) sum[d]! += vector[d]!;
    }
    const norm = Math.hypot(...sum);
    return Float32Array.from(sum, (value) => (norm > 0 ? value / norm : 0));
  }
}
