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
