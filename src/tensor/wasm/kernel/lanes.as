// One float or four alike: what is written for T serves both the middle of a row and its end.
// AssemblyScript, see gemm.as.

// @ts-ignore: decorator
@inline export function get<T>(at: usize): T {
  if (isVector<T>()) return v128.load(at);
  else return load<f32>(at);
}

// @ts-ignore: decorator
@inline export function put<T>(at: usize, value: T): void {
  if (isVector<T>()) v128.store(at, value);
  else store<f32>(at, value);
}

// @ts-ignore: decorator
@inline export function all<T>(value: f32): T {
  if (isVector<T>()) return f32x4.splat(value);
  else return value;
}

// @ts-ignore: decorator
@inline export function add<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.add(a, b);
  else return a + b;
}

// @ts-ignore: decorator
@inline export function sub<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.sub(a, b);
  else return a - b;
}

// @ts-ignore: decorator
@inline export function mul<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.mul(a, b);
  else return a * b;
}

// @ts-ignore: decorator
@inline export function div<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.div(a, b);
  else return a / b;
}

// @ts-ignore: decorator
@inline export function root<T>(a: T): T {
  if (isVector<T>()) return f32x4.sqrt(a);
  else return sqrt<f32>(a);
}

// @ts-ignore: decorator
@inline export function clamp<T>(a: T, low: f32, high: f32): T {
  if (isVector<T>()) return f32x4.min(f32x4.max(a, f32x4.splat(low)), f32x4.splat(high));
  else return min<f32>(max<f32>(a, low), high);
}

// a · x + b.
// @ts-ignore: decorator
@inline export function next<T>(a: T, x: T, b: f32): T {
  return add<T>(mul<T>(a, x), all<T>(b));
}

// e^x to 2 units in the last place (Cephes' expf); never below e^−87, which is 1e−38.
// @ts-ignore: decorator
@inline export function exp<T>(value: T): T {
  const x = clamp<T>(value, -87.33654, 88.37626);
  let whole = mul<T>(x, all<T>(1.44269504088896341));
  if (isVector<T>()) whole = f32x4.nearest(whole);
  else whole = nearest<f32>(whole);
  const r = sub<T>(sub<T>(x, mul<T>(whole, all<T>(0.693359375))), mul<T>(whole, all<T>(-2.12194440e-4)));
  let p = next<T>(all<T>(1.9875691500e-4), r, 1.3981999507e-3);
  p = next<T>(p, r, 8.3334519073e-3);
  p = next<T>(p, r, 4.1665795894e-2);
  p = next<T>(p, r, 1.6666665459e-1);
  p = next<T>(p, r, 5.0000001201e-1);
  const y = add<T>(next<T>(mul<T>(p, r), r, 1), r);
  if (isVector<T>()) {
    const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(whole), i32x4.splat(127)), 23);
    return f32x4.mul(y, power);
  } else {
    return y * reinterpret<f32>((<i32>whole + 127) << 23);
  }
}

// a where |x| < limit, else b.
// @ts-ignore: decorator
@inline function within<T>(x: T, limit: f32, a: T, b: T): T {
  if (isVector<T>()) return v128.bitselect(a, b, f32x4.lt(f32x4.abs(x), f32x4.splat(limit)));
  else return abs<f32>(x) < limit ? a : b;
}

// @ts-ignore: decorator
@inline function size<T>(x: T): T {
  if (isVector<T>()) return f32x4.abs(x);
  else return abs<f32>(x);
}

// @ts-ignore: decorator
@inline function signed<T>(size: T, sign: T): T {
  if (isVector<T>()) return v128.or(size, v128.and(sign, f32x4.splat(-0.0)));
  else return copysign<f32>(size, sign);
}

// The error function to 2e−7, rounding included; `density` is e^−x². Near 0 a quotient of polynomials, as
// Eigen and XLA have it; it rounds badly further out, where Abramowitz and Stegun's 7.1.26 is exact.
// @ts-ignore: decorator
@inline export function erf<T>(x: T, density: T): T {
  const near = clamp<T>(x, -1, 1);
  const s = mul<T>(near, near);
  let p = next<T>(all<T>(-2.72614225801306e-10), s, 2.77068142495902e-08);
  p = next<T>(p, s, -2.10102402082508e-06);
  p = next<T>(p, s, -5.69250639462346e-05);
  p = next<T>(p, s, -7.34990630326855e-04);
  p = next<T>(p, s, -2.95459980854025e-03);
  p = next<T>(p, s, -1.60960333262415e-02);
  let q = next<T>(all<T>(-1.45660718464996e-05), s, -2.13374055278905e-04);
  q = next<T>(q, s, -1.68282697438203e-03);
  q = next<T>(q, s, -7.37332916720468e-03);
  q = next<T>(q, s, -1.42647390514189e-02);
  const middle = div<T>(mul<T>(near, p), q);

  const t = div<T>(all<T>(1), next<T>(size<T>(x), all<T>(0.3275911), 1));
  let tail = next<T>(all<T>(1.061405429), t, -1.453152027);
  tail = next<T>(tail, t, 1.421413741);
  tail = next<T>(tail, t, -0.284496736);
  tail = next<T>(tail, t, 0.254829592);
  tail = mul<T>(mul<T>(tail, t), density);
  return within<T>(x, 1, middle, signed<T>(sub<T>(all<T>(1), tail), x));
}
