// The bank: embeddings of photos that show no landmark. What is close to it is probably none either.
// The distractor penalty of the winners of Google Landmark Recognition 2020 and 2021 (psinger et al.).
import { CairnError } from '../errors.ts';
import type { Neighbour } from '../retrieval/search.ts';
import type { RerankPreset } from './presets.ts';
import type { Ballot } from './soft-voting.ts';

export class NonLandmarkBank {
  readonly size: number;

  /** @param rows L2-normalised embeddings, row-major [size × dim]. */
  constructor(
    readonly rows: Float32Array,
    readonly dim: number,
  ) {
    if (dim <= 0 || rows.length === 0 || rows.length % dim !== 0) {
      throw new CairnError(
        'model-invalid',
        `A bank of ${rows.length} numbers does not divide into rows of ${dim}.`,
        'Install the model files again.',
      );
    }
    this.size = rows.length / dim;
  }

  /** Mean cosine of a [dim] vector to its `neighbours` nearest photos of the bank, −1..1. */
  similarity(vector: Float32Array, neighbours: number): number {
    if (vector.length !== this.dim) {
      throw new CairnError(
        'collection-mismatch',
        `An embedding of length ${vector.length} met a bank of length ${this.dim}.`,
        'Use the collection with the encoder that it was made with.',
      );
    }
    const similarities = new Float64Array(this.size);
    for (let row = 0, at = 0; row < this.size; row += 1) {
      let dot = 0;
      for (let d = 0; d < this.dim; d += 1, at += 1) dot += (vector[d] ?? 0) * (this.rows[at] ?? 0);
      similarities[row] = dot;
    }
    similarities.sort();
    const used = Math.min(neighbours, this.size);
    let sum = 0;
    for (let i = this.size - used; i < this.size; i += 1) sum += similarities[i] ?? 0;
    return sum / used;
  }
}

/** Lowers each reference's similarity by its own closeness to the bank. */
export function penaliseReferences(
  neighbours: readonly Neighbour[],
  preset: RerankPreset['penalty'],
): Ballot[] {
  return neighbours.map(({ label, similarity, bankSimilarity }) => ({
    label,
    similarity: similarity - preset.reference * bankSimilarity,
  }));
}
