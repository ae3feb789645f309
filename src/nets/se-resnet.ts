// SE-ResNet (Hu et al. 2018): ResNet's bottlenecks (He et al. 2016), the stride in the 3 × 3 convolution,
// each followed by squeeze-and-excitation. Names and details are those of timm's seresnet50/101/152.
import type { Ops, Params } from '../tensor/ops.ts';
import { squeezed, squeezeExcite, squeezeExciteParameters } from './channel-attention.ts';
import { batchNorm, conv, halfPads } from './layers.ts';
import { type Parameter, ParameterList } from './parameter-list.ts';
import type { SeResNetSpec } from './specs-se-resnet.ts';

const STEM_KERNEL = 7;
const POOL_KERNEL = 3;
/** Channels that leave a bottleneck, by the width inside it. */
const EXPANSION = 4;
const SQUEEZE_RATIO = 1 / 16;

export interface SeResNetMaps<T> {
  /** The map of each stage, after its last ReLU: [N, 4 · width, H / s, W / s], s = 4, 8, 16, 32, rounded up. */
  readonly stages: readonly T[];
  readonly last: T;
  /** The last stage's map. */
  readonly head: T;
}

export function seResNetChannels(spec: SeResNetSpec): number {
  return EXPANSION * spec.stages.at(-1)!.width;
}

/** `image` is [N, 3, H, W] of any size, normalised as the weights expect. */
export function seResNet<T>(
  ops: Ops<T>,
  p: Params<T>,
  image: T,
  spec: SeResNetSpec,
): SeResNetMaps<T> {
  const eps = spec.batchNormEps;
  let x = conv(ops, p, 'conv1', image, { stride: 2, pads: halfPads(STEM_KERNEL) });
  x = ops.relu(batchNorm(ops, p, 'bn1', x, eps)); // [N, stem, H/2, W/2]
  x = ops.scope('maxpool', () =>
    ops.maxPool(x, { kernel: POOL_KERNEL, stride: 2, pads: halfPads(POOL_KERNEL) }),
  ); // [N, stem, H/4, W/4]

  const stages = spec.stages.map(({ blocks }, i) => {
    for (let block = 0; block < blocks; block++) {
      const stride = i > 0 && block === 0 ? 2 : 1;
      const input = x;
      const scope = `layer${i + 1}.${block}`;
      x = ops.scope(scope, () => bottleneck(ops, p.scope(scope), input, stride, eps));
    }
    return x;
  });
  return { stages, last: x, head: x };
}

/** Reduce 1×1 → 3×3 → expand 1×1 → squeeze-and-excite, plus the input, brought to the same shape. */
function bottleneck<T>(ops: Ops<T>, p: Params<T>, input: T, stride: number, eps: number): T {
  let x = conv(ops, p, 'conv1', input);
  x = ops.relu(batchNorm(ops, p, 'bn1', x, eps)); // [N, width, H, W]
  x = conv(ops, p, 'conv2', x, { stride, pads: halfPads(3) });
  x = ops.relu(batchNorm(ops, p, 'bn2', x, eps)); // [N, width, H/stride, W/stride]
  x = conv(ops, p, 'conv3', x);
  x = batchNorm(ops, p, 'bn3', x, eps); // [N, 4 · width, H/stride, W/stride]
  x = ops.scope('se', () => squeezeExcite(ops, p.scope('se'), x));

  let shortcut = input;
  if (p.has('downsample.0.weight')) {
    shortcut = conv(ops, p, 'downsample.0', input, { stride });
    shortcut = batchNorm(ops, p, 'downsample.1', shortcut, eps);
  }
  return ops.relu(ops.add(x, shortcut));
}

/** What {@link seResNet} reads. */
export function seResNetParameters(spec: SeResNetSpec): ReadonlyMap<string, Parameter> {
  const list = new ParameterList();
  list.conv('conv1', spec.stem, 3, STEM_KERNEL);
  list.batchNorm('bn1', spec.stem);
  let channels = spec.stem;
  spec.stages.forEach(({ blocks, width }, i) => {
    const out = EXPANSION * width;
    for (let block = 0; block < blocks; block++) {
      const scope = `layer${i + 1}.${block}`;
      list.conv(`${scope}.conv1`, width, channels, 1);
      list.batchNorm(`${scope}.bn1`, width);
      list.conv(`${scope}.conv2`, width, width, 3);
      list.batchNorm(`${scope}.bn2`, width);
      list.conv(`${scope}.conv3`, out, width, 1);
      list.batchNorm(`${scope}.bn3`, out);
      squeezeExciteParameters(list, `${scope}.se`, out, squeezed(out, SQUEEZE_RATIO));
      if (block === 0) {
        list.conv(`${scope}.downsample.0`, out, channels, 1);
        list.batchNorm(`${scope}.downsample.1`, out);
      }
      channels = out;
    }
  });
  return list.all;
}
