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

export interface PoolOptions {
  readonly kernel: number;
  readonly stride: number;
  /** None when left out; smaller than the kernel. */
  readonly pads?: Pads;
}

export interface AvgPoolOptions extends PoolOptions {
  /** Whether padding counts in the mean, as PyTorch's `count_include_pad`; it does when left out. */
  readonly countPadding?: boolean;
}

/** What attention adds to its scores where windows were cut from a shifted map: a constant. */
export interface AttentionMask {
  /** How many windows one map was cut into; the sequences of a batch repeat in this order. */
  readonly windows: number;
  /** [windows, L, L], row-major. */
  readonly values: Float32Array;
}

export interface AttentionOptions<T> {
  /** Divides the channels. */
  readonly heads: number;
  /** [heads, L, L], added to the scores of every sequence. */
  readonly bias: T;
  readonly mask?: AttentionMask | null;
}

export interface LinearAttentionOptions<T> {
  /** Divides the channels. */
  readonly heads: number;
  /** Keeps the division finite where a query meets no key. */
  readonly eps: number;
  /** [N, S, 1], 1 for keys that count and 0 for padding; all count when left out. */
  readonly keyMask?: T | null;
}

export interface InterleavedAttentionOptions<T> {
  /** Divides the channels; head h has the channels c with c mod heads = h, as SuperGlue's. */
  readonly heads: number;
  /** [N, S, 1], 1 for keys that count and 0 for padding; all count when left out. */
  readonly keyMask?: T | null;
}

/** The largest values of a matrix [N, L, S]; what counts as the first where several are equal is open. */
export interface Maxima<T> {
  /** Of each row: [N, L]. */
  readonly rows: T;
  /** The column that each row's largest value stands in, as a float: [N, L]. */
  readonly places: T;
  /** Of each column: [N, S]. */
  readonly columns: T;
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
 * Element-wise operations of two values take equal shapes, or as `b` a number, a one-element value, a
 * vector [C], which applies to each channel (of [N, C, H, W], [N, L, C] and [N, C] alike), or beside
 * [N, L, C] a value [1, L, C] or [N, L, 1].
 */
export interface Ops<T> {
  /** Names what `body` records, as a module path does; has no effect on numbers. */
  scope<R>(name: string, body: () => R): R;
  shape(x: T): Shape;

  /** [N, C, H, W] → [N, out, H', W']; H' = floor((H + top + bottom − kh) / stride) + 1. */
  conv2d(x: T, weight: T, bias: T | null, options?: Conv2dOptions): T;
  /**
   * By running statistics, as in evaluation: (x − mean) / √(var + eps) · weight + bias, per channel of a
   * map, of [N, L, C] or of [N, C].
   */
  batchNorm(x: T, params: BatchNormParams<T>, eps: number): T;
  /** [N, C, H, W] → [N, C]. */
  spatialMean(x: T): T;
  /** [N, C, H, W] → [N, C, 1, 1]: the mean as a map. */
  globalPool(x: T): T;
  /**
   * Weighted sums of a map's cells, for each channel: [N, C, H, W] and `weights` [H · W, R], row-major
   * cells, → [N, R, C].
   */
  mixCells(x: T, weights: T): T;
  /** Padding never wins. */
  maxPool(x: T, options: PoolOptions): T;
  avgPool(x: T, options: AvgPoolOptions): T;
  /** A map times one number for each photo and channel, [N, C, 1, 1]. */
  gate(x: T, gate: T): T;
  /**
   * [N, C, H, W] → [N, C, 2H, 2W], bilinear with aligned corners: pixel i reads the map at
   * i · (H − 1) / (2H − 1), as `F.interpolate(scale_factor=2, mode="bilinear", align_corners=True)`.
   */
  doubleSize(x: T): T;
  /** Along the channels of [N, C, 1, 1], an `nn.Conv1d` weight [1, 1, k], k odd, zero padding. */
  channelConv(x: T, weight: T): T;

  relu(x: T): T;
  /** min(max(x, 0), 6). */
  relu6(x: T): T;
  /** x where x > 0, else slope · x. */
  leakyRelu(x: T, slope: number): T;
  sigmoid(x: T): T;
  /** x · sigmoid(x). */
  silu(x: T): T;
  /** x · Φ(x), by the error function. */
  gelu(x: T): T;
  add(a: T, b: T | number): T;
  sub(a: T, b: T | number): T;
  mul(a: T, b: T | number): T;
  div(a: T, b: T | number): T;
  /** x^exponent for x > 0; the exponent is a number or a learned one-element value. */
  pow(x: T, exponent: T | number): T;
  /** max(x, min): no gradient below `min`. */
  clampMin(x: T, min: number): T;
  clamp(x: T, min: number, max: number): T;

  /**
   * x · weightᵀ + bias; [N, in] → [N, out], [N, L, in] → [N, L, out]. The weight may also be that of an
   * `nn.Conv1d` with a kernel of 1, [out, in, 1].
   */
  linear(x: T, weight: T, bias: T | null): T;
  /** x / max(‖x‖₂, 1e-12) along the channels of [N, C] or [N, L, C]; as torch.nn.functional.normalize. */
  l2Normalize(x: T): T;
  /** Along the channels of [N, C, H, W], [N, L, C] or [N, C]. */
  concat(parts: readonly T[]): T;

  /** [N, C, H, W] → [N, H · W, C], row by row. */
  flatten(x: T): T;
  /** The way back from {@link flatten}. */
  unflatten(x: T, height: number, width: number): T;
  /** Over the last axis of [N, L, C]: (x − mean) / √(var + eps) · weight + bias. */
  layerNorm(x: T, weight: T, bias: T, eps: number): T;
  /**
   * Tokens of [N, L, C] in a new order: [N, order.length, C], zeros where `order` is −1. No token may
   * appear twice (its gradient goes back by the inverse order).
   */
  reorder(x: T, order: readonly number[]): T;
  /** [N, L, C] → [N · L · C / (length · channels), length, channels], the numbers in the same order. */
  regroup(x: T, length: number, channels: number): T;
  /** softmax(q · kᵀ + bias + mask) · v for each head; all [N, L, C]. Scaling is the caller's. */
  attention(q: T, k: T, v: T, options: AttentionOptions<T>): T;

  /**
   * softmax's place taken by the kernel φ(x) = elu(x) + 1 (Katharopoulos et al. 2020), for each head:
   * φ(q) · (φ(k)ᵀ · v) / (φ(q) · Σ φ(k) + eps). q is [N, L, C], k and v are [N, S, C].
   */
  linearAttention(q: T, k: T, v: T, options: LinearAttentionOptions<T>): T;
  /**
   * softmax(q · kᵀ) · v for each head, of any lengths: q is [N, L, C], k and v are [N, S, C]. Scaling is
   * the caller's.
   */
  interleavedAttention(q: T, k: T, v: T, options: InterleavedAttentionOptions<T>): T;
  /** [N, L, C] → [N, C]. */
  sumTokens(x: T): T;
  /** [N, 1, C] → [N, length, C]. */
  repeat(x: T, length: number): T;
  /** Over the last axis of [N, L, C]. */
  softmax(x: T): T;
  /** a · bᵀ for each of a batch, in float32: [N, L, C] and [N, S, C] → [N, L, S]. */
  similarity(a: T, b: T): T;
  /** softmax over the rows times softmax over the columns of [N, L, S]. */
  dualSoftmax(x: T): T;
  /** Of [N, L, S]; without gradients. */
  maxima(x: T): Maxima<T>;

  /** Numbers that no weights hold, row-major; of up to three axes. */
  constant(values: Float32Array, shape: readonly number[]): T;

  // On parameters alone: done once while an ONNX graph is recorded.

  /**
   * Scaled weight standardisation of a convolution's weight (Brock et al. 2021): for each output channel
   * (w − mean) / √(var + eps) · gain · scale; `gain` is [out, 1, 1, 1].
   */
  standardise(weight: T, gain: T, scale: number, eps: number): T;
  /** Rows `from` to `to` (exclusive) along the first axis of a matrix or vector, times `scale`. */
  rows(x: T, from: number, to: number, scale?: number): T;
  /** matrix · x: [R, C] → [R′, C]; `matrix` is [R′, R] row-major. */
  mixRows(x: T, matrix: Float32Array): T;
  /** Rows of a table [R, heads] by index (which may repeat): [heads, length, length]. */
  spread(table: T, index: readonly number[], length: number): T;
}

/** Keeps l2Normalize finite for a vector of zeros; PyTorch's constant. */
export const NORM_EPS = 1e-12;
