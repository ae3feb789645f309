// LoFTR's features of one picture: a residual network down to 1/8, and up again to 1/2 by a pyramid
// (Lin et al. 2017). Names and details are those of the authors' ResNetFPN_8_2.
import type { Ops, Params } from '../../tensor/ops.ts';
import { batchNorm, conv, halfPads } from '../layers.ts';
import type { ParameterList } from '../parameter-list.ts';
import type { LoftrSpec } from './specs.ts';

const STEM_KERNEL = 7;
/** PyTorch's LeakyReLU. */
const LEAK = 0.01;

export interface LoftrMaps<T> {
  /** [N, channels[2], H/8, W/8]. */
  readonly coarse: T;
  /** [N, channels[0], H/2, W/2]. */
  readonly fine: T;
}

/** `image` is [N, 1, H, W], grey in 0..1; H and W are multiples of 8. */
export function resNetFpn<T>(
  ops: Ops<T>,
  p: Params<T>,
  image: T,
  { batchNormEps: eps }: LoftrSpec,
): LoftrMaps<T> {
  let x = conv(ops, p, 'conv1', image, { stride: 2, pads: halfPads(STEM_KERNEL) });
  x = ops.relu(batchNorm(ops, p, 'bn1', x, eps)); // [N, stem, H/2, W/2]
  const [half, quarter, eighth] = ([1, 2, 3] as const).map((layer) => {
    x = block(ops, p, `layer${layer}.0`, x, layer === 1 ? 1 : 2, eps);
    x = block(ops, p, `layer${layer}.1`, x, 1, eps);
    return x;
  }) as [T, T, T];

  const coarse = conv(ops, p, 'layer3_outconv', eighth);
  const middle = merge(ops, p, 'layer2', quarter, coarse, eps); // [N, channels[1], H/4, W/4]
  const fine = merge(ops, p, 'layer1', half, middle, eps); // [N, channels[0], H/2, W/2]
  return { coarse, fine };
}

/** Two 3 × 3 convolutions, plus the input; a 1 × 1 convolution brings it along where the size halves. */
function block<T>(
  ops: Ops<T>,
  parent: Params<T>,
  name: string,
  input: T,
  stride: number,
  eps: number,
): T {
  return ops.scope(name, () => {
    const p = parent.scope(name);
    let x = conv(ops, p, 'conv1', input, { stride, pads: halfPads(3) });
    x = ops.relu(batchNorm(ops, p, 'bn1', x, eps));
    x = conv(ops, p, 'conv2', x, { pads: halfPads(3) });
    x = batchNorm(ops, p, 'bn2', x, eps);
    let shortcut = input;
    if (stride > 1) {
      shortcut = conv(ops, p, 'downsample.0', input, { stride });
      shortcut = batchNorm(ops, p, 'downsample.1', shortcut, eps);
    }
    return ops.relu(ops.add(shortcut, x));
  });
}

/** The map of a layer, widened, plus the doubled one from below; then two convolutions to the layer's width. */
function merge<T>(ops: Ops<T>, p: Params<T>, layer: string, map: T, below: T, eps: number): T {
  const widened = conv(ops, p, `${layer}_outconv`, map);
  const doubled = ops.scope(`${layer}_doubled`, () => ops.doubleSize(below));
  const out = `${layer}_outconv2`;
  let x = ops.scope(out, () => ops.add(widened, doubled));
  x = conv(ops, p, `${out}.0`, x, { pads: halfPads(3) });
  x = batchNorm(ops, p, `${out}.1`, x, eps);
  x = ops.scope(out, () => ops.leakyRelu(x, LEAK));
  return conv(ops, p, `${out}.3`, x, { pads: halfPads(3) });
}

/** What {@link resNetFpn} reads. Convolutions start after He by what leaves them, as the authors' do. */
export function resNetFpnParameters(list: ParameterList, prefix: string, spec: LoftrSpec): void {
  const conv = (name: string, out: number, input: number, kernel: number) => {
    const std = Math.sqrt(2 / (out * kernel * kernel));
    list.add(`${prefix}.${name}.weight`, [out, input, kernel, kernel], { std });
  };
  const norm = (name: string, channels: number) => list.batchNorm(`${prefix}.${name}`, channels);
  const [fine, middle, coarse] = spec.channels;
  conv('conv1', spec.stem, 1, STEM_KERNEL);
  norm('bn1', spec.stem);
  let input = spec.stem;
  spec.channels.forEach((out, i) => {
    for (let index = 0; index < 2; index++) {
      const name = `layer${i + 1}.${index}`;
      conv(`${name}.conv1`, out, input, 3);
      norm(`${name}.bn1`, out);
      conv(`${name}.conv2`, out, out, 3);
      norm(`${name}.bn2`, out);
      if (i > 0 && index === 0) {
        conv(`${name}.downsample.0`, out, input, 1);
        norm(`${name}.downsample.1`, out);
      }
      input = out;
    }
  });
  conv('layer3_outconv', coarse, coarse, 1);
  const merging = (layer: string, out: number, below: number) => {
    conv(`${layer}_outconv`, below, out, 1);
    conv(`${layer}_outconv2.0`, below, below, 3);
    norm(`${layer}_outconv2.1`, below);
    conv(`${layer}_outconv2.3`, out, below, 3);
  };
  merging('layer2', middle, coarse);
  merging('layer1', fine, middle);
}
