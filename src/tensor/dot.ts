// The inner product of two vectors: their cosine where both have unit length.

/** @param b as long as `a`, or longer */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
