// Losses over classes: each class is a learned direction (or several), a photo is drawn to its own.
import * as tf from '@tensorflow/tfjs-core';
import { CairnError } from '../../errors.ts';
import type { Parameter } from '../../nets/parameter-list.ts';
import type { Params } from '../../tensor/ops.ts';
import {
  type AngleMargin,
  adaptiveScale,
  angleMargin,
  angularMargin,
  cosineMargin,
  curriculum,
  firstAdaptiveScale,
  type Logits,
  type Scores,
  scaled,
} from './margins.ts';
import { LOSS_NAMES, LOSS_PRESETS, type LossName, type LossPreset } from './presets.ts';
import { cosinesWith, oneHot, withGradient } from './products.ts';

export { LOSS_NAMES, type LossName } from './presets.ts';

/** Numbers that a loss keeps between steps (CurricularFace's t, AdaCos's s), part of a checkpoint. */
export type LossState = Readonly<Record<string, number>>;

export interface LossResult {
  readonly loss: tf.Scalar;
  /** [N, classes], no margin, for accuracy. */
  readonly cosines: tf.Tensor2D;
  /** The state after this step; no gradient goes through it. */
  readonly state: Readonly<Record<string, tf.Scalar>>;
}

/** Lifetime: results are ordinary tensors; `tf.keep` what must outlive the `tf.tidy` around a step. */
export interface ClassLoss {
  readonly name: LossName;
  /** What is trained, in PyTorch's shapes: {@link CLASS_WEIGHT} [classes · subcentres, dim], by class. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** Before the first step. */
  readonly state: LossState;
  /**
   * @param p this loss's parameters
   * @param embeddings [N, dim], L2-normalised
   * @param labels int32 [N], each below `classes`
   * @param state from the step before
   * @returns the mean over the batch
   */
  compute(
    p: Params<tf.Tensor>,
    embeddings: tf.Tensor2D,
    labels: tf.Tensor1D,
    state: LossState,
  ): LossResult;
}

/** Anything of the preset may be given instead. */
export interface ClassLossOptions extends Partial<LossPreset> {
  readonly classes: number;
  /** Length of the embedding. */
  readonly dim: number;
  /** Photos in training of each class, at least one; for dynamic margins, ignored without. */
  readonly counts?: readonly number[];
}

/** The classes' directions, of any length. */
export const CLASS_WEIGHT = 'classes.weight';

/** A loss by name, with its published numbers where `options` has none. Throws `usage`. */
export function classLoss(name: LossName, options: ClassLossOptions): ClassLoss {
  const preset = { ...LOSS_PRESETS[name], ...options };
  check(name, preset);
  const { classes, dim, subcentres, smoothing } = preset;
  const { state, step } = steps(name, preset);
  // Directions start as long as embeddings are: then one step of Adam turns each by about its learning
  // rate times √dim, whatever the number of classes.
  const start = { std: 1 / Math.sqrt(dim) };
  return {
    name,
    parameters: new Map([[CLASS_WEIGHT, { shape: [classes * subcentres, dim], start }]]),
    state,
    compute: (p, embeddings, labels, before) => {
      const all = cosinesWith(embeddings, p.get(CLASS_WEIGHT) as tf.Tensor2D);
      const cosines = nearest(all, classes, subcentres);
      const right = oneHot(labels, classes);
      const { logits, slope, after } = step({ cosines, right }, before);
      return {
        loss: crossEntropy(cosines, logits, slope, right, smoothing),
        cosines,
        state: after,
      };
    },
  };
}

function check(name: LossName, { classes, dim, counts, subcentres, smoothing }: Checked): void {
  const whole = (n: number, least: number) => Number.isSafeInteger(n) && n >= least;
  const refuse = (what: string, remedy: string): never => {
    throw new CairnError('usage', what, remedy);
  };
  if (!LOSS_NAMES.includes(name)) {
    refuse(`There is no loss "${name}".`, `Choose one of ${LOSS_NAMES.join(', ')}.`);
  }
  if (!whole(classes, 2)) {
    refuse(`A loss cannot tell ${classes} classes apart.`, 'Give photos of at least two classes.');
  }
  if (!whole(dim, 1) || !whole(subcentres, 1) || !(smoothing >= 0 && smoothing < 1)) {
    refuse(
      `A loss cannot have ${dim} dimensions, ${subcentres} sub-centres and smoothing ${smoothing}.`,
      'Give whole numbers above 0, and a smoothing of at least 0 and below 1.',
    );
  }
  if (counts && (counts.length !== classes || !counts.every((count) => count >= 1))) {
    refuse(
      `Counts of photos are given for ${counts.length} classes of ${classes}, or some are below 1.`,
      'Give one count for each class, of at least one photo.',
    );
  }
}

type Checked = LossPreset & ClassLossOptions;

/** [N, classes · subcentres] → [N, classes]: the nearest direction of each class. */
function nearest(cosines: tf.Tensor2D, classes: number, subcentres: number): tf.Tensor2D {
  if (subcentres === 1) return cosines;
  return tf.max(tf.reshape(cosines, [cosines.shape[0], classes, subcentres]), 2);
}

type Step = (
  scores: Scores,
  before: LossState,
) => Logits & { readonly after: Readonly<Record<string, tf.Scalar>> };

/** What a loss is at its core: logits from cosines, and numbers that it keeps. */
function steps(name: LossName, preset: Checked): { state: LossState; step: Step } {
  const { scale, margin, classes } = preset;
  const kept = (before: LossState, key: string, state: LossState) => before[key] ?? state[key]!;
  switch (name) {
    case 'softmax':
      return { state: {}, step: (scores) => ({ ...scaled(scores, tf.scalar(scale)), after: {} }) };
    case 'cosface':
      return {
        state: {},
        step: (scores) => ({ ...cosineMargin(scores, scale, margin), after: {} }),
      };
    case 'arcface':
    case 'subcentre-arcface': {
      const margins = marginsOf(preset);
      const step: Step = (scores) => ({
        ...angularMargin(scores, scale, margins(scores.right)),
        after: {},
      });
      return { state: {}, step };
    }
    case 'curricularface': {
      const margins = marginsOf(preset);
      const state = { t: 0 };
      const step: Step = (scores, before) => {
        const at = kept(before, 't', state);
        const { t, ...logits } = curriculum(scores, scale, margins(scores.right), at);
        return { ...logits, after: { t } };
      };
      return { state, step };
    }
    case 'adacos': {
      const state = { s: firstAdaptiveScale(classes) };
      const step: Step = (scores, before) => {
        const s = adaptiveScale(scores, kept(before, 's', state));
        return { ...scaled(scores, s), after: { s } };
      };
      return { state, step };
    }
  }
}

/** Each class's margin in radians, or null where one is for all. */
export function dynamicMargins(preset: Pick<Checked, 'counts' | 'dynamicMargin'>): number[] | null {
  const { counts, dynamicMargin } = preset;
  if (!counts || !dynamicMargin) return null;
  const { widest, power, least } = dynamicMargin;
  return counts.map((count) => widest * count ** -power + least);
}

function marginsOf(preset: Checked): (right: tf.Tensor2D) => AngleMargin {
  const margins = dynamicMargins(preset);
  if (!margins) {
    const [cos, sin, corner, beyond] = angleMargin(preset.margin);
    return () => ({ cos, sin, corner, beyond });
  }
  const table = Float32Array.from(margins.flatMap(angleMargin));
  return (right) => {
    const rows = tf.matMul(right, tf.tensor2d(table, [margins.length, 4]));
    const [cos, sin, corner, beyond] = tf.split(rows, 4, 1) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    return { cos, sin, corner, beyond };
  };
}

/** Mean of −Σ target · log softmax(logits), with its gradient in the cosines that the logits come from. */
function crossEntropy(
  cosines: tf.Tensor2D,
  logits: tf.Tensor,
  slope: tf.Tensor,
  right: tf.Tensor2D,
  smoothing: number,
): tf.Scalar {
  const [n, classes] = cosines.shape;
  const target =
    smoothing === 0 ? right : tf.add(tf.mul(right, 1 - smoothing), smoothing / classes);
  const logarithm = tf.logSoftmax(logits);
  const value = tf.div(tf.sum(tf.mul(target, logarithm)), -n);
  const pull = tf.sub(tf.exp(logarithm), target);
  return withGradient(cosines, value, tf.mul(pull, tf.div(slope, n)));
}
