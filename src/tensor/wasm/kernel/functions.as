// The exponential and the error function of four floats. AssemblyScript, see gemm.as.
//
// V8 builds a vector of constants anew wherever it is used, for more than the sum that it is used in:
// they are loaded from a table that the host places. What follows are their addresses in it.
const ONE: usize = 0;
const HALF: usize = 4;
const ROOT_HALF: usize = 8;
const NORMAL: usize = 12;
const EXP_LOW: usize = 16;
const EXP_HIGH: usize = 20;
const LOG2E: usize = 24;
const MAGIC: usize = 28;
const LN2_HIGH: usize = 32;
const LN2_LOW: usize = 36;
const EXP_0: usize = 40;
const EXP_1: usize = 44;
const EXP_2: usize = 48;
const EXP_3: usize = 52;
const EXP_4: usize = 56;
const ABOVE_0: usize = 60;
const ABOVE_1: usize = 64;
const ABOVE_2: usize = 68;
const ABOVE_3: usize = 72;
const ABOVE_4: usize = 76;
const ABOVE_5: usize = 80;
const ABOVE_6: usize = 84;
const BELOW_0: usize = 88;
const BELOW_1: usize = 92;
const BELOW_2: usize = 96;
const BELOW_3: usize = 100;
const BELOW_4: usize = 104;
const FAR: usize = 108;
const FAR_0: usize = 112;
const FAR_1: usize = 116;
const FAR_2: usize = 120;
const FAR_3: usize = 124;
const FAR_4: usize = 128;

let table: usize = 0;

// Where the table is, to be held in a local variable while it is read.
// @ts-ignore: decorator
@inline export function constants(): usize {
  return table;
}

// To be called once, before all that needs exp and erf: writes the table to 132 bytes there.
export function start(address: usize): void {
  table = address;
  store<f32>(address, 1, ONE);
  store<f32>(address, 0.5, HALF);
  store<f32>(address, 0.7071067811865476, ROOT_HALF);
  store<f32>(address, 0.3989422804014327, NORMAL);

  // Between them e^x is a normal number.
  store<f32>(address, -87.33654, EXP_LOW);
  store<f32>(address, 88.37626, EXP_HIGH);
  store<f32>(address, 1.44269504088896341, LOG2E);
  // 1.5 · 2^23: added to a small number, it leaves that rounded in the last bits.
  store<f32>(address, 12582912, MAGIC);
  store<f32>(address, 0.693359375, LN2_HIGH);
  store<f32>(address, -2.12194440e-4, LN2_LOW);
  store<f32>(address, 1.9875691500e-4, EXP_0);
  store<f32>(address, 1.3981999507e-3, EXP_1);
  store<f32>(address, 8.3334519073e-3, EXP_2);
  store<f32>(address, 4.1665795894e-2, EXP_3);
  store<f32>(address, 1.6666665459e-1, EXP_4);

  store<f32>(address, -2.72614225801306e-10, ABOVE_0);
  store<f32>(address, 2.77068142495902e-08, ABOVE_1);
  store<f32>(address, -2.10102402082508e-06, ABOVE_2);
  store<f32>(address, -5.69250639462346e-05, ABOVE_3);
  store<f32>(address, -7.34990630326855e-04, ABOVE_4);
  store<f32>(address, -2.95459980854025e-03, ABOVE_5);
  store<f32>(address, -1.60960333262415e-02, ABOVE_6);
  store<f32>(address, -1.45660718464996e-05, BELOW_0);
  store<f32>(address, -2.13374055278905e-04, BELOW_1);
  store<f32>(address, -1.68282697438203e-03, BELOW_2);
  store<f32>(address, -7.37332916720468e-03, BELOW_3);
  store<f32>(address, -1.42647390514189e-02, BELOW_4);

  store<f32>(address, 0.3275911, FAR);
  store<f32>(address, 1.061405429, FAR_0);
  store<f32>(address, -1.453152027, FAR_1);
  store<f32>(address, 1.421413741, FAR_2);
  store<f32>(address, -0.284496736, FAR_3);
  store<f32>(address, 0.254829592, FAR_4);
}

// a · x + b. Polynomials are made of pairs of powers, so that less waits for what comes before.
// @ts-ignore: decorator
@inline function next(a: v128, x: v128, b: v128): v128 {
  return f32x4.add(f32x4.mul(a, x), b);
}

// e^x to 2 units in the last place (Cephes' expf); never below e^−87, which is 1e−38.
// @ts-ignore: decorator
@inline export function exp(value: v128, k: usize): v128 {
  const least = f32x4.pmax(value, v128.load32_splat(k, EXP_LOW));
  const x = f32x4.pmin(least, v128.load32_splat(k, EXP_HIGH));
  const magic = v128.load32_splat(k, MAGIC);
  const bits = next(x, v128.load32_splat(k, LOG2E), magic);
  const whole = f32x4.sub(bits, magic);
  let r = f32x4.sub(x, f32x4.mul(whole, v128.load32_splat(k, LN2_HIGH)));
  r = f32x4.sub(r, f32x4.mul(whole, v128.load32_splat(k, LN2_LOW)));
  const r2 = f32x4.mul(r, r);
  const high = next(v128.load32_splat(k, EXP_0), r, v128.load32_splat(k, EXP_1));
  const middle = next(v128.load32_splat(k, EXP_2), r, v128.load32_splat(k, EXP_3));
  const low = next(v128.load32_splat(k, EXP_4), r, v128.load32_splat(k, HALF));
  const p = next(next(high, r2, middle), r2, low);
  const y = next(p, r2, f32x4.add(r, v128.load32_splat(k, ONE)));
  // Times 2^whole: that is added to the exponent.
  return i32x4.add(y, i32x4.shl(bits, 23));
}

// The error function to 2e−7, rounding included; `density` is e^−x². Near 0 a quotient of polynomials, as
// Eigen and XLA have it; it rounds badly further out, where Abramowitz and Stegun's 7.1.26 is exact.
// @ts-ignore: decorator
@inline function erf(x: v128, density: v128, k: usize): v128 {
  const s = f32x4.mul(x, x);
  const s2 = f32x4.mul(s, s);
  const s4 = f32x4.mul(s2, s2);
  const p0 = next(v128.load32_splat(k, ABOVE_5), s, v128.load32_splat(k, ABOVE_6));
  const p2 = next(v128.load32_splat(k, ABOVE_3), s, v128.load32_splat(k, ABOVE_4));
  const p4 = next(v128.load32_splat(k, ABOVE_1), s, v128.load32_splat(k, ABOVE_2));
  const p = next(next(v128.load32_splat(k, ABOVE_0), s2, p4), s4, next(p2, s2, p0));
  const q0 = next(v128.load32_splat(k, BELOW_3), s, v128.load32_splat(k, BELOW_4));
  const q2 = next(v128.load32_splat(k, BELOW_1), s, v128.load32_splat(k, BELOW_2));
  const q = next(v128.load32_splat(k, BELOW_0), s4, next(q2, s2, q0));
  const middle = f32x4.div(f32x4.mul(x, p), q);

  const one = v128.load32_splat(k, ONE);
  const size = f32x4.abs(x);
  const t = f32x4.div(one, next(size, v128.load32_splat(k, FAR), one));
  const t2 = f32x4.mul(t, t);
  const t0 = next(v128.load32_splat(k, FAR_3), t, v128.load32_splat(k, FAR_4));
  const high = next(v128.load32_splat(k, FAR_1), t, v128.load32_splat(k, FAR_2));
  const tail = next(next(v128.load32_splat(k, FAR_0), t2, high), t2, t0);
  const far = f32x4.sub(one, f32x4.mul(f32x4.mul(tail, t), density));
  const signed = v128.or(far, v128.xor(x, size));
  return v128.bitselect(middle, signed, f32x4.lt(size, one));
}

// 1 / (1 + e^−x).
// @ts-ignore: decorator
@inline export function sigmoid(x: v128, k: usize): v128 {
  const one = v128.load32_splat(k, ONE);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x), k)));
}

// e^(−x²/2).
// @ts-ignore: decorator
@inline export function bell(x: v128, k: usize): v128 {
  return exp(f32x4.neg(f32x4.mul(f32x4.mul(x, x), v128.load32_splat(k, HALF))), k);
}

// The share of a normal distribution below x, of its bell's height there.
// @ts-ignore: decorator
@inline export function normalShare(x: v128, height: v128, k: usize): v128 {
  const half = v128.load32_splat(k, HALF);
  return next(half, erf(f32x4.mul(x, v128.load32_splat(k, ROOT_HALF)), height, k), half);
}

// x · the density of the normal distribution at x.
// @ts-ignore: decorator
@inline export function weighDensity(x: v128, height: v128, k: usize): v128 {
  return f32x4.mul(x, f32x4.mul(height, v128.load32_splat(k, NORMAL)));
}

// 1 − x.
// @ts-ignore: decorator
@inline export function rest(x: v128, k: usize): v128 {
  return f32x4.sub(v128.load32_splat(k, ONE), x);
}
