// TfOps as networks run while they are trained: batch norms by the batch's own statistics.
import * as tf from '@tensorflow/tfjs-core';
import type { BatchNormParams } from '../../tensor/ops.ts';
import * as fused from '../../tensor/tf/fused.ts';
import { TfOps } from '../../tensor/tf-ops.ts';

/** PyTorch's share of the newest batch in running statistics. */
const MOMENTUM = 0.1;

/** What one batch norm saw: tensors of [C], kept until {@link TrainingOps.updateRunning}. */
interface SeenStatistics {
  readonly runningMean: tf.Variable;
  readonly runningVar: tf.Variable;
  readonly mean: tf.Tensor;
  /** Unbiased, as PyTorch counts it into the running variance. */
  readonly variance: tf.Tensor;
}

export interface TrainingOpsOptions {
  /** Batch norms by their running statistics, which stay as they are: for small batches or tuning. */
  readonly frozenNorms?: boolean;
}

/**
 * Lifetime: statistics seen in a forward pass are kept outside of `tf.tidy` until `updateRunning` or
 * `forget` is called, one of which must follow each pass.
 */
export class TrainingOps extends TfOps {
  readonly #options: TrainingOpsOptions;
  #seen: SeenStatistics[] = [];

  constructor(options: TrainingOpsOptions = {}) {
    super();
    this.#options = options;
  }

  override batchNorm(x: tf.Tensor, params: BatchNormParams<tf.Tensor>, eps: number): tf.Tensor {
    if (this.#options.frozenNorms) return super.batchNorm(x, params, eps);
    const { weight, bias, runningMean, runningVar } = params;
    const count = x.size / weight.size;
    return fused.batchNorm(x, weight, bias, eps, (mean, variance) =>
      this.#note(runningMean, runningVar, mean, variance, count),
    );
  }

  /** Moves running statistics towards those of the batch that was just seen. */
  updateRunning(): void {
    tf.tidy(() => {
      for (const { runningMean, runningVar, mean, variance } of this.#seen) {
        runningMean.assign(tf.add(tf.mul(runningMean, 1 - MOMENTUM), tf.mul(mean, MOMENTUM)));
        runningVar.assign(tf.add(tf.mul(runningVar, 1 - MOMENTUM), tf.mul(variance, MOMENTUM)));
      }
    });
    this.forget();
  }

  /** Drops what the last pass saw without using it. */
  forget(): void {
    for (const { mean, variance } of this.#seen) tf.dispose([mean, variance]);
    this.#seen = [];
  }

  #note(
    runningMean: tf.Tensor,
    runningVar: tf.Tensor,
    mean: tf.Tensor,
    variance: tf.Tensor,
    count: number,
  ): void {
    if (!(runningMean instanceof tf.Variable) || !(runningVar instanceof tf.Variable)) return;
    const unbiased = count > 1 ? tf.mul(variance, count / (count - 1)) : tf.clone(variance);
    this.#seen.push({
      runningMean,
      runningVar,
      mean: tf.keep(tf.clone(mean)),
      variance: tf.keep(unbiased),
    });
  }
}
