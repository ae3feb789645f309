// One float or four alike: what is written for T serves both the middle of a row and its end.
// AssemblyScript, see gemm.as.

// @ts-ignore: decorator
@inline export function get<T>(at: usize): T {
  if (isVector<T>()) return v128.load(at);
  else return load<f32>(at);
}

// @ts-ignore: decorator
@inline export function put<T>(at: usize, value: T): void {
  if (isVector<T>()) v128.store(at, value);
  else store<f32>(at, value);
}

// @ts-ignore: decorator
@inline export function all<T>(value: f32): T {
  if (isVector<T>()) return f32x4.splat(value);
  else return value;
}

// @ts-ignore: decorator
@inline export function add<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.add(a, b);
  else return a + b;
}

// @ts-ignore: decorator
@inline export function sub<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.sub(a, b);
  else return a - b;
}

// @ts-ignore: decorator
@inline export function mul<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.mul(a, b);
  else return a * b;
}

// @ts-ignore: decorator
@inline export function div<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.div(a, b);
  else return a / b;
}

// @ts-ignore: decorator
@inline export function root<T>(a: T): T {
  if (isVector<T>()) return f32x4.sqrt(a);
  else return sqrt<f32>(a);
}
