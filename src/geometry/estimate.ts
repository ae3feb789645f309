// Robust estimation: draw, solve, look, keep the best, optimise it locally, stop when that is enough.
//
// LO-RANSAC (Chum, Matas, Kittler 2003; Lebeda, Matas, Chum 2012) with PROSAC's order, a sequential test and
// MAGSAC++'s score, as in USAC (Raguram et al. 2013): see docs/geometry.md.
import type { ModelKernel } from './kernel.ts';
import type { Points } from './matches.ts';
import { type EstimateSettings, LOCAL, PREFIX } from './presets.ts';
import { drawDistinct, ProsacSampler } from './sampler.ts';
import { MarginalScore } from './score.ts';
import { SequentialTest } from './sequential-test.ts';

export interface Estimate {
  /** In the units of the points; null when no sample gave any. */
  readonly model: Float64Array | null;
  /** Squared errors of all points under the model. */
  readonly errors: Float64Array;
  readonly score: number;
  /** Samples drawn. */
  readonly iterations: number;
}

/** @param threshold of inliers in the units of `points`, of which there are enough for a sample. */
export function estimate(
  kernel: ModelKernel,
  points: Points,
  threshold: number,
  settings: EstimateSettings,
  random: () => number,
): Estimate {
  return new Estimator(kernel, points, threshold, settings, random).run();
}

class Estimator {
  readonly #kernel: ModelKernel;
  readonly #points: Points;
  readonly #limit: number;
  readonly #settings: EstimateSettings;
  readonly #random: () => number;
  readonly #score: MarginalScore;
  readonly #test: SequentialTest;
  readonly #sampler: ProsacSampler;
  readonly #sample: Int32Array;
  readonly #models: Float64Array;
  readonly #candidate = new Float64Array(9);
  readonly #working = new Float64Array(9);
  readonly #best = new Float64Array(9);
  readonly #errors: Float64Array;
  readonly #weights: Float64Array;
  readonly #inliers: Int32Array;
  readonly #chosen: Int32Array;
  /** Score of the best model of a minimal sample, and of the best of all. */
  #bestOfSamples = 0;
  #bestScore = 0;
  /** Score reached by the last polish. */
  #reached = 0;
  #enough: number;
  readonly #consider = (model: Float64Array): void => {
    if (!this.#kernel.load(model) || !this.#test.passes(this.#errors)) return;
    const score = this.#score.total(this.#errors, this.#points.count);
    if (score > this.#bestOfSamples) {
      this.#bestOfSamples = score;
      copy(model, this.#candidate);
    }
  };

  constructor(
    kernel: ModelKernel,
    points: Points,
    threshold: number,
    settings: EstimateSettings,
    random: () => number,
  ) {
    const { count, ranked } = points;
    this.#kernel = kernel;
    this.#points = points;
    this.#limit = threshold * threshold;
    this.#settings = settings;
    this.#random = random;
    this.#score = new MarginalScore(threshold * kernel.reach);
    this.#test = new SequentialTest(kernel, count, this.#limit);
    this.#sampler = new ProsacSampler(ranked, kernel.sampleSize, settings.maxIterations, random);
    this.#sample = new Int32Array(kernel.sampleSize);
    this.#models = new Float64Array(9 * kernel.mostModels);
    this.#errors = new Float64Array(count);
    this.#weights = new Float64Array(count);
    this.#inliers = new Int32Array(count);
    this.#chosen = new Int32Array(LOCAL.innerSize * kernel.sampleSize);
    this.#enough = settings.maxIterations;
  }

  run(): Estimate {
    let t = 0;
    while (t < this.#enough) {
      t++;
      this.#sampler.draw(t, this.#sample);
      const found = this.#kernel.solve(this.#sample, this.#models);
      for (let k = 0; k < found; k++) {
        for (let i = 0; i < 9; i++) this.#candidate[i] = this.#models[9 * k + i]!;
        this.#tryCandidate();
      }
    }
    if (this.#bestScore === 0) {
      return { model: null, errors: this.#errors, score: 0, iterations: t };
    }
    copy(this.#best, this.#working);
    this.#polish(LOCAL.finalRounds);
    this.#kernel.load(this.#best);
    this.#kernel.squaredErrors(0, this.#points.count, this.#errors);
    return { model: this.#best, errors: this.#errors, score: this.#bestScore, iterations: t };
  }

  #tryCandidate(): void {
    if (!this.#kernel.load(this.#candidate) || !this.#test.passes(this.#errors)) return;
    const score = this.#score.total(this.#errors, this.#points.count);
    if (score <= this.#bestOfSamples) return;
    this.#bestOfSamples = score;
    this.#kernel.rescue?.(this.#candidate, this.#sample, this.#errors, this.#consider);
    const before = this.#bestScore;
    if (this.#bestOfSamples > this.#bestScore) {
      this.#bestScore = this.#bestOfSamples;
      copy(this.#candidate, this.#best);
    }
    copy(this.#candidate, this.#working);
    this.#optimise();
    if (this.#bestScore > before) this.#learn();
  }

  /** Fits to what agrees, then to larger samples of it, which may lead out of a poor first model. */
  #optimise(): void {
    const before = this.#bestScore;
    this.#polish(LOCAL.rounds);
    if (this.#reached < LOCAL.worth * before) return;
    const least = this.#kernel.sampleSize + 1;
    for (let inner = 0; inner < this.#kernel.innerSamples; inner++) {
      copy(this.#best, this.#working);
      this.#kernel.load(this.#working);
      this.#kernel.squaredErrors(0, this.#points.count, this.#errors);
      const inliers = this.#listInliers();
      const size = Math.min(this.#chosen.length, inliers >> 1);
      if (size < least) return;
      drawDistinct(this.#chosen, size, inliers, this.#random);
      this.#weights.fill(0);
      for (let i = 0; i < size; i++) this.#weights[this.#inliers[this.#chosen[i]!]!] = 1;
      if (this.#kernel.refit(this.#working, this.#weights)) this.#polish(LOCAL.innerRounds);
    }
  }

  /** Reweighted least squares from the working model on, for as long as its score rises. */
  #polish(rounds: number): void {
    const { count } = this.#points;
    this.#reached = 0;
    for (let round = 0; round <= rounds; round++) {
      if (!this.#kernel.load(this.#working)) return;
      this.#kernel.squaredErrors(0, count, this.#errors);
      const score = this.#score.total(this.#errors, count);
      if (score > this.#bestScore) {
        this.#bestScore = score;
        copy(this.#working, this.#best);
      }
      // The fit to marginal weights may lose at first where a sample was fitted too closely.
      if (round > 1 && !(score > this.#reached * (1 + LOCAL.gain))) return;
      this.#reached = score;
      if (round === rounds) return;
      if (this.#score.weigh(this.#errors, count, this.#weights) <= this.#kernel.sampleSize) return;
      if (!this.#kernel.refit(this.#working, this.#weights)) return;
    }
  }

  #listInliers(): number {
    let inliers = 0;
    for (let i = 0; i < this.#points.count; i++) {
      if (this.#errors[i]! <= this.#limit) this.#inliers[inliers++] = i;
    }
    return inliers;
  }

  /** From the best model: how sharp to test, and how many samples are enough. */
  #learn(): void {
    const { count, ranked } = this.#points;
    this.#kernel.load(this.#best);
    this.#kernel.squaredErrors(0, count, this.#errors);
    this.#test.raise(this.#listInliers() / count);
    let enough = this.#settings.maxIterations;
    const shortest = Math.max(PREFIX.least, Math.ceil(PREFIX.share * count));
    let inliers = 0;
    for (let n = 1; n <= count; n++) {
      if (this.#errors[ranked[n - 1]!]! <= this.#limit) inliers++;
      if (n < count && (n < shortest || n % PREFIX.step !== 0)) continue;
      const wanted = this.#samplesFor(inliers / n);
      // Samples that were drawn from more than the prefix do not count for it.
      if (wanted < enough && wanted <= this.#sampler.lastWithin(n)) enough = wanted;
    }
    this.#enough = enough;
  }

  #samplesFor(inlierShare: number): number {
    const clean = inlierShare ** this.#kernel.sampleSize * this.#test.passing;
    if (clean >= 1) return 1;
    const wanted = Math.log(1 - this.#settings.confidence) / Math.log1p(-clean);
    return Number.isFinite(wanted) ? Math.ceil(wanted) : Number.POSITIVE_INFINITY;
  }
}

function copy(from: Float64Array, to: Float64Array): void {
  for (let i = 0; i < 9; i++) to[i] = from[i]!;
}
