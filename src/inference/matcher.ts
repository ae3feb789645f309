// The matcher on onnxruntime: two pictures in, matched points out. Features of pictures with an id are kept,
// so that a reference view goes through the network once.
import type { CoarseOptions } from '../matching/coarse-matches.ts';
import { MAX_MATCHES, MAX_SIDE } from '../matching/presets.ts';
import type { LongWork } from '../progress.ts';
import type { Weights } from '../weights/safetensors.ts';
import type { BackendChoice, BackendWish } from './backend.ts';
import { openLoftr } from './loftr-network.ts';
import { openWithFallback } from './open-with-fallback.ts';
import { type MatchInput, type PairMatches, type PairRunner, pairRunner } from './pair-runner.ts';
import type { InferenceRuntime } from './session.ts';
import { openSuperGlue, type SuperGlueModel } from './superglue-network.ts';
import { TaskQueue } from './task-queue.ts';

export type { MatchInput, PairMatches } from './pair-runner.ts';

export interface LoftrModel {
  readonly arch?: 'loftr';
  /** A row of LoFTR's specs. */
  readonly spec: string;
  readonly weights: Weights;
}

/** SuperGlue matches what SuperPoint finds. */
export interface KeypointModel extends SuperGlueModel {
  readonly arch: 'superglue';
}

export type MatcherModel = LoftrModel | KeypointModel;

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

/** Some forty pictures of 320 × 240 at the compact size. */
export const CACHE_BYTES = 96 * 2 ** 20;

interface Opened {
  readonly choice: BackendChoice;
  readonly pairs: PairRunner;
}

export class OrtMatcher {
  readonly #parts: MatcherParts;
  readonly #queue = new TaskQueue();
  #opened: Opened | null = null;

  constructor(parts: MatcherParts) {
    this.#parts = parts;
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
      const { pairs } = await this.#ensureOpen(work);
      return pairs.match(a, b, options, work);
    }, work.signal);
  }

  /** Forgets the features of a picture, or all. */
  forget(id?: string): void {
    this.#opened?.pairs.forget(id);
  }

  /** Frees the sessions and all features; a later call opens them again. */
  async dispose(): Promise<void> {
    await this.#queue.run(async () => {
      const opened = this.#opened;
      this.#opened = null;
      await opened?.pairs.release();
    });
  }

  async #ensureOpen(work: LongWork): Promise<Opened> {
    this.#opened ??= await this.#load(work);
    return this.#opened;
  }

  #load(work: LongWork): Promise<Opened> {
    const { runtime, wish, load } = this.#parts;
    const open = (choice: BackendChoice, model: MatcherModel) => this.#openOn(choice, model);
    return openWithFallback({ runtime, wish, load, open }, work);
  }

  async #openOn(choice: BackendChoice, model: MatcherModel): Promise<Opened> {
    const { runtime, longestSide = MAX_SIDE, cacheBytes = CACHE_BYTES } = this.#parts;
    // One shape for all pictures and matches: WebGPU compiles anew for each.
    const fixedShapes = choice.backend === 'webgpu';
    const runner = { longestSide, cacheBytes, fixedShapes };
    if (model.arch === 'superglue') {
      const network = await openSuperGlue(runtime, choice, model, { fixedRows: fixedShapes });
      return { choice, pairs: pairRunner(network, runner) };
    }
    const rows = fixedShapes ? MAX_MATCHES : undefined;
    const network = await openLoftr(runtime, choice, model.weights, model.spec, rows);
    return { choice, pairs: pairRunner(network, runner) };
  }
}
