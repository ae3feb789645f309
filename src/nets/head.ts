// The head of a trained encoder: pooled vector → projection (FC) → batch norm → L2 norm.
import type { Ops, Params } from '../tensor/ops.ts';
import { batchNorm, linear } from './layers.ts';
import { ParameterList } from './parameter-list.ts';

/** `embedding.fc.weight` [dim, C], maybe `.bias` [dim], and `embedding.bn.*`, each [dim]. */
export const HEAD = 'embedding';

/** PyTorch's own; what the head is trained with. */
export const HEAD_BATCH_NORM_EPS = 1e-5;

/** Whether the weights hold a head; an encoder without one is whitened instead. */
export function hasHead<T>(p: Params<T>): boolean {
  return p.has(`${HEAD}.fc.weight`);
}

/** [N, C] → [N, dim], L2-normalised. Throws `model-invalid` for parameters that are missing or unfit. */
export function head<T>(ops: Ops<T>, p: Params<T>, pooled: T): T {
  const own = p.scope(HEAD);
  return ops.scope(HEAD, () =>
    ops.l2Normalize(batchNorm(ops, own, 'bn', linear(ops, own, 'fc', pooled), HEAD_BATCH_NORM_EPS)),
  );
}

/** What of a head is learned, for pooled vectors of `channels` numbers; names as {@link HEAD} says. */
export function headParameters(channels: number, dim: number): ParameterList['all'] {
  const list = new ParameterList();
  // Keeps the variance of its input, which is L2-normalised: batch norm would mend any scale but a tiny one.
  list.add(`${HEAD}.fc.weight`, [dim, channels], { std: 1 / Math.sqrt(channels) });
  list.batchNorm(`${HEAD}.bn`, dim);
  return list.all;
}
