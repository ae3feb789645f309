// LoFTR (Sun et al. 2021, arXiv:2104.00680): matches between two pictures without a detector, in three
// steps: features of each picture, confidences between their 1/8 cells, offsets within 5 × 5 windows.
import { CairnError } from '../../errors.ts';
import type { Maxima, Ops, Params } from '../../tensor/ops.ts';
import type { Weights } from '../../weights/safetensors.ts';
import { linear } from '../layers.ts';
import { type Parameter, ParameterList } from '../parameter-list.ts';
import {
  type LiteMaps,
  liteFpn,
  liteFpnParameters,
  liteMaps,
  liteStages,
  STAGES_SCOPE,
} from './lite-fpn.ts';
import type { LoftrMaps } from './pyramid.ts';
import { resNetFpn, resNetFpnParameters } from './resnet-fpn.ts';
import { FINE_WINDOW, type LoftrSpec } from './specs.ts';
import { type Pair, type Tokens, transform, transformerParameters } from './transformer.ts';

export interface LoftrFeatures<T> {
  /** A token for each 8 × 8 cell, row by row, without its position: [N, H/8 · W/8, coarse]. */
  readonly coarse: T;
  /** The finer map, row by row: [N, H/2 · W/2, fine]. */
  readonly fine: T;
}

/** The backbone's place among the parameters. */
const BACKBONE = 'backbone';

/**
 * Of one picture alone. `image` is [N, 1, H, W], grey in 0..1; H and W are multiples of
 * `pictureMultiple(spec)`. `lent` is what {@link lentMaps} gave of it, where that was computed before.
 */
export function loftrFeatures<T>(
  ops: Ops<T>,
  p: Params<T>,
  image: T,
  spec: LoftrSpec,
  lent: LiteMaps<T> | null = null,
): LoftrFeatures<T> {
  const own = p.scope(BACKBONE);
  const { backbone } = spec;
  const maps = ops.scope(BACKBONE, (): LoftrMaps<T> => {
    switch (backbone.kind) {
      case 'resnet':
        return resNetFpn(ops, own, image, spec);
      case 'efficientnet-lite':
        return liteFpn(ops, own, lent ?? liteMaps(ops, own, image, backbone.size), spec);
    }
  });
  return { coarse: ops.flatten(maps.coarse), fine: ops.flatten(maps.fine) };
}

/** What stages that another network lends make of a picture; null where there are none. */
export function lentMaps<T>(
  ops: Ops<T>,
  p: Params<T>,
  image: T,
  { backbone }: LoftrSpec,
): LiteMaps<T> | null {
  if (backbone.kind === 'resnet') return null;
  return liteMaps(ops, p.scope(BACKBONE), image, backbone.size);
}

/** Whether a parameter belongs to stages that another network lends: those of an EfficientNet-Lite. */
export function isLent(path: string): boolean {
  return path.startsWith(`${BACKBONE}.${STAGES_SCOPE}.`);
}

/**
 * What an EfficientNet-Lite's weights lend to the backbone, under its names; empty where the backbone takes
 * none.
 */
export function lentWeights(weights: Weights, { backbone }: LoftrSpec): Weights {
  if (backbone.kind === 'resnet') return new Map();
  return liteStages(weights, BACKBONE, backbone.size);
}

/** A picture as the coarse step sees it. */
export interface CoarseSide<T> extends Tokens<T> {
  /** What positions.ts says of the tokens: [1 or N, L, coarse]. */
  readonly positions: T;
}

/** Both pictures' coarse tokens after they have seen each other: [N, L, coarse] and [N, S, coarse]. */
export function loftrCoarse<T>(
  ops: Ops<T>,
  p: Params<T>,
  sides: Pair<CoarseSide<T>>,
  spec: LoftrSpec,
): Pair<T> {
  return ops.scope('loftr_coarse', () => {
    const [a, b] = sides.map(({ tokens, positions, mask }) => ({
      tokens: ops.add(tokens, positions),
      mask,
    })) as [Tokens<T>, Tokens<T>];
    return transform(ops, p.scope('loftr_coarse'), [a, b], spec.coarse, spec);
  });
}

/** A score that leaves nothing after a softmax. */
const NEVER = 1e9;

/**
 * How alike token i of the first picture and token j of the second are: [N, L, S], far below all others
 * where either is padding. Tokens are what {@link loftrCoarse} gives.
 */
export function loftrScores<T>(ops: Ops<T>, [first, second]: Pair<Tokens<T>>, spec: LoftrSpec): T {
  return ops.scope('coarse_matching', () => {
    const scale = 1 / (spec.channels[2] * spec.temperature);
    const [a, b] = padded(ops, { ...first, tokens: ops.mul(first.tokens, scale) }, second);
    return ops.similarity(a, b);
  });
}

/** How surely they show the same: [N, L, S] in 0..1, by softmax of the scores along both sides. */
export function loftrConfidence<T>(ops: Ops<T>, tokens: Pair<Tokens<T>>, spec: LoftrSpec): T {
  const scores = loftrScores(ops, tokens, spec);
  return ops.scope('coarse_matching', () => ops.dualSoftmax(scores));
}

/**
 * Two more channels carry the masks through the product: −1e9 · 1 + 1 · −1e9 are added to the scores of
 * padding, at no pass over the [L, S] matrix.
 */
function padded<T>(ops: Ops<T>, a: Tokens<T>, b: Tokens<T>): Pair<T> {
  if (a.mask === null || b.mask === null) {
    if (a.mask === b.mask) return [a.tokens, b.tokens];
    throw new CairnError(
      'internal',
      'One of two pictures has a mask, the other none.',
      'Give both a mask, or neither.',
    );
  }
  const one = (mask: T) => ops.add(ops.mul(mask, 0), 1);
  const never = (mask: T) => ops.mul(ops.sub(mask, 1), NEVER);
  return [
    ops.concat([a.tokens, never(a.mask), one(a.mask)]),
    ops.concat([b.tokens, one(b.mask), never(b.mask)]),
  ];
}

/** What a run needs of the confidences: the matrix itself stays where it was computed. */
export function loftrMaxima<T>(ops: Ops<T>, confidence: T): Maxima<T> {
  return ops.scope('coarse_matching', () => ops.maxima(confidence));
}

/** One match as the fine step sees it, [K, …] of each picture. */
export interface FineSide<T> {
  /** The window of the fine map around the match's cell, row by row: [K, 25, fine]. */
  readonly windows: T;
  /** The cell's token after the coarse step: [K, 1, coarse]. */
  readonly cells: T;
}

/**
 * Where in the second picture's window the middle of the first one's is: [K, 1, 3], the expectation of x
 * and y in −1..1 (1 is two fine pixels, the window's edge), and the sum of both standard deviations.
 */
export function loftrFine<T>(
  ops: Ops<T>,
  p: Params<T>,
  sides: Pair<FineSide<T>>,
  spec: LoftrSpec,
): T {
  const area = FINE_WINDOW ** 2;
  const [a, b] = sides.map(({ windows, cells }, i) =>
    ops.scope(`fine_preprocess/${i === 0 ? 'a' : 'b'}`, () => {
      const own = p.scope('fine_preprocess');
      const context = ops.repeat(linear(ops, own, 'down_proj', cells), area);
      const tokens = linear(ops, own, 'merge_feat', ops.concat([windows, context]));
      return { tokens, mask: null };
    }),
  ) as [Tokens<T>, Tokens<T>];
  const [first, second] = ops.scope('loftr_fine', () =>
    transform(ops, p.scope('loftr_fine'), [a, b], spec.fine, spec),
  );
  return ops.scope('fine_matching', () => {
    const middle = ops.reorder(first, [(area - 1) / 2]); // [K, 1, fine]
    const scores = ops.similarity(ops.mul(middle, spec.channels[0] ** -0.5), second);
    return expectation(ops, ops.softmax(scores));
  });
}

/** Keeps the square root of a variance differentiable; kornia's constant. */
const LEAST_VARIANCE = 1e-10;

/** Of a window's probabilities [K, 1, 25]: [K, 1, 3]. */
function expectation<T>(ops: Ops<T>, heat: T): T {
  const radius = (FINE_WINDOW - 1) / 2;
  const area = FINE_WINDOW ** 2;
  const at = Array.from({ length: area }, (_, i) => i);
  const x = at.map((i) => ((i % FINE_WINDOW) - radius) / radius);
  const y = at.map((i) => (Math.floor(i / FINE_WINDOW) - radius) / radius);
  const grid = Float32Array.from([...x, ...y]);
  const squares = grid.map((value) => value * value);
  const mean = ops.linear(heat, ops.constant(grid, [2, area]), null); // [K, 1, 2]
  const square = ops.linear(heat, ops.constant(squares, [2, area]), null);
  const variance = ops.sub(square, ops.mul(mean, mean));
  const deviation = ops.pow(ops.clampMin(variance, LEAST_VARIANCE), 0.5);
  const sum = ops.linear(deviation, ops.constant(Float32Array.of(1, 1), [1, 2]), null);
  return ops.concat([mean, sum]);
}

/** What the three steps read, by the authors' names. */
export function loftrParameters(spec: LoftrSpec): ReadonlyMap<string, Parameter> {
  const list = new ParameterList();
  const [fine, , coarse] = spec.channels;
  backboneParameters(list, spec);
  transformerParameters(list, 'loftr_coarse', coarse, spec.coarse);
  const linear = (name: string, out: number, input: number) => {
    list.add(`fine_preprocess.${name}.weight`, [out, input], { std: Math.sqrt(2 / out) });
    list.add(`fine_preprocess.${name}.bias`, [out], { value: 0 });
  };
  linear('down_proj', fine, coarse);
  linear('merge_feat', fine, 2 * fine);
  transformerParameters(list, 'loftr_fine', fine, spec.fine);
  return list.all;
}

function backboneParameters(list: ParameterList, spec: LoftrSpec): void {
  const { backbone } = spec;
  switch (backbone.kind) {
    case 'resnet':
      resNetFpnParameters(list, BACKBONE, spec, backbone.stem);
      break;
    case 'efficientnet-lite':
      liteFpnParameters(list, BACKBONE, spec, backbone.size);
      break;
  }
}
