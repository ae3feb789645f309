// Randomness: a seeded generator for draws that must come out the same everywhere (sampling, resampling, first weights),
// and names that nobody else draws.

/** Uniform numbers in [0, 1): mulberry32, 32 bits of state, fine for resampling, not for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** 128 random bits in hexadecimal. `crypto.randomUUID` wants a secure context, which a page over plain HTTP is not. */
export function randomId(): string {
  const bits = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bits, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
