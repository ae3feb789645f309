// A feature pyramid's way up (Lin et al. 2017) as LoFTR has it: a deep map is doubled and joins the next finer one.
import type { Ops, Params } from '../../tensor/ops.ts';
import { batchNorm, conv, halfPads } from '../layers.ts';
import type { ParameterList } from '../parameter-list.ts';

/** What a network sees in one picture. */
export interface LoftrMaps<T> {
  /** [N, channels[2], H/8, W/8]. */
  readonly coarse: T;
  /** [N, channels[0], H/2, W/2]. */
  readonly fine: T;
}

/** PyTorch's LeakyReLU. */
const LEAK = 0.01;

/** The map of a layer, widened, plus the doubled one from below; then two convolutions to the layer's width. */
export function merge<T>(
  ops: Ops<T>,
  p: Params<T>,
  layer: string,
  map: T,
  below: T,
  eps: number,
): T {
  const widened = conv(ops, p, `${layer}_outconv`, map);
  const doubled = ops.scope(`${layer}_doubled`, () => ops.doubleSize(below));
  const out = `${layer}_outconv2`;
  let x = ops.scope(out, () => ops.add(widened, doubled));
  x = conv(ops, p, `${out}.0`, x, { pads: halfPads(3) });
  x = batchNorm(ops, p, `${out}.1`, x, eps);
  x = ops.scope(out, () => ops.leakyRelu(x, LEAK));
  return conv(ops, p, `${out}.3`, x, { pads: halfPads(3) });
}

export interface MergeWidths {
  /** Channels of the layer's own map. */
  readonly map: number;
  /** Channels of the deeper one. */
  readonly below: number;
  /** Channels that leave. */
  readonly out: number;
}

/** What {@link merge} reads. */
export function mergeParameters(
  list: ParameterList,
  layer: string,
  { map, below, out }: MergeWidths,
): void {
  convFromOut(list, `${layer}_outconv`, below, map, 1);
  convFromOut(list, `${layer}_outconv2.0`, below, below, 3);
  list.batchNorm(`${layer}_outconv2.1`, below);
  convFromOut(list, `${layer}_outconv2.3`, out, below, 3);
}

/** A convolution without a bias that starts after He by what leaves it, as the authors' do. */
export function convFromOut(
  list: ParameterList,
  name: string,
  out: number,
  input: number,
  kernel: number,
): void {
  const std = Math.sqrt(2 / (out * kernel * kernel));
  list.add(`${name}.weight`, [out, input, kernel, kernel], { std });
}
