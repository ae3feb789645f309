// AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019), step by step as
// torch.optim.AdamW.
import * as tf from '@tensorflow/tfjs-core';
import { type At, type Rule, RuleOptimiser } from './optimiser.ts';

export interface AdamWOptions {
  /** Times the learning rate, what each decaying parameter loses in a step; 0.01 when left out. */
  readonly weightDecay?: number;
  /** Decay of the mean gradient; 0.9 when left out. */
  readonly beta1?: number;
  /** Decay of the mean squared gradient; 0.999 when left out. */
  readonly beta2?: number;
  /** 1e-8 when left out. */
  readonly epsilon?: number;
  /** Whether weight decay applies to a parameter; see decaysByDefault. */
  readonly decays?: Rule['decays'];
}

/** Moments: `m` (mean gradient) and `v` (mean squared gradient). */
export class AdamW extends RuleOptimiser {
  constructor(options: AdamWOptions = {}, small?: number) {
    const { weightDecay = 0.01, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decays } = options;
    const move = ({ value, gradient, moments, lr, decays: decayed, step }: At) => {
      const [m, v] = moments as [tf.Tensor, tf.Tensor];
      const mean = tf.add(m, tf.mul(tf.sub(gradient, m), 1 - beta1));
      const square = tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), 1 - beta2));
      // Both bias corrections in one factor and the epsilon: no kernel is spent on them.
      const root = Math.sqrt(1 - beta2 ** step);
      const deviation = tf.add(tf.sqrt(square), epsilon * root);
      const change = tf.mul(tf.div(mean, deviation), (lr * root) / (1 - beta1 ** step));
      const kept = decayed && weightDecay !== 0 ? tf.mul(value, 1 - lr * weightDecay) : value;
      return { value: tf.sub(kept, change), moments: [mean, square] };
    };
    super({ moments: ['m', 'v'], move, ...(decays && { decays }) }, small);
  }
}
