// Convolutions, and their gradients for the filter, as products of patches that are never written out.
// AssemblyScript, see gemm.as. Maps are NHWC, filters [kh, kw, c, k]; `top` and `left` are the padding.
// What is convolved may be a group of channels: x then has allC of them, and the output allK.
import { A_AT, COLUMNS, STEPS, ZEROS_AT, packColumns, tiles, turnFour } from './gemm';

// The first output column at which a tap meets column 0 or a later one: ⌈distance / stride⌉, at least 0.
// @ts-ignore: decorator
@inline function firstAt(distance: i32, stride: i32): i32 {
  return distance > 0 ? (distance + stride - 1) / stride : 0;
}

// What `T` (one float or four) under a tap each output position of a block sees, 16 bytes apart.
// @ts-ignore: decorator
@inline function packTap<T>(
  x: usize, to: usize, h: i32, w: i32, allC: i32, oh: i32, strideH: i32, strideW: i32,
  up: i32, left: i32, row: i32, rows: i32, column: i32, columns: i32,
): void {
  const pixel = <usize>(allC * strideW) << 2;
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
    let at = x + <usize>((line + <isize>(begin * strideW - left)) * <isize>allC * 4);
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

// dw [kh, kw, c, k] = Σ x [n, h, w, c] under each tap · dy [n, oh, ow, k]; rows of dw, too, lie allK apart.
export function convFilterGradient(
  x: usize, dy: usize, dw: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32, k: i32,
  kh: i32, kw: i32, strideH: i32, strideW: i32, top: i32, left: i32, allC: i32, allK: i32, scratch: usize,
): void {
  const taps = kh * kw * c;
  const stride = <usize>allK << 2;
  const rowsAtOnce = max(1, STEPS / ow);
  if (n * oh * ow === 0) {
    for (let tap = 0; tap < taps; tap++) memory.fill(dw + <usize>tap * stride, 0, <usize>k << 2);
  }
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
              x + (<usize>(tap % c) << 2), scratch + A_AT, h, w, allC, oh, strideH, strideW,
              top - place / kw, left - (place % kw), row, rows, column, across,
            );
          } else {
            // Past the last tap the lanes keep what they held: their sums are not kept.
            for (let lane = 0; lane < count; lane++) {
              const place = (tap + lane) / c;
              packTap<f32>(
                x + (<usize>((tap + lane) % c) << 2), scratch + A_AT + (<usize>lane << 2), h, w, allC, oh,
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

// A row that no tap reaches: there the outputs look that fill up the last four.
const BESIDE: i32 = -0x1000000;

// Where a tap finds its pixel for the output whose window begins at (y, x0) of the image at `line` rows;
// the zeros where it lies beside the map.
// @ts-ignore: decorator
@inline function tapAt(
  x: usize, zeros: usize, line: i32, y: i32, x0: i32, h: i32, w: i32, pixel: usize,
): usize {
  const inside = y >= 0 && y < h && x0 >= 0 && x0 < w;
  return inside ? x + <usize>((line + y) * w + x0) * pixel : zeros;
}

// y [n, oh, ow, k] = x [n, h, w, c] convolved; rows of the filter lie filterK apart.
export function convForward(
  x: usize, filter: usize, y: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32, k: i32,
  kh: i32, kw: i32, strideH: i32, strideW: i32, top: i32, left: i32, allC: i32, allK: i32, filterK: i32,
  scratch: usize,
): void {
  const taps = kh * kw * c;
  const stride = <usize>allK << 2;
  const filterStride = <usize>filterK << 2;
  const pixel = <usize>allC << 2;
  const outputs = n * oh * ow;
  const lines = n * h;
  const zeros = scratch + ZEROS_AT;
  if (taps === 0) {
    for (let p = 0; p < outputs; p++) memory.fill(y + <usize>p * stride, 0, <usize>k << 2);
  }
  memory.fill(zeros, 0, A_AT - ZEROS_AT);
  for (let j = 0; j < k; j += COLUMNS) {
    const columns = min(COLUMNS, k - j);
    for (let t = 0; t < taps; t += STEPS) {
      const steps = min(STEPS, taps - t);
      packColumns(
        scratch, filter + <usize>t * filterStride + (<usize>j << 2), filterStride, columns, steps,
      );
      const firstChannel = t % c;
      const firstRow = t / c / kw;
      const firstColumn = (t / c) % kw;
      // The output that comes next: its place on the map, and its image's first row.
      let outX = 0;
      let outY = 0;
      let line = 0;
      for (let p = 0; p < outputs; p += 4) {
        const line0 = line;
        const y0 = line < lines ? outY * strideH - top : BESIDE;
        const x0 = outX * strideW - left;
        if (++outX === ow) {
          outX = 0;
          if (++outY === oh) {
            outY = 0;
            line += h;
          }
        }
        const line1 = line;
        const y1 = line < lines ? outY * strideH - top : BESIDE;
        const x1 = outX * strideW - left;
        if (++outX === ow) {
          outX = 0;
          if (++outY === oh) {
            outY = 0;
            line += h;
          }
        }
        const line2 = line;
        const y2 = line < lines ? outY * strideH - top : BESIDE;
        const x2 = outX * strideW - left;
        if (++outX === ow) {
          outX = 0;
          if (++outY === oh) {
            outY = 0;
            line += h;
          }
        }
        const line3 = line;
        const y3 = line < lines ? outY * strideH - top : BESIDE;
        const x3 = outX * strideW - left;
        if (++outX === ow) {
          outX = 0;
          if (++outY === oh) {
            outY = 0;
            line += h;
          }
        }
        let channel = firstChannel;
        let row = firstRow;
        let column = firstColumn;
        let to = scratch + A_AT;
        for (let done = 0; done < steps; ) {
          const run = min(c - channel, steps - done);
          const skip = <usize>channel << 2;
          const f0 = tapAt(x, zeros - skip, line0, y0 + row, x0 + column, h, w, pixel) + skip;
          const f1 = tapAt(x, zeros - skip, line1, y1 + row, x1 + column, h, w, pixel) + skip;
          const f2 = tapAt(x, zeros - skip, line2, y2 + row, x2 + column, h, w, pixel) + skip;
          const f3 = tapAt(x, zeros - skip, line3, y3 + row, x3 + column, h, w, pixel) + skip;
          const end = <usize>run << 2;
          let i: usize = 0;
          for (; i + 16 <= end; i += 16) {
            turnFour(f0 + i, f1 + i, f2 + i, f3 + i, to, 16);
            to += 64;
          }
          for (; i < end; i += 4) {
            store<f32>(to, load<f32>(f0 + i));
            store<f32>(to, load<f32>(f1 + i), 4);
            store<f32>(to, load<f32>(f2 + i), 8);
            store<f32>(to, load<f32>(f3 + i), 12);
            to += 16;
          }
          done += run;
          channel = 0;
          if (++column === kw) {
            column = 0;
            row++;
          }
        }
        const at = y + <usize>p * stride + (<usize>j << 2);
        tiles(scratch, steps, at, stride, min(4, outputs - p), columns, t > 0);
      }
    }
  }
}
