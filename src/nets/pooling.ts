// From a feature map to one vector: average pooling and generalised-mean pooling (GeM).
import type { Ops, Params } from '../tensor/ops.ts';

/** [N, C, H, W] → [N, C]. Learned poolings read their own parameters from `p`. */
export type Pooling = <T>(ops: Ops<T>, p: Params<T>, map: T) => T;

export interface PoolingSpec {
  readonly kind: 'average' | 'gem';
  /** GeM's exponent; not used by the average. */
  readonly p: number;
}

/** Keeps powers and their gradients finite at 0. */
const GEM_MIN = 1e-6;
/** Beyond these, gradients of a learned exponent explode. */
const GEM_POWER = { min: 1, max: 10 } as const;

export const averagePool: Pooling = (ops, _p, map) => ops.spatialMean(map);

/**
 * Generalised mean, (mean of x^power)^(1/power) with x ≥ 1e-6 (Radenović et al., "Fine-tuning CNN Image
 * Retrieval with No Human Annotation", 2018): 1 is the average, large powers approach the maximum. The
 * power is a number, or a learned one-element value; either is clamped to 1..10.
 */
export function gem<T>(ops: Ops<T>, map: T, power: T | number): T {
  const { min, max } = GEM_POWER;
  const positive = ops.clampMin(map, GEM_MIN);
  if (typeof power === 'number') {
    const clamped = Math.min(Math.max(power, min), max);
    return ops.pow(ops.spatialMean(ops.pow(positive, clamped)), 1 / clamped);
  }
  const clamped = ops.clamp(power, min, max);
  return ops.pow(ops.spatialMean(ops.pow(positive, clamped)), ops.pow(clamped, -1));
}

/** The pooling that a model's registry entry names. */
export function poolingFor(spec: PoolingSpec): Pooling {
  switch (spec.kind) {
    case 'average':
      return averagePool;
    case 'gem':
      return (ops, _p, map) => ops.scope('gem', () => gem(ops, map, spec.p));
  }
}
