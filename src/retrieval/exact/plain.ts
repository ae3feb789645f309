// Exact scores in plain TypeScript: the fallback where WASM has no SIMD, and the kernels' reference.
import { rowVector, type Shard } from '../shard.ts';

/** Scores every row of a shard; `scores` [rows] are cosines. `query`: [dim], L2-normalised. */
export function scorePlain(shard: Shard, query: Float32Array, scores: Float32Array): void {
  const { dim, rows } = shard;
  if (!shard.scales) {
    const vector = new Float32Array(dim);
    for (let row = 0; row < rows; row++) {
      rowVector(shard, row, vector);
      let sum = 0;
      for (let i = 0; i < dim; i++) sum += vector[i]! * query[i]!;
      scores[row] = sum;
    }
    return;
  }
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = 0;
    for (let i = 0; i < dim; i++, at++) sum += shard.codes[at]! * query[i]!;
    scores[row] = sum * shard.scales[row]!;
  }
}
