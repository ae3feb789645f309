// Which channels belong to one head: heads side by side in one product need no batch of small ones.

/** [channels, channels], 1 where two channels belong to the same head. */
export function sameHead(channels: number, heads: number): Float32Array {
  const each = channels / heads;
  return Float32Array.from({ length: channels * channels }, (_, i) =>
    Math.floor(Math.floor(i / channels) / each) === Math.floor((i % channels) / each) ? 1 : 0,
  );
}

/** [heads, channels], 1 where a channel belongs to a head. */
export function headOf(channels: number, heads: number): Float32Array {
  const each = channels / heads;
  return Float32Array.from({ length: heads * channels }, (_, i) =>
    Math.floor(i / channels) === Math.floor((i % channels) / each) ? 1 : 0,
  );
}
