// How well held-out photos find their landmark among the others: before and after tuning.
import type { TuningData } from './tuning-data.ts';

export interface Share {
  readonly right: number;
  readonly of: number;
  /** Mean lead in similarity of the right landmark over the best wrong one; 0 where nothing is held out. */
  readonly lead: number;
}

export interface Figures {
  /** Held-out photos of taught landmarks. */
  readonly taught: Share;
  /** Held-out photos of the default collection. */
  readonly known: Share;
}

/** Similarity of two photos by their rows; the first is the one that is asked for. */
export type RowSimilarity = (asked: number, stored: number) => number;

/**
 * Nearest neighbours among the photos in training.
 * @param similarity cosines of `vectors` when left out
 */
export function judge(
  { dim, vectors, classes }: TuningData,
  similarity: RowSimilarity = (asked, stored) => dot(vectors, asked * dim, stored * dim, dim),
): Figures {
  const gallery = classes.flatMap(({ train }, label) => train.map((row) => ({ row, label })));
  const share = (wanted: boolean): Share => {
    let [right, of, lead] = [0, 0, 0];
    for (const [label, { taught, heldOut }] of classes.entries()) {
      if (taught !== wanted) continue;
      for (const row of heldOut) {
        let [own, other] = [-1, -1];
        for (const each of gallery) {
          const found = similarity(row, each.row);
          if (each.label === label) own = Math.max(own, found);
          else other = Math.max(other, found);
        }
        of += 1;
        lead += own - other;
        if (own > other) right += 1;
      }
    }
    return { right, of, lead: of > 0 ? lead / of : 0 };
  };
  return { taught: share(true), known: share(false) };
}

function dot(vectors: Float32Array, a: number, b: number, dim: number): number {
  let sum = 0;
  for (let d = 0; d < dim; d++) sum += vectors[a + d]! * vectors[b + d]!;
  return sum;
}
