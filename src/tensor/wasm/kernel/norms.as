// Layer norm over the last axis and batch norm over all others, with their gradients. AssemblyScript,
// see gemm.as. Variances are those of the population; `inverse` is 1 / √(variance + eps).
import { add, all, div, get, mul, put, root, sub } from './lanes';
import { scaleRow, sumAxis, sumLanes } from './reduce';

// Σ (x − mean)² of one row.
// @ts-ignore: decorator
@inline function squares(x: usize, mean: f32, c: i32): f32 {
  const end = x + (<usize>c << 2);
  let sums = f32x4.splat(0);
  for (; x + 16 <= end; x += 16) {
    const d = f32x4.sub(v128.load(x), f32x4.splat(mean));
    sums = f32x4.add(sums, f32x4.mul(d, d));
  }
  let sum = sumLanes(sums);
  for (; x < end; x += 4) {
    const d = load<f32>(x) - mean;
    sum += d * d;
  }
  return sum;
}

// @ts-ignore: decorator
@inline function layerPart<T>(x: usize, w: usize, b: usize, y: usize, mean: f32, inverse: f32): void {
  const standard = mul<T>(sub<T>(get<T>(x), all<T>(mean)), all<T>(inverse));
  put<T>(y, add<T>(mul<T>(standard, get<T>(w)), get<T>(b)));
}

// y [rows × c]; mean and inverse [rows] are kept for the gradient.
export function layerNorm(
  x: usize, w: usize, b: usize, y: usize, mean: usize, inverse: usize, rows: i32, c: i32, eps: f32,
): void {
  const size = <usize>c << 2;
  const whole = <usize>(c & ~3) << 2;
  sumAxis(x, mean, rows, c, 1, 1 / <f32>c);
  for (let row = 0; row < rows; row++) {
    const centre = load<f32>(mean);
    const scale: f32 = 1 / sqrt<f32>(squares(x, centre, c) / <f32>c + eps);
    store<f32>(inverse, scale);
    let i: usize = 0;
    for (; i < whole; i += 16) layerPart<v128>(x + i, w + i, b + i, y + i, centre, scale);
    for (; i < size; i += 4) layerPart<f32>(x + i, w + i, b + i, y + i, centre, scale);
    x += size;
    y += size;
    mean += 4;
    inverse += 4;
  }
}

// @ts-ignore: decorator
@inline function layerSums<T>(
  dy: usize, x: usize, dw: usize, db: usize, mean: f32, inverse: f32,
): T {
  const slope = get<T>(dy);
  const standard = mul<T>(sub<T>(get<T>(x), all<T>(mean)), all<T>(inverse));
  const product = mul<T>(slope, standard);
  put<T>(dw, add<T>(get<T>(dw), product));
  put<T>(db, add<T>(get<T>(db), slope));
  return product;
}

// @ts-ignore: decorator
@inline function layerSlope<T>(
  dy: usize, x: usize, w: usize, dx: usize, mean: f32, inverse: f32, meanSlope: f32, meanProduct: f32,
): void {
  const standard = mul<T>(sub<T>(get<T>(x), all<T>(mean)), all<T>(inverse));
  const slope = mul<T>(get<T>(dy), get<T>(w));
  const taken = add<T>(all<T>(meanSlope), mul<T>(standard, all<T>(meanProduct)));
  put<T>(dx, mul<T>(sub<T>(slope, taken), all<T>(inverse)));
}

// dx [rows × c], dw and db [c].
export function layerNormGradient(
  dy: usize, x: usize, w: usize, mean: usize, inverse: usize, dx: usize, dw: usize, db: usize,
  rows: i32, c: i32,
): void {
  const size = <usize>c << 2;
  const whole = <usize>(c & ~3) << 2;
  memory.fill(dw, 0, size);
  memory.fill(db, 0, size);
  for (let row = 0; row < rows; row++) {
    const centre = load<f32>(mean);
    const scale = load<f32>(inverse);
    let slopes = f32x4.splat(0);
    let products = f32x4.splat(0);
    let i: usize = 0;
    for (; i < whole; i += 16) {
      const weight = v128.load(w + i);
      const product = layerSums<v128>(dy + i, x + i, dw + i, db + i, centre, scale);
      products = f32x4.add(products, f32x4.mul(product, weight));
      slopes = f32x4.add(slopes, f32x4.mul(v128.load(dy + i), weight));
    }
    let slope = sumLanes(slopes);
    let product = sumLanes(products);
    for (; i < size; i += 4) {
      const weight = load<f32>(w + i);
      product += layerSums<f32>(dy + i, x + i, dw + i, db + i, centre, scale) * weight;
      slope += load<f32>(dy + i) * weight;
    }
    slope /= <f32>c;
    product /= <f32>c;
    for (i = 0; i < whole; i += 16) {
      layerSlope<v128>(dy + i, x + i, w + i, dx + i, centre, scale, slope, product);
    }
    for (; i < size; i += 4) {
      layerSlope<f32>(dy + i, x + i, w + i, dx + i, centre, scale, slope, product);
    }
    dy += size;
    x += size;
    dx += size;
    mean += 4;
    inverse += 4;
  }
}

// Rows of batch norms that are worked through for some channels before the next channels come.
const BLOCK: i32 = 128;

// variance += Σ (x − mean)² of one block.
// @ts-ignore: decorator
@inline function batchSquares<T>(x: usize, stride: usize, rows: i32, mean: usize, variance: usize): void {
  const centre = get<T>(mean);
  let sum = all<T>(0);
  for (let i = 0; i < rows; i++) {
    const d = sub<T>(get<T>(x), centre);
    sum = add<T>(sum, mul<T>(d, d));
    x += stride;
  }
  put<T>(variance, add<T>(get<T>(variance), sum));
}

// @ts-ignore: decorator
@inline function batchPart<T>(
  x: usize, y: usize, stride: usize, rows: i32, w: usize, b: usize, mean: usize, variance: usize, eps: f32,
): void {
  const centre = get<T>(mean);
  const scale = div<T>(get<T>(w), root<T>(add<T>(get<T>(variance), all<T>(eps))));
  const shift = get<T>(b);
  for (let i = 0; i < rows; i++) {
    put<T>(y, add<T>(mul<T>(sub<T>(get<T>(x), centre), scale), shift));
    x += stride;
    y += stride;
  }
}

// y [rows × c] by the batch's own mean and variance [c], which are given out.
export function batchNorm(
  x: usize, w: usize, b: usize, y: usize, mean: usize, variance: usize, rows: i32, c: i32, eps: f32,
): void {
  const size = <usize>c << 2;
  const whole = <usize>(c & ~3) << 2;
  sumAxis(x, mean, 1, rows, c, 1 / <f32>rows);
  memory.fill(variance, 0, size);
  for (let row = 0; row < rows; row += BLOCK) {
    const count = min(BLOCK, rows - row);
    const from = x + <usize>row * size;
    let i: usize = 0;
    for (; i < whole; i += 16) batchSquares<v128>(from + i, size, count, mean + i, variance + i);
    for (; i < size; i += 4) batchSquares<f32>(from + i, size, count, mean + i, variance + i);
  }
  scaleRow(variance, c, 1 / <f32>rows);
  for (let row = 0; row < rows; row += BLOCK) {
    const count = min(BLOCK, rows - row);
    const from = x + <usize>row * size;
    const to = y + <usize>row * size;
    let i: usize = 0;
    for (; i < whole; i += 16) {
      batchPart<v128>(from + i, to + i, size, count, w + i, b + i, mean + i, variance + i, eps);
    }
    for (; i < size; i += 4) {
      batchPart<f32>(from + i, to + i, size, count, w + i, b + i, mean + i, variance + i, eps);
    }
  }
}

// db += Σ dy and dw += Σ dy · standardised x of one block.
// @ts-ignore: decorator
@inline function batchSums<T>(
  dy: usize, x: usize, stride: usize, rows: i32, mean: usize, variance: usize, dw: usize, db: usize, eps: f32,
): void {
  const centre = get<T>(mean);
  const inverse = div<T>(all<T>(1), root<T>(add<T>(get<T>(variance), all<T>(eps))));
  let slopes = all<T>(0);
  let products = all<T>(0);
  for (let i = 0; i < rows; i++) {
    const slope = get<T>(dy);
    slopes = add<T>(slopes, slope);
    products = add<T>(products, mul<T>(slope, sub<T>(get<T>(x), centre)));
    dy += stride;
    x += stride;
  }
  put<T>(db, add<T>(get<T>(db), slopes));
  put<T>(dw, add<T>(get<T>(dw), mul<T>(products, inverse)));
}

// @ts-ignore: decorator
@inline function batchSlope<T>(
  dy: usize, x: usize, dx: usize, stride: usize, rows: i32, w: usize, mean: usize, variance: usize,
  dw: usize, db: usize, share: f32, eps: f32,
): void {
  const centre = get<T>(mean);
  const inverse = div<T>(all<T>(1), root<T>(add<T>(get<T>(variance), all<T>(eps))));
  const gain = mul<T>(get<T>(w), inverse);
  const meanSlope = mul<T>(get<T>(db), all<T>(share));
  const meanProduct = mul<T>(mul<T>(get<T>(dw), all<T>(share)), inverse);
  for (let i = 0; i < rows; i++) {
    const taken = add<T>(meanSlope, mul<T>(sub<T>(get<T>(x), centre), meanProduct));
    put<T>(dx, mul<T>(sub<T>(get<T>(dy), taken), gain));
    dy += stride;
    x += stride;
    dx += stride;
  }
}

// dx [rows × c], dw and db [c] (Ioffe and Szegedy 2015, section 3).
export function batchNormGradient(
  dy: usize, x: usize, w: usize, mean: usize, variance: usize, dx: usize, dw: usize, db: usize,
  rows: i32, c: i32, eps: f32,
): void {
  const size = <usize>c << 2;
  const whole = <usize>(c & ~3) << 2;
  memory.fill(dw, 0, size);
  memory.fill(db, 0, size);
  for (let row = 0; row < rows; row += BLOCK) {
    const count = min(BLOCK, rows - row);
    const d = dy + <usize>row * size;
    const v = x + <usize>row * size;
    let i: usize = 0;
    for (; i < whole; i += 16) {
      batchSums<v128>(d + i, v + i, size, count, mean + i, variance + i, dw + i, db + i, eps);
    }
    for (; i < size; i += 4) {
      batchSums<f32>(d + i, v + i, size, count, mean + i, variance + i, dw + i, db + i, eps);
    }
  }
  const share: f32 = 1 / <f32>rows;
  for (let row = 0; row < rows; row += BLOCK) {
    const count = min(BLOCK, rows - row);
    const d = dy + <usize>row * size;
    const v = x + <usize>row * size;
    const to = dx + <usize>row * size;
    let i: usize = 0;
    for (; i < whole; i += 16) {
      batchSlope<v128>(
        d + i, v + i, to + i, size, count, w + i, mean + i, variance + i, dw + i, db + i, share, eps,
      );
    }
    for (; i < size; i += 4) {
      batchSlope<f32>(
        d + i, v + i, to + i, size, count, w + i, mean + i, variance + i, dw + i, db + i, share, eps,
      );
    }
  }
}
