// Scores of all rows of a shard against one query, in SIMD. This is AssemblyScript, compiled by
// scripts/build-wasm.ts into ../kernel.generated.ts; the extension keeps TypeScript away from it.
//
// Memory belongs to the host, which gives every address. Rows lie one after another, without gaps
// and without alignment: unaligned vector loads cost next to nothing on machines that have SIMD.

// Lanes of 16 int8 codes: each half widened to int16, multiplied by the query's int16, summed pairwise.
// @ts-ignore: decorator
@inline function mul16(codes: v128, low: v128, high: v128): v128 {
  return i32x4.add(
    i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(codes), low),
    i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(codes), high),
  );
}

// @ts-ignore: decorator
@inline function sumI32(v: v128): i32 {
  return (
    i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3)
  );
}

// @ts-ignore: decorator
@inline function sumF32(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

// @ts-ignore: decorator
@inline function tailI8(row: usize, query: usize, from: i32, dim: i32): i32 {
  let sum: i32 = 0;
  for (let i = from; i < dim; i++) {
    sum += <i32>load<i8>(row + <usize>i) * <i32>load<i16>(query + (<usize>i << 1));
  }
  return sum;
}

// @ts-ignore: decorator
@inline function tailF32(row: usize, query: usize, from: i32, dim: i32): f32 {
  let sum: f32 = 0;
  for (let i = from; i < dim; i++) {
    sum += load<f32>(row + (<usize>i << 2)) * load<f32>(query + (<usize>i << 2));
  }
  return sum;
}

// int8 codes [rows × dim] × int16 query [dim] → f32 scores [rows] = dot × scales[row] × queryScale.
// Four rows at a time share every load of the query. The host bounds the query's values so that an
// int32 lane cannot overflow.
export function scoreInt8(
  codes: usize, scales: usize, query: usize, scores: usize, rows: i32, dim: i32, queryScale: f32,
): void {
  const stride = <usize>dim;
  const whole = dim & ~15;
  const rest = whole < dim;
  let row = 0;
  let at = codes;
  for (; row + 4 <= rows; row += 4) {
    const b = at + stride;
    const c = b + stride;
    const d = c + stride;
    let sa = i32x4.splat(0);
    let sb = i32x4.splat(0);
    let sc = i32x4.splat(0);
    let sd = i32x4.splat(0);
    for (let i = 0; i < whole; i += 16) {
      const o = <usize>i;
      const low = v128.load(query + (o << 1));
      const high = v128.load(query + (o << 1), 16);
      sa = i32x4.add(sa, mul16(v128.load(at + o), low, high));
      sb = i32x4.add(sb, mul16(v128.load(b + o), low, high));
      sc = i32x4.add(sc, mul16(v128.load(c + o), low, high));
      sd = i32x4.add(sd, mul16(v128.load(d + o), low, high));
    }
    let ta = sumI32(sa);
    let tb = sumI32(sb);
    let tc = sumI32(sc);
    let td = sumI32(sd);
    if (rest) {
      ta += tailI8(at, query, whole, dim);
      tb += tailI8(b, query, whole, dim);
      tc += tailI8(c, query, whole, dim);
      td += tailI8(d, query, whole, dim);
    }
    const scale = scales + (<usize>row << 2);
    const out = scores + (<usize>row << 2);
    store<f32>(out, <f32>ta * load<f32>(scale) * queryScale);
    store<f32>(out, <f32>tb * load<f32>(scale, 4) * queryScale, 4);
    store<f32>(out, <f32>tc * load<f32>(scale, 8) * queryScale, 8);
    store<f32>(out, <f32>td * load<f32>(scale, 12) * queryScale, 12);
    at = d + stride;
  }
  for (; row < rows; row++) {
    let sum = i32x4.splat(0);
    for (let i = 0; i < whole; i += 16) {
      const o = <usize>i;
      sum = i32x4.add(
        sum,
        mul16(v128.load(at + o), v128.load(query + (o << 1)), v128.load(query + (o << 1), 16)),
      );
    }
    const total = sumI32(sum) + tailI8(at, query, whole, dim);
    const o = <usize>row << 2;
    store<f32>(scores + o, <f32>total * load<f32>(scales + o) * queryScale);
    at += stride;
  }
}

// f32 vectors [rows × dim] × f32 query [dim] → f32 scores [rows]. A row is summed in the same order
// whether it falls in a block of four or not, so equal rows tie exactly.
export function scoreFloat32(vectors: usize, query: usize, scores: usize, rows: i32, dim: i32): void {
  const stride = <usize>dim << 2;
  const whole = dim & ~3;
  let row = 0;
  let at = vectors;
  for (; row + 4 <= rows; row += 4) {
    const b = at + stride;
    const c = b + stride;
    const d = c + stride;
    let sa = f32x4.splat(0);
    let sb = f32x4.splat(0);
    let sc = f32x4.splat(0);
    let sd = f32x4.splat(0);
    for (let i = 0; i < whole; i += 4) {
      const o = <usize>i << 2;
      const q = v128.load(query + o);
      sa = f32x4.add(sa, f32x4.mul(v128.load(at + o), q));
      sb = f32x4.add(sb, f32x4.mul(v128.load(b + o), q));
      sc = f32x4.add(sc, f32x4.mul(v128.load(c + o), q));
      sd = f32x4.add(sd, f32x4.mul(v128.load(d + o), q));
    }
    const out = scores + (<usize>row << 2);
    store<f32>(out, sumF32(sa) + tailF32(at, query, whole, dim));
    store<f32>(out, sumF32(sb) + tailF32(b, query, whole, dim), 4);
    store<f32>(out, sumF32(sc) + tailF32(c, query, whole, dim), 8);
    store<f32>(out, sumF32(sd) + tailF32(d, query, whole, dim), 12);
    at = d + stride;
  }
  for (; row < rows; row++) {
    let sum = f32x4.splat(0);
    for (let i = 0; i < whole; i += 4) {
      const o = <usize>i << 2;
      sum = f32x4.add(sum, f32x4.mul(v128.load(at + o), v128.load(query + o)));
    }
    store<f32>(scores + (<usize>row << 2), sumF32(sum) + tailF32(at, query, whole, dim));
    at += stride;
  }
}
