// LoFTR's transformer: tokens of two pictures look at their own picture, then at the other, by turns, with
// linear attention. Names are those of the authors' LocalFeatureTransformer.
import type { Ops, Params } from '../../tensor/ops.ts';
import { layerNorm, linear } from '../layers.ts';
import type { ParameterList } from '../parameter-list.ts';
import type { LoftrSpec, TransformerSpec } from './specs.ts';

/** Tokens of one picture. */
export interface Tokens<T> {
  /** [N, L, C]. */
  readonly tokens: T;
  /** [N, L, 1], 1 for tokens and 0 for padding; all count when null. */
  readonly mask: T | null;
}

export type Pair<V> = readonly [V, V];

/** Both pictures' tokens, transformed; those of padding mean nothing. */
export function transform<T>(
  ops: Ops<T>,
  p: Params<T>,
  [first, second]: Pair<Tokens<T>>,
  { heads, pairsOfLayers }: TransformerSpec,
  spec: LoftrSpec,
): Pair<T> {
  let [a, b] = [first.tokens, second.tokens];
  for (let i = 0; i < 2 * pairsOfLayers; i++) {
    const name = `layers.${i}`;
    const layer = (side: string, x: T, source: T, mask: T | null) =>
      ops.scope(`${name}/${side}`, () => attend(ops, p.scope(name), x, source, mask, heads, spec));
    const across = i % 2 === 1;
    a = layer('a', a, across ? b : a, across ? second.mask : first.mask);
    // Across, the second picture looks at what the first has already learned of it.
    b = layer('b', b, across ? a : b, across ? first.mask : second.mask);
  }
  return [a, b];
}

/** x plus a message from `source`: attention, a norm, a perceptron that sees x too, a norm. */
function attend<T>(
  ops: Ops<T>,
  p: Params<T>,
  x: T,
  source: T,
  keyMask: T | null,
  heads: number,
  { attentionEps, layerNormEps }: LoftrSpec,
): T {
  const q = linear(ops, p, 'q_proj', x);
  const k = linear(ops, p, 'k_proj', source);
  const v = linear(ops, p, 'v_proj', source);
  let message = ops.scope('attention', () =>
    ops.linearAttention(q, k, v, { heads, eps: attentionEps, keyMask }),
  );
  message = linear(ops, p, 'merge', message);
  message = layerNorm(ops, p, 'norm1', message, layerNormEps);
  message = linear(ops, p, 'mlp.0', ops.concat([x, message])); // [N, L, 2C]
  message = linear(ops, p, 'mlp.2', ops.relu(message));
  return ops.add(x, layerNorm(ops, p, 'norm2', message, layerNormEps));
}

/** What {@link transform} reads; matrices start after Glorot, as the authors' do. */
export function transformerParameters(
  list: ParameterList,
  prefix: string,
  channels: number,
  { pairsOfLayers }: TransformerSpec,
): void {
  for (let i = 0; i < 2 * pairsOfLayers; i++) {
    const matrix = (name: string, out: number, input: number) =>
      list.add(`${prefix}.layers.${i}.${name}.weight`, [out, input], {
        std: Math.sqrt(2 / (out + input)),
      });
    for (const name of ['q_proj', 'k_proj', 'v_proj', 'merge']) matrix(name, channels, channels);
    matrix('mlp.0', 2 * channels, 2 * channels);
    matrix('mlp.2', channels, 2 * channels);
    list.norm(`${prefix}.layers.${i}.norm1`, channels);
    list.norm(`${prefix}.layers.${i}.norm2`, channels);
  }
}
