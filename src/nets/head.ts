// The head of a trained encoder: pooled vector → projection (FC) → batch norm → L2 norm.
import type { Ops, Params } from '../tensor/ops.ts';
import { linear } from './layers.ts';

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
    ops.l2Normalize(batchNorm1d(ops, own.scope('bn'), linear(ops, own, 'fc', pooled))),
  );
}

/**
 * `nn.BatchNorm1d` in evaluation, written out: what it multiplies and adds depends on parameters alone
 * and is computed once, while a graph is recorded.
 */
function batchNorm1d<T>(ops: Ops<T>, p: Params<T>, x: T): T {
  return ops.scope('bn', () => {
    const deviation = ops.pow(ops.add(p.get('running_var'), HEAD_BATCH_NORM_EPS), 0.5);
    const scale = ops.div(p.get('weight'), deviation);
    const shift = ops.sub(p.get('bias'), ops.mul(p.get('running_mean'), scale));
    return ops.add(ops.mul(x, scale), shift);
  });
}
