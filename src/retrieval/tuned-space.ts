// Two spaces side by side: the encoder's own, and that of a tuned network for what the user taught. How
// similarities of one are read in the other, and how the two recognitions of a photo become one.

import type { RerankPreset } from '../rerank/presets.ts';
import { type RerankTrace, scoreLabels } from '../rerank/rerank.ts';
import type { Neighbour } from './search.ts';

/** How similar photos without a landmark are to a photo: what chance gives in its space. */
export interface BankLevel {
  readonly mean: number;
  readonly deviation: number;
}

/**
 * @param vector [dim], L2-normalised
 * @param bank rows of the same length, L2-normalised, row-major
 */
export function bankLevel(vector: Float32Array, bank: Float32Array): BankLevel {
  const dim = vector.length;
  const rows = bank.length / dim;
  let [sum, squares] = [0, 0];
  for (let row = 0, at = 0; row < rows; row++) {
    let dot = 0;
    for (let d = 0; d < dim; d++, at++) dot += vector[d]! * bank[at]!;
    sum += dot;
    squares += dot * dot;
  }
  const mean = sum / rows;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / rows - mean * mean)) };
}

/** A photo's levels in both spaces, against the same bank. */
export interface Levels {
  readonly original: BankLevel;
  readonly tuned: BankLevel;
}

/**
 * A similarity of the tuned space as the original one would have it: as many deviations above what chance
 * gives there (the test normalisation of speaker recognition: Auckenthaler, Carey and Lloyd-Thomas 2000).
 * Equal levels change nothing. −1..1.
 */
export function comparable(similarity: number, { original, tuned }: Levels): number {
  // A bank that is equally far from everything says nothing of the scale.
  const scale =
    tuned.deviation > 0 && original.deviation > 0 ? original.deviation / tuned.deviation : 1;
  const read = original.mean + (similarity - tuned.mean) * scale;
  return Math.max(-1, Math.min(1, read));
}

export interface TunedTrace {
  readonly trace: RerankTrace;
  readonly levels: Levels;
  /** Place in the joined list of each label of the tuned collection. */
  readonly places: readonly number[];
  /** Rows of what the original space searches: the tuned collection's are counted after them. */
  readonly rowsBefore: number;
}

/**
 * One recognition from two: each space searches and expands for itself, similarities of the tuned one are
 * made {@link comparable}, then neighbours of both vote and are penalised together, as if all had been
 * found in one space. How close the photo is to the bank is said by the original.
 */
export function mergeTraces(
  original: RerankTrace,
  { trace, levels, places, rowsBefore }: TunedTrace,
  preset: RerankPreset,
): RerankTrace {
  const read = (neighbour: Neighbour): Neighbour => ({
    ...neighbour,
    row: neighbour.row + rowsBefore,
    label: places[neighbour.label]!,
    similarity: comparable(neighbour.similarity, levels),
    bankSimilarity: comparable(neighbour.bankSimilarity, levels),
  });
  const merge = (own: readonly Neighbour[], tuned: readonly Neighbour[]) =>
    [...own, ...tuned.map(read)]
      .sort((a, b) => b.similarity - a.similarity || a.row - b.row)
      .slice(0, preset.topK);
  const means = new Map(original.means);
  for (const [label, similarity] of trace.means) {
    const place = places[label]!;
    means.set(place, Math.max(means.get(place) ?? -1, comparable(similarity, levels)));
  }
  return {
    engine: original.engine === 'hnsw' && trace.engine === 'hnsw' ? 'hnsw' : 'exact',
    nearest: merge(original.nearest, trace.nearest),
    ...scoreLabels(merge(original.expanded, trace.expanded), means, preset),
    queryBank: original.queryBank,
  };
}

/** Where a network's own embedding lies in that of an ensemble; all of it for one network. */
export interface Slice {
  readonly from: number;
  readonly dim: number;
}

/**
 * The part of each row that is the network's own, L2-normalised again.
 * @param rows row-major [n × whole]
 */
export function sliceRows(rows: Float32Array, whole: number, { from, dim }: Slice): Float32Array {
  if (dim === whole) return rows;
  const sliced = new Float32Array((rows.length / whole) * dim);
  for (let row = 0, to = 0; row < rows.length; row += whole, to += dim) {
    const part = rows.subarray(row + from, row + from + dim);
    const length = Math.sqrt(part.reduce((sum, x) => sum + x * x, 0)) || 1;
    for (let d = 0; d < dim; d++) sliced[to + d] = part[d]! / length;
  }
  return sliced;
}
