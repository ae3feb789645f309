// Non-maximum suppression of a map of scores: what is not the largest within a square around it becomes 0.
import type { Size } from './picture.ts';

/** Rounds that look for maxima among what earlier ones left standing; published with SuperGlue. */
const ROUNDS = 2;

/**
 * First, what is the largest within `radius` in both directions stays, and suppresses that square. Then, by
 * rounds, what is the largest among the rest stays too. Of equal neighbours all stay.
 * @param scores at least 0, [height, width]
 */
export function suppressed(scores: Float32Array, size: Size, radius: number): Float32Array {
  const kept = new Float32Array(scores.length);
  let highest = largestAround(scores, size, radius);
  for (let i = 0; i < scores.length; i++) kept[i] = scores[i] === highest[i] ? 1 : 0;
  const rest = new Float32Array(scores.length);
  for (let round = 0; round < ROUNDS; round++) {
    const covered = largestAround(kept, size, radius);
    for (let i = 0; i < scores.length; i++) rest[i] = covered[i]! > 0 ? 0 : scores[i]!;
    highest = largestAround(rest, size, radius);
    for (let i = 0; i < scores.length; i++) {
      if (covered[i] === 0 && rest[i] === highest[i]) kept[i] = 1;
    }
  }
  return kept.map((mark, i) => (mark > 0 ? scores[i]! : 0));
}

/** The largest value within `radius` in both directions: along the rows, then along the columns. */
function largestAround(values: Float32Array, size: Size, radius: number): Float32Array {
  const { width, height } = size;
  const along = slide(values, width, height, 1, width, radius);
  return slide(along, height, width, width, 1, radius);
}

/** Along `lines` lines of `length` values that stand `step` apart; lines begin `next` apart. */
function slide(
  values: Float32Array,
  length: number,
  lines: number,
  step: number,
  next: number,
  radius: number,
): Float32Array {
  const largest = new Float32Array(values.length);
  for (let line = 0; line < lines; line++) {
    const begin = line * next;
    for (let i = 0; i < length; i++) {
      const last = Math.min(i + radius, length - 1);
      let most = 0;
      for (let j = Math.max(i - radius, 0); j <= last; j++) {
        const value = values[begin + j * step]!;
        if (value > most) most = value;
      }
      largest[begin + i * step] = most;
    }
  }
  return largest;
}
