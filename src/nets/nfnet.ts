// NFNet (Brock et al. 2021, arXiv:2102.06171): pre-activation residual blocks without batch norms. What a
// norm would do is done by standardised weights and by known variances. Names and details are timm's.
import { CairnError } from '../errors.ts';
import type { Conv2dOptions, Ops, Params } from '../tensor/ops.ts';
import {
  efficientChannelAttention,
  efficientChannelAttentionParameters,
  squeezed,
  squeezeExcite,
  squeezeExciteParameters,
} from './channel-attention.ts';
import { halfPads, samePads } from './layers.ts';
import { type Parameter, ParameterList } from './parameter-list.ts';
import type { NfNetSpec } from './specs-nfnet.ts';

const KERNEL = 3;
/** Widths of the stem's convolutions relative to the last, and their strides. */
const STEM = [
  { share: 1 / 8, stride: 2 },
  { share: 1 / 4, stride: 1 },
  { share: 1 / 2, stride: 1 },
  { share: 1, stride: 2 },
] as const;
/** What gives an activation's output the variance of its normal input (deepmind-research, nfnets/base.py). */
const ACTIVATION_GAIN = { gelu: 1.7015043497085571, silu: 1.7881293296813965 } as const;
/** An attention gate halves a branch on average. */
const ATTENTION_GAIN = 2;
/** Widths are multiples of this. */
const WIDTH_DIVISOR = 8;

export interface NfNetMaps<T> {
  /** The map of each stage, before any activation: [N, channels, H / s, W / s], s = 4, 8, 16, 32. */
  readonly stages: readonly T[];
  readonly last: T;
  /** [N, head, H / 32, W / 32], after the final convolution and activation. */
  readonly head: T;
}

/** A block's place in the network, by which its shape and its constants are known. */
interface Block {
  readonly scope: string;
  readonly input: number;
  readonly width: number;
  readonly out: number;
  readonly stride: number;
  /** 1 / √ of the variance of its input, if every branch keeps variance. */
  readonly beta: number;
}

/** All blocks by stage: the variance starts anew after the first block of each. */
function blocksOf(spec: NfNetSpec): readonly (readonly Block[])[] {
  let input = spec.stem;
  let variance = 1;
  return spec.stages.map(({ blocks, channels: out }, stage) =>
    Array.from({ length: blocks }, (_, i) => {
      const rounded = Math.round((out * spec.bottleneck) / WIDTH_DIVISOR) * WIDTH_DIVISOR;
      const width = Math.floor(rounded / spec.groupSize) * spec.groupSize;
      const stride = stage > 0 && i === 0 ? 2 : 1;
      const beta = 1 / Math.sqrt(variance);
      const block = { scope: `stages.${stage}.${i}`, input, width, out, stride, beta };
      variance = (i === 0 ? 1 : variance) + spec.alpha ** 2;
      input = out;
      return block;
    }),
  );
}

/** `nn.Conv2d` with its weight standardised and scaled by `gain` and 1 / √fan-in. */
function scaledConv<T>(
  ops: Ops<T>,
  p: Params<T>,
  name: string,
  x: T,
  spec: NfNetSpec,
  fanIn: number,
  gain = 1,
  options: Conv2dOptions = {},
): T {
  const own = p.scope(name);
  return ops.scope(name, () => {
    const scale = gain / Math.sqrt(fanIn);
    const { standardiseEps: eps } = spec;
    const weight = ops.standardise(own.get('weight'), own.get('gain'), scale, eps);
    return ops.conv2d(x, weight, own.get('bias'), options);
  });
}

/**
 * `image` is [N, 3, H, W], normalised as the weights expect; H and W are multiples of 32. Throws `usage`
 * where a side is known and is not.
 */
export function nfNet<T>(ops: Ops<T>, p: Params<T>, image: T, spec: NfNetSpec): NfNetMaps<T> {
  requireSides(ops.shape(image));
  const act = (x: T) => ops[spec.activation](x);
  // Activations are always followed by convolutions: their gain goes into the weights, for nothing. timm
  // puts it there too, except where it mirrors DeepMind's code, where the first convolution has none.
  const gamma = ACTIVATION_GAIN[spec.activation];
  const firstGain = spec.deepMind ? 1 : gamma;

  let x = image;
  let channels = 3;
  STEM.forEach(({ share, stride }, i) => {
    const gain = i === 0 ? firstGain : gamma;
    const options = { stride, pads: padsOf(spec, stride) };
    x = ops.scope('stem', () => {
      const fanIn = channels * KERNEL ** 2;
      const given = i === 0 ? x : act(x);
      return scaledConv(ops, p.scope('stem'), `conv${i + 1}`, given, spec, fanIn, gain, options);
    });
    channels = spec.stem * share;
  }); // [N, stem, H/4, W/4]

  const stages = blocksOf(spec).map((blocks) => {
    for (const block of blocks) {
      const input = x;
      x = ops.scope(block.scope, () => residual(ops, p.scope(block.scope), input, block, spec));
    }
    return x;
  });

  const { channels: last } = spec.stages.at(-1)!;
  const head = act(scaledConv(ops, p, 'final_conv', x, spec, last, spec.deepMind ? 1 : gamma));
  return { stages, last: x, head: spec.deepMind ? ops.mul(head, gamma) : head };
}

/** Activation → 1×1 → 3×3 → 3×3 → 1×1 → channel attention, scaled, plus the shortcut. */
function residual<T>(ops: Ops<T>, p: Params<T>, input: T, block: Block, spec: NfNetSpec): T {
  const { width, stride, beta } = block;
  const act = (x: T) => ops[spec.activation](x);
  const gamma = ACTIVATION_GAIN[spec.activation];
  const groups = width / spec.groupSize;
  const fanIn = spec.groupSize * KERNEL ** 2;
  const activated = act(input);

  let x = scaledConv(ops, p, 'conv1', activated, spec, block.input, gamma * beta);
  x = scaledConv(ops, p, 'conv2', act(x), spec, fanIn, gamma, {
    stride,
    pads: padsOf(spec, stride),
    groups,
  }); // [N, width, H/stride, W/stride]
  x = scaledConv(ops, p, 'conv2b', act(x), spec, fanIn, gamma, {
    pads: padsOf(spec, 1),
    groups,
  });
  x = scaledConv(ops, p, 'conv3', act(x), spec, width, gamma); // [N, out, H/stride, W/stride]

  const fixedGain = ATTENTION_GAIN * spec.alpha;
  const gain = spec.deepMind ? ops.mul(p.get('skipinit_gain'), fixedGain) : fixedGain;
  const attend = spec.attention.kind === 'se' ? squeezeExcite : efficientChannelAttention;
  const branch = ops.scope('attn_last', () => attend(ops, p.scope('attn_last'), x, gain));

  if (block.input === block.out && stride === 1) return ops.add(branch, input);
  const pooled =
    stride === 1
      ? activated
      : ops.scope('downsample.pool', () => ops.avgPool(activated, { kernel: 2, stride }));
  const shortcut = scaledConv(ops, p, 'downsample.conv', pooled, spec, block.input, gamma * beta);
  return ops.add(branch, shortcut);
}

/** Around a 3 × 3 kernel: TensorFlow's for DeepMind's weights, PyTorch's for the others. */
function padsOf(spec: NfNetSpec, stride: number) {
  return spec.deepMind ? samePads(KERNEL, stride) : halfPads(KERNEL);
}

/** By how much the deepest map is smaller than the picture, and what the picture's sides are multiples of. */
export const NFNET_STRIDE = 32;

function requireSides(shape: readonly (number | null)[]): void {
  const [, , height, width] = shape;
  if ([height, width].some((side) => side != null && side % NFNET_STRIDE !== 0)) {
    throw new CairnError(
      'usage',
      `A picture of ${width} × ${height} pixels does not fit this network.`,
      `Resize it to sides that are multiples of ${NFNET_STRIDE}.`,
    );
  }
}

/** What {@link nfNet} reads. */
export function nfNetParameters(spec: NfNetSpec): ReadonlyMap<string, Parameter> {
  const list = new ParameterList();
  const conv = (name: string, out: number, input: number, kernel = 1, groups = 1, gain = 1) => {
    list.conv(name, out, input, kernel, { groups, bias: true, gain: 1 });
    list.add(`${name}.gain`, [out, 1, 1, 1], { value: gain });
  };
  let channels = 3;
  STEM.forEach(({ share }, i) => {
    conv(`stem.conv${i + 1}`, spec.stem * share, channels, KERNEL);
    channels = spec.stem * share;
  });
  for (const { scope, input, width, out, stride } of blocksOf(spec).flat()) {
    const groups = width / spec.groupSize;
    if (input !== out || stride !== 1) conv(`${scope}.downsample.conv`, out, input);
    conv(`${scope}.conv1`, width, input);
    conv(`${scope}.conv2`, width, width, KERNEL, groups);
    conv(`${scope}.conv2b`, width, width, KERNEL, groups);
    // Residual branches start at nothing: by their own gain, or by that of their last convolution.
    conv(`${scope}.conv3`, out, width, 1, 1, spec.deepMind ? 1 : 0);
    if (spec.attention.kind === 'se') {
      const hidden = squeezed(out, spec.attention.ratio);
      squeezeExciteParameters(list, `${scope}.attn_last`, out, hidden);
    } else {
      efficientChannelAttentionParameters(list, `${scope}.attn_last`, out);
    }
    if (spec.deepMind) list.add(`${scope}.skipinit_gain`, [], { value: 0 });
  }
  conv('final_conv', spec.head, spec.stages.at(-1)!.channels);
  return list.all;
}
