// What every matching network offers the matcher, and what they share: outputs by name, a look at the numbers.
import { CairnError } from '../errors.ts';
import type { CoarseOptions } from '../matching/coarse-matches.ts';
import type { MatchingPicture, PlacedPicture } from '../matching/picture.ts';
import type { ReferenceView } from '../matching/reference-view.ts';
import type { Floats } from './session.ts';

/** What a network keeps of a picture: enough to match it with any other. */
export interface KeptFeatures {
  /** Never its pixels: they have been seen. */
  readonly picture: PlacedPicture;
  /** How much memory is kept. */
  readonly bytes: number;
}

export interface MatchRun {
  /**
   * Rows [xa, ya, xb, yb, confidence], the surest first: in pixels of the pictures' originals, the centre of
   * the first pixel at (0, 0).
   */
  readonly points: Float32Array;
  /** Milliseconds of the step that compares the pictures and of what follows it. */
  readonly timings: { readonly coarse: number; readonly fine: number };
}

export interface MatchingNetwork<F extends KeptFeatures> {
  /** Pixels along a cell of its coarse map. */
  readonly cell: number;
  /** Pictures' sides are multiples of it, in pixels. */
  readonly multiple: number;
  /** Of one picture. Throws `inference-failed` when they are no numbers. */
  features(picture: MatchingPicture): Promise<F>;
  /** Throws `inference-failed` when what is found is no numbers. */
  match(a: F, b: F, options?: CoarseOptions): Promise<MatchRun>;
  /** Where it matches with what a collection keeps; absent where it cannot. */
  readonly views?: ViewMatching<F>;
  release(): Promise<void>;
}

/** Matching with reference views: coarse, since nothing finer is kept of them. */
export interface ViewMatching<F extends KeptFeatures> {
  /** What is kept of a picture: the given cells, counted row by row. */
  keep(features: F, cells: Int32Array): ReferenceView;
  /** Points stand on cells in both pictures. Throws `usage` for another network's view, `inference-failed`. */
  match(a: F, view: ReferenceView, options?: CoarseOptions): Promise<MatchRun>;
}

/** Throws `internal` where a graph has no such output. */
export function outputOf(found: Readonly<Record<string, Floats>>, name: string): Float32Array {
  const output = found[name];
  if (output) return output.data;
  throw new CairnError(
    'internal',
    `The matching graph gave no "${name}".`,
    'This is a fault of Cairn: please report it.',
  );
}

/** A driver that computes wrongly must not pass for a pair without matches. Throws `inference-failed`. */
export function requireNumbers(values: Float32Array): void {
  if (values.every(Number.isFinite)) return;
  throw new CairnError(
    'inference-failed',
    'The matching network gave values that are no numbers.',
    'Reload; if it happens again, choose the backend "wasm" in the settings.',
  );
}

/**
 * Loads sessions one after the other; those that are loaded are released when a later one fails.
 * Throws what `load` throws.
 */
export async function loadAll<K extends string, S extends { release(): Promise<void> }>(
  graphs: Readonly<Record<K, () => Uint8Array>>,
  load: (onnx: Uint8Array) => Promise<S>,
): Promise<{ readonly sessions: Readonly<Record<K, S>>; release(): Promise<void> }> {
  const loaded = new Map<string, S>();
  const release = async () => {
    const sessions = [...loaded.values()];
    loaded.clear();
    for (const session of sessions) await session.release();
  };
  try {
    for (const name of Object.keys(graphs) as K[]) loaded.set(name, await load(graphs[name]()));
  } catch (thrown) {
    await release();
    throw thrown;
  }
  return { sessions: Object.fromEntries(loaded) as Record<K, S>, release };
}
