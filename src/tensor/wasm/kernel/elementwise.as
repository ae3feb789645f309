// Activations and softmax with their gradients. AssemblyScript, see gemm.as.
import { bell, constants, exp, normalShare, rest, sigmoid, weighDensity } from './functions';
import { scaleRow, sumLanes } from './reduce';

const GELU: i32 = 0;
const GELU_GRADIENT: i32 = 1;
const SILU: i32 = 2;
const SILU_GRADIENT: i32 = 3;
const RELU_GRADIENT: i32 = 4;

// @ts-ignore: decorator
@inline function apply(kind: i32, x: v128, dy: v128, most: f32, k: usize): v128 {
  if (kind === GELU) return f32x4.mul(x, normalShare(x, bell(x, k), k));
  if (kind === GELU_GRADIENT) {
    const height = bell(x, k);
    return f32x4.mul(dy, f32x4.add(normalShare(x, height, k), weighDensity(x, height, k)));
  }
  if (kind === SILU) return f32x4.mul(x, sigmoid(x, k));
  if (kind === SILU_GRADIENT) {
    const s = sigmoid(x, k);
    return f32x4.mul(dy, f32x4.add(s, f32x4.mul(f32x4.mul(s, x), rest(s, k))));
  }
  return v128.and(dy, v128.and(f32x4.gt(x, f32x4.splat(0)), f32x4.lt(x, f32x4.splat(most))));
}

// Up to three floats, the others zero.
// @ts-ignore: decorator
@inline function few(at: usize, count: i32): v128 {
  let v = f32x4.splat(0);
  if (count > 0) v = v128.load32_zero(at);
  if (count > 1) v = f32x4.replace_lane(v, 1, load<f32>(at, 4));
  if (count > 2) v = f32x4.replace_lane(v, 2, load<f32>(at, 8));
  return v;
}

// @ts-ignore: decorator
@inline function putFew(at: usize, count: i32, v: v128): void {
  if (count > 0) store<f32>(at, f32x4.extract_lane(v, 0));
  if (count > 1) store<f32>(at, f32x4.extract_lane(v, 1), 4);
  if (count > 2) store<f32>(at, f32x4.extract_lane(v, 2), 8);
}

// @ts-ignore: decorator
@inline function each(kind: i32, x: usize, slope: usize, to: usize, count: i32, most: f32): void {
  const k = constants();
  const end = x + (<usize>(count & ~3) << 2);
  const none = f32x4.splat(0);
  const slopes = kind === GELU_GRADIENT || kind === SILU_GRADIENT || kind === RELU_GRADIENT;
  while (x < end) {
    v128.store(to, apply(kind, v128.load(x), slopes ? v128.load(slope) : none, most, k));
    x += 16;
    slope += 16;
    to += 16;
  }
  const left = count & 3;
  putFew(to, left, apply(kind, few(x, left), slopes ? few(slope, left) : none, most, k));
}

export function gelu(x: usize, y: usize, count: i32): void {
  each(GELU, x, 0, y, count, 0);
}

export function geluGradient(x: usize, dy: usize, dx: usize, count: i32): void {
  each(GELU_GRADIENT, x, dy, dx, count, 0);
}

export function silu(x: usize, y: usize, count: i32): void {
  each(SILU, x, 0, y, count, 0);
}

export function siluGradient(x: usize, dy: usize, dx: usize, count: i32): void {
  each(SILU_GRADIENT, x, dy, dx, count, 0);
}

// dy where the output of a ReLU, cut off at `most`, is neither 0 nor `most`.
export function reluGradient(y: usize, dy: usize, dx: usize, count: i32, most: f32): void {
  each(RELU_GRADIENT, y, dy, dx, count, most);
}

// Softmax of each row of [rows × c].
export function softmax(x: usize, y: usize, rows: i32, c: i32): void {
  const k = constants();
  const size = <usize>c << 2;
  const whole = <usize>(c & ~3) << 2;
  const left = c & 3;
  for (let row = 0; row < rows; row++) {
    let i: usize = 0;
    let m = f32x4.splat(-Infinity);
    // pmax passes over what is no number; its exponential spoils the row all the same.
    for (; i < whole; i += 16) m = f32x4.pmax(m, v128.load(x + i));
    let most = max<f32>(
      max<f32>(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1)),
      max<f32>(f32x4.extract_lane(m, 2), f32x4.extract_lane(m, 3)),
    );
    for (; i < size; i += 4) most = max<f32>(most, load<f32>(x + i));
    let sums = f32x4.splat(0);
    for (i = 0; i < whole; i += 16) {
      const e = exp(f32x4.sub(v128.load(x + i), f32x4.splat(most)), k);
      v128.store(y + i, e);
      sums = f32x4.add(sums, e);
    }
    let sum = sumLanes(sums);
    if (left > 0) {
      putFew(y + whole, left, exp(f32x4.sub(few(x + whole, left), f32x4.splat(most)), k));
      for (; i < size; i += 4) sum += load<f32>(y + i);
    }
    scaleRow(y, c, 1 / sum);
    x += size;
    y += size;
  }
}

// dx = y · (dy − Σ y · dy), row by row.
export function softmaxGradient(y: usize, dy: usize, dx: usize, rows: i32, c: i32): void {
  const size = <usize>c << 2;
  const whole = <usize>(c & ~3) << 2;
  for (let row = 0; row < rows; row++) {
    let sums = f32x4.splat(0);
    let i: usize = 0;
    for (; i < whole; i += 16) sums = f32x4.add(sums, f32x4.mul(v128.load(y + i), v128.load(dy + i)));
    let sum = sumLanes(sums);
    for (; i < size; i += 4) sum += load<f32>(y + i) * load<f32>(dy + i);
    for (i = 0; i < whole; i += 16) {
      v128.store(dx + i, f32x4.mul(v128.load(y + i), f32x4.sub(v128.load(dy + i), f32x4.splat(sum))));
    }
    for (; i < size; i += 4) store<f32>(dx + i, load<f32>(y + i) * (load<f32>(dy + i) - sum));
    y += size;
    dy += size;
    dx += size;
  }
}
