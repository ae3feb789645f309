// Leaves bad models after a glance at a few matches.
//
// Wald's sequential probability ratio test, as Matas and Chum (Randomized RANSAC with sequential probability
// ratio test, ICCV 2005) put it to RANSAC: matches that disagree count against the model until it is so much
// likelier bad than good that looking on would cost more than drawing another sample. A good model is lost
// with a probability of at most 1 / A, which the number of samples makes up for.
import type { ModelKernel } from './kernel.ts';
import { SEQUENTIAL } from './presets.ts';

const MOST_STEPS = 10;

export class SequentialTest {
  readonly #kernel: ModelKernel;
  readonly #count: number;
  readonly #limit: number;
  #good: number = SEQUENTIAL.good;
  #bad: number = SEQUENTIAL.bad;
  /** What one match adds to the logarithm of the likelihood ratio, agreeing or not; and the bound. */
  #agree = 0;
  #disagree = 0;
  #bound = Number.POSITIVE_INFINITY;
  #tested = 0;
  #agreed = 0;

  /** @param limit squared error of an inlier. */
  constructor(kernel: ModelKernel, count: number, limit: number) {
    this.#kernel = kernel;
    this.#count = count;
    this.#limit = limit;
    this.#design();
  }

  /** Share of good models that pass. */
  get passing(): number {
    return 1 - Math.exp(-this.#bound);
  }

  /** A right model has at least this share of inliers: the test grows sharper. */
  raise(inlierShare: number): void {
    if (inlierShare <= this.#good) return;
    this.#good = inlierShare;
    this.#design();
  }

  /** Measures the errors of the loaded model until it is found bad; true when all were measured. */
  passes(errors: Float64Array): boolean {
    let ratio = 0;
    let agreed = 0;
    for (let from = 0; from < this.#count; from += SEQUENTIAL.block) {
      const to = Math.min(from + SEQUENTIAL.block, this.#count);
      this.#kernel.squaredErrors(from, to, errors);
      let here = 0;
      for (let i = from; i < to; i++) if (errors[i]! <= this.#limit) here++;
      agreed += here;
      ratio += here * this.#agree + (to - from - here) * this.#disagree;
      if (ratio > this.#bound) {
        this.#learn(agreed, to);
        return false;
      }
    }
    return true;
  }

  #learn(agreed: number, tested: number): void {
    this.#agreed += agreed;
    this.#tested += tested;
    const bad = this.#agreed / this.#tested;
    if (this.#tested < this.#count || bad <= 0) return;
    if (Math.abs(bad - this.#bad) > SEQUENTIAL.drift * this.#bad) {
      this.#bad = bad;
      this.#design();
    }
  }

  #design(): void {
    const good = Math.min(this.#good, 1 - 1e-6);
    const bad = this.#bad;
    if (bad >= good) {
      // Nothing tells the two apart: all are measured to the end.
      this.#agree = this.#disagree = 0;
      this.#bound = Number.POSITIVE_INFINITY;
      return;
    }
    this.#agree = Math.log(bad / good);
    this.#disagree = Math.log((1 - bad) / (1 - good));
    const information = bad * this.#agree + (1 - bad) * this.#disagree;
    const cost = this.#kernel.sampleCost * information + 1;
    let bound = cost;
    for (let step = 0; step < MOST_STEPS; step++) bound = cost + Math.log(bound);
    this.#bound = Math.log(bound);
  }
}
