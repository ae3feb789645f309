// Matrix products in SIMD, of packed panels. This is AssemblyScript, compiled by scripts/build-wasm.ts
// into ../kernel.generated.ts; the extension keeps TypeScript away from it.
//
// Memory belongs to the host, which gives every address, and scratch of SCRATCH_BYTES beside them. Both
// operands are copied into panels that lie in the order of reading, so that one inner loop serves
// every layout: a's panel holds [step][4 rows], b's [step][8 columns], filled up with zeros.

/** Steps (of the summed axis) and columns that are packed at once: b's block stays in the L2 cache. */
export const STEPS: i32 = 256;
export const COLUMNS: i32 = 128;

// Where in the scratch lie a tile that is cut off at an edge, zeros for as many steps, a's panel and
// b's panels.
export const EDGE_AT: usize = 0;
export const ZEROS_AT: usize = 128;
export const A_AT: usize = ZEROS_AT + 256 * 4;
export const B_AT: usize = A_AT + 256 * 16;

// @ts-ignore: decorator
@inline function mulAdd(sum: v128, a: v128, b: v128): v128 {
  return f32x4.add(sum, f32x4.mul(a, b));
}

// c[4 × 8] (rows `stride` bytes apart) = or += a · b over so many steps.
function multiply(a: usize, b: usize, steps: i32, c: usize, stride: usize, add: bool): void {
  const row1 = c + stride;
  const row2 = row1 + stride;
  const row3 = row2 + stride;
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  if (add) {
    c00 = v128.load(c);
    c01 = v128.load(c, 16);
    c10 = v128.load(row1);
    c11 = v128.load(row1, 16);
    c20 = v128.load(row2);
    c21 = v128.load(row2, 16);
    c30 = v128.load(row3);
    c31 = v128.load(row3, 16);
  }
  const end = a + (<usize>steps << 4);
  while (a < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    c00 = mulAdd(c00, a0, b0);
    c01 = mulAdd(c01, a0, b1);
    const a1 = v128.load32_splat(a, 4);
    c10 = mulAdd(c10, a1, b0);
    c11 = mulAdd(c11, a1, b1);
    const a2 = v128.load32_splat(a, 8);
    c20 = mulAdd(c20, a2, b0);
    c21 = mulAdd(c21, a2, b1);
    const a3 = v128.load32_splat(a, 12);
    c30 = mulAdd(c30, a3, b0);
    c31 = mulAdd(c31, a3, b1);
    a += 16;
    b += 32;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(row1, c10);
  v128.store(row1, c11, 16);
  v128.store(row2, c20);
  v128.store(row2, c21, 16);
  v128.store(row3, c30);
  v128.store(row3, c31, 16);
}

// One tile of the result, of at most 4 × 8.
function tile(
  a: usize, b: usize, steps: i32, c: usize, stride: usize, rows: i32, columns: i32, add: bool, edge: usize,
): void {
  if (rows === 4 && columns === 8) {
    multiply(a, b, steps, c, stride, add);
    return;
  }
  multiply(a, b, steps, edge, 32, false);
  for (let i = 0; i < rows; i++) {
    const from = edge + (<usize>i << 5);
    const to = c + <usize>i * stride;
    for (let j: usize = 0; j < <usize>columns << 2; j += 4) {
      const value = load<f32>(from + j);
      store<f32>(to + j, add ? load<f32>(to + j) + value : value);
    }
  }
}

// A row of tiles: the packed four rows of a against all packed columns of b.
export function tiles(
  scratch: usize, steps: i32, c: usize, stride: usize, rows: i32, columns: i32, add: bool,
): void {
  let b = scratch + B_AT;
  for (let j = 0; j < columns; j += 8) {
    tile(scratch + A_AT, b, steps, c, stride, rows, min(8, columns - j), add, scratch + EDGE_AT);
    b += <usize>steps << 5;
    c += 32;
  }
}

// Four vectors of four floats, turned: those of `to` are `step` bytes apart.
// @ts-ignore: decorator
@inline export function turnFour(f0: usize, f1: usize, f2: usize, f3: usize, to: usize, step: usize): void {
  const r0 = v128.load(f0);
  const r1 = v128.load(f1);
  const r2 = v128.load(f2);
  const r3 = v128.load(f3);
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(to + step, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
  v128.store(to + 2 * step, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  v128.store(to + 3 * step, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
}

// The same of rows that are `stride` bytes apart.
// @ts-ignore: decorator
@inline export function turn4(from: usize, stride: usize, to: usize, step: usize): void {
  turnFour(from, from + stride, from + 2 * stride, from + 3 * stride, to, step);
}

// `count` (at most `width`) vectors of `steps` floats, `stride` bytes apart, into to[step][width].
// @ts-ignore: decorator
@inline function packVectors(from: usize, stride: usize, count: i32, steps: i32, to: usize, width: i32): void {
  const step = <usize>width << 2;
  for (let i = 0; i < width; i += 4) {
    let t = 0;
    if (i + 4 <= count) {
      for (; t + 4 <= steps; t += 4) {
        turn4(
          from + <usize>i * stride + (<usize>t << 2), stride, to + <usize>t * step + (<usize>i << 2), step,
        );
      }
    }
    for (; t < steps; t++) {
      for (let j = i; j < i + 4; j++) {
        const value = j < count ? load<f32>(from + <usize>j * stride + (<usize>t << 2)) : 0;
        store<f32>(to + <usize>t * step + (<usize>j << 2), value);
      }
    }
  }
}

// `steps` rows, `stride` bytes apart, of `count` (at most `width`) floats into to[step][width].
// @ts-ignore: decorator
@inline function packRows(from: usize, stride: usize, count: i32, steps: i32, to: usize, width: i32): void {
  for (let t = 0; t < steps; t++) {
    if (count >= width) {
      for (let i = 0; i < width; i += 4) {
        v128.store(to + (<usize>i << 2), v128.load(from + (<usize>i << 2)));
      }
    } else {
      for (let i = 0; i < width; i++) {
        store<f32>(to + (<usize>i << 2), i < count ? load<f32>(from + (<usize>i << 2)) : 0);
      }
    }
    from += stride;
    to += <usize>width << 2;
  }
}

// Columns of a row-major matrix into b's panels; `from` is the first of `steps` rows.
export function packColumns(scratch: usize, from: usize, stride: usize, columns: i32, steps: i32): void {
  let to = scratch + B_AT;
  for (let j = 0; j < columns; j += 8) {
    packRows(from + (<usize>j << 2), stride, columns - j, steps, to, 8);
    to += <usize>steps << 5;
  }
}

// c [m × n] = op(a) [m × k] · op(b) [k × n], all row-major; with turnA, a is stored [k × m], with
// turnB, b is stored [n × k].
export function gemm(
  a: usize, b: usize, c: usize, m: i32, n: i32, k: i32, turnA: bool, turnB: bool, scratch: usize,
): void {
  if (k === 0) memory.fill(c, 0, <usize>m * <usize>n * 4);
  const strideA = <usize>(turnA ? m : k) << 2;
  const strideB = <usize>(turnB ? k : n) << 2;
  const strideC = <usize>n << 2;
  for (let j = 0; j < n; j += COLUMNS) {
    const columns = min(COLUMNS, n - j);
    for (let t = 0; t < k; t += STEPS) {
      const steps = min(STEPS, k - t);
      if (turnB) {
        const from = b + <usize>j * strideB + (<usize>t << 2);
        for (let p = 0; p < columns; p += 8) {
          const to = scratch + B_AT + <usize>p * (<usize>steps << 2);
          packVectors(from + <usize>p * strideB, strideB, columns - p, steps, to, 8);
        }
      } else {
        packColumns(scratch, b + <usize>t * strideB + (<usize>j << 2), strideB, columns, steps);
      }
      for (let i = 0; i < m; i += 4) {
        if (turnA) {
          packRows(a + <usize>t * strideA + (<usize>i << 2), strideA, m - i, steps, scratch + A_AT, 4);
        } else {
          const from = a + <usize>i * strideA + (<usize>t << 2);
          packVectors(from, strideA, m - i, steps, scratch + A_AT, 4);
        }
        const to = c + <usize>i * strideC + (<usize>j << 2);
        tiles(scratch, steps, to, strideC, min(4, m - i), columns, t > 0);
      }
    }
  }
}

// Products of a batch: the operands lie so many bytes apart, 0 where one serves them all.
export function gemmBatch(
  a: usize, b: usize, c: usize, batch: i32, nextA: usize, nextB: usize,
  m: i32, n: i32, k: i32, turnA: bool, turnB: bool, scratch: usize,
): void {
  const nextC = (<usize>m * <usize>n) << 2;
  for (let i = 0; i < batch; i++) {
    gemm(a, b, c, m, n, k, turnA, turnB, scratch);
    a += nextA;
    b += nextB;
    c += nextC;
  }
}
