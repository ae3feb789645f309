// What benchmarks report of repeated timings.

export interface Timing {
  readonly median: number;
  readonly p95: number;
  readonly n: number;
}

/** @param milliseconds at least one. */
export function timing(milliseconds: readonly number[]): Timing {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
  return { median: at(0.5), p95: at(0.95), n: sorted.length };
}

/**
 * Slope of a line through points that outliers hardly move: the median of the slopes of all pairs (Theil 1950,
 * Sen 1968).
 * @param points at least two, `x` all different
 */
export function theilSen(points: readonly { readonly x: number; readonly y: number }[]): number {
  const slopes = points.flatMap((a, i) =>
    points.slice(i + 1).map((b) => (b.y - a.y) / (b.x - a.x)),
  );
  slopes.sort((a, b) => a - b);
  const half = slopes.length >> 1;
  const upper = slopes[half] ?? Number.NaN;
  return slopes.length % 2 === 1 ? upper : ((slopes[half - 1] ?? Number.NaN) + upper) / 2;
}
