// What training makes small: a loss on labelled photos, distillation from a teacher, or both.
import * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from '../../nets/parameter-list.ts';
import type { Params } from '../../tensor/ops.ts';
import { reorder } from '../../tensor/tf/sequences.ts';
import { cosineDistillation, relationalDistillation } from '../losses/distillation.ts';
import { type ClassLoss, classLoss, type LossState } from '../losses/loss.ts';
import type { TrainingLoss } from '../losses/presets.ts';
import { tripletLoss } from '../losses/triplet.ts';

/** What a batch is to be compared with. */
export interface Targets {
  /** Class of each photo, −1 where it has none; [N]. */
  readonly labels: Int32Array;
  /** The teacher's embeddings, [N, dim], L2-normalised. */
  readonly teacher?: Float32Array | undefined;
}

export interface Distillation {
  /** Weight of 1 − cos(student, teacher). */
  readonly embedding: number;
  /** Weight of the squared difference of all similarities within the batch. */
  readonly relational: number;
}

export interface Outcome {
  readonly loss: tf.Scalar;
  /** Named summands, unweighted, and the accuracy by plain cosines; for the log. */
  readonly parts: Readonly<Record<string, tf.Scalar>>;
  /** The class loss's numbers after this step. */
  readonly state: Readonly<Record<string, tf.Scalar>>;
}

/** What a trainer makes small: a function of what a model made (`E`) and what it is compared with (`T`). */
export interface Aim<E, T> {
  /** What the loss learns beside the model. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly initialState: LossState;
  /** Must be called within `tf.tidy`. */
  compute(p: Params<tf.Tensor>, output: E, targets: T, state: LossState): Outcome;
}

/** A loss on the labelled photos of a batch: over classes, or over triplets of the photos themselves. */
export type LabelLoss = ClassLoss | 'triplet';

/** A loss by its name. Throws `usage` as `classLoss` does. */
export function labelLoss(
  name: TrainingLoss,
  classes: { readonly classes: number; readonly dim: number; readonly counts?: readonly number[] },
): LabelLoss {
  return name === 'triplet' ? name : classLoss(name, classes);
}

export class Objective implements Aim<tf.Tensor2D, Targets> {
  constructor(
    readonly labels: { readonly loss: LabelLoss; readonly weight: number } | null,
    readonly distillation: Distillation | null,
  ) {}

  /** What the class loss learns: the class centres. */
  get parameters(): ReadonlyMap<string, Parameter> {
    return this.#classLoss?.parameters ?? new Map();
  }

  get initialState(): LossState {
    return this.#classLoss?.state ?? {};
  }

  get #classLoss(): ClassLoss | null {
    return this.labels === null || this.labels.loss === 'triplet' ? null : this.labels.loss;
  }

  /**
   * @param embeddings [N, dim], L2-normalised
   * Must be called within `tf.tidy`. A batch without a labelled photo has no loss by labels.
   */
  compute(
    p: Params<tf.Tensor>,
    embeddings: tf.Tensor2D,
    targets: Targets,
    state: LossState,
  ): Outcome {
    const parts: Record<string, tf.Scalar> = {};
    const summands: tf.Tensor[] = [];
    let next: Readonly<Record<string, tf.Scalar>> = {};
    const labelled = [...targets.labels.keys()].filter((i) => targets.labels[i]! >= 0);
    if (this.labels && labelled.length > 0) {
      const { loss, weight } = this.labels;
      const rows = pickRows(embeddings, labelled);
      const labels = tf.tensor1d(
        labelled.map((i) => targets.labels[i]!),
        'int32',
      );
      if (loss === 'triplet') {
        parts.triplet = tripletLoss(rows, labels);
        summands.push(tf.mul(parts.triplet, weight));
      } else {
        const result = loss.compute(p, rows, labels, state);
        parts[loss.name] = result.loss;
        parts.accuracy = accuracy(result.cosines, labels);
        next = result.state;
        summands.push(tf.mul(result.loss, weight));
      }
    }
    if (this.distillation && targets.teacher) {
      const teacher = tf.tensor2d(targets.teacher, embeddings.shape);
      const { embedding, relational } = this.distillation;
      parts.distillation = cosineDistillation(embeddings, teacher);
      summands.push(tf.mul(parts.distillation, embedding));
      if (relational > 0) {
        parts.relational = relationalDistillation(embeddings, teacher);
        summands.push(tf.mul(parts.relational, relational));
      }
    }
    const loss = summands.length > 0 ? summands.reduce((a, b) => tf.add(a, b)) : tf.scalar(0);
    return { loss: loss as tf.Scalar, parts, state: next };
  }
}

function accuracy(cosines: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  return tf.mean(tf.cast(tf.equal(tf.argMax(cosines, 1), labels), 'float32'));
}

/** Rows by index, none twice, with a gradient that every backend has. */
function pickRows(x: tf.Tensor2D, rows: readonly number[]): tf.Tensor2D {
  if (rows.length === x.shape[0]) return x;
  const [n, dim] = x.shape;
  const picked = reorder(tf.reshape(x, [1, n, dim]), rows);
  return tf.reshape(picked, [rows.length, dim]);
}
