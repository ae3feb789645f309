// Activations and softmax with their gradients. AssemblyScript, see gemm.as.
import { add, all, div, erf, exp, get, mul, put, sub } from './lanes';
import { scaleRow, sumLanes } from './reduce';

const GELU: i32 = 0;
const GELU_GRADIENT: i32 = 1;
const SILU: i32 = 2;
const SILU_GRADIENT: i32 = 3;
const RELU_GRADIENT: i32 = 4;

const SQRT_HALF: f32 = 0.7071067811865476;
/** 1 / √(2π) */
const NORMAL: f32 = 0.3989422804014327;

// @ts-ignore: decorator
@inline function sigmoid<T>(x: T): T {
  return div<T>(all<T>(1), add<T>(all<T>(1), exp<T>(sub<T>(all<T>(0), x))));
}

// e^(−x²/2).
// @ts-ignore: decorator
@inline function bell<T>(x: T): T {
  return exp<T>(mul<T>(mul<T>(x, x), all<T>(-0.5)));
}

// The share of a normal distribution below x.
// @ts-ignore: decorator
@inline function normalShare<T>(x: T, density: T): T {
  return mul<T>(all<T>(0.5), add<T>(all<T>(1), erf<T>(mul<T>(x, all<T>(SQRT_HALF)), density)));
}

// @ts-ignore: decorator
@inline function apply<T>(kind: i32, at: usize, slope: usize, to: usize, most: f32): void {
  const x = get<T>(at);
  if (kind === GELU) put<T>(to, mul<T>(x, normalShare<T>(x, bell<T>(x))));
  if (kind === GELU_GRADIENT) {
    const density = bell<T>(x);
    const inner = mul<T>(x, mul<T>(all<T>(NORMAL), density));
    put<T>(to, mul<T>(get<T>(slope), add<T>(normalShare<T>(x, density), inner)));
  }
  if (kind === SILU) put<T>(to, mul<T>(x, sigmoid<T>(x)));
  if (kind === SILU_GRADIENT) {
    const s = sigmoid<T>(x);
    const inner = add<T>(all<T>(1), mul<T>(x, sub<T>(all<T>(1), s)));
    put<T>(to, mul<T>(get<T>(slope), mul<T>(s, inner)));
  }
  if (kind === RELU_GRADIENT) {
    if (isVector<T>()) {
      const between = v128.and(f32x4.gt(x, f32x4.splat(0)), f32x4.lt(x, f32x4.splat(most)));
      v128.store(to, v128.and(v128.load(slope), between));
    } else {
      store<f32>(to, x > 0 && x < most ? load<f32>(slope) : 0);
    }
  }
}

// @ts-ignore: decorator
@inline function each(kind: i32, x: usize, slope: usize, to: usize, count: i32, most: f32): void {
  const end = x + (<usize>count << 2);
  for (; x + 16 <= end; x += 16) {
    apply<v128>(kind, x, slope, to, most);
    slope += 16;
    to += 16;
  }
  for (; x < end; x += 4) {
    apply<f32>(kind, x, slope, to, most);
    slope += 4;
    to += 4;
  }
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
  const size = <usize>c << 2;
  const whole = <usize>(c & ~3) << 2;
  for (let row = 0; row < rows; row++) {
    let most: f32 = -Infinity;
    let i: usize = 0;
    let m = f32x4.splat(-Infinity);
    for (; i < whole; i += 16) m = f32x4.max(m, v128.load(x + i));
    for (; i < size; i += 4) most = max<f32>(most, load<f32>(x + i));
    most = max<f32>(most, max<f32>(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1)));
    most = max<f32>(most, max<f32>(f32x4.extract_lane(m, 2), f32x4.extract_lane(m, 3)));
    let sums = f32x4.splat(0);
    for (i = 0; i < whole; i += 16) {
      const e = exp<v128>(f32x4.sub(v128.load(x + i), f32x4.splat(most)));
      v128.store(y + i, e);
      sums = f32x4.add(sums, e);
    }
    let sum = sumLanes(sums);
    for (; i < size; i += 4) {
      const e = exp<f32>(load<f32>(x + i) - most);
      store<f32>(y + i, e);
      sum += e;
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
