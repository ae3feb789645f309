// Ops on shapes alone: what a network costs at a size, without weights and without computing it.
import { requireConv, requireLength, requireLinear } from './checks.ts';
import type {
  AttentionOptions,
  AvgPoolOptions,
  BatchNormParams,
  Conv2dOptions,
  InterleavedAttentionOptions,
  LinearAttentionOptions,
  Maxima,
  Ops,
  Params,
  PoolOptions,
} from './ops.ts';
import { scopedParams } from './params.ts';
import { windowsAlong } from './sides.ts';

export interface Sized {
  readonly dims: readonly number[];
}

/** Counts multiply-accumulates of convolutions and matrix products, as is customary; nothing else. */
export class ShapeOps implements Ops<Sized> {
  macs = 0;

  /** Parameters by their shapes. */
  params(shapes: ReadonlyMap<string, readonly number[]>, source: string): Params<Sized> {
    const find = (path: string) => {
      const dims = shapes.get(path);
      return dims && { dims };
    };
    return scopedParams<Sized>(find, source);
  }

  scope<R>(_name: string, body: () => R): R {
    return body();
  }
  shape(x: Sized) {
    return x.dims;
  }

  conv2d(x: Sized, weight: Sized, _bias: Sized | null, options: Conv2dOptions = {}): Sized {
    const { stride = 1, pads: [top, left, bottom, right] = [0, 0, 0, 0], groups = 1 } = options;
    const [n, c, h, w] = x.dims as Four;
    const [out, perGroup, kh, kw] = weight.dims as Four;
    requireConv(c, weight.dims, groups);
    const height = windowsAlong(h, top + bottom, kh, stride)!;
    const width = windowsAlong(w, left + right, kw, stride)!;
    this.macs += n * out * height * width * perGroup * kh * kw;
    return { dims: [n, out, height, width] };
  }
  batchNorm(x: Sized, params: BatchNormParams<Sized>): Sized {
    const channels = x.dims[x.dims.length === 4 ? 1 : x.dims.length - 1];
    for (const { dims } of Object.values(params)) requireLength(channels, dims[0]);
    return x;
  }
  spatialMean(x: Sized): Sized {
    return { dims: x.dims.slice(0, 2) };
  }
  mixCells(x: Sized, weights: Sized): Sized {
    const regions = weights.dims[1]!;
    this.macs += size(x) * regions;
    return { dims: [x.dims[0]!, regions, x.dims[1]!] };
  }
  globalPool(x: Sized): Sized {
    return { dims: [...x.dims.slice(0, 2), 1, 1] };
  }
  maxPool(x: Sized, options: PoolOptions): Sized {
    const { kernel, stride, pads: [top, left, bottom, right] = [0, 0, 0, 0] } = options;
    const [n, c, h, w] = x.dims as Four;
    const height = windowsAlong(h, top + bottom, kernel, stride)!;
    return { dims: [n, c, height, windowsAlong(w, left + right, kernel, stride)!] };
  }
  avgPool(x: Sized, options: AvgPoolOptions): Sized {
    return this.maxPool(x, options);
  }
  gate(x: Sized): Sized {
    return x;
  }
  doubleSize({ dims }: Sized): Sized {
    const [n, c, h, w] = dims as Four;
    return { dims: [n, c, 2 * h, 2 * w] };
  }
  channelConv(x: Sized, weight: Sized): Sized {
    this.macs += size(x) * size(weight);
    return x;
  }

  relu(x: Sized): Sized {
    return x;
  }
  relu6(x: Sized): Sized {
    return x;
  }
  leakyRelu(x: Sized): Sized {
    return x;
  }
  sigmoid(x: Sized): Sized {
    return x;
  }
  silu(x: Sized): Sized {
    return x;
  }
  gelu(x: Sized): Sized {
    return x;
  }
  add(a: Sized): Sized {
    return a;
  }
  sub(a: Sized): Sized {
    return a;
  }
  mul(a: Sized): Sized {
    return a;
  }
  div(a: Sized): Sized {
    return a;
  }
  pow(x: Sized): Sized {
    return x;
  }
  clampMin(x: Sized): Sized {
    return x;
  }
  clamp(x: Sized): Sized {
    return x;
  }

  linear(x: Sized, weight: Sized): Sized {
    requireLinear(x.dims[x.dims.length - 1], weight.dims);
    this.macs += size(x) * weight.dims[0]!;
    return { dims: [...x.dims.slice(0, -1), weight.dims[0]!] };
  }
  l2Normalize(x: Sized): Sized {
    return x;
  }
  concat(parts: readonly Sized[]): Sized {
    const first = parts[0]!.dims;
    const along = first.length === 4 ? 1 : first.length - 1;
    const channels = parts.reduce((sum, { dims }) => sum + dims[along]!, 0);
    return { dims: first.map((side, axis) => (axis === along ? channels : side)) };
  }

  flatten(x: Sized): Sized {
    const [n, c, h, w] = x.dims as Four;
    return { dims: [n, h * w, c] };
  }
  unflatten(x: Sized, height: number, width: number): Sized {
    return { dims: [x.dims[0]!, x.dims[2]!, height, width] };
  }
  layerNorm(x: Sized, weight: Sized): Sized {
    requireLength(x.dims[x.dims.length - 1], weight.dims[0]);
    return x;
  }
  reorder(x: Sized, order: readonly number[]): Sized {
    return { dims: [x.dims[0]!, order.length, x.dims[2]!] };
  }
  regroup(x: Sized, length: number, channels: number): Sized {
    return { dims: [size(x) / (length * channels), length, channels] };
  }
  attention(q: Sized, _k: Sized, _v: Sized, _options: AttentionOptions<Sized>): Sized {
    // Scores, then the weighted sum: L² · C each.
    this.macs += 2 * size(q) * q.dims[1]!;
    return q;
  }

  linearAttention(q: Sized, k: Sized, _v: Sized, { heads }: LinearAttentionOptions<Sized>): Sized {
    // As it is computed: all heads in one product on each side, and one sum and one division a head.
    const channels = q.dims[2]!;
    this.macs += (size(q) + size(k)) * channels + 2 * size(q) * heads;
    return q;
  }
  interleavedAttention(
    q: Sized,
    k: Sized,
    _v: Sized,
    _options: InterleavedAttentionOptions<Sized>,
  ): Sized {
    // Scores, then the weighted sum: L · S · C each.
    this.macs += 2 * size(q) * k.dims[1]!;
    return q;
  }
  sumTokens(x: Sized): Sized {
    return { dims: [x.dims[0]!, x.dims[2]!] };
  }
  repeat(x: Sized, length: number): Sized {
    return { dims: [x.dims[0]!, length, x.dims[2]!] };
  }
  softmax(x: Sized): Sized {
    return x;
  }
  similarity(a: Sized, b: Sized): Sized {
    this.macs += size(a) * b.dims[1]!;
    return { dims: [a.dims[0]!, a.dims[1]!, b.dims[1]!] };
  }
  dualSoftmax(x: Sized): Sized {
    return x;
  }
  maxima({ dims: [n, l, s] }: Sized): Maxima<Sized> {
    const rows = { dims: [n!, l!] };
    return { rows, places: rows, columns: { dims: [n!, s!] } };
  }
  constant(_values: Float32Array, shape: readonly number[]): Sized {
    return { dims: shape };
  }

  standardise(weight: Sized): Sized {
    return weight;
  }
  rows(x: Sized, from: number, to: number): Sized {
    return { dims: [to - from, ...x.dims.slice(1)] };
  }
  mixRows(x: Sized, matrix: Float32Array): Sized {
    return { dims: [matrix.length / x.dims[0]!, x.dims[1]!] };
  }
  spread(table: Sized, _index: readonly number[], length: number): Sized {
    return { dims: [table.dims[1]!, length, length] };
  }
}

type Four = [number, number, number, number];

function size({ dims }: Sized): number {
  return dims.reduce((product, side) => product * side, 1);
}
