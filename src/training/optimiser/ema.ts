// The moving average of the weights, which generalises better than where training stands.
import * as tf from '@tensorflow/tfjs-core';
import { CairnError } from '../../errors.ts';
import type { Params } from '../../tensor/ops.ts';
import { scopedParams } from '../../tensor/params.ts';
import { join, PackedTensors, planPacks, SMALL } from './packs.ts';

/** How often the average was moved, in {@link WeightAverage.state}. */
export const UPDATES = 'updates';

/**
 * Averages as tf.train.ExponentialMovingAverage does with a number of updates: early ones count more, so
 * that the start is soon forgotten. Lifetime: keeps tensors on the backend until `dispose`.
 */
export class WeightAverage {
  readonly #decay: number;
  #average: PackedTensors;
  #updates = 0;

  /**
   * Starts as the variables are.
   * @param decay of old weights in the long run, 0..1
   */
  constructor(variables: ReadonlyMap<string, tf.Tensor>, decay: number, small = SMALL) {
    this.#decay = decay;
    this.#average = new PackedTensors(planPacks(variables, undefined, small), finderIn(variables));
  }

  get updates(): number {
    return this.#updates;
  }

  /** Share of the old average in the next update: min(decay, (1 + n) / (10 + n)). */
  get nextDecay(): number {
    return Math.min(this.#decay, (1 + this.#updates) / (10 + this.#updates));
  }

  /** After each step of the optimiser. Throws `model-invalid` when a variable is missing. */
  update(variables: ReadonlyMap<string, tf.Tensor>): void {
    const share = 1 - this.nextDecay;
    const find = finderIn(variables);
    for (const [i, pack] of this.#average.packs.entries()) {
      const next = tf.tidy(() => {
        const before = this.#average.row(i);
        return tf.add(before, tf.mul(tf.sub(join(pack, find), before), share));
      });
      this.#average.replace(i, next);
    }
    this.#updates += 1;
  }

  /** The averages by path. They stay this object's, and are valid until the next update. */
  get tensors(): ReadonlyMap<string, tf.Tensor> {
    return this.#average.views();
  }

  /** The averages by path, and {@link UPDATES}: copies, which the caller disposes. */
  state(): Map<string, tf.Tensor> {
    const copies = [...this.tensors].map(([path, tensor]) => [path, tf.clone(tensor)] as const);
    return new Map<string, tf.Tensor>([...copies, [UPDATES, tf.scalar(this.#updates)]]);
  }

  /** The averages, and `others` where there is none; valid until the next update. */
  params(others: Params<tf.Tensor>): Params<tf.Tensor> {
    const averages = this.#average.views();
    const find = (path: string) =>
      averages.get(path) ?? (others.has(path) ? others.get(path) : undefined);
    return scopedParams(find, 'the averaged weights');
  }

  /** Puts the averages into the variables. @returns what puts their own values back, bit for bit, once */
  swapInto(variables: ReadonlyMap<string, tf.Variable>): () => void {
    const own: [tf.Variable, tf.Tensor][] = [];
    for (const [path, average] of this.#average.views()) {
      const variable = variables.get(path) ?? unfit(path);
      own.push([variable, tf.keep(tf.clone(variable))]);
      variable.assign(average);
    }
    return () => {
      for (const [variable, value] of own.splice(0)) {
        variable.assign(value);
        value.dispose();
      }
    };
  }

  /** Goes on from a {@link state}, whose tensors stay the caller's. Throws `model-invalid` when they do not fit. */
  restore(tensors: ReadonlyMap<string, tf.Tensor>): void {
    const updates = tensors.get(UPDATES)?.dataSync<'float32'>()[0] ?? unfit(UPDATES);
    const find = finderIn(tensors);
    for (const { names, shapes } of this.#average.packs) {
      for (const [i, name] of names.entries()) {
        if (find(name).shape.join() !== shapes[i]!.join()) unfit(name);
      }
    }
    const before = this.#average;
    this.#average = new PackedTensors(before.packs, find);
    before.dispose();
    this.#updates = updates;
  }

  dispose(): void {
    this.#average.dispose();
  }
}

function finderIn(tensors: ReadonlyMap<string, tf.Tensor>): (path: string) => tf.Tensor {
  return (path) => tensors.get(path) ?? unfit(path);
}

function unfit(path: string): never {
  throw new CairnError(
    'model-invalid',
    `The averaged weights do not fit the network: "${path}" is missing or of another shape.`,
    'Resume with the network that the checkpoint was written with.',
  );
}
