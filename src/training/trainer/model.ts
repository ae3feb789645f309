// An encoder that is being trained: its parameters as tfjs variables, and how they start.
import * as tf from '@tensorflow/tfjs-core';
import { type DescriptorSpec, embed } from '../../nets/encoder.ts';
import { head, headParameters } from '../../nets/head.ts';
import { network } from '../../nets/networks.ts';
import type { Parameter } from '../../nets/parameter-list.ts';
import { startWeights } from '../../nets/parameters.ts';
import { LEARNED_POWER, learnsPower } from '../../nets/pooling.ts';
import type { Params } from '../../tensor/ops.ts';
import { scopedParams } from '../../tensor/params.ts';
import { loadTfParams, saveTfParam, type TfOps } from '../../tensor/tf-ops.ts';
import { fromFloat32, type Weights, type WeightTensor } from '../../weights/safetensors.ts';
import type { Batch } from '../data/batch.ts';

/**
 * What a trainer moves: parameters by path, and what they make of a batch. `E` are an encoder's embeddings,
 * [N, dim], L2-normalised, unless another network says otherwise.
 */
export interface Model<B, E = tf.Tensor2D> {
  readonly parameters: ReadonlyMap<string, Parameter>;
  /**
   * What is computed of a batch without learning anything: before the step, so that nothing of the way there
   * is kept for gradients. Must be called within `tf.tidy`.
   */
  prepare?(params: Params<tf.Tensor>, batch: B): readonly tf.Tensor[];
  /** Must be called within `tf.tidy`. @param prepared what `prepare` gave, where there is one */
  embed(ops: TfOps, params: Params<tf.Tensor>, batch: B, prepared?: readonly tf.Tensor[]): E;
}

/** Normalised pixels [count, height, width, 3]. */
export type Images = Pick<Batch, 'pixels' | 'count' | 'height' | 'width'>;

/** Pooled vectors of a network that stays as it is, [count, channels]. */
export interface Vectors {
  readonly values: Float32Array;
  readonly count: number;
}

/** What is trained: a network, its pooling, and a head to embeddings of `dim` numbers. */
export interface StudentSpec extends DescriptorSpec {
  readonly dim: number;
}

/** Everything that a student learns, by path; what a loss learns beside it is the loss's own. */
export function studentParameters(spec: StudentSpec): Map<string, Parameter> {
  const net = network(spec.arch, spec.spec);
  const all = new Map<string, Parameter>(net.parameters);
  if (learnsPower(spec.pooling.kind)) {
    all.set(LEARNED_POWER, { shape: [1], start: { value: spec.pooling.p } });
  }
  for (const [name, parameter] of headParameters(net.channels, spec.dim)) all.set(name, parameter);
  return all;
}

/** A whole encoder, trained on images. */
export function studentModel(spec: StudentSpec): Model<Images> {
  return {
    parameters: studentParameters(spec),
    embed: (ops, params, { pixels, count, height, width }) =>
      embed<tf.Tensor>(
        ops,
        params,
        [tf.tensor4d(pixels, [count, height, width, 3])],
        spec,
      ) as tf.Tensor2D,
  };
}

/** A head alone, trained on pooled vectors of `channels` numbers. */
export function headModel(channels: number, dim: number): Model<Vectors> {
  return { parameters: headParameters(channels, dim), embed: embedVectors(channels, head) };
}

/** How a model of vectors embeds, from its function over tensors. */
export function embedVectors(
  channels: number,
  apply: (ops: TfOps, params: Params<tf.Tensor>, x: tf.Tensor) => tf.Tensor,
): Model<Vectors>['embed'] {
  return (ops, params, { values, count }) =>
    apply(ops, params, tf.tensor2d(values, [count, channels])) as tf.Tensor2D;
}

/** Names of variables are one register for all of tfjs: each set gets its own prefix. */
let sets = 0;

/**
 * Named variables on the current backend, four-dimensional ones as HWIO. Lifetime: whoever makes them
 * calls `dispose`.
 */
export class Variables {
  readonly params: Params<tf.Tensor>;
  readonly #all = new Map<string, tf.Variable>();
  readonly #prefix: string;

  private constructor(
    readonly parameters: ReadonlyMap<string, Parameter>,
    weights: Weights,
    source: string,
  ) {
    sets += 1;
    this.#prefix = `set${sets}/`;
    const loaded = loadTfParams(weights, source);
    for (const [name, { statistic }] of parameters) {
      const value = loaded.get(name);
      this.#all.set(name, tf.variable(value, statistic !== true, this.#prefix + name));
    }
    loaded.dispose();
    this.params = scopedParams((path) => this.#all.get(path), source);
  }

  /**
   * @param given takes the place of random starts where it has a parameter of the same name
   * Throws `model-invalid` for a given parameter of another shape.
   */
  static start(
    parameters: ReadonlyMap<string, Parameter>,
    seed: number,
    given: Weights = new Map(),
  ): Variables {
    return new Variables(parameters, startWeights(parameters, seed, given), 'the weights given');
  }

  /** By path: those that are trained. */
  get trainable(): ReadonlyMap<string, tf.Variable> {
    return new Map([...this.#all].filter(([, variable]) => variable.trainable));
  }

  get all(): ReadonlyMap<string, tf.Variable> {
    return this.#all;
  }

  /** float32, in PyTorch's layout; `replaced` stand in for variables of the same path, such as averages. */
  async weights(replaced: ReadonlyMap<string, tf.Tensor> = new Map()): Promise<Weights> {
    const saved = new Map<string, WeightTensor>();
    for (const [name, variable] of this.#all) {
      const { values, shape } = await saveTfParam(replaced.get(name) ?? variable);
      saved.set(name, fromFloat32(values, shape));
    }
    return saved;
  }

  dispose(): void {
    for (const variable of this.#all.values()) variable.dispose();
  }
}
