// Gradients of depthwise convolutions. AssemblyScript, see gemm.as. Maps are NHWC; the filter is
// [kh, kw, c, multiplier], and the output channel c · multiplier + i comes of channel c.

// The first output at which a tap meets position 0 or a later one.
// @ts-ignore: decorator
@inline function firstAt(distance: i32, stride: i32): i32 {
  return distance > 0 ? (distance + stride - 1) / stride : 0;
}

// dw [c] += Σ over `count` pixels of x · dy, their pixels `next` and `size` bytes apart.
function addProducts(x: usize, next: usize, dy: usize, size: usize, dw: usize, count: i32, c: i32): void {
  let j = 0;
  for (; j + 16 <= c; j += 16) {
    let s0 = v128.load(dw);
    let s1 = v128.load(dw, 16);
    let s2 = v128.load(dw, 32);
    let s3 = v128.load(dw, 48);
    let from = x;
    let by = dy;
    for (let i = 0; i < count; i++) {
      s0 = f32x4.add(s0, f32x4.mul(v128.load(from), v128.load(by)));
      s1 = f32x4.add(s1, f32x4.mul(v128.load(from, 16), v128.load(by, 16)));
      s2 = f32x4.add(s2, f32x4.mul(v128.load(from, 32), v128.load(by, 32)));
      s3 = f32x4.add(s3, f32x4.mul(v128.load(from, 48), v128.load(by, 48)));
      from += next;
      by += size;
    }
    v128.store(dw, s0);
    v128.store(dw, s1, 16);
    v128.store(dw, s2, 32);
    v128.store(dw, s3, 48);
    x += 64;
    dy += 64;
    dw += 64;
  }
  for (; j + 4 <= c; j += 4) {
    let s0 = v128.load(dw);
    let from = x;
    let by = dy;
    for (let i = 0; i < count; i++) {
      s0 = f32x4.add(s0, f32x4.mul(v128.load(from), v128.load(by)));
      from += next;
      by += size;
    }
    v128.store(dw, s0);
    x += 16;
    dy += 16;
    dw += 16;
  }
  for (; j < c; j++) {
    let s = load<f32>(dw);
    for (let i = 0; i < count; i++) {
      s += load<f32>(x + <usize>i * next) * load<f32>(dy + <usize>i * size);
    }
    store<f32>(dw, s);
    x += 4;
    dy += 4;
    dw += 4;
  }
}

// dx += dy · w for `count` pixels.
function addScaled(dx: usize, next: usize, dy: usize, size: usize, w: usize, count: i32, c: i32): void {
  let j = 0;
  for (; j + 16 <= c; j += 16) {
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    const w2 = v128.load(w, 32);
    const w3 = v128.load(w, 48);
    let to = dx;
    let by = dy;
    for (let i = 0; i < count; i++) {
      v128.store(to, f32x4.add(v128.load(to), f32x4.mul(w0, v128.load(by))));
      v128.store(to, f32x4.add(v128.load(to, 16), f32x4.mul(w1, v128.load(by, 16))), 16);
      v128.store(to, f32x4.add(v128.load(to, 32), f32x4.mul(w2, v128.load(by, 32))), 32);
      v128.store(to, f32x4.add(v128.load(to, 48), f32x4.mul(w3, v128.load(by, 48))), 48);
      to += next;
      by += size;
    }
    dx += 64;
    dy += 64;
    w += 64;
  }
  for (; j + 4 <= c; j += 4) {
    const w0 = v128.load(w);
    let to = dx;
    let by = dy;
    for (let i = 0; i < count; i++) {
      v128.store(to, f32x4.add(v128.load(to), f32x4.mul(w0, v128.load(by))));
      to += next;
      by += size;
    }
    dx += 16;
    dy += 16;
    w += 16;
  }
  for (; j < c; j++) {
    const w0 = load<f32>(w);
    for (let i = 0; i < count; i++) {
      const to = dx + <usize>i * next;
      store<f32>(to, load<f32>(to) + w0 * load<f32>(dy + <usize>i * size));
    }
    dx += 4;
    dy += 4;
    w += 4;
  }
}

// Channel by channel, where each has more than one filter.
function addSpread(
  map: usize, next: usize, dy: usize, size: usize, w: usize, count: i32, c: i32, multiplier: i32,
  toFilter: bool,
): void {
  for (let p = 0; p < count; p++) {
    for (let i = 0; i < c * multiplier; i++) {
      const slope = load<f32>(dy + (<usize>i << 2));
      const pixel = map + (<usize>(i / multiplier) << 2);
      const weight = w + (<usize>i << 2);
      if (toFilter) store<f32>(weight, load<f32>(weight) + load<f32>(pixel) * slope);
      else store<f32>(pixel, load<f32>(pixel) + load<f32>(weight) * slope);
    }
    map += next;
    dy += size;
  }
}

// With toFilter, dw [kh, kw, c, multiplier] of x and dy; else dx [n, h, w, c] of dy and the filter. `map`
// is x or dx, `filter` dw or the filter.
export function depthwiseGradient(
  map: usize, dy: usize, filter: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32,
  multiplier: i32, kh: i32, kw: i32, strideH: i32, strideW: i32, top: i32, left: i32, toFilter: bool,
): void {
  const pixel = <usize>c << 2;
  const next = pixel * <usize>strideW;
  const size = pixel * <usize>multiplier;
  if (toFilter) memory.fill(filter, 0, <usize>(kh * kw) * size);
  else memory.fill(map, 0, <usize>(n * h * w) * pixel);
  for (let image = 0; image < n; image++) {
    for (let out = 0; out < oh; out++) {
      const slopes = dy + <usize>((image * oh + out) * ow) * size;
      for (let i = 0; i < kh; i++) {
        const y = out * strideH + i - top;
        if (y < 0 || y >= h) continue;
        const line = map + <usize>((image * h + y) * w) * pixel;
        for (let j = 0; j < kw; j++) {
          const from = firstAt(left - j, strideW);
          const count = min(ow, firstAt(w + left - j, strideW)) - from;
          if (count <= 0) continue;
          const at = line + <usize>(from * strideW + j - left) * pixel;
          const by = slopes + <usize>from * size;
          const tap = filter + <usize>(i * kw + j) * size;
          if (multiplier !== 1) addSpread(at, next, by, size, tap, count, c, multiplier, toFilter);
          else if (toFilter) addProducts(at, next, by, size, tap, count, c);
          else addScaled(at, next, by, size, tap, count, c);
        }
      }
    }
  }
}
