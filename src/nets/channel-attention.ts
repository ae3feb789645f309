// Attention over channels: each channel of a map is multiplied by a number drawn from the whole map.
import type { Ops, Params } from '../tensor/ops.ts';
import { conv } from './layers.ts';
import type { ParameterList } from './parameter-list.ts';

/** Hidden widths are multiples of this. */
const HIDDEN_DIVISOR = 8;

/** Hidden width of squeeze-and-excitation, as timm rounds it: to the nearest multiple, at least one. */
export function squeezed(channels: number, ratio: number): number {
  const rounded = Math.floor((channels * ratio) / HIDDEN_DIVISOR + 1 / 2) * HIDDEN_DIVISOR;
  return Math.max(HIDDEN_DIVISOR, rounded);
}

/**
 * Squeeze-and-excitation (Hu et al. 2018): x · gain · σ(fc2(relu(fc1(mean of x)))). `gain` may be a
 * learned one-element value.
 */
export function squeezeExcite<T>(ops: Ops<T>, p: Params<T>, x: T, gain: T | number = 1): T {
  const hidden = ops.relu(conv(ops, p, 'fc1', ops.globalPool(x))); // [N, hidden, 1, 1]
  const gate = ops.sigmoid(conv(ops, p, 'fc2', hidden)); // [N, C, 1, 1]
  return ops.gate(x, scaled(ops, gate, gain));
}

/** Efficient channel attention (Wang et al. 2020): the gate of a channel depends on its neighbours' means. */
export function efficientChannelAttention<T>(
  ops: Ops<T>,
  p: Params<T>,
  x: T,
  gain: T | number = 1,
): T {
  const mean = ops.globalPool(x);
  const gate = ops.sigmoid(ops.scope('conv', () => ops.channelConv(mean, p.get('conv.weight'))));
  return ops.gate(x, scaled(ops, gate, gain));
}

/** A gain goes on the gate, which is far smaller than the map. */
function scaled<T>(ops: Ops<T>, gate: T, gain: T | number): T {
  return gain === 1 ? gate : ops.mul(gate, gain);
}

export function squeezeExciteParameters(
  list: ParameterList,
  scope: string,
  channels: number,
  hidden: number,
): void {
  list.conv(`${scope}.fc1`, hidden, channels, 1, { bias: true });
  list.conv(`${scope}.fc2`, channels, hidden, 1, { bias: true });
}

/** Neighbours looked at, as Wang et al. choose it: grows with the logarithm of the channels, odd. */
export function neighbours(channels: number): number {
  const t = Math.floor((Math.log2(channels) + 1) / 2);
  return Math.max(t % 2 === 1 ? t : t + 1, 3);
}

export function efficientChannelAttentionParameters(
  list: ParameterList,
  scope: string,
  channels: number,
): void {
  const kernel = neighbours(channels);
  list.add(`${scope}.conv.weight`, [1, 1, kernel], { std: Math.sqrt(1 / kernel) });
}
