// Seeds from seeds: an own generator for every epoch, batch and image, whoever computes it.

/**
 * Mixes whole numbers to 32 bits, each bit of which depends on all of them and on their order
 * (MurmurHash3's rounds and finaliser).
 */
export function mixSeeds(...parts: readonly number[]): number {
  let hash = 0x9747b28c;
  for (const part of parts) {
    let k = Math.imul(part | 0, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    hash ^= k;
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  hash ^= parts.length * 4;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
