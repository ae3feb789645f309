// LoFTR's features of one picture: a residual network down to 1/8, and up again to 1/2 by a pyramid
// (Lin et al. 2017). Names and details are those of the authors' ResNetFPN_8_2.
import type { Ops, Params } from '../../tensor/ops.ts';
import { batchNorm, conv, halfPads } from '../layers.ts';
import type { ParameterList } from '../parameter-list.ts';
import { convFromOut, type LoftrMaps, merge, mergeParameters } from './pyramid.ts';
import type { LoftrSpec } from './specs.ts';

const STEM_KERNEL = 7;

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

/** What {@link resNetFpn} reads; `stem` are the channels after the first convolution. */
export function resNetFpnParameters(
  list: ParameterList,
  prefix: string,
  { channels }: LoftrSpec,
  stem: number,
): void {
  const conv = (name: string, out: number, input: number, kernel: number) =>
    convFromOut(list, `${prefix}.${name}`, out, input, kernel);
  const norm = (name: string, width: number) => list.batchNorm(`${prefix}.${name}`, width);
  const [fine, middle, coarse] = channels;
  conv('conv1', stem, 1, STEM_KERNEL);
  norm('bn1', stem);
  let input = stem;
  channels.forEach((out, i) => {
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
  mergeParameters(list, `${prefix}.layer2`, { map: middle, below: coarse, out: middle });
  mergeParameters(list, `${prefix}.layer1`, { map: fine, below: middle, out: fine });
}
