// Distillation: a student's embeddings [N, dim] are drawn to a teacher's of the same photos, or to where
// the teacher's stand among others. All are L2-normalised; the teacher's get no gradient.
import * as tf from '@tensorflow/tfjs-core';
import { productsWith, rowProducts, withGradient } from './products.ts';

/** Mean of 1 − cos(student, teacher). */
export function cosineDistillation(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar {
  return tf.sub(1, tf.div(tf.sum(tf.mul(student, teacher)), student.shape[0]));
}

/** Mean of ‖student − teacher‖²: twice {@link cosineDistillation} between vectors of length 1. */
export function squaredDistillation(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar {
  return tf.div(tf.sum(tf.square(tf.sub(student, teacher))), student.shape[0]);
}

/**
 * Mean squared difference of the batch's similarity matrices [N, N] (after Park et al., "Relational
 * Knowledge Distillation", 2019; as matrices: Tung and Mori, "Similarity-Preserving Knowledge
 * Distillation", 2019). Student and teacher may have embeddings of different lengths.
 */
export function relationalDistillation(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar {
  const wanted = tf.matMul(teacher, tf.transpose(teacher));
  return tf.mean(tf.square(tf.sub(rowProducts(student, student), wanted)));
}

export interface ContextualOptions {
  /** Divides the student's similarities before the softmax. */
  readonly temperature: number;
  /** The same for the teacher; a low one looks at the nearest of the bank only. */
  readonly teacherTemperature: number;
}

export const CONTEXTUAL: ContextualOptions = { temperature: 0.1, teacherTemperature: 0.05 };

/**
 * For a small query encoder before a large encoder's gallery: how the student's query ranks a bank of the
 * teacher's embeddings [M, dim] shall be how the teacher's own query ranks it. Mean of
 * KL(softmax(teacher · bankᵀ / T′) ‖ softmax(student · bankᵀ / T)), after Wu et al., "Contextual Similarity
 * Distillation for Asymmetric Image Retrieval" (2022). With the batch's own teacher embeddings in the bank
 * and T′ near 0 it is InfoNCE.
 */
export function contextualDistillation(
  student: tf.Tensor2D,
  teacher: tf.Tensor2D,
  bank: tf.Tensor2D,
  { temperature, teacherTemperature }: ContextualOptions = CONTEXTUAL,
): tf.Scalar {
  const n = student.shape[0];
  const similarities = productsWith(student, bank);
  const logarithm = tf.logSoftmax(tf.div(similarities, temperature));
  const own = tf.matMul(teacher, tf.transpose(bank));
  const wanted = tf.logSoftmax(tf.div(own, teacherTemperature));
  const target = tf.exp(wanted);
  const value = tf.div(tf.sum(tf.mul(target, tf.sub(wanted, logarithm))), n);
  const pull = tf.sub(tf.exp(logarithm), target);
  return withGradient(similarities, value, tf.div(pull, n * temperature));
}
