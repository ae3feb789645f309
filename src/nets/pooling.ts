// From a feature map to one vector: average, generalised mean (GeM), and both kinds over regions (R-MAC,
// R-GeM).
import { CairnError } from '../errors.ts';
import type { Ops, Params } from '../tensor/ops.ts';
import type { PoolingKind } from '../weights/registry.ts';
import { cellsOf, regionWeights, rmacRegions } from './regions.ts';

/**
 * [N, C, H, W] → [N, C]. Learned poolings read their own parameters from `p`. What {@link takesRegions}
 * needs `regions` where the map's sides are not known: {@link regionWeights} of them, [H · W, R].
 */
export type Pooling = <T>(ops: Ops<T>, p: Params<T>, map: T, regions?: T) => T;

export interface PoolingSpec {
  readonly kind: PoolingKind;
  /** The exponent of GeM and R-GeM, used where the weights hold no `pooling.p`; no other uses it. */
  readonly p: number;
}

/** A learned exponent [1] in the weights. */
export const LEARNED_POWER = 'pooling.p';

/**
 * Whether a pooling's graph depends on the map's size. R-MAC's regions do: their number follows from the
 * aspect ratio, and no ONNX graph has a varying number of nodes. So such a graph is recorded for one size
 * of the picture, and whoever runs it keeps one for each size that comes (see openNetwork).
 */
export function needsMapSize(kind: PoolingKind): boolean {
  return kind === 'r-mac';
}

/**
 * Whether the regions can come as a matrix beside the map: means over regions are a product with it. Then
 * one graph serves maps of all sizes.
 */
export function takesRegions(kind: PoolingKind): boolean {
  return kind === 'r-gem';
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
  const [height, width] = sidesOf(ops, map);
  const cells = ops.flatten(map); // [N, H · W, C]
  const vectors = rmacRegions(height, width).map((region, i) =>
    ops.scope(`region${i}`, () => {
      const { side } = region;
      const window = ops.unflatten(ops.reorder(cells, cellsOf(region, width)), side, side);
      // What is left of it has one cell: its mean is itself.
      return ops.l2Normalize(ops.spatialMean(ops.maxPool(window, { kernel: side, stride: 1 })));
    }),
  );
  return vectors.reduce((sum, vector) => ops.add(sum, vector));
}

/**
 * Regional GeM: as {@link rmac} with the generalised mean in place of the maximum.
 * @param regions {@link regionWeights} of the map; made here when left out, which throws `usage` when the
 *   map's sides are not known
 */
export function rgem<T>(ops: Ops<T>, map: T, power: T | number, regions?: T): T {
  const { powers, root } = generalised(ops, map, power);
  const means = ops.mixCells(powers, regions ?? ownRegions(ops, map));
  return ops.sumTokens(ops.l2Normalize(root(means)));
}

function ownRegions<T>(ops: Ops<T>, map: T): T {
  const { values, shape } = regionWeights(...sidesOf(ops, map));
  return ops.constant(values, shape);
}

function sidesOf<T>(ops: Ops<T>, map: T): [height: number, width: number] {
  const [, , height, width] = ops.shape(map);
  if (typeof height === 'number' && typeof width === 'number') return [height, width];
  throw new CairnError(
    'usage',
    'Regions cannot be laid out on a map of unknown size.',
    'Record the graph for a fixed size of the picture.',
  );
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
      return (ops, p, map, regions) =>
        ops.scope('r-gem', () => rgem(ops, map, powerOf(p), regions));
  }
}
