// From descriptors to embeddings: the whitening of one encoder, or those of an ensemble's members side by
// side, as recognition joins them.
import {
  applyWhitening,
  learnWhitening,
  type Whitening,
  type WhiteningOptions,
} from './whitening.ts';

/** Where one encoder's numbers lie in a descriptor, and how much its embedding counts. */
export interface MemberLayout {
  readonly length: number;
  /** Over 0; only proportions matter. */
  readonly weight: number;
}

/** Members in the order in which their descriptors and embeddings are concatenated. */
export type Metric = readonly (MemberLayout & { readonly whitening: Whitening })[];

/**
 * A whitening for each member by itself, as `learnWhitening` does it.
 * @param rows row-major [labels.length × sum of lengths]
 */
export function learnMetric(
  rows: Float32Array,
  labels: readonly string[],
  layout: readonly MemberLayout[],
  options: WhiteningOptions,
): Metric {
  return blocksOf(rows, layout).map(({ block, ...member }) => ({
    ...member,
    whitening: learnWhitening(block, labels, options),
  }));
}

/** Row-major [n × sum of lengths] → [n × sum of dims]: members L2-normalised, weighted, joined, normalised. */
export function applyMetric(rows: Float32Array, metric: Metric): Float32Array {
  if (metric === UNCHANGED) return rows;
  const parts = blocksOf(rows, metric).map(({ block, whitening, weight }) => ({
    values: applyWhitening(block, whitening),
    dim: whitening.weight.length / whitening.mean.length,
    weight,
  }));
  const [only, ...others] = parts;
  if (only && others.length === 0) return only.values;
  const dim = parts.reduce((sum, part) => sum + part.dim, 0);
  const count = rows.length / lengthOf(metric);
  const norm = Math.hypot(...parts.map(({ weight }) => weight));
  const joined = new Float32Array(count * dim);
  let at = 0;
  for (const part of parts) {
    const scale = part.weight / norm;
    for (let n = 0; n < count; n++) {
      for (let d = 0; d < part.dim; d++) {
        joined[n * dim + at + d] = part.values[n * part.dim + d]! * scale;
      }
    }
    at += part.dim;
  }
  return joined;
}

/** The metric that leaves embeddings as they are. */
export const UNCHANGED: Metric = [];

function lengthOf(layout: readonly MemberLayout[]): number {
  return layout.reduce((sum, { length }) => sum + length, 0);
}

/** Each member's columns as rows of their own. */
function blocksOf<M extends MemberLayout>(rows: Float32Array, layout: readonly M[]) {
  const total = lengthOf(layout);
  const count = rows.length / total;
  let from = 0;
  return layout.map((member) => {
    const { length } = member;
    const block = layout.length === 1 ? rows : new Float32Array(count * length);
    for (let n = 0; block !== rows && n < count; n++) {
      block.set(rows.subarray(n * total + from, n * total + from + length), n * length);
    }
    from += length;
    return { ...member, block };
  });
}
