// What every optimiser is: moves variables by their gradients, and keeps its own moments.
import * as tf from '@tensorflow/tfjs-core';
import { CairnError } from '../../errors.ts';
import { join, PackedTensors, part, planPacks, SMALL } from './packs.ts';

/** Lifetime: an optimiser keeps tensors on the backend until `dispose`. */
export interface Optimiser {
  /** Steps done so far. */
  readonly step: number;
  /**
   * One step, in place. Gradients stay the caller's. A variable without a gradient stays as it is.
   * @param variables by path; which of them have gradients must not change between steps
   * @param gradients by the same paths
   * Throws `usage` when other variables have gradients than in the step before.
   */
  apply(
    variables: ReadonlyMap<string, tf.Variable>,
    gradients: Readonly<Record<string, tf.Tensor>>,
    lr: number,
  ): void;
  /**
   * All that the next step needs, by name, bit for bit: `step`, and each moment as `m/path`. Copies,
   * which the caller disposes.
   */
  state(): Map<string, tf.Tensor>;
  /**
   * Goes on from a {@link state}, whose tensors stay the caller's. Throws `model-invalid` without a step,
   * and the next `apply` does when moments do not fit the variables.
   */
  restore(state: ReadonlyMap<string, tf.Tensor>): void;
  dispose(): void;
}

/** Where one parameter, or several of a kind in a row, stand. */
export interface At {
  readonly value: tf.Tensor;
  readonly gradient: tf.Tensor;
  /** In the order of {@link Rule.moments}, all 0 at first. */
  readonly moments: readonly tf.Tensor[];
  readonly lr: number;
  /** Whether weight decay applies. */
  readonly decays: boolean;
  /** From 1. */
  readonly step: number;
}

/** How an optimiser moves a parameter; element by element, called within `tf.tidy`. */
export interface Rule {
  /** Names of what it keeps for each parameter. */
  readonly moments: readonly string[];
  /** Whether weight decay applies to a parameter; {@link decaysByDefault} when left out. */
  readonly decays?: (path: string, shape: readonly number[]) => boolean;
  move(at: At): { readonly value: tf.Tensor; readonly moments: readonly tf.Tensor[] };
}

/** Tables of positions, by the names of the published checkpoints. */
const POSITIONS = /(^|[._])(relative_position_bias_table|pos_embed|absolute_pos_embed)$/;

/**
 * What is worth decaying: matrices and filters. Not: biases, norms, gains, GeM's exponent and anything else
 * that is one-dimensional in effect; not tables of positions.
 */
export function decaysByDefault(path: string, shape: readonly number[]): boolean {
  const sides = shape.filter((side) => side > 1).length;
  return sides > 1 && !path.endsWith('.bias') && !POSITIONS.test(path);
}

const DECAYED = 'decayed';
const STEP = 'step';

/** Runs a {@link Rule} over all parameters, small ones together. */
export class RuleOptimiser implements Optimiser {
  readonly #rule: Rule;
  readonly #small: number;
  /** One for each of the rule's moments, once variables are known. */
  #moments: PackedTensors[] = [];
  /** A restored state before that. */
  #restored: ReadonlyMap<string, tf.Tensor> | null = null;
  #step = 0;

  /** @param small tensors of at most so many numbers are moved together */
  constructor(rule: Rule, small = SMALL) {
    this.#rule = rule;
    this.#small = small;
  }

  get step(): number {
    return this.#step;
  }

  apply(
    variables: ReadonlyMap<string, tf.Variable>,
    gradients: Readonly<Record<string, tf.Tensor>>,
    lr: number,
  ): void {
    const moved = [...variables].filter(([path]) => gradients[path]);
    if (this.#moments.length === 0) this.#begin(moved);
    const { packs } = this.#moments[0]!;
    if (moved.length !== packs.reduce((sum, { names }) => sum + names.length, 0)) throw changed();
    for (const [i, pack] of packs.entries()) {
      const next = tf.tidy(() => {
        const at = this.#rule.move({
          value: join(pack, (path) => variables.get(path) ?? missing()),
          gradient: join(pack, (path) => gradients[path] ?? missing()),
          moments: this.#moments.map((moment) => moment.row(i)),
          lr,
          decays: pack.kind === DECAYED,
          step: this.#step + 1,
        });
        return { values: part(pack, at.value), moments: [...at.moments] };
      });
      for (const [k, moment] of next.moments.entries()) this.#moments[k]!.replace(i, moment);
      for (const [k, value] of next.values.entries()) {
        variables.get(pack.names[k]!)!.assign(value);
        value.dispose();
      }
    }
    this.#step += 1;
  }

  state(): Map<string, tf.Tensor> {
    const own = new Map(this.#restored ?? []);
    for (const [k, moment] of this.#moments.entries()) {
      for (const [path, tensor] of moment.views())
        own.set(`${this.#rule.moments[k]}/${path}`, tensor);
    }
    const copies = [...own].map(([name, tensor]) => [name, tf.clone(tensor)] as const);
    return new Map<string, tf.Tensor>([...copies, [STEP, tf.scalar(this.#step)]]);
  }

  restore(state: ReadonlyMap<string, tf.Tensor>): void {
    const step = state.get(STEP)?.dataSync<'float32'>()[0];
    if (step === undefined) throw unfit(STEP);
    const copies = [...state].filter(([name]) => name !== STEP);
    const restored = new Map(copies.map(([name, tensor]) => [name, tf.keep(tf.clone(tensor))]));
    this.dispose();
    this.#restored = restored;
    this.#step = step;
  }

  dispose(): void {
    for (const moment of this.#moments) moment.dispose();
    this.#moments = [];
    this.#forgetRestored();
  }

  #begin(moved: readonly (readonly [string, tf.Variable])[]): void {
    const decays = this.#rule.decays ?? decaysByDefault;
    const kind = (path: string, shape: readonly number[]) => (decays(path, shape) ? DECAYED : '');
    const packs = planPacks(moved, kind, this.#small);
    const shapes = new Map<string, readonly number[]>(moved.map(([path, v]) => [path, v.shape]));
    const start = (moment: string, path: string) => {
      const shape = shapes.get(path)!;
      if (this.#step === 0) return tf.zeros([...shape]);
      const saved = this.#restored?.get(`${moment}/${path}`);
      if (saved?.shape.join() !== shape.join()) throw unfit(`${moment}/${path}`);
      return saved;
    };
    tf.tidy(() => {
      this.#moments = this.#rule.moments.map(
        (moment) => new PackedTensors(packs, (path) => start(moment, path)),
      );
    });
    this.#forgetRestored();
  }

  #forgetRestored(): void {
    if (this.#restored) tf.dispose([...this.#restored.values()]);
    this.#restored = null;
  }
}

function changed(): CairnError {
  return new CairnError(
    'usage',
    'An optimiser was given gradients of other variables than in the step before.',
    'Make a new optimiser when other parts of the network are to be trained.',
  );
}

function missing(): never {
  throw changed();
}

function unfit(name: string): CairnError {
  return new CairnError(
    'model-invalid',
    `The state of the optimiser does not fit: "${name}" is missing or of another shape.`,
    'Resume with the network that the checkpoint was written with.',
  );
}
