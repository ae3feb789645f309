// From a feature map to one vector: average, generalised mean (GeM), and both kinds over regions (R-MAC,
// R-GeM).
import { CairnError } from '../errors.ts';
import type { Ops, Params } from '../tensor/ops.ts';
import type { PoolingKind } from '../weights/registry.ts';
import { cellsOf, type Region, rmacRegions } from './regions.ts';

/** [N, C, H, W] → [N, C]. Learned poolings read their own parameters from `p`. */
export type Pooling = <T>(ops: Ops<T>, p: Params<T>, map: T) => T;

export interface PoolingSpec {
  readonly kind: PoolingKind;
  /** The exponent of GeM and R-GeM, used where the weights hold no `pooling.p`; no other uses it. */
  readonly p: number;
}

/** A learned exponent [1] in the weights. */
export const LEARNED_POWER = 'pooling.p';

/**
 * Whether a pooling's graph depends on the map's size. Its regions do: their number follows from the
 * aspect ratio, and no ONNX graph has a varying number of nodes. So such a graph is recorded for one size
 * of the picture, and whoever runs it keeps one for each size that comes (see openNetwork).
 */
export function poolsRegions(kind: PoolingKind): boolean {
  return kind === 'r-mac' || kind === 'r-gem';
}

/** Whether training learns the exponent. */
export function learnsPower(kind: PoolingKind): boolean {
  return kind === 'gem' || kind === 'r-gem';
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
  const { powers, root } = generalised(ops, map, power);
  return root(ops.spatialMean(powers));
}

/** The two ends of a generalised mean: the map's powers, and the root of their mean. */
function generalised<T>(
  ops: Ops<T>,
  map: T,
  power: T | number,
): { readonly powers: T; readonly root: (mean: T) => T } {
  const { min, max } = GEM_POWER;
  const positive = ops.clampMin(map, GEM_MIN);
  if (typeof power === 'number') {
    const clamped = Math.min(Math.max(power, min), max);
    return {
      powers: ops.pow(positive, clamped),
      root: (mean) => ops.pow(mean, 1 / clamped),
    };
  }
  const clamped = ops.clamp(power, min, max);
  const inverse = ops.pow(clamped, -1);
  return { powers: ops.pow(positive, clamped), root: (mean) => ops.pow(mean, inverse) };
}

/**
 * Regional maximum activations (Tolias et al. 2016): the maximum of each channel over each region, each
 * region's vector L2-normalised, all summed. Throws `usage` when the map's sides are not known.
 */
export function rmac<T>(ops: Ops<T>, map: T): T {
  return sumRegions(ops, map, (region, { side }) =>
    // What is left has one cell: its mean is itself.
    ops.spatialMean(ops.maxPool(region, { kernel: side, stride: 1 })),
  );
}

/**
 * Regional GeM: as {@link rmac} with the generalised mean in place of the maximum.
 * Throws `usage` when the map's sides are not known.
 */
export function rgem<T>(ops: Ops<T>, map: T, power: T | number): T {
  // Powers are taken once of the map, not once for each region that a cell is in.
  const { powers, root } = generalised(ops, map, power);
  return sumRegions(ops, powers, (region) => root(ops.spatialMean(region)));
}

function sumRegions<T>(ops: Ops<T>, map: T, pool: (region: T, at: Region) => T): T {
  const [, , height, width] = ops.shape(map);
  if (typeof height !== 'number' || typeof width !== 'number') {
    throw new CairnError(
      'usage',
      'Regions cannot be laid out on a map of unknown size.',
      'Record the graph for a fixed size of the picture.',
    );
  }
  const cells = ops.flatten(map); // [N, H · W, C]
  const vectors = rmacRegions(height, width).map((region, i) =>
    ops.scope(`region${i}`, () => {
      const tokens = ops.reorder(cells, cellsOf(region, width));
      return ops.l2Normalize(pool(ops.unflatten(tokens, region.side, region.side), region));
    }),
  );
  return vectors.reduce((sum, vector) => ops.add(sum, vector));
}

/** The pooling that a model's registry entry names. */
export function poolingFor(spec: PoolingSpec): Pooling {
  const powerOf = <T>(p: Params<T>): T | number =>
    p.has(LEARNED_POWER) ? p.get(LEARNED_POWER) : spec.p;
  switch (spec.kind) {
    case 'average':
      return averagePool;
    case 'gem':
      return (ops, p, map) => ops.scope('gem', () => gem(ops, map, powerOf(p)));
    case 'r-mac':
      return (ops, _p, map) => ops.scope('r-mac', () => rmac(ops, map));
    case 'r-gem':
      return (ops, p, map) => ops.scope('r-gem', () => rgem(ops, map, powerOf(p)));
  }
}
