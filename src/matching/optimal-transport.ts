// SuperGlue's last step: scores become probabilities by optimal transport, with a dustbin on both sides for
// what has no match (Sinkhorn and Knopp 1967, Cuturi 2013).

/**
 * Scalings leave this range only where scores differ by some hundred: then they go over into the exponents,
 * which keeps the result that of the computation in logarithms (Schmitzer 2019, "stabilised scaling").
 */
const MOST = 1e60;
const LEAST = 1 / MOST;

/**
 * How surely keypoint i of one picture and keypoint j of the other are the same: [rows, columns] in 0..1, of
 * scores [rows, columns]. In the transport each keypoint weighs 1, each dustbin as much as all keypoints of
 * the other picture, and a dustbin's score is the same for all.
 *
 * As published the iterations compute in logarithms, with an exponential for each number in each pass. Here
 * the exponentials are taken once, in double precision, and the iterations multiply.
 * @param iterations at least 1
 */
export function transportProbabilities(
  scores: Float32Array,
  rows: number,
  columns: number,
  binScore: number,
  iterations: number,
): Float32Array {
  const probabilities = new Float32Array(rows * columns);
  if (rows === 0 || columns === 0) return probabilities;
  const problem = new Transport(scores, rows, columns, binScore);
  for (let i = 0; i < iterations; i++) problem.iterate();
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) probabilities[i * columns + j] = problem.mass(i, j);
  }
  return probabilities;
}

/** Masses exp(score + shift) · scaling, whose rows and columns come to weigh what they should. */
class Transport {
  readonly #scores: Float32Array;
  readonly #rows: number;
  readonly #columns: number;
  readonly #binScore: number;
  /** exp(score + shifts), [rows + 1, columns + 1]: the dustbins are last. */
  readonly #kernel: Float64Array;
  readonly #rowShift: Float64Array;
  readonly #columnShift: Float64Array;
  readonly #rowScale: Float64Array;
  readonly #columnScale: Float64Array;
  readonly #sums: Float64Array;

  constructor(scores: Float32Array, rows: number, columns: number, binScore: number) {
    this.#scores = scores;
    this.#rows = rows;
    this.#columns = columns;
    this.#binScore = binScore;
    this.#kernel = new Float64Array((rows + 1) * (columns + 1));
    this.#columnShift = new Float64Array(columns + 1);
    this.#rowScale = new Float64Array(rows + 1).fill(1);
    this.#columnScale = new Float64Array(columns + 1).fill(1);
    this.#sums = new Float64Array(columns + 1);
    // The largest of each row becomes exp(0).
    this.#rowShift = Float64Array.from({ length: rows + 1 }, (_, i) => {
      let most = binScore;
      for (let j = 0; j < columns; j++) most = Math.max(most, this.#score(i, j));
      return -most;
    });
    this.#exponentiate();
  }

  /** Rows, then columns, are brought to their weights; both in one pass over the kernel. */
  iterate(): void {
    const [rows, columns] = [this.#rows, this.#columns];
    const kernel = this.#kernel;
    const scale = this.#columnScale;
    const sums = this.#sums.fill(0);
    for (let i = 0; i <= rows; i++) {
      const begin = i * (columns + 1);
      let sum = 0;
      for (let j = 0; j <= columns; j++) sum += kernel[begin + j]! * scale[j]!;
      const own = (i === rows ? columns : 1) / sum;
      this.#rowScale[i] = own;
      for (let j = 0; j <= columns; j++) sums[j] = sums[j]! + own * kernel[begin + j]!;
    }
    for (let j = 0; j <= columns; j++) scale[j] = (j === columns ? rows : 1) / sums[j]!;
    if (outOfRange(this.#rowScale) || outOfRange(scale)) this.#absorb();
  }

  mass(i: number, j: number): number {
    const at = i * (this.#columns + 1) + j;
    return this.#rowScale[i]! * this.#kernel[at]! * this.#columnScale[j]!;
  }

  #score(i: number, j: number): number {
    const keypoints = i < this.#rows && j < this.#columns;
    return keypoints ? this.#scores[i * this.#columns + j]! : this.#binScore;
  }

  #exponentiate(): void {
    const columns = this.#columns;
    for (let i = 0, at = 0; i <= this.#rows; i++) {
      for (let j = 0; j <= columns; j++, at++) {
        this.#kernel[at] = Math.exp(this.#score(i, j) + this.#rowShift[i]! + this.#columnShift[j]!);
      }
    }
  }

  #absorb(): void {
    for (const [shift, scale] of [
      [this.#rowShift, this.#rowScale],
      [this.#columnShift, this.#columnScale],
    ] as const) {
      for (let i = 0; i < shift.length; i++) shift[i] = shift[i]! + Math.log(scale[i]!);
      scale.fill(1);
    }
    this.#exponentiate();
  }
}

function outOfRange(scales: Float64Array): boolean {
  for (const scale of scales) if (scale > MOST || scale < LEAST) return true;
  return false;
}
