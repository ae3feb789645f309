// The matcher on onnxruntime: two pictures in, matched points out. Features of pictures with an id are kept,
// so that a reference view goes through the network once.
import { throwIfAborted } from '../errors.ts';
import type { CoarseOptions } from '../matching/coarse-matches.ts';
import { CANVAS_SIDE, MAX_MATCHES, MAX_SIDE } from '../matching/presets.ts';
import type { ReferenceView } from '../matching/reference-view.ts';
import { type LongWork, reportStep } from '../progress.ts';
import type { Weights } from '../weights/safetensors.ts';
import type { BackendChoice, BackendWish } from './backend.ts';
import { firstRun } from './first-run.ts';
import { KeptOpen, type OpenOn } from './kept-open.ts';
import { openLoftr } from './loftr-network.ts';
import type { MatcherGolden, MatcherTest } from './matcher-golden.ts';
import type { KeptFeatures, MatchingNetwork } from './matching-network.ts';
import {
  type ChooseCells,
  type MatchInput,
  type PairMatches,
  type PairRunner,
  pairRunner,
} from './pair-runner.ts';
import type { InferenceRuntime } from './session.ts';
import { openSuperGlue, type SuperGlueModel } from './superglue-network.ts';
import { TaskQueue } from './task-queue.ts';

export type { MatchInput, PairMatches } from './pair-runner.ts';

interface MatcherTraits {
  /** What it must find in a drawn pair; without it, opening tests nothing but that it runs. */
  readonly golden?: MatcherGolden;
  /** Longest side that its pictures are shrunk to, in pixels; {@link MAX_SIDE} when left out. */
  readonly longestSide?: number;
}

export interface LoftrModel extends MatcherTraits {
  readonly arch?: 'loftr';
  /** A row of LoFTR's specs. */
  readonly spec: string;
  readonly weights: Weights;
}

/** SuperGlue matches what SuperPoint finds. */
export interface KeypointModel extends SuperGlueModel, MatcherTraits {
  readonly arch: 'superglue';
}

export type MatcherModel = LoftrModel | KeypointModel;

export interface MatcherParts {
  readonly runtime: InferenceRuntime;
  /** Called once, by the first match; again after a failure, and where WebGPU is given up. */
  readonly load: (work: LongWork) => Promise<MatcherModel>;
  /** The runtime's default unless told. */
  readonly wish?: BackendWish;
  /**
   * Longest side that pictures are shrunk to, in pixels; when left out the model's, on WebGPU at most
   * {@link CANVAS_SIDE}.
   */
  readonly longestSide?: number;
  /** Bytes of features that are kept; {@link CACHE_BYTES} when left out. */
  readonly cacheBytes?: number;
}

/** A photo and ten candidates of 640 × 480 at the sizes of ours (97 MiB), and some more. */
export const CACHE_BYTES = 128 * 2 ** 20;

/** Where the matcher runs, why, and how it was tested. */
export interface MatcherReport extends BackendChoice {
  /** WebGPU was tried, and failed or computed wrongly: worth a notice. */
  readonly fellBack: boolean;
  /** Null where the model brings no golden pair. */
  readonly selfTest: MatcherTest | null;
}

interface Opened extends OpenOn {
  readonly report: MatcherReport;
  readonly pairs: PairRunner;
}

export class OrtMatcher {
  readonly #parts: MatcherParts;
  readonly #queue = new TaskQueue();
  readonly #kept: KeptOpen<MatcherModel, Opened>;

  constructor(parts: MatcherParts) {
    this.#parts = parts;
    const { runtime, wish, load } = parts;
    this.#kept = new KeptOpen({
      runtime,
      wish,
      load,
      open: (choice, model, fellBack, work) => this.#openOn(choice, model, fellBack, work),
    });
  }

  /**
   * Loads the network, runs it once and tests it, and says where it runs. Throws `model-*`, `download-failed`,
   * `hash-mismatch`, `backend-unavailable`, `inference-failed`, `aborted`, `usage` for a side that cannot be
   * used.
   */
  open(work: LongWork = {}): Promise<MatcherReport> {
    return this.#queue.run(async () => (await this.#kept.ensure(work)).report, work.signal);
  }

  /** As it is now; null while nothing is open. */
  get report(): MatcherReport | null {
    return this.#kept.opened?.report ?? null;
  }

  /** Throws as {@link open} does. */
  match(
    a: MatchInput,
    b: MatchInput,
    options: CoarseOptions = {},
    work: LongWork = {},
  ): Promise<PairMatches> {
    return this.#queue.run(
      () => this.#kept.use(({ pairs }) => pairs.match(a, b, options, work), work),
      work.signal,
    );
  }

  /** With what a collection keeps of a photo. Throws likewise, `usage` for a matcher that keeps no views. */
  matchView(
    a: MatchInput,
    view: ReferenceView,
    options: CoarseOptions = {},
    work: LongWork = {},
  ): Promise<PairMatches> {
    return this.#queue.run(
      () => this.#kept.use(({ pairs }) => pairs.matchView(a, view, options, work), work),
      work.signal,
    );
  }

  /** What a collection keeps of a photo: the cells that `choose` names. Throws likewise. */
  keepView(a: MatchInput, choose: ChooseCells, work: LongWork = {}): Promise<ReferenceView> {
    return this.#queue.run(
      () => this.#kept.use(({ pairs }) => pairs.keepView(a, choose), work),
      work.signal,
    );
  }

  /**
   * Forgets the features of a picture, or all. In its turn: matches that were asked for before are done first,
   * so that none of them keeps anew what is to be forgotten.
   */
  forget(id?: string): Promise<void> {
    return this.#queue.run(async () => this.#kept.opened?.pairs.forget(id));
  }

  /** Frees the sessions and all features; a later call opens them again. */
  async dispose(): Promise<void> {
    await this.#queue.run(() => this.#kept.release());
  }

  async #openOn(
    choice: BackendChoice,
    model: MatcherModel,
    fellBack: boolean,
    work: LongWork,
  ): Promise<Opened> {
    reportStep(work, 'load-model', 0);
    const { runtime } = this.#parts;
    // One shape for all pictures and matches: WebGPU compiles anew for each.
    const fixed = choice.backend === 'webgpu';
    const start = <F extends KeptFeatures>(network: MatchingNetwork<F>) =>
      this.#start(network, model, fixed, work);
    const { pairs, selfTest } =
      model.arch === 'superglue'
        ? await start(await openSuperGlue(runtime, choice, model, { fixedRows: fixed }))
        : await start(
            await openLoftr(
              runtime,
              choice,
              model.weights,
              model.spec,
              fixed ? MAX_MATCHES : undefined,
            ),
          );
    const report = { ...choice, fellBack, selfTest };
    return { report, on: choice, pairs, release: () => pairs.release() };
  }

  async #start<F extends KeptFeatures>(
    network: MatchingNetwork<F>,
    { golden, longestSide: usual = MAX_SIDE }: MatcherModel,
    fixedShapes: boolean,
    work: LongWork,
  ): Promise<{ pairs: PairRunner; selfTest: MatcherTest | null }> {
    const {
      cacheBytes = CACHE_BYTES,
      longestSide = fixedShapes ? Math.min(usual, CANVAS_SIDE) : usual,
    } = this.#parts;
    const options = { longestSide, cacheBytes, fixedShapes };
    try {
      throwIfAborted(work.signal);
      const selfTest = await firstRun(network, options, golden, work);
      return { pairs: pairRunner(network, options), selfTest };
    } catch (thrown) {
      await network.release();
      throw thrown;
    }
  }
}
