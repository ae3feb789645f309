// Confidence intervals by resampling queries with replacement.
import { seededRandom } from '../random.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Percentile bootstrap (Efron 1979) of `statistic` over `items`.
 * @param level Coverage, such as 0.95.
 */
export function bootstrapInterval<T>(
  items: readonly T[],
  statistic: (sample: readonly T[]) => number,
  { rounds = 1000, level = 0.95, seed = 1 } = {},
): Interval {
  const random = seededRandom(seed);
  const values: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const sample = items.map(() => items[Math.floor(random() * items.length)] as T);
    const value = statistic(sample);
    if (Number.isFinite(value)) values.push(value);
  }
  values.sort((a, b) => a - b);
  const at = (q: number) =>
    values[Math.min(values.length - 1, Math.max(0, Math.round(q * (values.length - 1))))] ??
    Number.NaN;
  return { low: at((1 - level) / 2), high: at((1 + level) / 2) };
}
