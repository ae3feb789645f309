// One training run in memory: a model, its loss, optimiser and averages, moved on by one batch a step.
import * as tf from '@tensorflow/tfjs-core';
import { CairnError } from '../../errors.ts';
import type { Params } from '../../tensor/ops.ts';
import { TfOps } from '../../tensor/tf-ops.ts';
import type { Weights } from '../../weights/safetensors.ts';
import type { LossState } from '../losses/loss.ts';
import { AdamW } from '../optimiser/adamw.ts';
import { clipByGlobalNorm } from '../optimiser/clip.ts';
import { WeightAverage } from '../optimiser/ema.ts';
import { type Group, type Progress, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { exchanged, type Gradients } from './exchange.ts';
import { type Model, Variables } from './model.ts';
import type { Aim, Targets } from './objective.ts';
import { TrainingOps } from './training-ops.ts';

export interface TrainerOptions<B, E = tf.Tensor2D, T = Targets> {
  readonly model: Model<B, E>;
  readonly objective: Aim<E, T>;
  readonly seed: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
  /** Decay of the moving average of the weights, 0..1. */
  readonly averageDecay: number;
  /** Weights to start from; random where they lack a name. */
  readonly initial?: Weights;
  /** The same for what the loss learns, such as the classes' directions. */
  readonly initialLoss?: Weights;
  /** Whether a parameter is trained; all when left out. */
  readonly trains?: (path: string) => boolean;
  /** Batch norms keep their statistics. */
  readonly frozenNorms?: boolean;
  /**
   * Averages a row of numbers with the other processes that train the same network: all gradients, and
   * what the loss keeps between steps.
   */
  readonly exchange?: (row: Float32Array) => Promise<Float32Array>;
}

export interface Measured {
  readonly loss: number;
  /** Of the objective's summands, and the accuracy where there are classes. */
  readonly parts: Readonly<Record<string, number>>;
}

export interface StepReport extends Measured {
  /** Global norm before clipping. */
  readonly gradientNorm: number;
}

/**
 * Of any network: `B` are its batches, `E` what it makes of one, `T` what that is compared with. Lifetime:
 * `dispose` frees all that it holds on the backend.
 */
export class BaseTrainer<B, E extends tf.TensorContainer, T> {
  readonly #options: TrainerOptions<B, E, T>;
  readonly #network: Variables;
  readonly #loss: Variables;
  readonly #optimiser: AdamW;
  readonly #average: WeightAverage;
  #state: LossState;

  /** Throws `model-invalid` for initial weights that do not fit. */
  constructor(options: TrainerOptions<B, E, T>) {
    const { model, objective, seed, initial, initialLoss, averageDecay, weightDecay } = options;
    this.#options = options;
    this.#network = Variables.start(model.parameters, seed, initial);
    this.#loss = Variables.start(objective.parameters, seed + 1, initialLoss);
    this.#optimiser = new AdamW({ weightDecay });
    this.#average = new WeightAverage(this.#network.all, averageDecay);
    this.#state = objective.initialState;
  }

  /** How many numbers are trained, those of the loss left out. */
  get parameterCount(): number {
    let count = 0;
    for (const variable of this.#trained(this.#network).values()) count += variable.size;
    return count;
  }

  /**
   * One step of the optimiser. Throws `training-failed` when the loss or its gradient is no number any
   * more; nothing has changed then.
   */
  async step(batch: B, targets: T, learningRate: number): Promise<StepReport> {
    const { model, objective, frozenNorms = false, clipNorm, exchange } = this.#options;
    const ops = new TrainingOps({ frozenNorms });
    const network = this.#trained(this.#network);
    const learned = new Map([...network, ...this.#loss.trainable]);
    const kept: Record<string, tf.Scalar> = {};
    const prepared = this.#prepared(this.#network.params, batch);
    const run = tf.variableGrads(() => {
      const output = model.embed(ops, this.#network.params, batch, prepared);
      const outcome = objective.compute(this.#loss.params, output, targets, this.#state);
      for (const [name, value] of Object.entries(outcome.parts)) {
        kept[`part/${name}`] = tf.keep(value.clone());
      }
      for (const [name, value] of Object.entries(outcome.state)) {
        kept[`state/${name}`] = tf.keep(value.clone());
      }
      return outcome.loss;
    }, [...learned.values()]);
    tf.dispose([...prepared]);
    // What a batch does not reach, such as the classes of one without labels, has a slope of 0: the
    // optimiser, and other processes, want all of them in every step.
    const slopes = [...learned].map(([path, variable]): [string, tf.Tensor] => [
      path,
      run.grads[variable.name] ?? tf.zerosLike(variable),
    ]);
    let gradients: Gradients = Object.fromEntries(slopes);
    const numbers = await readScalars({ ...kept, loss: run.value });
    const loss = numbers.loss ?? Number.NaN;
    let state: LossState = group(numbers, 'state/', this.#state);
    if (exchange && Number.isFinite(loss)) {
      ({ gradients, state } = await exchanged(gradients, state, exchange));
    }
    const clipped = clipByGlobalNorm(gradients, clipNorm);
    const [gradientNorm = Number.NaN] = await clipped.norm.data();
    tf.dispose([gradients, clipped.norm]);
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      ops.forget();
      tf.dispose(clipped.gradients);
      throw diverged(loss, gradientNorm, this.#optimiser.step + 1);
    }
    this.#optimiser.apply(learned, clipped.gradients, learningRate);
    tf.dispose(clipped.gradients);
    ops.updateRunning();
    this.#average.update(this.#network.all);
    this.#state = state;
    return { loss, parts: group(numbers, 'part/'), gradientNorm };
  }

  /** The objective on a batch as training stands, with running statistics; nothing is learned from it. */
  async measure(batch: B, targets: T): Promise<Measured> {
    const { model, objective } = this.#options;
    const { loss, parts } = tf.tidy(() => {
      const prepared = this.#prepared(this.#network.params, batch);
      const output = model.embed(new TfOps(), this.#network.params, batch, prepared);
      const outcome = objective.compute(this.#loss.params, output, targets, this.#state);
      return { loss: outcome.loss, parts: outcome.parts as Record<string, tf.Scalar> };
    });
    // The sum may be its only summand itself: what is read is then one tensor under two names.
    const { total = Number.NaN, ...numbers } = await readScalars({ ...parts, total: loss.clone() });
    loss.dispose();
    return { loss: total, parts: numbers };
  }

  /** What ships makes of a batch: averaged weights, running statistics. The caller disposes it. */
  protected output(batch: B): E {
    const params = this.#average.params(this.#network.params);
    return tf.tidy(() => {
      const prepared = this.#prepared(params, batch);
      return this.#options.model.embed(new TfOps(), params, batch, prepared);
    });
  }

  /** What the model computes without learning; the caller disposes it. */
  #prepared(params: Params<tf.Tensor>, batch: B): readonly tf.Tensor[] {
    const { model } = this.#options;
    // tf.tidy gives back what is in an array of its own.
    const { prepare } = model;
    return prepare ? tf.tidy(() => [...prepare(params, batch)]) : [];
  }

  /** The averaged weights, float32, PyTorch's layout: what ships. */
  weights(): Promise<Weights> {
    return this.#network.weights(this.#average.tensors);
  }

  /** All that is needed to go on, as the bytes of a checkpoint. `plan` must be the same to resume. */
  async save(progress: Omit<Progress, 'loss'>, plan: string): Promise<Uint8Array<ArrayBuffer>> {
    const optimiser = this.#optimiser.state();
    const average = this.#average.state();
    const tensors = new Map<Group, ReadonlyMap<string, tf.Tensor>>([
      ['network', this.#network.all],
      ['loss', this.#loss.all],
      ['optimiser', optimiser],
      ['average', average],
    ]);
    try {
      return await writeCheckpoint({ progress: { ...progress, loss: this.#state }, plan, tensors });
    } finally {
      tf.dispose([...optimiser.values(), ...average.values()]);
    }
  }

  /**
   * Goes on from a checkpoint; returns where it stands. Throws as `readCheckpoint` does, and
   * `model-invalid` when it is of another network.
   */
  restore(bytes: Uint8Array, plan: string): Progress {
    const { tensors, progress } = readCheckpoint(bytes, plan);
    try {
      const groups = [
        [this.#network, 'network'],
        [this.#loss, 'loss'],
      ] as const;
      const pairs = groups.flatMap(([variables, group]) =>
        [...variables.all].map(([path, variable]) => {
          const saved = tensors.get(group)?.get(path);
          if (saved?.shape.join() !== variable.shape.join()) throw unfit(path);
          return { variable, saved: saved as tf.Tensor };
        }),
      );
      for (const { variable, saved } of pairs) variable.assign(saved);
      this.#optimiser.restore(tensors.get('optimiser') ?? new Map());
      this.#average.restore(tensors.get('average') ?? new Map());
      this.#state = progress.loss;
      return progress;
    } finally {
      for (const each of tensors.values()) tf.dispose([...each.values()]);
    }
  }

  dispose(): void {
    this.#network.dispose();
    this.#loss.dispose();
    this.#optimiser.dispose();
    this.#average.dispose();
  }

  #trained(variables: Variables): ReadonlyMap<string, tf.Variable> {
    const { trains } = this.#options;
    if (!trains) return variables.trainable;
    return new Map([...variables.trainable].filter(([path]) => trains(path)));
  }
}

/** Of encoders. */
export class Trainer<B> extends BaseTrainer<B, tf.Tensor2D, Targets> {
  /** Embeddings of a batch as recognition would give them. Row-major [N, dim]. */
  async embed(batch: B): Promise<Float32Array> {
    const rows = this.output(batch);
    const values = Float32Array.from(await rows.data());
    rows.dispose();
    return values;
  }
}

function diverged(loss: number, gradientNorm: number, step: number): CairnError {
  return new CairnError(
    'training-failed',
    `Training diverged at step ${step}: the loss is ${loss}, its gradient's norm ${gradientNorm}.`,
    'Train with a smaller learning rate, or go on from the last checkpoint.',
  );
}

function unfit(path: string): CairnError {
  return new CairnError(
    'model-invalid',
    `The checkpoint does not fit the network: "${path}" is missing or of another shape.`,
    'Resume with the network that the checkpoint was written with.',
  );
}

/** Reads scalars and disposes them. */
async function readScalars(
  scalars: Readonly<Record<string, tf.Scalar>>,
): Promise<Record<string, number>> {
  const numbers: Record<string, number> = {};
  for (const [name, scalar] of Object.entries(scalars)) {
    numbers[name] = (await scalar.data())[0] ?? Number.NaN;
    scalar.dispose();
  }
  return numbers;
}

/** The numbers under a prefix, without it, over those of `base`. */
function group(
  numbers: Readonly<Record<string, number>>,
  prefix: string,
  base: Readonly<Record<string, number>> = {},
): Record<string, number> {
  const found = Object.entries(numbers).filter(([name]) => name.startsWith(prefix));
  return { ...base, ...Object.fromEntries(found.map(([k, v]) => [k.slice(prefix.length), v])) };
}
