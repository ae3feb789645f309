// Swin Transformer (Liu et al. 2021, arXiv:2103.14030): attention within windows, which every second block
// shifts by half. Names and details are timm's; tokens [N, L, C] inside, maps outside.
import { CairnError } from '../errors.ts';
import type { Ops, Params } from '../tensor/ops.ts';
import { conv, layerNorm, linear } from './layers.ts';
import { type Parameter, ParameterList, TRANSFORMER_STD } from './parameter-list.ts';
import type { SwinSpec } from './specs-swin.ts';
import { resizingMatrix } from './swin-tables.ts';
import {
  cutWindows,
  mergeOrder,
  relativePositions,
  type Size,
  type Windows,
  windowFor,
} from './swin-windows.ts';

export interface SwinMaps<T> {
  /** The map of each stage: [N, channels · 2^i, H / s, W / s], s = 4, 8, 16, 32, rounded up. */
  readonly stages: readonly T[];
  readonly last: T;
  /** The last map after the final norm. */
  readonly head: T;
}

export function swinChannels(spec: SwinSpec): number {
  return channelsOf(spec, spec.stages.length - 1);
}

/** By how much the deepest map is smaller than the picture. */
export function swinStride(spec: SwinSpec): number {
  return spec.patch * 2 ** (spec.stages.length - 1);
}

function channelsOf(spec: SwinSpec, stage: number): number {
  return spec.channels * 2 ** stage;
}

/**
 * `image` is [N, 3, H, W], normalised as the weights expect; H and W must be known (windows and masks are
 * laid out for them) and multiples of the patch. Maps that windows do not fit are padded; maps smaller
 * than a window shrink it, and the tables of relative positions with it. Throws `usage` otherwise.
 */
export function swin<T>(ops: Ops<T>, p: Params<T>, image: T, spec: SwinSpec): SwinMaps<T> {
  let size = gridOf(ops.shape(image), spec.patch);
  let x = ops.scope('patch_embed', () => {
    const own = p.scope('patch_embed');
    const patches = ops.flatten(conv(ops, own, 'proj', image, { stride: spec.patch }));
    return layerNorm(ops, own, 'norm', patches, spec.normEps);
  }); // [N, H/4 · W/4, channels]

  const stages = spec.stages.map(({ blocks, heads }, stage) => {
    const channels = channelsOf(spec, stage);
    if (stage > 0) {
      const [before, scope] = [size, `layers.${stage}.downsample`];
      x = ops.scope(scope, () => merge(ops, p.scope(scope), x, before, channels / 2, spec));
      size = [Math.ceil(size[0] / 2), Math.ceil(size[1] / 2)];
    }
    const window = windowFor(size, spec.window);
    // Two layouts serve all blocks of a stage, and one mask.
    const layouts = [cutWindows(size, window, false), cutWindows(size, window, true)] as const;
    for (let block = 0; block < blocks; block++) {
      const scope = `layers.${stage}.blocks.${block}`;
      const windows = layouts[block % 2 === 0 ? 0 : 1];
      x = ops.scope(scope, () => swinBlock(ops, p.scope(scope), x, windows, heads, channels, spec));
    }
    return ops.unflatten(x, ...size);
  });
  const normed = layerNorm(ops, p, 'norm', x, spec.normEps);
  return { stages, last: stages.at(-1)!, head: ops.unflatten(normed, ...size) };
}

/** Windowed attention, then a perceptron for each token, each with a norm before it and the input added. */
function swinBlock<T>(
  ops: Ops<T>,
  p: Params<T>,
  input: T,
  windows: Windows,
  heads: number,
  channels: number,
  spec: SwinSpec,
): T {
  const [height, width] = windows.size;
  const area = height * width;
  let x = layerNorm(ops, p, 'norm1', input, spec.normEps);
  x = ops.regroup(ops.reorder(x, windows.cut), area, channels); // [N · windows, area, C]
  x = ops.scope('attn', () => attend(ops, p.scope('attn'), x, windows, heads, channels, spec));
  x = ops.reorder(ops.regroup(x, windows.count * area, channels), windows.join); // [N, L, C]
  const attended = ops.add(input, x);

  x = layerNorm(ops, p, 'norm2', attended, spec.normEps);
  x = linear(ops, p, 'mlp.fc2', ops.gelu(linear(ops, p, 'mlp.fc1', x)));
  return ops.add(attended, x);
}

/** Multi-head attention with a learned bias for each relative position. */
function attend<T>(
  ops: Ops<T>,
  p: Params<T>,
  x: T,
  windows: Windows,
  heads: number,
  channels: number,
  spec: SwinSpec,
): T {
  const { size, mask } = windows;
  // Queries, keys and values stand below each other in one matrix. Apart, none of them needs to be cut out
  // of a product later, and the scale of the queries goes into their weights.
  const scale = (channels / heads) ** -0.5;
  const [q, k, v] = (['q', 'k', 'v'] as const).map((name, i) =>
    ops.scope(`qkv.${name}`, () => {
      const part = (parameter: string) =>
        ops.rows(p.get(parameter), i * channels, (i + 1) * channels, name === 'q' ? scale : 1);
      return ops.linear(x, part('qkv.weight'), part('qkv.bias'));
    }),
  ) as [T, T, T];
  const trained = p.get('relative_position_bias_table'); // [(2w − 1)², heads]
  const matrix = resizingMatrix([spec.window, spec.window], size);
  const table = matrix ? ops.mixRows(trained, matrix) : trained;
  const bias = ops.spread(table, relativePositions(size), size[0] * size[1]);
  return linear(ops, p, 'proj', ops.attention(q, k, v, { heads, bias, mask }));
}

/** 2 × 2 neighbours become one token, of twice the channels. */
function merge<T>(
  ops: Ops<T>,
  p: Params<T>,
  x: T,
  size: Size,
  channels: number,
  spec: SwinSpec,
): T {
  const tokens = Math.ceil(size[0] / 2) * Math.ceil(size[1] / 2);
  let y = ops.regroup(ops.reorder(x, mergeOrder(size)), tokens, 4 * channels);
  y = layerNorm(ops, p, 'norm', y, spec.normEps);
  return linear(ops, p, 'reduction', y); // [N, L/4, 2C]
}

function gridOf(shape: readonly (number | null)[], patch: number): Size {
  const [, , height, width] = shape;
  if (typeof height !== 'number' || typeof width !== 'number') {
    throw new CairnError(
      'usage',
      'Swin needs to know the size of its input beforehand.',
      'Give the height and the width of the input.',
    );
  }
  if (height % patch !== 0 || width % patch !== 0) {
    throw new CairnError(
      'usage',
      `A picture of ${width} × ${height} pixels does not fit this network.`,
      `Resize it to sides that are multiples of ${patch}.`,
    );
  }
  return [height / patch, width / patch];
}

/** What {@link swin} reads. */
export function swinParameters(spec: SwinSpec): ReadonlyMap<string, Parameter> {
  const list = new ParameterList();
  list.conv('patch_embed.proj', spec.channels, 3, spec.patch, { bias: true, gain: 1 });
  list.norm('patch_embed.norm', spec.channels);
  spec.stages.forEach(({ blocks, heads }, stage) => {
    const channels = channelsOf(spec, stage);
    if (stage > 0) {
      list.norm(`layers.${stage}.downsample.norm`, 2 * channels);
      list.linear(`layers.${stage}.downsample.reduction`, channels, 2 * channels, false);
    }
    for (let block = 0; block < blocks; block++) {
      const scope = `layers.${stage}.blocks.${block}`;
      const positions = (2 * spec.window - 1) ** 2;
      list.norm(`${scope}.norm1`, channels);
      list.linear(`${scope}.attn.qkv`, 3 * channels, channels);
      list.add(`${scope}.attn.relative_position_bias_table`, [positions, heads], {
        std: TRANSFORMER_STD,
      });
      list.linear(`${scope}.attn.proj`, channels, channels);
      list.norm(`${scope}.norm2`, channels);
      list.linear(`${scope}.mlp.fc1`, spec.mlpRatio * channels, channels);
      list.linear(`${scope}.mlp.fc2`, channels, spec.mlpRatio * channels);
    }
  });
  list.norm('norm', swinChannels(spec));
  return list.all;
}
