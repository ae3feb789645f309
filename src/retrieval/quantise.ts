// Numbers of an embedding made small: int8 with a scale of its own for each row, and IEEE half floats.

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

const bits = new DataView(new ArrayBuffer(4));

/** The half float nearest to a number (ties to even), as its 16 bits; too large becomes infinity. */
export function floatToHalf(value: number): number {
  bits.setFloat32(0, value);
  const word = bits.getUint32(0);
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude >= 0x7f800000) return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
  // 2^-24 is the smallest subnormal half: below 2^-14 the number is counted in its multiples.
  if (magnitude < 0x38800000) return sign | roundHalfEven(Math.abs(value) * 2 ** 24);
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | (rounded >= 0x47800000 ? 0x7c00 : (rounded - 0x38000000) >>> 13);
}

export function halfToFloat(half: number): number {
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
