// Embeddings in PostgreSQL's binary form: pgvector's `vector` (float32) and `halfvec` (float16), big-endian.
//
// vector and halfvec: uint16 number of dimensions, uint16 zero, then the numbers.
// An array (src/backend/utils/adt/arrayfuncs.c, array_recv): int32 dimensions of the array, int32 whether it holds
// NULL, uint32 oid of the element type; of each dimension int32 length and int32 lower bound; then each element
// after its int32 length.
import { CairnError } from '../../errors.ts';
import { float32ToHalf, halfToFloat32 } from '../../weights/half.ts';

const HEADER = 4;
const ARRAY_HEADER = 20;

/** @param values [dim] */
export function encodeVector(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(HEADER + 4 * values.length);
  bytes.writeUInt16BE(values.length, 0);
  for (const [i, value] of values.entries()) bytes.writeFloatBE(value, HEADER + 4 * i);
  return bytes;
}

/** @param values [dim]; rounded to the nearest half */
export function encodeHalfvec(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(halfvecBytes(values.length));
  writeHalfvec(values, bytes, 0);
  return bytes;
}

/**
 * An array of `halfvec` that PostgreSQL takes as one parameter: hundreds of rows in a statement, without text.
 * @param vectors each [dim]
 * @param oid of the type halfvec in the database
 */
export function encodeHalfvecArray(vectors: readonly Float32Array[], oid: number): Buffer {
  const size = vectors.reduce((sum, { length }) => sum + 4 + halfvecBytes(length), ARRAY_HEADER);
  const bytes = Buffer.alloc(size);
  bytes.writeInt32BE(1, 0);
  bytes.writeUInt32BE(oid, 8);
  bytes.writeInt32BE(vectors.length, 12);
  bytes.writeInt32BE(1, 16);
  let at = ARRAY_HEADER;
  for (const vector of vectors) {
    bytes.writeInt32BE(halfvecBytes(vector.length), at);
    at = writeHalfvec(vector, bytes, at + 4);
  }
  return bytes;
}

/**
 * The unit-length embedding that a `halfvec` stands for, into `out` [dim]; rounding had moved its length.
 * Throws `collection-invalid` for another number of dimensions, and for what has no direction.
 */
export function decodeHalfvec(bytes: Buffer, out: Float32Array): void {
  if (bytes.length !== halfvecBytes(out.length) || bytes.readUInt16BE(0) !== out.length) {
    throw damaged(`it is ${bytes.length} bytes long instead of ${halfvecBytes(out.length)}`);
  }
  const halves = new Uint16Array(out.length);
  for (let i = 0; i < halves.length; i++) halves[i] = bytes.readUInt16BE(HEADER + 2 * i);
  const values = halfToFloat32(halves);
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  // NaN and infinity fail here too.
  if (!(norm > 0 && norm < Number.POSITIVE_INFINITY)) throw damaged(`its length is ${norm}`);
  for (const [i, value] of values.entries()) out[i] = value / norm;
}

function damaged(what: string): CairnError {
  return new CairnError(
    'collection-invalid',
    `An embedding of the database cannot be used: ${what}.`,
    'Index the collection again, or restore the database.',
  );
}

function halfvecBytes(dim: number): number {
  return HEADER + 2 * dim;
}

/** @returns where the next begins */
function writeHalfvec(values: Float32Array, bytes: Buffer, at: number): number {
  bytes.writeUInt16BE(values.length, at);
  for (const [i, half] of float32ToHalf(values).entries()) {
    bytes.writeUInt16BE(half, at + HEADER + 2 * i);
  }
  return at + halfvecBytes(values.length);
}
