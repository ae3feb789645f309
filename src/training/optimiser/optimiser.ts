// What every optimiser is: moves variables by their gradients, and keeps its own moments.
import type * as tf from '@tensorflow/tfjs-core';

/** Lifetime: an optimiser keeps tensors on the backend until `dispose`. */
export interface Optimiser {
  /** Steps done so far. */
  readonly step: number;
  /**
   * One step, in place. Gradients stay the caller's. A variable without a gradient stays as it is.
   * @param variables by path; which of them have gradients must not change between steps
   * @param gradients by the same paths
   * Throws `usage` when other variables have gradients than in the step before.
   */
  apply(
    variables: ReadonlyMap<string, tf.Variable>,
    gradients: Readonly<Record<string, tf.Tensor>>,
    lr: number,
  ): void;
  /** All that the next step needs, by name, bit for bit: copies, which the caller disposes. */
  state(): Map<string, tf.Tensor>;
  /** Goes on from a {@link state}; its tensors stay the caller's. Throws `model-invalid`. */
  restore(state: ReadonlyMap<string, tf.Tensor>): void;
  dispose(): void;
}
