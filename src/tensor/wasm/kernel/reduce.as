// Sums along an axis, and of rows by segment. AssemblyScript, see gemm.as.
import { copyRow } from './moves';

// Rows that are summed in registers before their sum is added to the whole: it rounds less, and what
// other columns need of these rows is still in the L1 cache.
const BLOCK: i32 = 128;

// @ts-ignore: decorator
@inline export function sumLanes(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

// @ts-ignore: decorator
@inline function weigh<W>(value: v128, weight: usize): v128 {
  return isInteger<W>() ? f32x4.mul(value, v128.load32_splat(weight)) : value;
}

// to [columns] += Σ over rows of from [rows × columns], each times its weight where W is an integer type
// (weights then lie `next` bytes apart).
// @ts-ignore: decorator
@inline function addRows<W>(from: usize, to: usize, rows: i32, columns: i32, weights: usize, next: usize): void {
  const stride = <usize>columns << 2;
  for (let block = 0; block < rows; block += BLOCK) {
    const count = min(BLOCK, rows - block);
    let j = 0;
    for (; j + 16 <= columns; j += 16) {
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      let at = from + (<usize>j << 2);
      let weight = weights;
      for (let i = 0; i < count; i++) {
        s0 = f32x4.add(s0, weigh<W>(v128.load(at), weight));
        s1 = f32x4.add(s1, weigh<W>(v128.load(at, 16), weight));
        s2 = f32x4.add(s2, weigh<W>(v128.load(at, 32), weight));
        s3 = f32x4.add(s3, weigh<W>(v128.load(at, 48), weight));
        at += stride;
        weight += next;
      }
      const sum = to + (<usize>j << 2);
      v128.store(sum, f32x4.add(v128.load(sum), s0));
      v128.store(sum, f32x4.add(v128.load(sum, 16), s1), 16);
      v128.store(sum, f32x4.add(v128.load(sum, 32), s2), 32);
      v128.store(sum, f32x4.add(v128.load(sum, 48), s3), 48);
    }
    for (; j + 4 <= columns; j += 4) {
      let s0 = f32x4.splat(0);
      let at = from + (<usize>j << 2);
      let weight = weights;
      for (let i = 0; i < count; i++) {
        s0 = f32x4.add(s0, weigh<W>(v128.load(at), weight));
        at += stride;
        weight += next;
      }
      const sum = to + (<usize>j << 2);
      v128.store(sum, f32x4.add(v128.load(sum), s0));
    }
    for (; j < columns; j++) {
      let s: f32 = 0;
      let at = from + (<usize>j << 2);
      let weight = weights;
      for (let i = 0; i < count; i++) {
        s += isInteger<W>() ? load<f32>(at) * load<f32>(weight) : load<f32>(at);
        at += stride;
        weight += next;
      }
      const sum = to + (<usize>j << 2);
      store<f32>(sum, load<f32>(sum) + s);
    }
    from += <usize>count * stride;
    weights += <usize>count * next;
  }
}

function sumOfRow(from: usize, count: i32): f32 {
  let sum: f32 = 0;
  let i = 0;
  while (i + 16 <= count) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (const end = min(count, i + 16 * BLOCK); i + 16 <= end; i += 16) {
      s0 = f32x4.add(s0, v128.load(from));
      s1 = f32x4.add(s1, v128.load(from, 16));
      s2 = f32x4.add(s2, v128.load(from, 32));
      s3 = f32x4.add(s3, v128.load(from, 48));
      from += 64;
    }
    sum += sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  }
  for (; i < count; i++) {
    sum += load<f32>(from);
    from += 4;
  }
  return sum;
}

// @ts-ignore: decorator
@inline export function scaleRow(at: usize, count: i32, scale: f32): void {
  const factor = f32x4.splat(scale);
  const end = at + (<usize>count << 2);
  for (; at + 16 <= end; at += 16) v128.store(at, f32x4.mul(v128.load(at), factor));
  for (; at < end; at += 4) store<f32>(at, load<f32>(at) * scale);
}

// [outer, inner] = the sums over the middle axis of [outer, rows, inner], times `scale`.
export function sumAxis(from: usize, to: usize, outer: i32, rows: i32, inner: i32, scale: f32): void {
  if (inner === 1) {
    for (let n = 0; n < outer; n++) {
      store<f32>(to + (<usize>n << 2), sumOfRow(from, rows) * scale);
      from += <usize>rows << 2;
    }
    return;
  }
  const size = <usize>inner << 2;
  for (let n = 0; n < outer; n++) {
    memory.fill(to, 0, size);
    addRows<f32>(from, to, rows, inner, 0, 0);
    if (scale !== 1) scaleRow(to, inner, scale);
    from += <usize>rows * size;
    to += size;
  }
}

// c [columns] = Σ weights [rows], `next` bytes apart, · b [rows × columns]: a product with one row.
export function weighRows(weights: usize, next: usize, b: usize, c: usize, rows: i32, columns: i32): void {
  memory.fill(c, 0, <usize>columns << 2);
  addRows<i32>(b, c, rows, columns, weights, next);
}

// to [segments × inner] = the sums of those rows of from [rows × inner] whose segment it is; rows of no
// segment are left out.
export function segmentSum(
  from: usize, ids: usize, to: usize, rows: i32, inner: i32, segments: i32,
): void {
  const size = <usize>inner << 2;
  const whole = <usize>(inner & ~3) << 2;
  memory.fill(to, 0, <usize>segments * size);
  for (let row = 0; row < rows; row++) {
    const id = load<i32>(ids + (<usize>row << 2));
    if (id >= 0 && id < segments) {
      const sum = to + <usize>id * size;
      let i: usize = 0;
      for (; i < whole; i += 16) v128.store(sum + i, f32x4.add(v128.load(sum + i), v128.load(from + i)));
      for (; i < size; i += 4) store<f32>(sum + i, load<f32>(sum + i) + load<f32>(from + i));
    }
    from += size;
  }
}

// [outer, count, inner] = rows of from [outer, length, inner] by index [count]; zeros where it is −1.
export function pickRows(
  from: usize, index: usize, to: usize, outer: i32, length: i32, count: i32, inner: i32,
): void {
  const size = <usize>inner << 2;
  for (let n = 0; n < outer; n++) {
    for (let i = 0; i < count; i++) {
      const row = load<i32>(index + (<usize>i << 2));
      if (row < 0) memory.fill(to, 0, size);
      else copyRow(from + <usize>row * size, to, inner);
      to += size;
    }
    from += <usize>length * size;
  }
}
