// Max pooling and its gradient. AssemblyScript, see gemm.as. Maps are NHWC.

/** What a window sees that lies beside the map: as in ../../tf/pools.ts. */
const LOWEST: f32 = -3e38;

// y [n, oh, ow, c] of x [n, h, w, c]; or, with slopes, dx of dy: each goes to the first place of its window
// where x is what y is. `y` then is read, and `slopes` and `dx` are addresses.
// @ts-ignore: decorator
@inline function pool(
  gradient: bool, x: usize, y: usize, slopes: usize, dx: usize, n: i32, h: i32, w: i32, c: i32,
  oh: i32, ow: i32, kernel: i32, stride: i32, top: i32, left: i32,
): void {
  const pixel = <usize>c << 2;
  const whole = <usize>(c & ~3) << 2;
  const line = <usize>w * pixel;
  for (let image = 0; image < n; image++) {
    for (let out = 0; out < oh; out++) {
      const fromY = max(out * stride - top, 0);
      const untilY = min(out * stride - top + kernel, h);
      for (let across = 0; across < ow; across++) {
        const fromX = max(across * stride - left, 0);
        const untilX = min(across * stride - left + kernel, w);
        const first = <usize>((image * h + fromY) * w + fromX) * pixel;
        const width = <usize>max(untilX - fromX, 0) * pixel;
        for (let i: usize = 0; i < pixel; ) {
          const many = i < whole;
          let most = f32x4.splat(LOWEST);
          let dy = most;
          if (gradient) {
            most = many ? v128.load(y + i) : v128.load32_zero(y + i);
            dy = many ? v128.load(slopes + i) : v128.load32_zero(slopes + i);
          }
          let row = x + first + i;
          let to = dx + first + i;
          for (let r = fromY; r < untilY; r++) {
            for (let at: usize = 0; at < width; at += pixel) {
              const value = many ? v128.load(row + at) : v128.load32_zero(row + at);
              if (gradient) {
                const here = f32x4.eq(value, most);
                const part = v128.and(dy, here);
                if (many) v128.store(to + at, f32x4.add(v128.load(to + at), part));
                else store<f32>(to + at, load<f32>(to + at) + f32x4.extract_lane(part, 0));
                dy = v128.andnot(dy, here);
              } else {
                most = f32x4.max(most, value);
              }
            }
            row += line;
            to += line;
          }
          if (!gradient) {
            if (many) v128.store(y + i, most);
            else store<f32>(y + i, f32x4.extract_lane(most, 0));
          }
          i += many ? 16 : 4;
        }
        y += pixel;
        slopes += pixel;
      }
    }
  }
}

export function maxPool(
  x: usize, y: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32,
  kernel: i32, stride: i32, top: i32, left: i32,
): void {
  pool(false, x, y, 0, 0, n, h, w, c, oh, ow, kernel, stride, top, left);
}

export function maxPoolGradient(
  x: usize, y: usize, dy: usize, dx: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32,
  kernel: i32, stride: i32, top: i32, left: i32,
): void {
  memory.fill(dx, 0, <usize>(n * h * w) * <usize>c * 4);
  pool(true, x, y, dy, dx, n, h, w, c, oh, ow, kernel, stride, top, left);
}
