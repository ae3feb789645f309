// Which matches to try together: the most confident first, then ever more of them.

/**
 * PROSAC (Chum and Matas, Matching with PROSAC, CVPR 2005): sample t comes from the best n(t) matches, n
 * growing such that after `iterations` samples it was as if all samples had been uniform. Where confidence
 * says nothing this is RANSAC.
 */
export class ProsacSampler {
  readonly #ranked: Uint32Array;
  readonly #size: number;
  readonly #random: () => number;
  /** Last sample for which each prefix serves. */
  readonly #until: Float64Array;
  #prefix: number;

  /** @param ranked points, most confident first; at least `size`. */
  constructor(ranked: Uint32Array, size: number, iterations: number, random: () => number) {
    this.#ranked = ranked;
    this.#size = size;
    this.#random = random;
    this.#prefix = size;
    const count = ranked.length;
    this.#until = new Float64Array(count + 1);
    let uniform = iterations;
    for (let i = 0; i < size; i++) uniform *= (size - i) / (count - i);
    let until = 1;
    for (let n = size; n <= count; n++) {
      this.#until[n] = until;
      const next = (uniform * (n + 1)) / (n + 1 - size);
      until += Math.ceil(next - uniform);
      uniform = next;
    }
    this.#until[count] = Number.POSITIVE_INFINITY;
  }

  /** The last sample that is drawn from the best `n` alone. */
  lastWithin(n: number): number {
    return this.#until[n]!;
  }

  /** @param t number of the sample, from 1, never falling. */
  draw(t: number, sample: Int32Array): void {
    while (t > this.#until[this.#prefix]!) this.#prefix++;
    const whole = this.#prefix === this.#ranked.length;
    // A prefix that has just grown is tried with its newcomer; smaller samples have been drawn before.
    const drawn = whole ? this.#size : this.#size - 1;
    drawDistinct(sample, drawn, whole ? this.#prefix : this.#prefix - 1, this.#random);
    if (!whole) sample[drawn] = this.#prefix - 1;
    for (let i = 0; i < this.#size; i++) sample[i] = this.#ranked[sample[i]!]!;
  }
}

/** Writes `size` different whole numbers below `range`, which is no less. */
export function drawDistinct(
  out: Int32Array,
  size: number,
  range: number,
  random: () => number,
): void {
  for (let i = 0; i < size; i++) {
    let value = 0;
    let fresh = false;
    while (!fresh) {
      value = Math.floor(random() * range);
      fresh = true;
      for (let j = 0; j < i; j++) if (out[j] === value) fresh = false;
    }
    out[i] = value;
  }
}
