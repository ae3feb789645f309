// A matching network with the features that it keeps: pairs of decoded pictures in, matched points out.
import { CairnError, throwIfAborted } from '../errors.ts';
import type { PixelGrid } from '../imaging/decode.ts';
import type { CoarseOptions } from '../matching/coarse-matches.ts';
import {
  type PlacedPicture,
  type Resized,
  type Size,
  toMatchingPicture,
} from '../matching/picture.ts';
import type { ReferenceView } from '../matching/reference-view.ts';
import type { LongWork } from '../progress.ts';
import { FeatureCache } from './feature-cache.ts';
import type { KeptFeatures, MatchingNetwork } from './matching-network.ts';

export interface MatchInput {
  readonly bitmap: PixelGrid;
  /** The size that points are given in, where the bitmap was shrunk while it was decoded. */
  readonly original?: Size;
  /** Names the picture for good: its features are kept and used again. */
  readonly id?: string;
}

export interface PairMatches {
  /**
   * Rows [xa, ya, xb, yb, confidence], the surest first: in pixels of the given pictures, the centre of the
   * first pixel at (0, 0). Empty where nothing matches.
   */
  readonly points: Float32Array;
  /** How large the network saw each picture, and in which size its points are given. */
  readonly pictures: readonly [Resized, Resized];
  /** Milliseconds; `features` is 0 for what was kept. */
  readonly timings: { readonly features: number; readonly coarse: number; readonly fine: number };
}

export interface PairRunnerOptions {
  /** Longest side that pictures are shrunk to, in pixels. */
  readonly longestSide: number;
  /** Bytes of features that are kept. */
  readonly cacheBytes: number;
  /** All pictures lie on one square canvas. */
  readonly fixedShapes: boolean;
}

/** Calls must not overlap. */
export interface PairRunner {
  /** Throws `inference-failed`, `aborted`. */
  match(a: MatchInput, b: MatchInput, options: CoarseOptions, work: LongWork): Promise<PairMatches>;
  /** With what a collection keeps: coarse. Throws likewise, `usage` for a network that keeps no views. */
  matchView(
    a: MatchInput,
    view: ReferenceView,
    options: CoarseOptions,
    work: LongWork,
  ): Promise<PairMatches>;
  /** What a collection keeps of a picture: the cells that `choose` names. Throws likewise. */
  keepView(a: MatchInput, choose: ChooseCells): Promise<ReferenceView>;
  /** Forgets the features of a picture, or all. */
  forget(id?: string): void;
  release(): Promise<void>;
}

/** From a picture's cells to those that are kept, counted row by row. `cell` is in pixels as shrunk. */
export type ChooseCells = (picture: PlacedPicture, cell: number) => Int32Array;

export function pairRunner<F extends KeptFeatures>(
  network: MatchingNetwork<F>,
  { longestSide, cacheBytes, fixedShapes }: PairRunnerOptions,
): PairRunner {
  const kept = new FeatureCache<F>(cacheBytes);
  const { cell, multiple } = network;
  const side = Math.ceil(longestSide / multiple) * multiple;

  async function featuresOf({ bitmap, original, id }: MatchInput): Promise<F> {
    const known = id === undefined ? undefined : kept.get(id);
    if (known) return known;
    const picture = toMatchingPicture(bitmap, {
      cell,
      multiple,
      longestSide,
      ...(original ? { original } : {}),
      ...(fixedShapes ? { canvas: { width: side, height: side } } : {}),
    });
    const features = await network.features(picture);
    if (id !== undefined) kept.put(id, features);
    return features;
  }

  const views = () => {
    if (network.views) return network.views;
    throw new CairnError(
      'usage',
      'This matcher works with whole photos only.',
      'Use a LoFTR to match with what collections keep of photos.',
    );
  };

  return {
    async match(a, b, options, { signal }) {
      const begin = performance.now();
      const first = await featuresOf(a);
      throwIfAborted(signal);
      const second = await featuresOf(b);
      throwIfAborted(signal);
      const features = performance.now() - begin;
      const { points, timings } = await network.match(first, second, options);
      const pictures = [first.picture, second.picture] as const;
      return { points, pictures, timings: { features, ...timings } };
    },
    async matchView(a, view, options, { signal }) {
      const begin = performance.now();
      const first = await featuresOf(a);
      throwIfAborted(signal);
      const features = performance.now() - begin;
      const { points, timings } = await views().match(first, view, options);
      const pictures = [first.picture, view] as const;
      return { points, pictures, timings: { features, ...timings } };
    },
    async keepView(a, choose) {
      const features = await featuresOf(a);
      return views().keep(features, choose(features.picture, cell));
    },
    forget: (id) => kept.forget(id),
    release: async () => {
      kept.forget();
      await network.release();
    },
  };
}
