// The operations that networks are written against. A network is a function over Ops<T> and named
// parameters; TfOps runs it eagerly (training), OnnxOps records it as an ONNX graph (inference).
//
// Layout has one home: here feature maps are *logically* [N, C, H, W] and sequences [N, L, C].
// How an interpreter stores them (tfjs: NHWC; ONNX: NCHW) is its own business. Parameters have the
// shapes of PyTorch: convolutions [out, in / groups, kh, kw], linear layers [out, in].

/** Parameters by the names of the published PyTorch checkpoints, scoped like module paths. */
export interface Params<T> {
  /** Throws `model-invalid` naming the full path when it is missing. */
  get(name: string): T;
  has(name: string): boolean;
  /** `scope('layer1.0')` sees `layer1.0.conv1.weight` as `conv1.weight`. */
  scope(prefix: string): Params<T>;
}

/** Logical sizes; null where only the run knows (the batch, the sides of a photo). */
export type Shape = readonly (number | null)[];

/** Zero padding around a map: [top, left, bottom, right], as ONNX orders it. */
export type Pads = readonly [number, number, number, number];

export interface Conv2dOptions {
  /** Same in both directions; 1 when left out. */
  readonly stride?: number;
  /** None when left out. */
  readonly pads?: Pads;
  /** 1 when left out; equal to the input's channels for a depthwise convolution. */
  readonly groups?: number;
}

/** The parameters of an `nn.BatchNorm2d`, each [C]. */
export interface BatchNormParams<T> {
  readonly weight: T;
  readonly bias: T;
  readonly runningMean: T;
  readonly runningVar: T;
}

/**
 * What networks may do. Every operation is differentiable in tfjs, and stays off the kernels that
 * are wrong or missing there and in onnxruntime-web on WebGPU.
 *
 * Element-wise operations of two values take equal shapes, or as `b` a number, a one-element value or a
 * vector [C], which applies to each channel (of [N, C, H, W], [N, L, C] and [N, C] alike).
 */
export interface Ops<T> {
  /** Names what `body` records, as a module path does; has no effect on numbers. */
  scope<R>(name: string, body: () => R): R;
  shape(x: T): Shape;

  /** [N, C, H, W] → [N, out, H', W']; H' = floor((H + top + bottom − kh) / stride) + 1. */
  conv2d(x: T, weight: T, bias: T | null, options?: Conv2dOptions): T;
  /** By running statistics, as in evaluation: (x − mean) / √(var + eps) · weight + bias, per channel. */
  batchNorm(x: T, params: BatchNormParams<T>, eps: number): T;
  /** [N, C, H, W] → [N, C]. */
  spatialMean(x: T): T;

  relu(x: T): T;
  /** min(max(x, 0), 6). */
  relu6(x: T): T;
  add(a: T, b: T | number): T;
  sub(a: T, b: T | number): T;
  mul(a: T, b: T | number): T;
  div(a: T, b: T | number): T;
  /** x^exponent for x > 0; the exponent is a number or a learned one-element value. */
  pow(x: T, exponent: T | number): T;
  /** max(x, min): no gradient below `min`. */
  clampMin(x: T, min: number): T;
  clamp(x: T, min: number, max: number): T;

  /** x · weightᵀ + bias; [N, in] → [N, out]. */
  linear(x: T, weight: T, bias: T | null): T;
  /** x / max(‖x‖₂, 1e-12) along the last axis of [N, C]; as torch.nn.functional.normalize. */
  l2Normalize(x: T): T;
  /** Along the channels of [N, C, H, W] or [N, C]. */
  concat(parts: readonly T[]): T;
}

/** Keeps l2Normalize finite for a vector of zeros; PyTorch's constant. */
export const NORM_EPS = 1e-12;
