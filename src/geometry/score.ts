// What a match with a given error is worth, when the noise is known only to lie under a bound.
//
// MAGSAC++ (Barath, Noskova, Ivashechkin, Matas: MAGSAC++, a fast, reliable and accurate robust estimator,
// CVPR 2020): the noise σ is taken to be uniform up to σmax and is integrated out. For matches of four
// coordinates the weight of an error r in reweighted least squares comes to
//   w(r) ∝ ∫ u² exp(−u²/2) du  over u from r/σmax to k,  and 0 for r > k σmax,
// and the loss whose least squares these are is ∫ x w(x) dx from 0 to r. Both are tabulated here over r².
import { SCORING } from './presets.ts';

const { cells, quantile } = SCORING;

/**
 * Over r² / (k σmax)²: weights in the middle of each cell, and gains at its start and their rise to the next.
 * Gains are interpolated, or all small errors would be alike and the last polish would have no aim.
 */
const WEIGHTS = new Float64Array(cells);
const GAINS = new Float64Array(cells);
const RISES = new Float64Array(cells);
fillTables();

function fillTables(): void {
  // Integrated over u in steps fine enough for any cell: by the trapezium rule, from the outside in.
  const steps = 16 * cells;
  const du = quantile / steps;
  const density = (u: number) => u * u * Math.exp(-0.5 * u * u);
  const tail = new Float64Array(steps + 1);
  for (let i = steps - 1; i >= 0; i--) {
    tail[i] = tail[i + 1]! + 0.5 * du * (density(i * du) + density((i + 1) * du));
  }
  const loss = new Float64Array(steps + 1);
  for (let i = 1; i <= steps; i++) {
    loss[i] = loss[i - 1]! + 0.5 * du * du * ((i - 1) * tail[i - 1]! + i * tail[i]!);
  }
  const at = (cell: number) => Math.round(steps * Math.sqrt(cell / cells));
  const gain = (cell: number) => 1 - loss[at(cell)]! / loss[steps]!;
  for (let cell = 0; cell < cells; cell++) {
    WEIGHTS[cell] = tail[at(cell + 0.5)]! / tail[0]!;
    GAINS[cell] = gain(cell);
    RISES[cell] = gain(cell + 1) - gain(cell);
  }
}

/** Sums gains and weighs errors, for one bound of the noise. */
export class MarginalScore {
  readonly #perCell: number;

  /** @param reach error from which on a match counts for nothing, in the unit of the errors. */
  constructor(reach: number) {
    this.#perCell = cells / (reach * reach);
  }

  /** Sum over matches of 1 (no error) down to 0 (an error out of reach). */
  total(squaredErrors: Float64Array, count: number): number {
    const perCell = this.#perCell;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const cell = squaredErrors[i]! * perCell;
      if (cell < cells) sum += GAINS[cell | 0]! + (cell - (cell | 0)) * RISES[cell | 0]!;
    }
    return sum;
  }

  /** Weights in [0, 1] for a reweighted fit; returns how many are above 0. */
  weigh(squaredErrors: Float64Array, count: number, out: Float64Array): number {
    const perCell = this.#perCell;
    let positive = 0;
    for (let i = 0; i < count; i++) {
      const cell = squaredErrors[i]! * perCell;
      const weight = cell < cells ? WEIGHTS[cell | 0]! : 0;
      out[i] = weight;
      if (weight > 0) positive++;
    }
    return positive;
  }
}
