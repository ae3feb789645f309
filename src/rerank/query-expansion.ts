// Query expansion: the query becomes an average of itself and its nearest references.
import type { RerankPreset } from './presets.ts';

/**
 * Average query expansion (Chum et al. 2007) and its alpha-weighted form (Radenović, Tolias and Chum
 * 2018): q' = q + Σ max(sᵢ, 0)^alpha · xᵢ over the nearest references, L2-normalised. alpha = 0 gives
 * the plain average.
 * @param query [dim], L2-normalised.
 * @param vectors Embeddings of the nearest references, row-major [n × dim], best first.
 * @param similarities Their cosines to the query, in the same order, at least n of them.
 * @returns A new [dim] vector; the query itself (copied) when expansion is switched off.
 */
export function expandQuery(
  query: Float32Array,
  vectors: Float32Array,
  similarities: readonly number[],
  preset: RerankPreset['expansion'],
): Float32Array {
  const dim = query.length;
  const used = Math.min(preset.neighbours, Math.floor(vectors.length / dim));
  const expanded = Float32Array.from(query);
  for (let n = 0; n < used; n += 1) {
    const weight = Math.max(similarities[n] ?? 0, 0) ** preset.alpha;
    for (let d = 0; d < dim; d += 1) {
      expanded[d] = (expanded[d] ?? 0) + weight * (vectors[n * dim + d] ?? 0);
    }
  }
  return normalised(expanded);
}

/** Scales to unit length in place; a zero vector stays zero. */
function normalised(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const x of vector) sum += x * x;
  const norm = Math.sqrt(sum);
  if (norm > 0) for (let i = 0; i < vector.length; i += 1) vector[i] = (vector[i] ?? 0) / norm;
  return vector;
}
