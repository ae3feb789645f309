// Kernels that move numbers and compute nothing: axes swapped, phases interleaved. AssemblyScript,
// see gemm.as. Elements are of four bytes, of any type.
import { turn4 } from './gemm';

// Rows of a matrix that are turned at once: what is read of them stays in the L1 cache.
const BLOCK: i32 = 64;

// @ts-ignore: decorator
@inline export function copyRow(from: usize, to: usize, count: i32): void {
  const whole = <usize>(count & ~3) << 2;
  let i: usize = 0;
  for (; i < whole; i += 16) v128.store(to + i, v128.load(from + i));
  for (; i < <usize>count << 2; i += 4) store<f32>(to + i, load<f32>(from + i));
}

// to [columns × rows] = from [rows × columns], turned; rows of `from` lie `stride` bytes apart.
function turn(from: usize, to: usize, rows: i32, columns: i32, stride: usize): void {
  const step = <usize>rows << 2;
  for (let block = 0; block < rows; block += BLOCK) {
    const end = min(block + BLOCK, rows);
    const whole = block + ((end - block) & ~3);
    let j = 0;
    for (; j + 8 <= columns; j += 8) {
      for (let i = block; i < whole; i += 4) {
        const source = from + <usize>i * stride + (<usize>j << 2);
        const target = to + <usize>j * step + (<usize>i << 2);
        turn4(source, stride, target, step);
        turn4(source + 16, stride, target + 4 * step, step);
      }
    }
    for (; j + 4 <= columns; j += 4) {
      for (let i = block; i < whole; i += 4) {
        turn4(
          from + <usize>i * stride + (<usize>j << 2), stride, to + <usize>j * step + (<usize>i << 2), step,
        );
      }
    }
    for (let i = block; i < end; i++) {
      // Columns past the last four, and all of them where fewer than four rows are left.
      for (let column = i < whole ? j : 0; column < columns; column++) {
        store<f32>(
          to + <usize>column * step + (<usize>i << 2),
          load<f32>(from + <usize>i * stride + (<usize>column << 2)),
        );
      }
    }
  }
}

// [outer, a, b, inner] → [outer, b, a, inner].
export function swapAxes(from: usize, to: usize, outer: i32, a: i32, b: i32, inner: i32): void {
  const chunk = <usize>inner << 2;
  const size = <usize>a * <usize>b * chunk;
  for (let n = 0; n < outer; n++) {
    if (inner === 1) {
      turn(from, to, a, b, <usize>b << 2);
    } else {
      let at = to;
      for (let j = 0; j < b; j++) {
        let source = from + <usize>j * chunk;
        for (let i = 0; i < a; i++) {
          copyRow(source, at, inner);
          source += <usize>b * chunk;
          at += chunk;
        }
      }
    }
    from += size;
    to += size;
  }
}

// Part of a convolution's filter [kh, kw, c, k]: every strideH-th row of taps from `row` on, every
// strideW-th column from `column` on, in reverse, each tap turned: [rows, columns, k, c]. Rows of the filter lie allK
// apart.
export function reverseFilter(
  from: usize, to: usize, kw: i32, c: i32, k: i32, allK: i32, row: i32, rows: i32, strideH: i32,
  column: i32, columns: i32, strideW: i32,
): void {
  const stride = <usize>allK << 2;
  const tap = <usize>c * stride;
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      const place = (row + i * strideH) * kw + column + j * strideW;
      turn(from + <usize>place * tap, to, c, k, stride);
      to += <usize>(c * k) << 2;
    }
  }
}

// A phase of a map: [n, fh, fw, c] to every strideH-th row from `row` on and every strideW-th column from
// `column` on of [n, h, w, c], whose pixels lie allC apart.
export function placePhase(
  from: usize, to: usize, n: i32, fh: i32, fw: i32, h: i32, w: i32, c: i32, allC: i32,
  row: i32, column: i32, strideH: i32, strideW: i32,
): void {
  const pixel = <usize>allC << 2;
  for (let image = 0; image < n; image++) {
    for (let i = 0; i < fh; i++) {
      const line = to + <usize>((image * h + row + i * strideH) * w + column) * pixel;
      for (let j = 0; j < fw; j++) {
        copyRow(from, line + <usize>(j * strideW) * pixel, c);
        from += <usize>c << 2;
      }
    }
  }
}
