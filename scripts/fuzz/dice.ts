// Draws of a fuzzing run: everything that is random in it comes from one seed.
import { seededRandom } from '../../src/random.ts';

export class Dice {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seededRandom(seed);
  }

  /** A whole number from 0 to n − 1; 0 for n below 1. */
  below(n: number): number {
    return n < 1 ? 0 : Math.floor(this.#next() * n);
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T; // lists of this folder are never empty
  }
}

/** The seed of one input: any can be made again without those before it. */
export function seedOf(seed: number, target: string, index: number): number {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  for (let i = 0; i < target.length; i++) hash = Math.imul(hash ^ target.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
