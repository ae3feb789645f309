// Half precision: float16 and bfloat16 to float32 and back, by tables, rounding to nearest, ties to even.
// JavaScript engines of 2024 have no Float16Array; the tables follow J. van der Zijp, "Fast Half Float
// Conversions", with exact rounding added.

/** float32 of each of the 65 536 halves; built on first use (256 KB). */
let decodeTable: Float32Array | null = null;

function buildDecodeTable(): Float32Array {
  const bits = new Uint32Array(0x10000);
  for (let half = 0; half < 0x10000; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 0x1f;
    let mantissa = half & 0x3ff;
    if (exponent === 0x1f) {
      bits[half] = sign | 0x7f800000 | (mantissa << 13);
    } else if (exponent > 0) {
      bits[half] = sign | ((exponent + 112) << 23) | (mantissa << 13);
    } else if (mantissa === 0) {
      bits[half] = sign;
    } else {
      // A subnormal half is a normal float: shift until the leading one is implicit.
      let shifted = 113;
      while ((mantissa & 0x400) === 0) {
        mantissa <<= 1;
        shifted--;
      }
      bits[half] = sign | (shifted << 23) | ((mantissa & 0x3ff) << 13);
    }
  }
  return new Float32Array(bits.buffer);
}

/** Per sign and exponent (9 bits) of a float32: the half's high bits, and what is done to the mantissa. */
interface EncodeTables {
  readonly base: Uint16Array;
  readonly shift: Uint8Array;
  /** 0x800000 where the implicit one becomes explicit (subnormal halves), else 0. */
  readonly implicit: Uint32Array;
}
let encodeTables: EncodeTables | null = null;

/** A shift that leaves nothing of a 24-bit mantissa and never rounds up. */
const DROP = 31;

function buildEncodeTables(): EncodeTables {
  const base = new Uint16Array(512);
  const shift = new Uint8Array(512).fill(DROP);
  const implicit = new Uint32Array(512);
  for (let i = 0; i < 512; i++) {
    const sign = (i & 0x100) << 7;
    const exponent = (i & 0xff) - 127;
    base[i] = sign;
    if (exponent > 15) {
      base[i] = sign | 0x7c00;
    } else if (exponent >= -14) {
      base[i] = sign | ((exponent + 15) << 10);
      shift[i] = 13;
    } else if (exponent >= -25) {
      shift[i] = -exponent - 1;
      implicit[i] = 0x800000;
    }
  }
  return { base, shift, implicit };
}

/** Halves (as 16-bit patterns) to float32; exact. Writes into `out` when given. */
export function halfToFloat32(
  halves: Uint16Array,
  out: Float32Array<ArrayBuffer> = new Float32Array(halves.length),
): Float32Array<ArrayBuffer> {
  decodeTable ??= buildDecodeTable();
  const table = decodeTable;
  for (let i = 0; i < halves.length; i++) out[i] = table[halves[i]!]!;
  return out;
}

/** float32 to halves, nearest, ties to even; too large becomes infinity, NaN stays NaN. */
export function float32ToHalf(values: Float32Array): Uint16Array<ArrayBuffer> {
  encodeTables ??= buildEncodeTables();
  const { base, shift, implicit } = encodeTables;
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i]!;
    if ((word & 0x7fffffff) > 0x7f800000) {
      out[i] = ((word >>> 16) & 0x8000) | 0x7e00;
      continue;
    }
    const row = word >>> 23;
    const mantissa = (word & 0x7fffff) | implicit[row]!;
    const places = shift[row]!;
    const kept = base[row]! + (mantissa >>> places);
    const rest = mantissa & ((1 << places) - 1);
    const tie = 1 << (places - 1);
    out[i] = rest > tie || (rest === tie && (kept & 1) === 1) ? kept + 1 : kept;
  }
  return out;
}

/** bfloat16 (as 16-bit patterns) to float32; exact. */
export function bfloat16ToFloat32(values: Uint16Array): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) bits[i] = values[i]! << 16;
  return new Float32Array(bits.buffer);
}
