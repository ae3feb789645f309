// The k best of a stream of scores, in a bounded heap whose root is the worst one kept.

/** A row and its score; rows are whatever the caller counts in. */
export interface Hit {
  readonly row: number;
  readonly similarity: number;
}

/** Order of results: best first; equal similarities by row, lowest first. */
export function compareHits(a: Hit, b: Hit): number {
  return b.similarity - a.similarity || a.row - b.row;
}

/**
 * The `k` best of `scores`, best first, ties by lowest row: the same answer whatever order the
 * machine happens to compute in. O(n + n log k) at worst, and close to n for real score lists.
 * @param scores [n], finite
 */
export function topK(scores: Float32Array, k: number): Hit[] {
  const size = Math.min(k, scores.length);
  if (size <= 0) return [];
  const rows = new Uint32Array(size);
  // A row that comes later and only ties with the worst kept one loses to it: hence the strict >.
  const worse = (a: number, b: number): boolean => {
    const difference = scores[a]! - scores[b]!;
    return difference < 0 || (difference === 0 && a > b);
  };
  const sink = (from: number): void => {
    const row = rows[from]!;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && worse(rows[child + 1]!, rows[child]!)) child++;
      if (!worse(rows[child]!, row)) break;
      rows[at] = rows[child]!;
      at = child;
    }
    rows[at] = row;
  };
  for (let i = 0; i < size; i++) rows[i] = i;
  for (let i = (size >> 1) - 1; i >= 0; i--) sink(i);
  let threshold = scores[rows[0]!]!;
  for (let row = size; row < scores.length; row++) {
    if (scores[row]! > threshold) {
      rows[0] = row;
      sink(0);
      threshold = scores[rows[0]!]!;
    }
  }
  return Array.from(rows, (row) => ({ row, similarity: scores[row]! })).sort(compareHits);
}
