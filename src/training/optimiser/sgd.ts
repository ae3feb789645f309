// Gradient descent with momentum, step by step as torch.optim.SGD.
import * as tf from '@tensorflow/tfjs-core';
import { type At, type Rule, RuleOptimiser } from './optimiser.ts';

export interface SgdOptions {
  /** 0.9 when left out. */
  readonly momentum?: number;
  /** Looks ahead along the momentum; not when left out. */
  readonly nesterov?: boolean;
  /** Added to the gradient, times the parameter; 0 when left out. */
  readonly weightDecay?: number;
  /** Whether weight decay applies to a parameter; see decaysByDefault. */
  readonly decays?: Rule['decays'];
}

/** Moment: `momentum`. */
export class Sgd extends RuleOptimiser {
  constructor(options: SgdOptions = {}, small?: number) {
    const { momentum = 0.9, nesterov = false, weightDecay = 0, decays } = options;
    const move = ({ value, gradient, moments, lr, decays: decayed }: At) => {
      const pull =
        decayed && weightDecay !== 0 ? tf.add(gradient, tf.mul(value, weightDecay)) : gradient;
      const speed = tf.add(tf.mul(moments[0]!, momentum), pull);
      const change = nesterov ? tf.add(pull, tf.mul(speed, momentum)) : speed;
      return { value: tf.sub(value, tf.mul(change, lr)), moments: [speed] };
    };
    super({ moments: ['momentum'], move, ...(decays && { decays }) }, small);
  }
}
