// What the training kernels' module exports, see kernel/*.as: addresses in bytes, sizes in elements.

type Address = number;
type Flag = 0 | 1;

/** How many channels x and the output have, of which a group may be convolved. */
type Channels = [allC: number, allK: number];

/** A convolution: the map [n, h, w, c], the output [n, oh, ow, k], the filter [kh, kw, c, k]. */
export type ConvolutionSizes = [
  n: number,
  h: number,
  w: number,
  c: number,
  oh: number,
  ow: number,
  k: number,
  kh: number,
  kw: number,
  strideH: number,
  strideW: number,
  top: number,
  left: number,
];

/** A pooling of the map [n, h, w, c] to [n, oh, ow, c]. */
export type PoolSizes = [
  n: number,
  h: number,
  w: number,
  c: number,
  oh: number,
  ow: number,
  kernel: number,
  stride: number,
  top: number,
  left: number,
];

export interface KernelExports {
  /** Once before all others: writes the table of constants, 132 bytes. */
  start(table: Address): void;
  /** c [m × n] = op(a) · op(b); turned operands are stored [k × m] and [n × k]. */
  gemm(
    ...args: [
      ...operands: [a: Address, b: Address, c: Address],
      ...sizes: [m: number, n: number, k: number],
      turnA: Flag,
      turnB: Flag,
      scratch: Address,
    ]
  ): void;
  /** The same for a batch; operands lie `nextA` and `nextB` bytes apart. */
  gemmBatch(
    ...args: [
      ...operands: [a: Address, b: Address, c: Address],
      ...batch: [count: number, nextA: number, nextB: number],
      ...sizes: [m: number, n: number, k: number],
      turnA: Flag,
      turnB: Flag,
      scratch: Address,
    ]
  ): void;
  convForward(
    ...args: [
      ...operands: [x: Address, filter: Address, y: Address],
      ...sizes: ConvolutionSizes,
      ...channels: Channels,
      filterK: number,
      scratch: Address,
    ]
  ): void;
  convFilterGradient(
    ...args: [
      ...operands: [x: Address, dy: Address, dw: Address],
      ...sizes: ConvolutionSizes,
      ...channels: Channels,
      scratch: Address,
    ]
  ): void;
  /** Taps of a filter [·, kw, c, k] by strides, in reverse and turned: [rows, columns, k, c]. */
  reverseFilter(
    ...args: [
      ...operands: [from: Address, to: Address],
      ...sizes: [kw: number, c: number, k: number, allK: number],
      ...down: [row: number, rows: number, strideH: number],
      ...across: [column: number, columns: number, strideW: number],
    ]
  ): void;
  /** A map [n, fh, fw, c] into every strideH-th row and strideW-th column of [n, h, w, c]. */
  placePhase(
    ...args: [
      ...operands: [from: Address, to: Address],
      ...sizes: [n: number, fh: number, fw: number, h: number, w: number, c: number, allC: number],
      ...at: [row: number, column: number, strideH: number, strideW: number],
    ]
  ): void;
  /** [outer, a, b, inner] → [outer, b, a, inner], elements of four bytes. */
  swapAxes(
    ...args: [
      ...operands: [from: Address, to: Address],
      ...sizes: [outer: number, a: number, b: number, inner: number],
    ]
  ): void;
  /** With toFilter dw of x and dy, else dx of dy and the filter; k is how many filters a channel has. */
  depthwiseGradient(
    ...args: [
      ...operands: [map: Address, dy: Address, filter: Address],
      ...sizes: ConvolutionSizes,
      toFilter: Flag,
    ]
  ): void;
  /** [outer, inner] = scale · Σ over the middle axis of [outer, rows, inner]. */
  sumAxis(
    ...args: [
      ...operands: [from: Address, to: Address],
      ...sizes: [outer: number, rows: number, inner: number],
      scale: number,
    ]
  ): void;
  /** c [columns] = weights [rows], `next` bytes apart, · b [rows × columns]. */
  weighRows(
    ...args: [
      ...weights: [at: Address, next: number],
      ...operands: [b: Address, c: Address],
      ...sizes: [rows: number, columns: number],
    ]
  ): void;
  /** to [segments × inner] = the sums of rows by their ids; rows of other ids are left out. */
  segmentSum(
    ...args: [
      ...operands: [from: Address, ids: Address, to: Address],
      ...sizes: [rows: number, inner: number, segments: number],
    ]
  ): void;
  /** [outer, count, inner] = rows of [outer, length, inner] by index; zeros where it is −1. */
  pickRows(
    ...args: [
      ...operands: [from: Address, index: Address, to: Address],
      ...sizes: [outer: number, length: number, count: number, inner: number],
    ]
  ): void;
  gelu(x: Address, y: Address, count: number): void;
  geluGradient(x: Address, dy: Address, dx: Address, count: number): void;
  silu(x: Address, y: Address, count: number): void;
  siluGradient(x: Address, dy: Address, dx: Address, count: number): void;
  /** dy where the ReLU's output y is above 0 and below `most`. */
  reluGradient(y: Address, dy: Address, dx: Address, count: number, most: number): void;
  /** Of each row of [rows × c]. */
  softmax(x: Address, y: Address, rows: number, c: number): void;
  softmaxGradient(y: Address, dy: Address, dx: Address, rows: number, c: number): void;
  /** Over the last axis of [rows × c]; `inverse` is 1 / √(variance + eps). */
  layerNorm(
    ...args: [
      ...operands: [x: Address, weight: Address, bias: Address],
      ...results: [y: Address, mean: Address, inverse: Address],
      ...sizes: [rows: number, c: number],
      eps: number,
    ]
  ): void;
  layerNormGradient(
    ...args: [
      ...operands: [dy: Address, x: Address, weight: Address, mean: Address, inverse: Address],
      ...results: [dx: Address, dw: Address, db: Address],
      ...sizes: [rows: number, c: number],
    ]
  ): void;
  /** Over the rows of [rows × c]; the variance is that of the population. */
  batchNorm(
    ...args: [
      ...operands: [x: Address, weight: Address, bias: Address],
      ...results: [y: Address, mean: Address, variance: Address],
      ...sizes: [rows: number, c: number],
      eps: number,
    ]
  ): void;
  batchNormGradient(
    ...args: [
      ...operands: [dy: Address, x: Address, weight: Address, mean: Address, variance: Address],
      ...results: [dx: Address, dw: Address, db: Address],
      ...sizes: [rows: number, c: number],
      eps: number,
    ]
  ): void;
  maxPool(...args: [...operands: [x: Address, y: Address], ...sizes: PoolSizes]): void;
  /** dx of dy: to the first place of each window where x is y. */
  maxPoolGradient(
    ...args: [...operands: [x: Address, y: Address, dy: Address, dx: Address], ...sizes: PoolSizes]
  ): void;
}
