// Which of a label's photos stand for it where not all can be kept.
import { dot } from '../tensor/dot.ts';

/**
 * Most photos that are asked whether they stand for the others; all are stood for. Time and memory grow with
 * candidates · photos. Of a view that one photo in a hundred shows, two or three are among them on average.
 */
const CANDIDATES = 256;

/**
 * Greedy facility location (Nemhauser et al. 1978, within 1 − 1/e of the best): each next photo is the one
 * that brings all photos nearest to a chosen one, by the sum of cosines. Of more than {@link CANDIDATES}
 * photos, so many are chosen from, evenly spread over the list.
 * @param vectors [count × dim], L2-normalised
 * @returns at most `most` places in 0..count−1, the one that stands for most first; none twice
 */
export function representatives(vectors: readonly Float32Array[], most: number): readonly number[] {
  const count = vectors.length;
  const asked = Math.min(count, Math.max(CANDIDATES, most));
  const candidates = Array.from({ length: asked }, (_, i) => Math.floor((i * count) / asked));
  const cosines = candidates.map((place) =>
    Float64Array.from(vectors, (b) => dot(vectors[place]!, b)),
  );
  const nearest = new Float64Array(count).fill(-1);
  const chosen: number[] = [];
  while (chosen.length < Math.min(most, count)) {
    let best = -1;
    let bestSum = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < asked; i++) {
      if (chosen.includes(i)) continue;
      const sum = cosines[i]!.reduce((all, cosine, j) => all + Math.max(cosine, nearest[j]!), 0);
      if (sum > bestSum) [best, bestSum] = [i, sum];
    }
    chosen.push(best);
    for (let j = 0; j < count; j++) nearest[j] = Math.max(nearest[j]!, cosines[best]![j]!);
  }
  return chosen.map((i) => candidates[i]!);
}
