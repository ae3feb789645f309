// From cosines to logits, one function a loss. Each gives the slope of its logits too: a softmax's gradient
// times the slope is the loss's whole gradient, so that masks and choices need none of their own.
import * as tf from '@tensorflow/tfjs-core';
import { above } from './products.ts';

/** What a step starts from; cosines [N, classes]. */
export interface Scores {
  readonly cosines: tf.Tensor2D;
  /** [N, classes]: 1 at the right class, else 0. */
  readonly right: tf.Tensor2D;
}

export interface Logits {
  /** [N, classes]. */
  readonly logits: tf.Tensor;
  /** d logits / d cosines, of a shape that broadcasts to [N, classes]. */
  readonly slope: tf.Tensor;
}

/** cos, sin and corner of a margin for each photo: columns [N, 1] or one number for all. */
export interface AngleMargin {
  readonly cos: tf.Tensor | number;
  readonly sin: tf.Tensor | number;
  /** Below this cosine θ + m would pass π. */
  readonly corner: tf.Tensor | number;
  /** What is taken from the cosine there. */
  readonly beyond: tf.Tensor | number;
}

/** The four numbers of {@link AngleMargin} for a margin in radians. */
export function angleMargin(margin: number): [number, number, number, number] {
  const sin = Math.sin(margin);
  return [Math.cos(margin), sin, Math.cos(Math.PI - margin), sin * margin];
}

/** Least sin² of an angle: the slope of an angle in its cosine is infinite at 0. */
const LEAST_SQUARE_SIN = 1e-6;

/** The right class's cosines [N, 1]. */
export function rightCosines({ cosines, right }: Scores): tf.Tensor2D {
  return tf.sum(tf.mul(cosines, right), 1, true);
}

/** `mask` 1 takes a, 0 takes b. */
function choose(mask: tf.Tensor, a: tf.Tensor, b: tf.Tensor | number): tf.Tensor {
  return tf.add(tf.mul(mask, a), tf.mul(tf.sub(1, mask), b));
}

/** As {@link choose} between what the right class gets and what all others get, scaled. */
function compose({ right }: Scores, own: Logits, others: Logits, scale: number): Logits {
  return {
    logits: tf.mul(choose(right, own.logits, others.logits), scale),
    slope: tf.mul(choose(right, own.slope, others.slope), scale),
  };
}

/**
 * cos(θ + m) of [N, 1] cosines, and where θ + m would pass π, cos θ − m · sin m, which falls on.
 * `plain` is cos(θ + m) everywhere.
 */
function widened(cosine: tf.Tensor, { cos, sin, corner, beyond }: AngleMargin) {
  const sine = tf.sqrt(tf.maximum(tf.sub(1, tf.square(cosine)), LEAST_SQUARE_SIN));
  const plain = tf.sub(tf.mul(cosine, cos), tf.mul(sine, sin));
  const plainSlope = tf.add(tf.mul(tf.div(cosine, sine), sin), cos);
  const within = above(cosine, corner);
  return {
    plain,
    logits: choose(within, plain, tf.sub(cosine, beyond)),
    slope: choose(within, plainSlope, 1),
  };
}

/** Nothing but a scale: NormFace; AdaCos with its own. */
export function scaled({ cosines }: Scores, scale: tf.Tensor): Logits {
  return { logits: tf.mul(cosines, scale), slope: scale };
}

/** CosFace: the right cosine less the margin. */
export function cosineMargin({ cosines, right }: Scores, scale: number, margin: number): Logits {
  return {
    logits: tf.mul(tf.sub(cosines, tf.mul(right, margin)), scale),
    slope: tf.scalar(scale),
  };
}

/** ArcFace: the right angle plus the margin. */
export function angularMargin(scores: Scores, scale: number, margin: AngleMargin): Logits {
  const own = widened(rightCosines(scores), margin);
  return compose(scores, own, { logits: scores.cosines, slope: tf.scalar(1) }, scale);
}

/** The share of a batch in CurricularFace's moving average, as published. */
const CURRICULUM_SHARE = 0.01;

/**
 * CurricularFace: ArcFace for the right class; wrong classes that look better than it (cosine above
 * cos(θ + m)) count by cosine · (t + cosine), where t follows the mean right cosine: little at first, more
 * as the network learns. t moves before it is used, as in the authors' code.
 */
export function curriculum(
  scores: Scores,
  scale: number,
  margin: AngleMargin,
  before: number,
): Logits & { readonly t: tf.Scalar } {
  const { cosines } = scores;
  const cosine = rightCosines(scores);
  const mean = tf.mul(tf.mean(cosine), CURRICULUM_SHARE);
  const t = tf.add(mean, before * (1 - CURRICULUM_SHARE)) as tf.Scalar;
  const own = widened(cosine, margin);
  const hard = above(cosines, own.plain);
  const factor = tf.add(cosines, t);
  const others = {
    logits: tf.mul(cosines, choose(hard, factor, 1)),
    slope: choose(hard, tf.add(factor, cosines), 1),
  };
  return { ...compose(scores, own, others, scale), t };
}

/** Below it AdaCos would turn around, or stand still, with three classes or two. */
const LEAST_SCALE = 1;

/** Where AdaCos starts: its fixed scale, √2 · ln(classes − 1). */
export function firstAdaptiveScale(classes: number): number {
  return Math.max(Math.SQRT2 * Math.log(classes - 1), LEAST_SCALE);
}

/**
 * AdaCos's next scale: ln of the wrong classes' mean sum of exp(scale · cosine), over the cosine of the
 * median right angle, which counts as π/4 when it is wider. Of an even number of angles the median is the
 * smaller of the middle two, as torch.median has it.
 */
export function adaptiveScale(scores: Scores, before: number): tf.Scalar {
  const { cosines, right } = scores;
  const others = tf.mul(tf.exp(tf.mul(cosines, before)), tf.sub(1, right));
  const mean = tf.div(tf.sum(others), cosines.shape[0]);
  const descending = tf.reshape(rightCosines(scores), [cosines.shape[0]]);
  const middle = Math.floor((cosines.shape[0] - 1) / 2);
  const median = tf.slice(tf.topk(descending, middle + 1).values, [middle], [1]);
  const scale = tf.div(tf.log(mean), tf.maximum(median, Math.SQRT1_2));
  return tf.reshape(tf.maximum(scale, LEAST_SCALE), []);
}
