// The gradient of a convolution for its filter: one product of patches and dy, never written out.
// AssemblyScript, see gemm.as.
import { A_AT, COLUMNS, STEPS, packColumns, tiles } from './gemm';

// The first output column at which a tap meets column 0 or a later one: ⌈distance / stride⌉, at least 0.
// @ts-ignore: decorator
@inline function firstAt(distance: i32, stride: i32): i32 {
  return distance > 0 ? (distance + stride - 1) / stride : 0;
}

// What `T` (one float or four) under a tap each output position of a block sees, 16 bytes apart.
// @ts-ignore: decorator
@inline function packTap<T>(
  x: usize, to: usize, h: i32, w: i32, c: i32, oh: i32, strideH: i32, strideW: i32,
  up: i32, left: i32, row: i32, rows: i32, column: i32, columns: i32,
): void {
  const pixel = <usize>(c * strideW) << 2;
  const from = max(column, min(column + columns, firstAt(left, strideW)));
  // The column after the last one at which the tap lies on the map.
  const until = max(from, min(column + columns, firstAt(w + left, strideW)));
  for (let r = row; r < row + rows; r++) {
    const y = (r % oh) * strideH - up;
    const inside = y >= 0 && y < h;
    const begin = inside ? from : column + columns;
    const end = inside ? until : begin;
    for (let i = column; i < begin; i++) {
      if (isVector<T>()) v128.store(to, f32x4.splat(0));
      else store<f32>(to, 0);
      to += 16;
    }
    const line = <isize>((r / oh) * h + y) * <isize>w;
    let at = x + <usize>((line + <isize>(begin * strideW - left)) * <isize>c * 4);
    for (let i = begin; i < end; i++) {
      if (isVector<T>()) v128.store(to, v128.load(at));
      else store<f32>(to, load<f32>(at));
      at += pixel;
      to += 16;
    }
    for (let i = end; i < column + columns; i++) {
      if (isVector<T>()) v128.store(to, f32x4.splat(0));
      else store<f32>(to, 0);
      to += 16;
    }
  }
}

// dw [kh, kw, c, k] = Σ x [n, h, w, c] under each tap · dy [n, oh, ow, k]; `top` and `left` are the padding.
export function convFilterGradient(
  x: usize, dy: usize, dw: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32, k: i32,
  kh: i32, kw: i32, strideH: i32, strideW: i32, top: i32, left: i32, scratch: usize,
): void {
  const taps = kh * kw * c;
  const stride = <usize>k << 2;
  const rowsAtOnce = max(1, STEPS / ow);
  if (n * oh * ow === 0) memory.fill(dw, 0, <usize>taps * stride);
  for (let j = 0; j < k; j += COLUMNS) {
    const columns = min(COLUMNS, k - j);
    for (let row = 0; row < n * oh; row += rowsAtOnce) {
      const rows = min(rowsAtOnce, n * oh - row);
      for (let column = 0; column < ow; column += STEPS) {
        const across = min(STEPS, ow - column);
        const steps = rows * across;
        const first = (<usize>row * <usize>ow + <usize>column) * stride;
        packColumns(scratch, dy + first + (<usize>j << 2), stride, columns, steps);
        for (let tap = 0; tap < taps; tap += 4) {
          const count = min(4, taps - tap);
          if ((c & 3) === 0) {
            const place = tap / c;
            packTap<v128>(
              x + (<usize>(tap % c) << 2), scratch + A_AT, h, w, c, oh, strideH, strideW,
              top - place / kw, left - (place % kw), row, rows, column, across,
            );
          } else {
            // Past the last tap the lanes keep what they held: their sums are not kept.
            for (let lane = 0; lane < count; lane++) {
              const place = (tap + lane) / c;
              packTap<f32>(
                x + (<usize>((tap + lane) % c) << 2), scratch + A_AT + (<usize>lane << 2), h, w, c, oh,
                strideH, strideW, top - place / kw, left - (place % kw), row, rows, column, across,
              );
            }
          }
          const to = dw + <usize>tap * stride + (<usize>j << 2);
          tiles(scratch, steps, to, stride, count, columns, row > 0 || column > 0);
        }
      }
    }
  }
}
