// The matcher on onnxruntime: two pictures in, matched points out. Features of pictures with an id are kept,
// so that a reference view goes through the network once.
import { throwIfAborted, toCairnError } from '../errors.ts';
import type { PixelGrid } from '../imaging/decode.ts';
import type { CoarseOptions } from '../matching/coarse-matches.ts';
import { type Size, toMatchingPicture } from '../matching/picture.ts';
import { MAX_MATCHES, MAX_SIDE } from '../matching/presets.ts';
import { COARSE_STRIDE } from '../nets/loftr/specs.ts';
import type { LongWork } from '../progress.ts';
import type { Weights } from '../weights/safetensors.ts';
import { type BackendChoice, type BackendWish, chooseBackend, fallBackToWasm } from './backend.ts';
import { type LoftrNetwork, openLoftr, type PictureFeatures } from './loftr-network.ts';
import type { InferenceRuntime } from './session.ts';
import { TaskQueue } from './task-queue.ts';

export interface MatcherModel {
  /** A row of LoFTR's specs. */
  readonly spec: string;
  readonly weights: Weights;
}

export interface MatcherParts {
  readonly runtime: InferenceRuntime;
  /** Called once, by the first match; again after a failure. */
  readonly load: (work: LongWork) => Promise<MatcherModel>;
  /** The runtime's default unless told. */
  readonly wish?: BackendWish;
  /** Longest side that pictures are shrunk to, in pixels; {@link MAX_SIDE} when left out. */
  readonly longestSide?: number;
  /** Bytes of features that are kept; {@link CACHE_BYTES} when left out. */
  readonly cacheBytes?: number;
}

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
  /** Milliseconds; `features` is 0 for what was kept. */
  readonly timings: { readonly features: number; readonly coarse: number; readonly fine: number };
}

/** Some forty pictures of 320 × 240 at the compact size. */
export const CACHE_BYTES = 96 * 2 ** 20;

interface Opened {
  readonly choice: BackendChoice;
  readonly network: LoftrNetwork;
}

export class OrtMatcher {
  readonly #parts: MatcherParts;
  readonly #queue = new TaskQueue();
  readonly #kept: FeatureCache;
  #opened: Opened | null = null;

  constructor(parts: MatcherParts) {
    this.#parts = parts;
    this.#kept = new FeatureCache(parts.cacheBytes ?? CACHE_BYTES);
  }

  /**
   * Loads the network and says where it runs. Throws `model-*`, `download-failed`, `hash-mismatch`,
   * `backend-unavailable`, `inference-failed`.
   */
  open(work: LongWork = {}): Promise<BackendChoice> {
    return this.#queue.run(async () => (await this.#ensureOpen(work)).choice, work.signal);
  }

  /** Throws as {@link open} does. */
  match(
    a: MatchInput,
    b: MatchInput,
    options: CoarseOptions = {},
    work: LongWork = {},
  ): Promise<PairMatches> {
    return this.#queue.run(async () => {
      const opened = await this.#ensureOpen(work);
      const begin = performance.now();
      const first = await this.#featuresOf(opened, a);
      throwIfAborted(work.signal);
      const second = await this.#featuresOf(opened, b);
      throwIfAborted(work.signal);
      const features = performance.now() - begin;
      const { points, timings } = await opened.network.match(first, second, options);
      return { points, timings: { features, ...timings } };
    }, work.signal);
  }

  /** Forgets the features of a picture, or all. */
  forget(id?: string): void {
    this.#kept.forget(id);
  }

  /** Frees the sessions and all features; a later call opens them again. */
  async dispose(): Promise<void> {
    await this.#queue.run(async () => {
      const opened = this.#opened;
      this.#opened = null;
      this.#kept.forget();
      await opened?.network.release();
    });
  }

  async #featuresOf({ choice, network }: Opened, input: MatchInput): Promise<PictureFeatures> {
    const known = input.id === undefined ? undefined : this.#kept.get(input.id);
    if (known) return known;
    const { longestSide = MAX_SIDE } = this.#parts;
    const side = Math.ceil(longestSide / COARSE_STRIDE) * COARSE_STRIDE;
    const picture = toMatchingPicture(input.bitmap, {
      cell: COARSE_STRIDE,
      longestSide,
      ...(input.original ? { original: input.original } : {}),
      // One shape for all pictures: WebGPU compiles anew for each.
      ...(choice.backend === 'webgpu' ? { canvas: { width: side, height: side } } : {}),
    });
    const features = await network.features(picture);
    if (input.id !== undefined) this.#kept.put(input.id, features);
    return features;
  }

  async #ensureOpen(work: LongWork): Promise<Opened> {
    this.#opened ??= await this.#load(work);
    return this.#opened;
  }

  async #load(work: LongWork): Promise<Opened> {
    const { runtime, load, wish = runtime.defaultWish } = this.#parts;
    const facts = await runtime.facts();
    const choice = chooseBackend(wish, facts);
    const { spec, weights } = await load(work);
    throwIfAborted(work.signal);
    const open = async (on: BackendChoice): Promise<Opened> => {
      const rows = on.backend === 'webgpu' ? MAX_MATCHES : undefined;
      return { choice: on, network: await openLoftr(runtime, on, weights, spec, rows) };
    };
    try {
      return await open(choice);
    } catch (thrown) {
      const { code, message } = toCairnError(thrown);
      if (choice.backend !== 'webgpu' || code === 'model-invalid') throw thrown;
      return open(fallBackToWasm(facts, message));
    }
  }
}

/** Features by the pictures' ids, those used last at the end; the oldest leave when room is needed. */
class FeatureCache {
  readonly #most: number;
  readonly #features = new Map<string, PictureFeatures>();
  #bytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get(id: string): PictureFeatures | undefined {
    const found = this.#features.get(id);
    if (!found) return undefined;
    this.#features.delete(id);
    this.#features.set(id, found);
    return found;
  }

  put(id: string, features: PictureFeatures): void {
    this.forget(id);
    this.#features.set(id, features);
    this.#bytes += bytesOf(features);
    for (const oldest of this.#features.keys()) {
      if (this.#bytes <= this.#most) return;
      this.forget(oldest);
    }
  }

  forget(id?: string): void {
    if (id === undefined) {
      this.#features.clear();
      this.#bytes = 0;
      return;
    }
    const found = this.#features.get(id);
    if (!found) return;
    this.#features.delete(id);
    this.#bytes -= bytesOf(found);
  }
}

function bytesOf({ picture, coarse, fine }: PictureFeatures): number {
  return picture.pixels.byteLength + coarse.byteLength + fine.byteLength;
}
