// How long a side is after a sliding window passed over it.

/** floor((side + padding − kernel) / stride) + 1 where the side is known, else null. */
export function windowsAlong(
  side: number | string | null,
  padding: number,
  kernel: number,
  stride: number,
): number | null {
  return typeof side === 'number' ? Math.floor((side + padding - kernel) / stride) + 1 : null;
}
