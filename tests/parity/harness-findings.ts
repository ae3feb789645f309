// What the processes that compute on software WebGPU print, one line of JSON each, and how they start.
import { type Harness, type HarnessBackend, startHarness } from '../../src/cli/harness/index.ts';
import type { PlainError } from '../../src/errors.ts';
import { seededRandom } from '../../src/random.ts';

export interface HarnessFinding {
  readonly kind: 'harness';
  readonly backend: string;
  readonly adapter: string | null;
  readonly software: boolean;
  readonly why: string;
}

export interface OperationFinding {
  readonly kind: 'operation';
  readonly name: string;
  /** The largest difference between the backends, of results and gradients. */
  readonly apart: number;
  /** The largest of the numbers themselves. */
  readonly largest: number;
}

export interface KernelsFinding {
  readonly kind: 'kernels';
  /** Which kernels the operations ran, and which the networks run, both forwards and backwards. */
  readonly compared: readonly string[];
  readonly needed: readonly string[];
}

export interface StepsFinding {
  readonly kind: 'steps';
  /** How many numbers are trained. */
  readonly parameters: number;
  /** Before each step and after the last, on WebGPU. */
  readonly losses: readonly number[];
  /** The largest difference of a number between the backends after all steps, and whose it is. */
  readonly apart: number;
  readonly where: string;
  /** How far a number moved on average. */
  readonly moved: number;
  readonly seconds: { readonly webgpu: number; readonly wasm: number };
}

export interface LossFinding {
  readonly kind: 'loss';
  /** What guarded work ended with; null when it did not fail. */
  readonly error: PlainError | null;
  /** Whether the harness's signal has fired. */
  readonly lost: boolean;
}

export interface AgainFinding {
  readonly kind: 'again';
  /** A second harness in the same process computes right numbers. */
  readonly right: boolean;
}

export type Finding =
  | HarnessFinding
  | OperationFinding
  | KernelsFinding
  | StepsFinding
  | LossFinding
  | AgainFinding;

export function print(finding: Finding): void {
  process.stdout.write(`${JSON.stringify(finding)}\n`);
}

export async function start(backend: HarnessBackend): Promise<Harness> {
  const harness = await startHarness({ backend, softwareAllowed: true });
  const { adapter, software, why } = harness;
  print({ kind: 'harness', backend: harness.backend, adapter, software, why });
  return harness;
}

/** Seeded numbers in −1..1, around `offset`. */
export function numbers(seed: number, shape: readonly number[], offset = 0): Float32Array {
  const random = seededRandom(seed);
  const length = shape.reduce((product, side) => product * side, 1);
  return Float32Array.from({ length }, () => 2 * random() - 1 + offset);
}

/** The largest difference; infinite when one of the numbers is none, which must not count as equal. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const [i, value] of a.entries()) {
    const difference = Math.abs(value - b[i]!);
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, difference);
  }
  return largest;
}
