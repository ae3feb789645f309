// Half precision against arithmetic done the slow, exact way.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bfloat16ToFloat32, float32ToHalf, halfToFloat32 } from '../../src/weights/half.ts';

const ALL = Uint16Array.from({ length: 0x10000 }, (_, i) => i);

/** The definition of IEEE 754 binary16, in float64. */
function exactHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0x1f) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

test('every half decodes exactly, signed zeros included', () => {
  const decoded = halfToFloat32(ALL);
  for (let bits = 0; bits < 0x10000; bits++) {
    if (!Object.is(decoded[bits], exactHalf(bits))) expect.fail(`half 0x${bits.toString(16)}`);
  }
});

test('every half survives the way there and back', () => {
  const back = float32ToHalf(halfToFloat32(ALL));
  for (let bits = 0; bits < 0x10000; bits++) {
    const nan = Number.isNaN(exactHalf(bits));
    expect(nan ? Number.isNaN(exactHalf(back[bits]!)) : back[bits] === bits).toBe(true);
  }
});

test('midpoints go to even, and their float32 neighbours to the nearer half', () => {
  const next = (value: number, by: 1 | -1) => {
    const bits = new Uint32Array(Float32Array.of(value).buffer);
    bits[0] = bits[0]! + by;
    return new Float32Array(bits.buffer)[0]!;
  };
  for (let bits = 0; bits < 0x7bff; bits++) {
    // Exact in float32: eleven bits of mantissa need twelve here.
    const middle = (exactHalf(bits) + exactHalf(bits + 1)) / 2;
    const inputs = Float32Array.of(next(middle, -1), middle, next(middle, 1), -middle);
    const [below, tie, above, negative] = float32ToHalf(inputs);
    const even = bits % 2 === 0 ? bits : bits + 1;
    const expected = [bits, even, bits + 1, even | 0x8000];
    if ([below, tie, above, negative].join() !== expected.join()) {
      expect.fail(`around ${middle}: ${[below, tie, above, negative]} instead of ${expected}`);
    }
  }
});

test('too large becomes infinity, 65519.99 still the largest half', () => {
  const [largest, tie, huge, infinite, minus] = float32ToHalf(
    Float32Array.of(65519.99, 65520, 3e38, Number.POSITIVE_INFINITY, -1e6),
  );
  expect([largest, tie, huge, infinite, minus]).toEqual([0x7bff, 0x7c00, 0x7c00, 0x7c00, 0xfc00]);
});

test('any float32 goes to a half at most half a step away', () => {
  fc.assert(
    fc.property(fc.float({ min: -65000, max: 65000, noNaN: true }), (value) => {
      const [bits] = float32ToHalf(Float32Array.of(value));
      const step = Math.max(2 ** -24, 2 ** (Math.floor(Math.log2(Math.abs(value) || 1e-30)) - 10));
      expect(Math.abs(exactHalf(bits!) - value)).toBeLessThanOrEqual(step / 2);
    }),
  );
});

test('NaN of any payload stays NaN', () => {
  const payloads = new Float32Array(Uint32Array.of(0x7f800001, 0x7fc00000, 0xffffffff).buffer);
  for (const bits of float32ToHalf(payloads)) expect(exactHalf(bits)).toBeNaN();
});

test('bfloat16 is the upper half of a float32', () => {
  expect([...bfloat16ToFloat32(Uint16Array.of(0x3f80, 0xc049, 0x0001))]).toEqual([
    1,
    -3.140625,
    2 ** -133,
  ]);
});
