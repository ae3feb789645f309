// What LightGBM does with the summed scores of a row: its objective's line, and the transform that follows from it.
import { shownValue } from '../../errors.ts';
import { softmax } from '../decision.ts';
import { refuse } from './refuse.ts';

/** How scores become what the model predicts. */
type Transform = 'identity' | 'signed-square' | 'exp' | 'softplus' | 'sigmoid' | 'softmax';

export interface Objective {
  /** As LightGBM writes it, with its settings; {@link CUSTOM} where the model names none. */
  readonly text: string;
  readonly transform: Transform;
  /** Of `sigmoid`: the factor of scores in it, > 0; 1 elsewhere. */
  readonly slope: number;
}

/** The objective of a model that was trained on gradients of the user's own. */
export const CUSTOM = 'custom';

/**
 * Objectives and their `ConvertOutput` in LightGBM's src/objective. Ranking and custom objectives give
 * scores. Those that are not here are refused by name.
 */
const TRANSFORMS: Readonly<Record<string, Transform>> = {
  [CUSTOM]: 'identity',
  regression: 'identity',
  regression_l1: 'identity',
  huber: 'identity',
  fair: 'identity',
  quantile: 'identity',
  mape: 'identity',
  lambdarank: 'identity',
  rank_xendcg: 'identity',
  poisson: 'exp',
  gamma: 'exp',
  tweedie: 'exp',
  cross_entropy: 'sigmoid',
  cross_entropy_lambda: 'softplus',
  binary: 'sigmoid',
  multiclassova: 'sigmoid',
  multiclass: 'softmax',
};

/** Objectives that give a score for each class. */
const MULTICLASS = ['multiclass', 'multiclassova'];

/**
 * @param text What stands after `objective=`, such as `multiclassova num_class:3 sigmoid:2`.
 * @param classes Scores of a row; must suit the objective. Throws `model-invalid`.
 */
export function parseObjective(text: string, classes: number): Objective {
  const [name = '', ...settings] = text.split(' ');
  let transform = Object.hasOwn(TRANSFORMS, name) ? TRANSFORMS[name] : undefined;
  if (transform === undefined) {
    throw refuse(
      `The objective ${shownValue(name)} is not supported.`,
      `Train with one of: ${Object.keys(TRANSFORMS).join(', ')}.`,
    );
  }
  let slope = 1;
  let stated: number | undefined;
  for (const setting of settings) {
    const [key, value = ''] = setting.split(':');
    const number = /^\d[\d.e+-]{0,30}$/.test(value) ? Number(value) : Number.NaN;
    if (setting === 'sqrt' && transform === 'identity') transform = 'signed-square';
    else if (key === 'num_class' && MULTICLASS.includes(name)) stated = number;
    else if (key === 'sigmoid' && transform === 'sigmoid' && isSlope(number)) slope = number;
    else {
      const what = `The objective "${name}" has the setting ${shownValue(setting)}`;
      throw refuse(`${what}, which is not known.`);
    }
  }
  const wanted = MULTICLASS.includes(name) ? stated : 1;
  if (wanted !== classes && name !== CUSTOM) {
    throw refuse(`num_class is ${shownValue(classes)}, but the objective is ${shownValue(text)}.`);
  }
  return { text, transform, slope };
}

/** A larger one would leave a score of zero without a sigmoid. */
function isSlope(number: number): boolean {
  return number > 0 && Number.isFinite(number);
}

/** Turns scores into predictions, in place. [classes] */
export function applyObjective({ transform, slope }: Objective, scores: Float64Array): void {
  if (transform === 'softmax') {
    scores.set(softmax([...scores]));
  } else if (transform !== 'identity') {
    const convert = CONVERT[transform];
    for (const [k, score] of scores.entries()) scores[k] = convert(score, slope);
  }
}

const CONVERT: Readonly<
  Record<Exclude<Transform, 'identity' | 'softmax'>, (score: number, slope: number) => number>
> = {
  'signed-square': (score) => Math.sign(score) * score * score,
  exp: (score) => Math.exp(score),
  // Overflow gives infinity, as it does in LightGBM.
  softplus: (score) => Math.log1p(Math.exp(score)),
  sigmoid: (score, slope) => 1 / (1 + Math.exp(-slope * score)),
};
