// TfOps as networks run while they are trained: batch norms by the batch's own statistics.
import * as tf from '@tensorflow/tfjs-core';
import type { BatchNormParams } from '../../tensor/ops.ts';
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
    const channels = weight.size;
    const count = x.size / channels;
    // Sums over rows as a product with a row of ones: the fastest reduction of tfjs on every backend.
    const average = (rows: tf.Tensor) => tf.matMul(tf.fill([1, count], 1 / count), rows);
    const normalise = tf.customGrad((given, gamma, beta, save) => {
      const rows = tf.reshape(given as tf.Tensor, [count, channels]);
      const mean = average(rows);
      const centred = tf.sub(rows, mean);
      const variance = average(tf.square(centred));
      this.#note(runningMean, runningVar, mean, variance, count);
      const inverse = tf.rsqrt(tf.add(variance, eps));
      const scale = tf.mul(inverse, gamma as tf.Tensor);
      const value = tf.reshape(tf.add(tf.mul(centred, scale), beta as tf.Tensor), x.shape);
      (save as tf.GradSaveFunc)([centred, inverse, scale]);
      return {
        value,
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
          const [deviations, inverseDeviation, gain] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
          const slope = tf.reshape(dy, [count, channels]);
          const meanSlope = average(slope);
          const standardised = tf.mul(deviations, inverseDeviation);
          const meanProduct = average(tf.mul(slope, standardised));
          // d/dx of (x − mean) / σ: what the mean and the deviation take away is the mean slope and
          // its part along the standardised values (Ioffe and Szegedy 2015, section 3).
          const inner = tf.sub(slope, tf.add(tf.mul(standardised, meanProduct), meanSlope));
          return [
            tf.reshape(tf.mul(inner, gain), x.shape),
            tf.mul(tf.reshape(meanProduct, [channels]), count),
            tf.mul(tf.reshape(meanSlope, [channels]), count),
          ];
        },
      };
    });
    return normalise(x, weight, bias);
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
      mean: tf.keep(tf.reshape(mean, [mean.size])),
      variance: tf.keep(tf.reshape(unbiased, [unbiased.size])),
    });
  }
}
