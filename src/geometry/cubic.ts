// Real roots of polynomials of degree three and less.

/** Leading coefficients below this share of the largest count as zero. */
const NEGLIGIBLE = 1e-13;

/**
 * Writes the real roots of c3 x³ + c2 x² + c1 x + c0 to `out` (room for three) and returns how many.
 * Double roots may come once or twice; no root comes of a polynomial that is zero throughout.
 */
export function realRoots(
  c3: number,
  c2: number,
  c1: number,
  c0: number,
  out: Float64Array,
): number {
  const largest = Math.max(Math.abs(c3), Math.abs(c2), Math.abs(c1), Math.abs(c0));
  if (!(largest > 0)) return 0;
  if (Math.abs(c3) <= NEGLIGIBLE * largest) return quadraticRoots(c2, c1, c0, largest, out);
  const a = c2 / c3;
  const b = c1 / c3;
  const c = c0 / c3;
  const q = (a * a - 3 * b) / 9;
  const r = (2 * a * a * a - 9 * a * b + 27 * c) / 54;
  let count = 1;
  if (r * r < q * q * q) {
    // Three real roots (Viète; Press et al., Numerical Recipes, 5.6).
    const angle = Math.acos(r / Math.sqrt(q * q * q));
    const size = -2 * Math.sqrt(q);
    for (let k = -1; k <= 1; k++) {
      out[k + 1] = size * Math.cos((angle + 2 * Math.PI * k) / 3) - a / 3;
    }
    count = 3;
  } else {
    const s = -Math.sign(r) * Math.cbrt(Math.abs(r) + Math.sqrt(r * r - q * q * q));
    out[0] = s + (s === 0 ? 0 : q / s) - a / 3;
    // A double root, or nearly: the closed form would lose it to rounding.
    if (r * r - q * q * q <= 1e-14 * r * r) {
      out[1] = -0.5 * (s + (s === 0 ? 0 : q / s)) - a / 3;
      count = 2;
    }
  }
  for (let i = 0; i < count; i++) out[i] = newton(a, b, c, out[i]!);
  return count;
}

/** One step takes back what the closed form lost; none where the slope vanishes. */
function newton(a: number, b: number, c: number, x: number): number {
  const value = ((x + a) * x + b) * x + c;
  const slope = (3 * x + 2 * a) * x + b;
  const next = x - value / slope;
  if (!Number.isFinite(next)) return x;
  return Math.abs(((next + a) * next + b) * next + c) < Math.abs(value) ? next : x;
}

function quadraticRoots(
  a: number,
  b: number,
  c: number,
  largest: number,
  out: Float64Array,
): number {
  if (Math.abs(a) <= NEGLIGIBLE * largest) {
    if (Math.abs(b) <= NEGLIGIBLE * largest) return 0;
    out[0] = -c / b;
    return 1;
  }
  const discriminant = b * b - 4 * a * c;
  if (discriminant < 0) return 0;
  // The sign that does not cancel; the other root by Vieta.
  const q = -0.5 * (b + (b < 0 ? -1 : 1) * Math.sqrt(discriminant));
  out[0] = q / a;
  if (q === 0) return 1;
  out[1] = c / q;
  return 2;
}
