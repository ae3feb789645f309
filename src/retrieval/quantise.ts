// Embeddings made small: int8 codes with a scale of its own for each row.

/** Largest int8 code; −128 is never used, so that codes are symmetric. */
const INT8_MAX = 127;

/**
 * Quantises a vector into `codes` [dim] and returns the scale for which code × scale has unit length.
 * The scale absorbs the quantiser's own change of length, so cosines need no further normalising.
 * Returns 0 for a vector that is zero or not finite.
 */
export function quantiseInt8(vector: Float32Array, codes: Int8Array): number {
  let peak = 0;
  for (const value of vector) peak = Math.max(peak, Math.abs(value));
  if (!(peak > 0 && Number.isFinite(peak))) return 0;
  const factor = INT8_MAX / peak;
  let squares = 0;
  for (let i = 0; i < vector.length; i++) {
    const code = Math.round(vector[i]! * factor);
    codes[i] = code;
    squares += code * code;
  }
  return Math.fround(1 / Math.sqrt(squares));
}
